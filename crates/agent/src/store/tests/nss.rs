//! The browsers' databases, judged by NSS's own tools.

use std::process::Command;

use super::super::nss;
use super::*;
use crate::key::{FileKey, SeatKey};
use crate::pending::Pending;

fn place(folder: &Path) -> (StoreUri, String) {
    let place = folder.join("nssdb");
    let database = format!("sql:{}", text(&place));
    (StoreUri::Nss(Some(place)), database)
}

#[test]
fn a_key_in_a_database_has_its_certificates_name_and_is_marked_as_staying_there() {
    let folder = tempfile::tempdir().unwrap();
    let (uri, database) = place(folder.path());
    let opened = || options(None, Pkcs12Form::Modern, folder.path());
    whole_round(&uri, opened, KeyLocation::System);
    let said = run("certutil", &["-K", "-d", &database]);
    assert!(said.contains(NAME), "{said}");
    assert!(nss::keeps_its_keys(&folder.path().join("nssdb")));
}

#[test]
fn a_key_that_pk12util_brought_signs_and_goes_with_its_certificate() {
    let folder = tempfile::tempdir().unwrap();
    let (uri, database) = place(folder.path());
    let opened = || open(&uri, options(None, Pkcs12Form::Modern, folder.path())).unwrap();
    let file = StoreUri::Pkcs12(folder.path().join("card.p12"));
    let mut store = open(&file, options(Some(PASSWORD), Pkcs12Form::Modern, folder.path()));
    let authority = Authority::new();
    let (bundle, _) = install(store.as_mut().unwrap().as_mut(), &authority, 7).unwrap();
    opened().trust(&trusted(&authority)).unwrap();
    let card = folder.path().join("card.p12");
    run("pk12util", &["-i", text(&card), "-d", &database, "-W", PASSWORD]);
    let held = opened().list().unwrap();
    assert_eq!(held.len(), 1);
    assert_eq!(held[0].key, Some(KeyLocation::System));
    opened().read_back(&bundle).unwrap();
    let key = opened().key(&held[0]).unwrap();
    let signature = key.sign(b"message").unwrap();
    assert!(bundle.certificate.verifies(key.algorithm(), b"message", &signature));
    opened().remove(&held[0]).unwrap();
    let said = Command::new("certutil").args(["-K", "-d", &database]).output().unwrap();
    let said = String::from_utf8([said.stdout, said.stderr].concat()).unwrap();
    assert!(said.contains("no keys found"), "{said}");
}

#[test]
fn certificates_of_others_under_the_same_name_stay() {
    let folder = tempfile::tempdir().unwrap();
    let (uri, database) = place(folder.path());
    let opened = || open(&uri, options(None, Pkcs12Form::Modern, folder.path())).unwrap();
    let (authority, others) = (Authority::new(), Authority::new());
    // The roots of both have one name; NSS would give both certificates one nickname.
    for (authority, serial) in [(&others, 7), (&authority, 8)] {
        let mut store = opened();
        let (bundle, _) = install(store.as_mut(), authority, serial).unwrap();
        opened().read_back(&bundle).unwrap();
        store.settle().unwrap();
    }
    let held = opened().list().unwrap();
    assert_eq!(held.len(), 2);
    opened().remove(&held[0]).unwrap();
    let left = opened().list().unwrap();
    assert_eq!(left.len(), 1);
    assert_eq!(left[0].certificate, held[1].certificate);
    opened().key(&left[0]).unwrap();
    let said = run("certutil", &["-K", "-d", &database]);
    assert_eq!(said.matches("< 0>").count() + said.matches("< 1>").count(), 1, "{said}");
}

#[test]
fn a_key_that_waits_in_the_database_is_given_up() {
    let folder = tempfile::tempdir().unwrap();
    let (uri, database) = place(folder.path());
    let opened = || options(None, Pkcs12Form::Modern, folder.path());
    contract::gives_up_what_waits(&uri, opened);
    let said = Command::new("certutil").args(["-K", "-d", &database]).output().unwrap();
    let said = String::from_utf8([said.stdout, said.stderr].concat()).unwrap();
    assert!(said.contains("no keys found"), "{said}");
}

#[test]
fn a_key_that_waits_in_a_file_of_the_former_form_is_taken_into_the_database() {
    let folder = tempfile::tempdir().unwrap();
    let (uri, _) = place(folder.path());
    let opened = || open(&uri, options(None, Pkcs12Form::Modern, folder.path())).unwrap();
    let authority = Authority::new();
    let trusted = trusted(&authority);
    let state = folder.path().join("state");
    std::fs::create_dir_all(&state).unwrap();
    let StoreUri::Nss(Some(database)) = &uri else { panic!("a database") };
    let seat = Seat {
        user: &USER.parse().unwrap(),
        site: &"https://issue.example.jp/issueweb/0001/SB0001002C/".parse().unwrap(),
        trusted: &trusted,
        now: now(),
        entropy: &Counter::new(1),
    };
    let former = Pending::apart(&state, &seat, database);
    let key: FileKey = former.take_up(now(), &Counter::new(1)).unwrap().key;
    let (spki, resumed) = begin(opened().as_mut(), &trusted, 2, now()).unwrap();
    assert!(resumed);
    assert_eq!(spki, key.spki());
    assert!(former.left(now()).unwrap().is_none(), "it is nowhere else");
    let mut store = opened();
    let (bundle, _) = install(store.as_mut(), &authority, 7).unwrap();
    assert_eq!(bundle.certificate.spki(), key.spki());
    opened().read_back(&bundle).unwrap();
    store.settle().unwrap();
    assert_eq!(names(&state), [""; 0]);
}

#[test]
fn a_database_that_cannot_be_read_is_told_from_a_missing_one() {
    let folder = tempfile::tempdir().unwrap();
    let (uri, _) = place(folder.path());
    let database = folder.path().join("nssdb");
    std::fs::create_dir(&database).unwrap();
    std::fs::write(database.join("cert9.db"), "no database at all").unwrap();
    let listed = open(&uri, options(None, Pkcs12Form::Modern, folder.path())).unwrap().list();
    assert!(matches!(listed, Err(StoreError::Unreadable(_))), "{listed:?}");
}

/// NSS's own TLS client proves itself with the key, to a server of another make.
#[test]
fn a_tls_client_of_nss_uses_the_key() {
    let folder = tempfile::tempdir().unwrap();
    let (uri, database) = place(folder.path());
    let authority = Authority::new();
    let mut store = open(&uri, options(None, Pkcs12Form::Modern, folder.path())).unwrap();
    install(store.as_mut(), &authority, 7).unwrap();
    store.settle().unwrap();
    let (chain, key) = authority.server("localhost");
    let file = |name: &str| folder.path().join(name);
    let pem = |label: &str, der: &[u8]| {
        der::pem::encode_string(label, der::pem::LineEnding::LF, der).unwrap()
    };
    let certificates: String = chain.iter().map(|der| pem("CERTIFICATE", der)).collect();
    std::fs::write(file("server.pem"), certificates).unwrap();
    std::fs::write(file("server.key"), pem("PRIVATE KEY", &key)).unwrap();
    std::fs::write(file("root.pem"), pem("CERTIFICATE", &authority.trust().root.0)).unwrap();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut server = Command::new("openssl")
        .args(["s_server", "-accept", &port.to_string(), "-naccept", "1", "-Verify", "3"])
        .args(["-verify_return_error", "-CAfile", text(&file("root.pem")), "-www"])
        .args(["-cert", text(&file("server.pem")), "-cert_chain", text(&file("server.pem"))])
        .args(["-key", text(&file("server.key"))])
        .stdin(std::process::Stdio::null())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    // It says when it listens.
    let mut said = std::io::BufReader::new(server.stdout.take().unwrap());
    let mut line = String::new();
    while !line.contains("ACCEPT") {
        line.clear();
        assert_ne!(std::io::BufRead::read_line(&mut said, &mut line).unwrap(), 0, "it listens");
    }
    let request = file("request");
    std::fs::write(&request, "GET / HTTP/1.0\r\n\r\n").unwrap();
    let client = Command::new("tstclnt")
        .args(["-h", "localhost", "-p", &port.to_string(), "-d", &database, "-n", NAME])
        .args(["-V", "tls1.2:tls1.3", "-A", text(&request), "-4"])
        .output()
        .unwrap();
    let page = String::from_utf8_lossy(&client.stdout).into_owned();
    server.wait().unwrap();
    assert!(page.contains(&format!("CN = {USER}")) || page.contains(USER), "{page} {client:?}");
}

#[test]
fn what_was_added_goes_when_no_certificate_needs_it() {
    let folder = tempfile::tempdir().unwrap();
    let (uri, database) = place(folder.path());
    let opened = || open(&uri, options(None, Pkcs12Form::Modern, folder.path())).unwrap();
    let authority = Authority::new();
    let mut store = opened();
    install(store.as_mut(), &authority, 7).unwrap();
    store.settle().unwrap();
    opened().trust(&trusted(&authority)).unwrap();
    let kept = opened().untrust().unwrap();
    assert_eq!((kept.removed.len(), kept.kept.len()), (0, 2), "one certificate needs them");
    let said = run("certutil", &["-L", "-d", &database]);
    assert!(said.contains("CT,,"), "{said}");

    let held = opened().list().unwrap();
    opened().remove(&held[0]).unwrap();
    let mut gone = opened().untrust().unwrap().removed;
    gone.sort();
    assert_eq!(gone, ["SB0001001C", "SB0001002C"]);
    let said = run("certutil", &["-L", "-d", &database]);
    assert!(!said.contains("SB000100") && !said.contains("CT,,"), "{said}");
    assert!(!opened().trusts(&trusted(&authority)).unwrap());
    let files = names(&folder.path().join("nssdb"));
    assert!(files.iter().all(|file| !file.contains("tegata")), "{files:?}");
}

#[test]
fn a_root_that_was_there_before_stays_with_its_trust() {
    let folder = tempfile::tempdir().unwrap();
    let (uri, database) = place(folder.path());
    let opened = || open(&uri, options(None, Pkcs12Form::Modern, folder.path())).unwrap();
    let authority = Authority::new();
    let root = folder.path().join("root.der");
    std::fs::write(&root, &authority.trust().root.0).unwrap();
    std::fs::create_dir(folder.path().join("nssdb")).unwrap();
    run("certutil", &["-N", "-d", &database, "--empty-password"]);
    let add = ["-A", "-d", &database, "-n", "ours", "-i", text(&root), "-t"];
    run("certutil", &[&add[..], &["CT,C,"]].concat());
    opened().trust(&trusted(&authority)).unwrap();
    assert_eq!(opened().untrust().unwrap().removed, ["SB0001002C"]);
    let said = run("certutil", &["-L", "-d", &database]);
    assert!(said.contains("CT,C,"), "{said}");

    // There, but not trusted before: it stays, the trust goes.
    run("certutil", &["-M", "-d", &database, "-n", "ours", "-t", ",,"]);
    opened().trust(&trusted(&authority)).unwrap();
    assert!(opened().trusts(&trusted(&authority)).unwrap());
    assert_eq!(opened().untrust().unwrap().removed.len(), 2);
    assert!(!opened().trusts(&trusted(&authority)).unwrap());
    let said = run("certutil", &["-L", "-d", &database]);
    assert!(said.contains("ours") && !said.contains("CT"), "{said}");
}
