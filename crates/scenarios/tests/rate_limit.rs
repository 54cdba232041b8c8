//! How often one user ID may be tried.

use std::time::{Duration, Instant};

use tegata_scenarios::api::{Issued, body};
use tegata_scenarios::key::Key;
use tegata_scenarios::{Demo, Seat, figure};
use tempfile::tempdir;

/// Twenty tries at once and one more every three seconds for a user ID in all its spellings,
/// whether or not it exists; then 429 with the time to wait, in the caller's language. Others
/// notice nothing.
#[test]
fn one_user_id_is_slowed_down_and_others_are_not() {
    let dir = tempdir().unwrap();
    let demo = Demo::start(dir.path());
    let api = demo.api();
    let [seat, other] = demo.seats(2).try_into().unwrap();
    let request = Key::default().request();
    let wrong = |user_id: &str| Seat {
        user_id: user_id.to_owned(),
        password: "0000-0000-0000-0000".to_owned(),
    };
    for user_id in [&seat.user_id, "CMSM950-006-999"] {
        let spellings = [user_id.to_owned(), user_id.to_lowercase(), format!(" {user_id}")];
        let begun = Instant::now();
        let mut tries = 0;
        let limited = loop {
            let answer = api.enroll(&wrong(&spellings[tries % 3]), &request);
            if answer.status == 429 {
                break answer;
            }
            answer.problem(403, "credential_refused");
            tries += 1;
            assert!(tries < 100, "no limit");
        };
        let refilled = begun.elapsed().as_secs() as usize / 3 + 1;
        figure("tries before 429", tries);
        assert!((20..=20 + refilled).contains(&tries), "{tries}");
        limited.problem(429, "too_many_requests");
        let wait: u64 = limited.header("retry-after").unwrap().parse().unwrap();
        assert!((1..=4).contains(&wait), "{wait}");
    }

    let body = body(&wrong("CMSM950-006-999"), &request).to_string();
    for (language, title) in
        [("en", "There were many requests in a short time."), ("ja", "短い時間に")]
    {
        let headers = [("content-type", "application/json"), ("accept-language", language)];
        let limited =
            api.https.send("POST", &api.path("enroll"), &headers, body.as_bytes()).unwrap();
        let problem = limited.problem(429, "too_many_requests");
        assert_eq!(limited.header("content-language"), Some(language));
        let said = problem["title"].as_str().unwrap();
        assert!(said.starts_with(title), "{said}");
    }

    Issued::of(&api.enroll(&other, &request));
    let service = api.https.get(&api.path("service"), &[]);
    assert_eq!(service.status, 200);

    // The slowed user waits as told and can go on.
    let begun = Instant::now();
    let waited = tegata_scenarios::eventually("the wait ends", Duration::from_secs(10), || {
        let answer = api.enroll(&wrong("CMSM950-006-999"), &request);
        (answer.status != 429).then(|| begun.elapsed())
    });
    figure("slowed down for", tegata_scenarios::wait::millis(waited));
}
