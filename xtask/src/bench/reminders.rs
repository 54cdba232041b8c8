//! Who is due among ten million certificates.
//!
//! The table is filled by one statement, without the steps of ten million issuances: what is
//! measured looks at the index of next moments and at the rows behind it only. In a year each
//! certificate has two such moments, so that a minute of an even year has as many due as here.

use std::fmt::Write;
use std::path::Path;
use std::time::Instant;

use serde::Serialize;
use tegata_domain::UserId;
use tegata_store::{SeatRecord, View, measure};

use super::stats;
use super::world::World;
use crate::{Failure, say};

/// Looks at who is due.
const LOOKS: usize = 200;

/// Most rows that one look fetches, as the job does.
const ROUND: u32 = 200;

/// What was measured.
#[derive(Serialize)]
pub(super) struct Reminders {
    pub(super) certificates: u64,
    /// Due within the present minute.
    pub(super) due: u64,
    /// Seconds to fill the table.
    pub(super) filled_in: f64,
    /// Whether anybody is due, and who: milliseconds.
    pub(super) scan_p50_ms: f64,
    pub(super) scan_p99_ms: f64,
    /// The first scan, of a database just opened.
    pub(super) first_scan_ms: f64,
    /// Reminders decided, recorded and put into the outbox, a second.
    pub(super) reminders_a_second: f64,
}

pub(super) async fn measure(dir: &Path, certificates: u64) -> Result<Reminders, Failure> {
    let world = World::found(dir).await?;
    let seat = seat(&world).await?;
    // The thresholds are taken note of before there is anything to go through.
    world.office.remind().await?;
    let now = world.office.now();
    say(&format!("{certificates} certificates"));
    let begun = Instant::now();
    measure::fill_certificates(&world.data.database(), seat.id, certificates, now)?;
    let filled_in = begun.elapsed().as_secs_f64();
    say("who is due");
    let store = world.office.store();
    let look = || {
        let begun = Instant::now();
        let rows = store.read(|view: View<'_>| match view.is_notice_due(now)? {
            true => view.due_notices(now, ROUND),
            false => Ok(Vec::new()),
        })?;
        Ok::<_, Failure>((begun.elapsed().as_secs_f64() * 1_000.0, rows.len()))
    };
    let (first_scan_ms, waiting) = look()?;
    if waiting == 0 {
        return Err("nobody is due".into());
    }
    let mut scans = Vec::with_capacity(LOOKS);
    for _ in 0..LOOKS {
        scans.push(look()?.0);
    }
    scans.sort_by(f64::total_cmp);
    let begun = Instant::now();
    let (mut due, mut made) = (0, 0);
    loop {
        let (looked_at, reminders) = world.office.remind_of_expiry().await?;
        due += looked_at as u64;
        made += reminders;
        if looked_at == 0 {
            break;
        }
    }
    let reminders_a_second = made as f64 / begun.elapsed().as_secs_f64();
    Ok(Reminders {
        certificates,
        due,
        filled_in,
        scan_p50_ms: stats::quantile(&scans, 0.5),
        scan_p99_ms: stats::quantile(&scans, 0.99),
        first_scan_ms,
        reminders_a_second,
    })
}

/// A seat with an address.
async fn seat(world: &World) -> Result<SeatRecord, Failure> {
    let seats = world.seats("R", 1, "", false).await?;
    let user_id: &UserId = seats.first().ok_or("no seat")?;
    let seat = world.office.seat(world.service.id, user_id)?;
    let (id, email) = (seat.id, "taro@example.co.jp".parse()?);
    world.office.store().write(move |tx| tx.set_contact(id, &email, "ja", false)).await?;
    Ok(seat)
}

impl Reminders {
    pub(super) fn table(&self, out: &mut String) -> std::fmt::Result {
        writeln!(out, "Reminders among {} certificates", self.certificates)?;
        writeln!(out, "  the table was filled in                       {:>9.0} s", self.filled_in)?;
        writeln!(
            out,
            "  who is due, {:>6} are: p50                    {:>9.3} ms",
            self.due, self.scan_p50_ms
        )?;
        writeln!(
            out,
            "                          p99                    {:>9.3} ms",
            self.scan_p99_ms
        )?;
        writeln!(
            out,
            "                          the first              {:>9.3} ms",
            self.first_scan_ms
        )?;
        writeln!(
            out,
            "  reminders made, each in the outbox             {:>9.0} a second",
            self.reminders_a_second
        )
    }
}
