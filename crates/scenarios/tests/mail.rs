//! Mails on their way through a real mail server: signed, over TLS, with a password; late, twice,
//! refused, and sent back.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::{Value, json};
use tegata_scenarios::api::{Api, body};
use tegata_scenarios::demo::tegata;
use tegata_scenarios::https::Https;
use tegata_scenarios::key::Key;
use tegata_scenarios::postfix::{Manner, PASSWORD, Postfix, USER};
use tegata_scenarios::run::run_command;
use tegata_scenarios::server::Server;
use tegata_scenarios::token::{DRIVER, SoftToken};
use tegata_scenarios::{Ran, Seat, eventually, figure, place, run};
use tempfile::{TempDir, tempdir};

const SOON: Duration = Duration::from_secs(30);
const SENDER: &str = "noreply@sample-bank.example";

/// An installation and its mail server.
struct Office {
    /// Before its directory goes.
    postfix: Postfix,
    home: TempDir,
    seats: Vec<Seat>,
}

impl Office {
    fn new() -> Self {
        let home = tempdir().unwrap();
        // Postfix's own users pass through.
        let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        fs::set_permissions(home.path(), open).unwrap();
        let postfix = Postfix::prepare(&home.path().join("postfix"));
        let seats = install(&home.path().join("tegata"));
        let office = Self { home, postfix, seats };
        office.settings("");
        office.server(&format!("smtp://127.0.0.1:{}", office.postfix.ports().plain));
        office
    }

    fn dir(&self) -> PathBuf {
        self.home.path().join("tegata")
    }

    /// Writes settings with these lines about mail.
    fn settings(&self, mail: &str) {
        let any = r#""127.0.0.1:0""#;
        let listen = format!("[listen]\nsite = {any}\nstatus = {any}\nadmin = {any}\n");
        let settings = format!("{listen}[mail]\nfrom = \"{SENDER}\"\n{mail}\n");
        fs::write(self.dir().join("tegata.toml"), settings).unwrap();
    }

    /// Says where the mail server is.
    fn server(&self, url: &str) {
        fs::write(self.dir().join("secrets/smtp-url"), url).unwrap();
    }

    /// The line of the settings that names the mail server's authority.
    fn trusting(&self) -> String {
        format!("server_ca_file = \"{}\"", self.postfix.authority().display())
    }

    fn serve(&self) -> (Server, Value) {
        self.serve_with(|_| {})
    }

    fn serve_with(&self, change: impl FnOnce(&mut Command)) -> (Server, Value) {
        let mut serve = Command::new(place::program("tegata"));
        serve.args(["serve", "--json", "--dir"]).arg(self.dir());
        change(&mut serve);
        let (server, line) = Server::start(&mut serve, &self.dir().join("serve.err"));
        (server, serde_json::from_str(&line).unwrap())
    }

    /// Issues to a seat; the mail about it goes to `email`.
    fn issue(&self, serving: &Value, seat: usize, email: &str) {
        let site = serving["site"].as_str().unwrap();
        let api = Api::new(Https::new(site, &self.dir().join("root.pem"), None), site);
        let mut body = body(&self.seats[seat], &Key::default().request());
        body["email"] = email.into();
        let answer = api.post(body.to_string().as_bytes());
        assert_eq!(answer.status, 200, "{answer:?}");
    }

    /// Runs a file of `crates/scenarios/sql` on the database; answers its rows.
    fn sql(&self, name: &str, parameter: &str) -> Vec<Value> {
        let file = place::repository().join("crates/scenarios/sql").join(name);
        let (database, read) = (self.dir().join("tegata.db"), format!(".read {}", file.display()));
        // The server writes, too.
        let options = ["-json", "-cmd", ".timeout 10000", "-cmd", parameter];
        let said = run("sqlite3", [&options[..], &[database.to_str().unwrap(), &read]].concat());
        let text = said.ok().text();
        if text.trim().is_empty() { Vec::new() } else { serde_json::from_str(&text).unwrap() }
    }

    /// Everything that is put off is due now, after so many days.
    fn turn_clock(&self, days: u32) {
        let seconds = days * 86_400;
        self.sql("turn_clock.sql", &format!(".parameter set :seconds {seconds}"));
    }

    /// Every mail, oldest first.
    fn outbox(&self) -> Vec<Value> {
        self.sql("outbox.sql", ".echo off")
    }

    /// One column of every mail.
    fn column(&self, name: &str) -> Vec<Value> {
        self.outbox().iter().map(|row| row[name].clone()).collect()
    }

    fn arrived(&self, name: &str, count: usize) -> Vec<PathBuf> {
        eventually(&format!("{count} mails for {name}"), SOON, || {
            let mails = self.postfix.mails(name);
            (mails.len() >= count).then_some(mails)
        })
    }

    /// Waits until a mail was tried and put off, and returns why.
    fn put_off(&self) -> String {
        eventually("the mail is put off", SOON, || {
            let waits =
                |row: &&Value| row["error"].is_string() && row["next_at"].as_i64() > Some(0);
            let outbox = self.outbox();
            let row = outbox.iter().find(waits)?;
            row["error"].as_str().map(str::to_owned)
        })
    }

    fn verify(&self, mail: &Path, root: &Path) -> Ran {
        let [mail, root] = [mail, root].map(|path| path.to_str().unwrap());
        let out = self.home.path().join("verified");
        let signer = self.home.path().join("signer.pem");
        let [out, signer] = [&out, &signer].map(|path| path.to_str().unwrap());
        run(
            "openssl",
            [
                "cms",
                "-verify",
                "-in",
                mail,
                "-purpose",
                "smimesign",
                "-CAfile",
                root,
                "-out",
                out,
                "-signer",
                signer,
            ],
        )
    }

    fn root(&self) -> PathBuf {
        self.dir().join("root.pem")
    }
}

fn install(dir: &Path) -> Vec<Seat> {
    fs::create_dir(dir).unwrap();
    let service = json!({
        "organisation": { "ja": "サンプル銀行", "en": "Sample Bank, Ltd." },
        "name": { "ja": "サンプルCMS", "en": "Sample CMS" },
        "help": { "ja": "取引店へお電話ください。", "en": "Please call your branch." },
        "service_url": "https://cms.example.co.jp/cms",
        "status_url": "http://status.example.co.jp",
        "time_zone": "Asia/Tokyo",
        "user_id_example": "CMSM950-006-401",
    });
    let settings = dir.join("service.json");
    fs::write(&settings, service.to_string()).unwrap();
    let names = ["--service", "0001/EX0001002C", "--root", "EX0001001C"];
    let init = ["init", "--service-settings", settings.to_str().unwrap()];
    tegata(dir, &[&init[..], &names].concat()).ok();
    tegata(dir, &["branch", "add", "950", "--name", "Head Office"]).ok();
    let company = ["company", "add", "CMSM950-006", "--name", "Example", "--branch", "950"];
    tegata(dir, &company).ok();
    let added = tegata(dir, &["subscriber", "add", "--company", "CMSM950-006", "--count", "8"]);
    serde_json::from_value(added.ok().json()).unwrap()
}

fn header(mail: &Path, name: &str) -> String {
    let text = fs::read_to_string(mail).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")));
    line.unwrap().to_owned()
}

/// Over STARTTLS and over TLS, through one server and through two: what arrives is signed, and
/// one octet more or another root is noticed.
#[test]
fn a_signed_mail_passes_real_relays_over_tls_with_a_password() {
    let mut office = Office::new();
    office.postfix.start(&Manner::default());
    let mut first = Postfix::prepare(&office.home.path().join("first"));
    first.start(&Manner { relay_to: Some(office.postfix.ports().plain), ..Manner::default() });
    let ports = [office.postfix.ports(), first.ports()];
    let own = office.postfix.authority();
    for (count, (url, authority)) in [
        (format!("smtp://{USER}:{PASSWORD}@127.0.0.1:{}?tls=required", ports[0].submission), &own),
        (format!("smtps://{USER}:{PASSWORD}@127.0.0.1:{}", ports[0].submissions), &own),
        (
            format!("smtps://{USER}:{PASSWORD}@127.0.0.1:{}", ports[1].submissions),
            &first.authority(),
        ),
    ]
    .into_iter()
    .enumerate()
    {
        office.settings(&format!("server_ca_file = \"{}\"", authority.display()));
        office.server(&url);
        tegata(&office.dir(), &["config", "check"]).ok();
        let (server, serving) = office.serve();
        office.issue(&serving, count, "taro@example.co.jp");
        let mails = office.arrived("taro", count + 1);
        assert_eq!(mails.len(), count + 1, "{url}");
        server.stop(Signal::TERM);
    }
    let mails = office.postfix.mails("taro");
    for mail in &mails {
        office.verify(mail, &office.root()).ok();
        let text = fs::read_to_string(office.home.path().join("verified")).unwrap();
        assert!(text.contains("Content-Transfer-Encoding: base64"), "{text}");
        let signer = office.home.path().join("signer.pem");
        let signer = signer.to_str().unwrap();
        let said = run(
            "openssl",
            ["x509", "-in", signer, "-noout", "-ext", "subjectAltName,extendedKeyUsage"],
        );
        let said = said.ok().text();
        assert!(said.contains(SENDER) && said.contains("E-mail Protection"), "{said}");
        let other = office.verify(mail, &office.postfix.authority());
        assert!(other.stderr.contains("verify error"), "{other:?}");
    }
    let relayed = fs::read_to_string(mails.last().unwrap()).unwrap();
    assert_eq!(relayed.matches("Received: ").count(), 2, "through two servers: {relayed}");
    let changed = office.home.path().join("changed");
    let line =
        relayed.lines().skip_while(|line| *line != "Content-Transfer-Encoding: base64").nth(2);
    let line = line.unwrap();
    let other: String = line.chars().rev().collect();
    fs::write(&changed, relayed.replacen(line, &other, 1)).unwrap();
    let noticed = office.verify(&changed, &office.root());
    assert!(noticed.stderr.contains("content verify error"), "{noticed:?}");
    assert_eq!(office.sql("mail_signers.sql", ".echo off").len(), 1, "over three starts");
}

#[test]
fn a_mail_server_that_is_not_ours_or_not_safe_gets_nothing() {
    let mut office = Office::new();
    office.postfix.start(&Manner::default());
    let ports = office.postfix.ports();
    let trusting = office.trusting();
    let safe = |secret: &str, port| format!("smtp://{USER}:{secret}@127.0.0.1:{port}?tls=required");
    for (seat, (settings, url, why)) in [
        // Of an authority that the system does not know.
        ("", safe(PASSWORD, ports.submission), "certificate"),
        (&*trusting, safe("wrong-horse", ports.submission), "535"),
        (&*trusting, format!("smtp://127.0.0.1:{}?tls=required", ports.submission), "554"),
        (&*trusting, safe(PASSWORD, ports.plain), "STARTTLS"),
    ]
    .into_iter()
    .enumerate()
    {
        office.settings(settings);
        office.server(&url);
        office.sql("forget_mails.sql", ".echo off");
        let (server, serving) = office.serve();
        office.issue(&serving, seat, "taro@example.co.jp");
        let said = office.put_off();
        assert!(said.to_lowercase().contains(&why.to_lowercase()), "{why}: {said}");
        assert!(!said.contains("horse"), "{said}");
        let ready = format!("{}/readyz", serving["admin"].as_str().unwrap());
        let ready = run("curl", ["-s", "-w", "%{http_code}", &ready]).ok().text();
        assert!(ready.starts_with("ready\nwarning: ") && ready.ends_with("200"), "{ready}");
        assert!(!server.stderr().contains("horse"));
        server.stop(Signal::TERM);
    }
    assert_eq!(office.postfix.mails("taro"), <[PathBuf; 0]>::default());
    office.server(&format!("smtp://{USER}:{PASSWORD}@127.0.0.1:{}", ports.submission));
    let refused = tegata(&office.dir(), &["config", "check"]);
    assert!(refused.stderr.contains("asks for no TLS"), "{refused:?}");
}

#[test]
fn a_server_that_is_away_for_three_days_gets_the_mail_once() {
    let mut office = Office::new();
    let (_server, serving) = office.serve();
    office.issue(&serving, 0, "taro@example.co.jp");
    office.put_off();
    let tries = office.column("attempts")[0].as_i64();
    office.turn_clock(3);
    eventually("it is tried again", SOON, || {
        (office.column("attempts")[0].as_i64() > tries).then_some(())
    });
    office.postfix.start(&Manner::default());
    office.put_off();
    office.turn_clock(0);
    office.arrived("taro", 1);
    eventually("it is recorded", SOON, || {
        let row = office.outbox().remove(0);
        (row["sent_at"].is_i64() && row["next_at"].is_null()).then_some(())
    });
    office.turn_clock(1);
    office.issue(&serving, 1, "hanako@example.co.jp");
    office.arrived("hanako", 1);
    assert_eq!(office.postfix.mails("taro").len(), 1);
}

/// Greylisting, an unknown person, and mails to others in between.
#[test]
fn one_that_is_put_off_or_refused_holds_up_nobody() {
    let mut office = Office::new();
    let access = "smtpd_recipient_restrictions = check_recipient_access inline:{ \
                  { hanako@example.co.jp = 450 4.7.1 greylisted, come back later } }";
    office.postfix.start(&Manner { main: access.to_owned(), ..Manner::default() });
    let (_server, serving) = office.serve();
    for (seat, email) in [
        "hanako@example.co.jp",
        "nobody@example.co.jp",
        "hanako@example.co.jp",
        "taro@example.co.jp",
    ]
    .into_iter()
    .enumerate()
    {
        office.issue(&serving, seat, email);
    }
    office.arrived("taro", 1);
    eventually("each is dealt with", SOON, || {
        let open = |row: &Value| row["error"].is_null() && row["sent_at"].is_null();
        (!office.outbox().iter().any(open)).then_some(())
    });
    let rows = office.outbox();
    let said = |row: usize, what: &str| rows[row]["error"].as_str().unwrap().contains(what);
    assert!(rows[0]["next_at"].is_i64() && said(0, "greylisted"), "{rows:?}");
    assert!(rows[1]["next_at"].is_null() && said(1, "550"), "given up: {rows:?}");
    assert!(rows[3]["sent_at"].is_i64(), "{rows:?}");
    office.postfix.stop();
    office.postfix.start(&Manner::default());
    office.turn_clock(0);
    office.arrived("hanako", 2);
}

/// The mail server took the mail, and the line is cut by `kill -9` before we know.
#[test]
fn a_crash_before_the_record_sends_the_same_mail_again() {
    let mut office = Office::new();
    office.postfix.start(&Manner::default());
    let (port, taken) = keeping_quiet(office.postfix.ports().plain);
    office.server(&format!("smtp://127.0.0.1:{port}"));
    let (mut server, serving) = office.serve();
    office.issue(&serving, 0, "taro@example.co.jp");
    taken.recv_timeout(SOON).unwrap();
    server.kill9();
    assert!(office.column("sent_at")[0].is_null(), "nobody knows yet");
    office.arrived("taro", 1);
    office.server(&format!("smtp://127.0.0.1:{}", office.postfix.ports().plain));
    let (_server, _) = office.serve();
    office.turn_clock(0);
    let mails = office.arrived("taro", 2);
    let ids: Vec<_> = mails.iter().map(|mail| header(mail, "Message-ID")).collect();
    assert_eq!(ids[0], ids[1], "receivers can tell that it is one");
    for mail in &mails {
        office.verify(mail, &office.root()).ok();
    }
}

/// What the mail server sends back is believed when it bears our mark, and nothing else is.
#[test]
fn a_mail_that_comes_back_is_marked_and_a_forged_report_is_not_believed() {
    for bounces_to in ["bounces@sample-bank.example", "bounces+{token}@sample-bank.example"] {
        let mut office = Office::new();
        office.postfix.start(&Manner::default());
        office.settings(&format!(
            "bounces_to = \"{bounces_to}\"\nbounces_maildir = \"{}\"",
            office.postfix.maildir("bounces").display()
        ));
        let (_server, serving) = office.serve();
        office.issue(&serving, 0, "gone@example.co.jp");
        office.issue(&serving, 1, "taro@example.co.jp");
        office.arrived("taro", 1);
        eventually("the mail is marked", SOON, || {
            office.column("failed_at")[0].is_i64().then_some(())
        });
        let said = office.column("error")[0].to_string();
        assert!(said.contains("5.1.1") && said.contains("no such person here"), "{said}");
        let box_ = office.postfix.maildir("bounces");
        let seen = fs::read_dir(box_.join("cur")).unwrap().next().unwrap().unwrap().path();
        assert!(seen.to_str().unwrap().ends_with(":2,S"), "{seen:?}");
        // The same report about the other mail: its number is easily guessed, its code is not.
        let report = fs::read_to_string(&seen).unwrap();
        let forged = report.replace("<1.", "<2.").replace("+1-", "+2-");
        assert_ne!(report, forged);
        fs::write(box_.join("new/forged"), forged).unwrap();
        let kept = box_.join("cur/forged:2,");
        eventually("it is put aside", SOON, || kept.exists().then_some(()));
        assert!(office.column("failed_at")[1].is_null(), "that one arrived");
    }
}

/// No signature, no mail, unless the settings say so; and the operator is told.
#[test]
fn nothing_goes_unsigned_unless_it_may() {
    let mut office = Office::new();
    office.postfix.start(&Manner::default());
    office.settings("signer = \"pkcs12:mail.p12\"");
    let (server, serving) = office.serve();
    office.issue(&serving, 0, "taro@example.co.jp");
    assert!(office.put_off().contains("mail.p12"));
    let ready = format!("{}/readyz", serving["admin"].as_str().unwrap());
    let ready = run("curl", ["-s", &ready]).ok().text();
    assert!(ready.contains("waits for its signature"), "{ready}");
    server.stop(Signal::TERM);
    assert!(office.postfix.mails("taro").is_empty());

    office.settings("signer = \"pkcs12:mail.p12\"\nunsigned = \"fallback\"");
    let (server, _) = office.serve();
    office.turn_clock(0);
    let unsigned = office.arrived("taro", 1);
    assert_eq!(header(&unsigned[0], "Content-Type"), "text/plain; charset=utf-8");
    server.stop(Signal::TERM);

    office.settings("");
    let (server, serving) = office.serve();
    office.issue(&serving, 1, "hanako@example.co.jp");
    office.arrived("hanako", 1);
    // As `tegata` would after the key was stolen.
    office.sql("revoke_mail_signer.sql", ".echo off");
    office.issue(&serving, 2, "hanako@example.co.jp");
    assert!(office.put_off().contains("is revoked since"));
    let key = office.dir().join("keys/mail-0001-EX0001002C.key.pem");
    fs::rename(&key, office.dir().join("stolen")).unwrap();
    office.turn_clock(0);
    office.issue(&serving, 3, "hanako@example.co.jp");
    let mails = office.arrived("hanako", 3);
    for mail in &mails {
        office.verify(mail, &office.root()).ok();
    }
    server.stop(Signal::TERM);
    figure("mails that arrived", mails.len());
}

/// A signer with a chain of three, as a public authority would give it: `ca.pem`, `chain.pem`,
/// `mail.p12`, `key.der`, `public.der` in this directory.
fn signer_from_elsewhere(dir: &Path, algorithm: &str) {
    let openssl = |line: &str| {
        run_command(Command::new("openssl").args(line.split_whitespace()).current_dir(dir)).ok()
    };
    let ca = "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n\
              subjectKeyIdentifier=hash\n";
    let leaf = format!(
        "basicConstraints=CA:FALSE\nkeyUsage=critical,digitalSignature\n\
         extendedKeyUsage=emailProtection\nsubjectAltName=email:{SENDER}\n"
    );
    fs::write(dir.join("ca.ext"), ca).unwrap();
    fs::write(dir.join("leaf.ext"), leaf).unwrap();
    openssl(
        "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-384 -nodes -keyout ca.key -out ca.pem -subj /CN=Root -days 90",
    );
    for (name, kind, by) in [("middle", "ec:P-256", "ca"), ("leaf", algorithm, "middle")] {
        let options = match kind.strip_prefix("ec:") {
            Some(curve) => format!("ec -pkeyopt ec_paramgen_curve:{curve}"),
            None => kind.to_owned(),
        };
        openssl(&format!(
            "req -new -newkey {options} -nodes -keyout {name}.key -out {name}.csr -subj /CN={name}"
        ));
        let ext = if name == "leaf" { "leaf" } else { "ca" };
        openssl(&format!(
            "x509 -req -in {name}.csr -CA {by}.pem -CAkey {by}.key -CAcreateserial -days 60 \
             -extfile {ext}.ext -out {name}.pem"
        ));
    }
    let chain = ["leaf.pem", "middle.pem", "ca.pem"].map(|name| fs::read(dir.join(name)).unwrap());
    fs::write(dir.join("chain.pem"), chain.concat()).unwrap();
    fs::write(dir.join("secret"), "open sesame\n").unwrap();
    openssl(
        "pkcs12 -export -inkey leaf.key -in leaf.pem -certfile chain.pem -out mail.p12 -passout \
         file:secret",
    );
    openssl("pkcs8 -topk8 -nocrypt -in leaf.key -outform DER -out key.der");
    openssl("pkey -in leaf.key -pubout -outform DER -out public.der");
}

/// From a PKCS#12 file and from a token, with RSA and ECDSA; while the token is away, mails wait.
#[test]
fn a_signer_from_elsewhere_signs_and_is_waited_for() {
    let mut office = Office::new();
    office.postfix.start(&Manner::default());
    let place = office.home.path().join("elsewhere");
    fs::create_dir(&place).unwrap();
    signer_from_elsewhere(&place, "rsa:2048");
    let secret = place.join("secret");
    office.settings(&format!(
        "signer = \"pkcs12:{}\"\nsigner_passphrase_file = \"{}\"",
        place.join("mail.p12").display(),
        secret.display()
    ));
    let (server, serving) = office.serve();
    office.issue(&serving, 0, "taro@example.co.jp");
    office.verify(&office.arrived("taro", 1)[0], &place.join("ca.pem")).ok();
    server.stop(Signal::TERM);

    signer_from_elsewhere(&place, "ec:P-256");
    let token = SoftToken::new(&place);
    for (kind, file) in [("privkey", "key.der"), ("pubkey", "public.der")] {
        let file = place.join(file);
        let object = ["--write-object", file.to_str().unwrap(), "--type", kind];
        token
            .tool(&[&object[..], &["--id", "01", "--label", "mail", "--usage-sign"]].concat())
            .ok();
    }
    let uri = token.uri(DRIVER).replace("token=tegata", "token=tegata;object=mail");
    let chain = place.join("chain.pem");
    office.settings(&format!("signer = \"{uri}\"\nsigner_chain = \"{}\"", chain.display()));
    let serve = || {
        office.serve_with(|serve| {
            token.environment(serve);
        })
    };
    let (server, serving) = serve();
    office.issue(&serving, 1, "taro@example.co.jp");
    office.verify(&office.arrived("taro", 2)[1], &place.join("ca.pem")).ok();
    server.stop(Signal::TERM);
    token.take_away();
    let (_server, serving) = serve();
    office.issue(&serving, 2, "taro@example.co.jp");
    figure("a mail waits, since", office.put_off());
    assert_eq!(office.postfix.mails("taro").len(), 2, "nothing unsigned");
    token.bring_back();
    office.turn_clock(30);
    office.verify(&office.arrived("taro", 3)[2], &place.join("ca.pem")).ok();
}

/// A line to the mail server that falls silent once the server has taken a mail. Returns its
/// port, and where it says that it is so.
fn keeping_quiet(server: u16) -> (u16, mpsc::Receiver<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (say, taken) = mpsc::channel();
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let say = say.clone();
            thread::spawn(move || {
                let server = TcpStream::connect(("127.0.0.1", server)).unwrap();
                let (mut from_client, mut to_server) =
                    (client.try_clone().unwrap(), server.try_clone().unwrap());
                thread::spawn(move || std::io::copy(&mut from_client, &mut to_server));
                let (mut server, mut client) = (server, client);
                let mut octets = [0; 4096];
                while let Ok(count @ 1..) = server.read(&mut octets) {
                    if octets[..count].windows(9).any(|window| window == b"queued as") {
                        say.send(()).unwrap();
                        // Nothing more is passed on; the line stays open.
                        thread::park();
                    }
                    client.write_all(&octets[..count]).unwrap();
                }
            });
        }
    });
    (port, taken)
}
