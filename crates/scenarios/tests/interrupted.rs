//! An issuance that something stops: a kill, a full disk, a cut line, at every step. The second
//! try succeeds, with the one certificate that the server made.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tegata_scenarios::https::port;
use tegata_scenarios::{Demo, Pc, Seat, figure, place};
use tempfile::tempdir;

/// The second try, and what has to be true after it.
#[track_caller]
fn try_again(demo: &Demo, pc: &Pc, seat: &Seat, store: &str, case: &str) {
    let issued = pc.issue(demo, seat, store, &[]).ok().json();
    let rows = demo.certificates(Some(&seat.user_id));
    let live: Vec<_> = rows.iter().filter(|row| row["state"] == "live").collect();
    assert_eq!(live.len(), 1, "{case}: {rows:#?}");
    assert_eq!(live[0]["serial"], issued["serial"], "{case}");
    assert!(rows.iter().all(|row| row["state"] != "revoked"), "{case}: none was thrown away");
    assert_eq!(issued["gateway"], "accepted", "{case}");
    let listed = pc.run(&["list", "--store", store]).ok().json();
    assert_eq!(listed["certificates"].as_array().unwrap().len(), 1, "{case}");
}

#[test]
fn killed_at_any_step_nothing_is_lost() {
    let dir = tempdir().unwrap();
    let demo = Demo::start(dir.path());
    let mut spent = 0;
    for (line, seat) in demo.seats(8).iter().enumerate() {
        let pc = Pc::new(&dir.path().join(format!("pc{line}")));
        let mut app = pc.issuing(&demo, seat, "pem:certificate");
        let mut child = app.stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        let steps = BufReader::new(child.stderr.take().unwrap());
        let reached = steps.lines().nth(line).unwrap().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        let made = demo.certificates(Some(&seat.user_id));
        spent += made.len();
        let listed = pc.run(&["list", "--store", "pem:certificate"]);
        let waits = fs::read_dir(pc.file("certificate")).is_ok_and(|mut files| {
            files.any(|file| file.unwrap().file_name().to_str().unwrap().contains("pending"))
        });
        if listed.code == Some(0) && listed.json()["certificates"][0].is_object() && !waits {
            // All was installed and read back; what was left is to ask the gateway.
            assert_eq!(listed.json()["certificates"][0]["serial"], made[0]["serial"], "{reached}");
            assert_eq!(listed.json()["certificates"][0]["key_location"], "file", "{reached}");
        } else {
            try_again(&demo, &pc, seat, "pem:certificate", &reached);
        }
    }
    figure("kills after which the server had a certificate already", spent);
    assert!(spent > 0, "some of the kills came after the request");
}

#[test]
fn a_full_disk_at_any_write_costs_nothing() {
    let dir = tempdir().unwrap();
    let demo = Demo::start(dir.path());
    let mut failed = 0;
    for (pages, seat) in demo.seats(6).iter().enumerate() {
        let home = dir.path().join(format!("pc{pages}"));
        let pc = Pc::new(&home);
        // Home is a disk of so many pages; the password lies outside of it.
        let password = dir.path().join(format!("password{pages}"));
        fs::write(&password, &seat.password).unwrap();
        let app = format!(
            "'{}' --json issue --site '{}' --root-sha256 {} --user {} --mail taro@example.co.jp \
             --password-file '{}' --store pem:certificate",
            place::program("tegata-app").display(),
            demo.ready.site,
            demo.ready.root_sha256,
            seat.user_id,
            password.display(),
        );
        let script = format!(
            "mount -t tmpfs -o size={}k none '{home}' && cd '{home}' && export HOME='{home}' \
             && {app} > /dev/null; echo first=$?; mount -o remount,size=4m '{home}' \
             && {app}; echo second=$?",
            4 * (pages + 1),
            home = pc.home().display(),
        );
        let ran = tegata_scenarios::run(
            "unshare",
            ["--user", "--map-root-user", "--mount", "sh", "-c", &script],
        );
        let said = String::from_utf8_lossy(&ran.stdout).into_owned();
        let first = said.lines().find_map(|line| line.strip_prefix("first=")).unwrap_or_default();
        assert!(["0", "5"].contains(&first), "a clear end: {ran:?}");
        if first == "0" {
            break;
        }
        assert!(said.contains("second=0"), "{pages} pages: {said} {}", ran.stderr);
        failed += 1;
        let rows = demo.certificates(Some(&seat.user_id));
        assert_eq!(rows.len(), 1, "{pages} pages: {rows:#?}");
    }
    figure("sizes of a disk that was too small", failed);
    assert!(failed > 1, "the disk was full at more than one write");
}

#[test]
fn a_line_cut_after_any_amount_costs_nothing() {
    let dir = tempdir().unwrap();
    let demo = Demo::start(dir.path());
    let mut spent = 0;
    let budgets: Vec<usize> = (0..12).map(|step| step * 700).collect();
    for (budget, seat) in budgets.iter().zip(demo.seats(budgets.len())) {
        let pc = Pc::new(&dir.path().join(format!("pc{budget}")));
        let port = port(&demo.ready.site);
        let relay = Relay::start(port, *budget);
        let site = demo.ready.site.replace(&format!(":{port}/"), &format!(":{}/", relay.port));
        let first = pc.issue_at(&site, &demo, &seat, "pem:certificate", &[]);
        assert!([Some(0), Some(4)].contains(&first.code), "a clear end: {first:?}");
        spent += demo.certificates(Some(&seat.user_id)).len();
        if first.code != Some(0) {
            // The address is another one now, so is the folder's: the key waits beside both.
            try_again(&demo, &pc, &seat, "pem:certificate", &format!("{budget} octets"));
        }
    }
    figure("cuts after which the server had a certificate already", spent);
    assert!(spent > 0, "some of the cuts came after the request");
}

/// Passes on to the site until so many octets came back in all; then it cuts everything.
struct Relay {
    port: u16,
}

impl Relay {
    fn start(to: u16, budget: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let left = Arc::new(AtomicUsize::new(budget));
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let (Ok(client), left) = (client, left.clone()) else { return };
                std::thread::spawn(move || pass(client, to, &left));
            }
        });
        Self { port }
    }
}

fn pass(mut client: TcpStream, to: u16, left: &AtomicUsize) -> std::io::Result<()> {
    let mut server = TcpStream::connect(("127.0.0.1", to))?;
    let (mut from, mut up) = (client.try_clone()?, server.try_clone()?);
    std::thread::spawn(move || std::io::copy(&mut from, &mut up));
    let mut buffer = [0; 512];
    loop {
        let read = server.read(&mut buffer)?;
        let before = left.load(Ordering::SeqCst);
        if read == 0 || before < read {
            // What arrived reached the server; what it answers does not arrive.
            left.store(0, Ordering::SeqCst);
            client.shutdown(Shutdown::Both)?;
            return server.shutdown(Shutdown::Both);
        }
        left.fetch_sub(read, Ordering::SeqCst);
        client.write_all(&buffer[..read])?;
    }
}
