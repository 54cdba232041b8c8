//! The way out through a proxy.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

use crate::support::squid::{ACCOUNT, Rules, Squid, inspector};
use crate::support::{MAIL, Pc, Site, USER, said};
use crate::terminal::Terminal;

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
    assert_eq!(ran.json()["code"], "proxy_refused");
    assert!(ran.stderr.contains(&format!("http://127.0.0.1:{port}")), "{}", ran.stderr);
    end_proxy(port, thread);
}

#[test]
fn hosts_in_no_proxy_are_reached_directly() {
    let (site, pc) = (Site::start(), Pc::new());
    let pc = pc.env("HTTPS_PROXY", "http://127.0.0.1:1").env("NO_PROXY", "localhost");
    pc.issue(&site, "pem:certs", &[]).ended(0);
    assert_eq!(site.enrolments().len(), 1);
}

#[test]
fn an_option_comes_before_the_environment() {
    let (site, pc) = (Site::start(), Pc::new().env("HTTPS_PROXY", "http://127.0.0.1:1"));
    pc.issue(&site, "pem:certs", &["--proxy", "none"]).ended(0);
    let named = Site::named("issue.example.jp");
    let squid = Squid::start(&Rules::Open);
    pc.issue(&named, "pem:more", &["--proxy", &squid.url()]).ended(0);
}

#[test]
fn a_script_by_option() {
    let (site, squid, pc) =
        (Site::named("issue.example.jp"), Squid::start(&Rules::Open), Pc::new());
    let place = squid.url().replace("http://", "");
    let script = format!("function FindProxyForURL() {{ return 'PROXY {place}; DIRECT'; }}");
    std::fs::write(pc.path("proxy.pac"), script).unwrap();
    let choice = format!("pac:file://{}", pc.text("proxy.pac"));
    pc.issue(&site, "pem:certs", &["--proxy", &choice]).ended(0);
    let missing = pc.issue(&site, "pem:more", &["--proxy", "pac:file:///no/script", "--json"]);
    assert_eq!(missing.ended(4).json()["code"], "proxy_script_failed");
}

#[test]
fn the_account_of_the_options_is_sent_once() {
    let (site, pc) = (Site::named("issue.example.jp"), Pc::new());
    let (user, password) = ACCOUNT;
    std::fs::write(pc.path("right.txt"), format!("{password}\n")).unwrap();
    std::fs::write(pc.path("wrong.txt"), "wrong-for-proxy\n").unwrap();
    for and_basic in [true, false] {
        let squid = Squid::start(&Rules::Ntlm { and_basic });
        let url = squid.url();
        let with = |file| ["--proxy", &url, "--proxy-user", user, "--proxy-password-file", file];
        let refused = pc.issue(&site, "pem:wrong", &with("wrong.txt")).ended(4);
        assert!(refused.stderr.contains("did not accept"), "{}", refused.stderr);
        assert!(!refused.stderr.contains("wrong-for-proxy"), "{}", refused.stderr);
        assert_eq!(squid.tried(), ["taro: wrong password"]);
        let store = format!("pem:certs-{and_basic}");
        pc.issue(&site, &store, &with("right.txt")).ended(0);
        assert_eq!(squid.tried().last().unwrap(), "taro: ok");
    }
}

#[test]
fn a_person_at_the_terminal_is_asked_by_the_proxy() {
    let (site, pc) = (Site::named("issue.example.jp"), Pc::new());
    let squid = Squid::start(&Rules::Basic);
    let arguments = format!(
        "issue --site {} --root-sha256 {} --user {USER} --password-file password.txt \
         --mail {MAIL} --store pem:certs --proxy {}",
        site.url(),
        site.root_sha256,
        squid.url()
    );
    let asked = Terminal::start(&pc, &arguments)
        .answer("User name for the proxy: ", "taro")
        .answer_unseen("Password for the proxy (not shown): ", "wrong-for-proxy")
        .answer("try 2 of 3", "")
        .end()
        .ended(4);
    assert!(asked.stdout.contains(&squid.url()) && asked.stdout.contains("Head office, 本店"));
    assert!(asked.stdout.contains("unencrypted"), "{}", asked.stdout);
    assert!(!asked.stdout.contains("wrong-for-proxy"), "{}", asked.stdout);
    assert!(site.asked().is_empty());
    let passed = Terminal::start(&pc, &arguments)
        .answer("User name for the proxy: ", "taro")
        .answer_unseen("Password for the proxy (not shown): ", "wrong-for-proxy")
        .answer("User name for the proxy: ", "taro")
        .answer_unseen("Password for the proxy (not shown): ", ACCOUNT.1)
        .end()
        .ended(0);
    assert_eq!(passed.stdout.matches("User name").count(), 2, "not for the second connection");
    assert_eq!(site.enrolments().len(), 1);
}

#[test]
fn the_settings_of_the_desktop_are_followed() {
    let (site, squid) = (Site::named("issue.example.jp"), Squid::start(&Rules::Open));
    let pc = Pc::new().env("GSETTINGS_BACKEND", "keyfile").env("XDG_CURRENT_DESKTOP", "GNOME");
    let folder = pc.path(".config/glib-2.0/settings");
    std::fs::create_dir_all(&folder).unwrap();
    let port = squid.url().rsplit(':').next().unwrap().to_owned();
    let by_hand = format!(
        "[system/proxy]\nmode='manual'\n\
         [system/proxy/https]\nhost='127.0.0.1'\nport={port}\n"
    );
    std::fs::write(folder.join("keyfile"), by_hand).unwrap();
    pc.issue(&site, "pem:by-hand", &[]).ended(0);
    let script = format!("function FindProxyForURL() {{ return 'PROXY 127.0.0.1:{port}'; }}");
    std::fs::write(pc.path("proxy.pac"), script).unwrap();
    let by_script =
        format!("[system/proxy]\nmode='auto'\nautoconfig-url='file://{}'\n", pc.text("proxy.pac"));
    std::fs::write(folder.join("keyfile"), by_script).unwrap();
    pc.issue(&site, "pem:by-script", &[]).ended(0);
    std::fs::write(folder.join("keyfile"), "[system/proxy]\nmode='none'\n").unwrap();
    let ran = pc.issue(&site, "pem:none", &["--json"]).ended(4);
    assert_eq!(ran.json()["code"], "host_not_found");
}

#[test]
fn an_inspecting_proxy_works_once_the_system_trusts_it_and_is_told_either_way() {
    let (site, ca) = (Site::named("issue.example.jp"), inspector());
    let squid = Squid::start(&Rules::Inspects(ca.clone()));
    let pc = Pc::new();
    let strange = pc.issue(&site, "pem:certs", &["--proxy", &squid.url(), "--json"]).ended(3);
    assert_eq!(strange.json()["code"], "intercepted");
    assert!(strange.stderr.contains("Web Gateway CA (本店システム部)"), "{}", strange.stderr);
    assert!(site.enrolments().is_empty());
    std::fs::write(pc.path("system.pem"), ca).unwrap();
    let file = pc.text("system.pem");
    let pc = pc.env("SSL_CERT_FILE", &file);
    let trusted = pc.issue(&site, "pem:certs", &["--proxy", &squid.url()]).ended(0);
    assert!(trusted.stderr.contains("Note: this connection is inspected"), "{}", trusted.stderr);
    assert!(trusted.stderr.contains("Web Gateway CA"), "{}", trusted.stderr);
}

#[test]
fn wrong_proxy_options_are_named_and_nothing_is_sent() {
    let (site, pc) = (Site::start(), Pc::new());
    for (options, code) in [
        (&["--proxy", "http://taro:secret@proxy:8080"][..], "bad_proxy"),
        (&["--proxy", "socks5://proxy:1080"], "bad_proxy"),
        (&["--proxy", "pac:"], "bad_proxy"),
        (&["--proxy-user", "taro"], "proxy_user_alone"),
        (&["--proxy-password-file", "password.txt"], "proxy_user_alone"),
        (
            &["--proxy-user", "t", "--proxy-password-file", "-", "--store-password-file", "-"],
            "two_stdin",
        ),
    ] {
        let mut options = options.to_vec();
        options.push("--json");
        let ran = pc.issue(&site, "pem:certs", &options).ended(2);
        assert_eq!(ran.json()["code"], code, "{options:?}");
        assert!(!ran.stderr.contains("secret"), "{}", ran.stderr);
    }
    let pc = pc.env("HTTPS_PROXY", "socks5://taro:secret@proxy:1080");
    let ran = pc.issue(&site, "pem:certs", &["--json"]).ended(2);
    assert_eq!(ran.json()["code"], "bad_proxy");
    assert!(ran.stderr.contains("HTTPS_PROXY") && !ran.stderr.contains("secret"), "{}", ran.stderr);
    assert!(site.asked().is_empty());
}

#[test]
fn help_tells_of_proxies_in_both_languages() {
    for (lang, word) in [("en", "Proxy to use"), ("ja", "通信に使うプロキシー")] {
        for command in ["issue", "trust"] {
            let help = said(env!("CARGO_BIN_EXE_tegata-app"), &[command, "--help", "--lang", lang]);
            assert!(help.contains(word) && help.contains("--proxy-password-file"), "{help}");
        }
    }
}
