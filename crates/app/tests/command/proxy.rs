//! The way out through a proxy.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

use crate::support::{Pc, Site};

/// A proxy that leads every `CONNECT` to one port of this machine, or refuses with `status`.
fn proxy(target: u16, status: &'static str) -> (u16, std::thread::JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let thread = std::thread::spawn(move || {
        let mut asked = Vec::new();
        for stream in listener.incoming() {
            let mut client = stream.unwrap();
            let mut head = Vec::new();
            let mut octet = [0];
            while !head.ends_with(b"\r\n\r\n") && client.read(&mut octet).unwrap() == 1 {
                head.push(octet[0]);
            }
            let head = String::from_utf8(head).unwrap();
            if head.starts_with("END") {
                return asked;
            }
            asked.push(head.lines().next().unwrap().to_owned());
            write!(client, "HTTP/1.1 {status}\r\n\r\n").unwrap();
            if status.starts_with("200") {
                let server = TcpStream::connect(("127.0.0.1", target)).unwrap();
                for (mut from, mut to) in
                    [(client.try_clone().unwrap(), server.try_clone().unwrap()), (server, client)]
                {
                    std::thread::spawn(move || {
                        let _ = std::io::copy(&mut from, &mut to);
                        let _ = to.shutdown(std::net::Shutdown::Write);
                    });
                }
            }
        }
        asked
    });
    (port, thread)
}

fn end_proxy(port: u16, thread: std::thread::JoinHandle<Vec<String>>) -> Vec<String> {
    TcpStream::connect(("127.0.0.1", port)).unwrap().write_all(b"END\r\n\r\n").unwrap();
    thread.join().unwrap()
}

#[test]
fn the_way_out_is_the_proxy_of_the_environment() {
    let site = Site::named("issue.example.jp");
    let (port, thread) = proxy(site.port(), "200 OK");
    let pc = Pc::new().env("HTTPS_PROXY", &format!("http://127.0.0.1:{port}"));
    pc.issue(&site, "pem:certs", &[]).ended(0);
    let asked = end_proxy(port, thread);
    let to_site = format!("CONNECT issue.example.jp:{} HTTP/1.1", site.port());
    // Before the root is believed, after it, and at the gateway.
    assert_eq!(asked, [&to_site, &to_site, "CONNECT gateway.example.jp:443 HTTP/1.1"]);
    assert_eq!(site.asked(), ["get trust", "get service", "post enroll"]);
}

#[test]
fn a_proxy_that_says_no_is_exit_4() {
    let site = Site::named("issue.example.jp");
    let (port, thread) = proxy(site.port(), "407 Proxy Authentication Required");
    let pc = Pc::new().env("HTTPS_PROXY", &format!("http://127.0.0.1:{port}"));
    let ran = pc.issue(&site, "pem:certs", &["--json"]).ended(4);
    assert_eq!(ran.json()["code"], "proxy_failed");
    end_proxy(port, thread);
}

#[test]
fn hosts_in_no_proxy_are_reached_directly() {
    let (site, pc) = (Site::start(), Pc::new());
    let pc = pc.env("HTTPS_PROXY", "http://127.0.0.1:1").env("NO_PROXY", "localhost");
    pc.issue(&site, "pem:certs", &[]).ended(0);
    assert_eq!(site.enrolments().len(), 1);
}
