//! The description of the application interface.

use tegata_scenarios::{Demo, place, run};
use tempfile::tempdir;

/// `openapi.json` is valid, its server address is the one it came from, and every operation in
/// it answers as described.
#[test]
fn the_description_is_valid_and_what_it_describes_answers() {
    let dir = tempdir().unwrap();
    let demo = Demo::start(dir.path());
    let api = demo.api();
    let answer = api.https.get(&api.path("openapi.json"), &[]);
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let file = dir.path().join("openapi.json");
    std::fs::write(&file, &answer.body).unwrap();
    run(
        place::venv("openapi-spec-validator"),
        ["--validation-errors", "all", file.to_str().unwrap()],
    )
    .ok();

    let document = answer.json();
    let server = document["servers"][0]["url"].as_str().unwrap();
    assert_eq!(format!("{server}/openapi.json"), api.path("openapi.json"));
    let mut operations = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let method = method.to_uppercase();
            let headers = [("accept-language", "en"), ("content-type", "application/json")];
            let body = if method == "GET" { &b""[..] } else { b"{}" };
            let answer =
                api.https.send(&method, &format!("{server}{path}"), &headers, body).unwrap();
            let status = answer.status.to_string();
            assert!(!operation["responses"][&status].is_null(), "{method} {path}: {status}");
            if path == "/update" {
                answer.problem(404, "no_update");
            } else if method == "GET" {
                assert_eq!(answer.status, 200, "{method} {path}");
            } else {
                answer.problem(400, "malformed_request");
            }
            operations.push(format!("{method} {path}"));
        }
    }
    operations.sort();
    for operation in ["GET /service", "GET /trust", "GET /update", "POST /enroll"] {
        assert!(operations.iter().any(|found| found == operation), "{operations:?}");
    }
    tegata_scenarios::figure("operations", operations.join(", "));
}

/// Unknown addresses and methods get a problem document, never a page or silence.
#[test]
fn what_is_not_described_is_refused_with_a_problem() {
    let dir = tempdir().unwrap();
    let demo = Demo::start(dir.path());
    let api = demo.api();
    let english = [("accept-language", "en")];
    for path in [&api.path("nothing"), "/api/v1/9999/SB0001002C/service", "/api/v1/x/y/z/w"] {
        api.https.get(path, &english).problem(404, "not_found");
    }
    for (method, resource) in [("POST", "service"), ("GET", "enroll"), ("DELETE", "enroll")] {
        let answer = api.https.send(method, &api.path(resource), &english, b"").unwrap();
        answer.problem(405, "method_not_allowed");
        assert!(answer.header("allow").is_some(), "{method} {resource}");
    }
}
