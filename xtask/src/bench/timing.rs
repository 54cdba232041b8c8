//! What the time of a refusal tells: whether a stranger could list users with a stop watch.

use std::time::Instant;

use http::StatusCode;
use rcgen::KeyPair;
use serde::Serialize;

use super::client::Client;
use super::world::World;
use super::{PASSWORD, issue, stats};
use crate::Failure;

/// A password that none of the seats has.
const WRONG: &str = "FEDC-BA98-7654-3210";

/// A line of the report.
#[derive(Serialize)]
pub(super) struct Row {
    pub(super) cause: &'static str,
    pub(super) requests: usize,
    pub(super) median_ms: f64,
    pub(super) mean_ms: f64,
    /// Likelihood (Mann-Whitney U, two-sided) of such a difference in rank from the first line
    /// if there were none. One in twenty is below 0.05 by chance.
    pub(super) p: Option<f64>,
}

pub(super) async fn measure(
    world: &World,
    client: &Client,
    hash: &str,
    each: usize,
) -> Result<Vec<Row>, Failure> {
    // One try a seat: a fifth wrong password would lock it.
    let ready = world.seats("READY", each, hash, false).await?;
    let locked = world.seats("LOCKED", each, hash, true).await?;
    let unknown = |at: usize| format!("CMSM950-006-NOBODY-{at:06}");
    let causes =
        ["unknown user ID", "wrong password", "locked, wrong password", "locked, right password"];
    let request = issue::request(&KeyPair::generate()?)?;
    let path = format!("{}/enroll", client.interface);
    let mut connection = client.connect().await?;
    let mut times: [Vec<f64>; 4] = Default::default();
    let mut order = Order(0x5eed);
    for at in 0..each {
        for cause in order.shuffled() {
            let body = match cause {
                0 => issue::body(&unknown(at), PASSWORD, &request)?,
                1 => issue::body(ready[at].as_str(), WRONG, &request)?,
                2 => issue::body(locked[at].as_str(), WRONG, &request)?,
                _ => issue::body(locked[at].as_str(), PASSWORD, &request)?,
            };
            let sent = Instant::now();
            let (status, answer) = connection.post(&path, body).await?;
            times[cause].push(sent.elapsed().as_secs_f64() * 1000.0);
            if status != StatusCode::FORBIDDEN {
                let answer = String::from_utf8_lossy(&answer);
                return Err(
                    format!("{}: the server answered {status}: {answer}", causes[cause]).into()
                );
            }
        }
    }
    let row = |(cause, own): (&'static str, &Vec<f64>)| Row {
        cause,
        requests: own.len(),
        median_ms: stats::quantile(&stats::sorted(own), 0.5),
        mean_ms: stats::mean(own),
        p: (cause != causes[0]).then(|| stats::mann_whitney(&times[0], own)),
    };
    Ok(causes.into_iter().zip(&times).map(row).collect())
}

/// Orders of the four kinds that repeat in every run but follow no pattern within one, so that
/// nothing else on the machine keeps time with them.
struct Order(u64);

impl Order {
    fn shuffled(&mut self) -> [usize; 4] {
        let mut order = [0, 1, 2, 3];
        for at in (1..4).rev() {
            // The multiplier and increment of Knuth's MMIX; the high bits are the good ones.
            self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            order.swap(at, ((self.0 >> 33) as usize) % (at + 1));
        }
        order
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_order_holds_every_kind_and_orders_differ() {
        let mut order = Order(1);
        let mut seen = std::collections::HashSet::new();
        for _ in 0..200 {
            let mut shuffled = order.shuffled();
            seen.insert(shuffled);
            shuffled.sort_unstable();
            assert_eq!(shuffled, [0, 1, 2, 3]);
        }
        assert_eq!(seen.len(), 24);
    }
}
