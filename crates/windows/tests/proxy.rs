//! WinHTTP and SSPI as they are: on Windows, or in Wine.

#![cfg(windows)]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;

use tegata_windows::proxy::{self, Found, Search};
use tegata_windows::sspi::{Identity, Negotiation};

/// Serves one script to so many clients; its address.
fn script(answer: &str, clients: usize) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/proxy.pac", listener.local_addr().unwrap());
    let script = format!("function FindProxyForURL(url, host) {{ return {answer}; }}");
    std::thread::spawn(move || {
        for stream in listener.incoming().take(clients) {
            let mut stream = stream.unwrap();
            let lines = BufReader::new(&stream).lines();
            let _ = lines.map_while(Result::ok).take_while(|line| !line.is_empty()).count();
            let head = "HTTP/1.1 200 OK\r\nContent-Type: application/x-ns-proxy-autoconfig\r\n";
            let length = script.len();
            let end = "Connection: close\r\n\r\n";
            write!(stream, "{head}Content-Length: {length}\r\n{end}{script}").unwrap();
        }
    });
    url
}

#[test]
fn settings_of_the_person_can_be_read() {
    let settings = proxy::settings().unwrap();
    assert!(settings.script.is_none_or(|script| !script.is_empty()));
}

#[test]
fn windows_runs_a_script() {
    let url = script("host == 'issue.example.jp' ? 'PROXY a.example.jp:8080' : 'DIRECT'", 9);
    let asked = |address| proxy::for_url(address, Search::Script(&url)).unwrap();
    assert_eq!(asked("https://issue.example.jp/").proxy.as_deref(), Some("a.example.jp:8080"));
    assert_eq!(asked("https://other.example.jp/"), Found::default());
}

#[test]
fn a_script_that_is_not_there_is_an_error() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let url = format!("http://127.0.0.1:{port}/proxy.pac");
    assert!(proxy::for_url("https://issue.example.jp/", Search::Script(&url)).is_err());
}

#[test]
fn an_unknown_package_is_an_error() {
    assert!(Negotiation::begin("Tegata", "HTTP/proxy.example.jp", None).is_err());
}

#[test]
fn ntlm_begins_where_the_system_has_it() {
    let identity = Identity { user: "taro", domain: "HEAD", password: "password" };
    // Wine has it only together with Samba's `ntlm_auth`.
    let Ok(mut ntlm) = Negotiation::begin("NTLM", "HTTP/proxy.example.jp", Some(identity)) else {
        assert!(std::env::var_os("WINEPREFIX").is_some(), "every Windows has it");
        return;
    };
    let first = ntlm.step(None).unwrap();
    assert!(first.starts_with(b"NTLMSSP\0\x01"), "{first:?}");
    assert!(ntlm.step(Some(b"no challenge")).is_err());
}
