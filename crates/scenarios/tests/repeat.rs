//! A request sent again, because the answer was lost or the user pressed twice.

use std::io::Write;
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use tegata_scenarios::api::Issued;
use tegata_scenarios::key::Key;
use tegata_scenarios::wait::millis;
use tegata_scenarios::{Demo, Seat, eventually, figure};
use tempfile::tempdir;

/// One after the other or eight at the same time: one certificate, and every answer is the
/// same, octet for octet.
#[test]
fn the_same_request_gets_the_same_certificate() {
    let dir = tempdir().unwrap();
    let demo = Demo::start(dir.path());
    let api = demo.api();
    let [once, at_once] = demo.seats(2).try_into().unwrap();

    let request = Key::default().request();
    let first = api.enroll(&once, &request);
    let again = api.enroll(&once, &request);
    assert_eq!(Issued::of(&first), Issued::of(&again));
    assert_eq!(first.body, again.body);
    assert_eq!(count(&demo, &once), 1);
    // Entered in lower case and without hyphens it is still the same.
    let typed = Seat {
        user_id: once.user_id.to_lowercase(),
        password: once.password.to_lowercase().replace('-', " "),
    };
    assert_eq!(api.enroll(&typed, &request).body, first.body);

    let request = Key::default().request();
    let barrier = Barrier::new(8);
    let answers: Vec<_> = thread::scope(|scope| {
        let ask = || {
            barrier.wait();
            api.enroll(&at_once, &request)
        };
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(ask)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    Issued::of(&answers[0]);
    assert!(answers.iter().all(|answer| answer.body == answers[0].body));
    assert_eq!(count(&demo, &at_once), 1);
    figure("8 at once", "1 certificate, 8 equal answers");
}

/// The answer is never read, and the connection cut once the certificate is on record: the
/// repetition gets it. Cut at once and repeated at once, there is one certificate as well. Cut
/// before the end of the request, nothing is made or consumed.
#[test]
fn a_lost_answer_costs_nothing() {
    let dir = tempdir().unwrap();
    let demo = Demo::start(dir.path());
    let api = demo.api();
    let send = |octets: &[u8]| {
        let mut connection = api.https.connect().unwrap();
        connection.write_all(octets).unwrap();
        connection.flush().unwrap();
        connection
    };
    for seat in demo.seats(3) {
        let request = Key::default().request();
        let unread = send(&api.enrolment(&seat, &request));
        let begun = Instant::now();
        let serial = eventually("issued", Duration::from_secs(20), || {
            let rows = demo.certificates(Some(&seat.user_id));
            let live = rows.iter().find(|row| row["state"] == "live")?;
            Some(live["serial"].as_str()?.to_owned())
        });
        drop(unread);
        figure("answer lost: on record after", millis(begun.elapsed()));
        assert_eq!(Issued::of(&api.enroll(&seat, &request)).serial, serial);
        assert_eq!(count(&demo, &seat), 1);
    }
    for seat in demo.seats(5) {
        let request = Key::default().request();
        drop(send(&api.enrolment(&seat, &request)));
        let issued = Issued::of(&api.enroll(&seat, &request));
        let rows = demo.certificates(Some(&seat.user_id));
        assert_eq!(rows.len(), 1);
        assert_eq!(rows[0]["serial"], issued.serial.as_str());
    }
    let seat = demo.seat();
    let request = Key::default().request();
    let octets = api.enrolment(&seat, &request);
    for part in [10, octets.len() / 2, octets.len() - 1] {
        drop(send(&octets[..part]));
    }
    Issued::of(&api.enroll(&seat, &Key::default().request()));
    assert_eq!(count(&demo, &seat), 1);
}

/// A credential that was used is good for its own key only, and a key for its own seat only.
#[test]
fn another_key_or_another_seat_gets_nothing() {
    let dir = tempdir().unwrap();
    let demo = Demo::start(dir.path());
    let api = demo.api();
    let [seat, other] = demo.seats(2).try_into().unwrap();
    let key = Key::default();
    let issued = Issued::of(&api.enroll(&seat, &key.request()));
    api.enroll(&seat, &Key::default().request()).problem(403, "credential_refused");
    api.enroll(&other, &key.request()).problem(409, "key_taken");
    // The seat that was refused for its key can still issue on a key of its own.
    let others = Issued::of(&api.enroll(&other, &Key::default().request()));
    assert_ne!(others.serial, issued.serial);
    assert_eq!(Issued::of(&api.enroll(&seat, &key.request())), issued);
    assert_eq!((count(&demo, &seat), count(&demo, &other)), (1, 1));
}

fn count(demo: &Demo, seat: &Seat) -> usize {
    demo.certificates(Some(&seat.user_id)).len()
}
