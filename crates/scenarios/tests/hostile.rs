//! Requests that no honest client sends. Each gets a clear problem document or a closed
//! connection, never a server error; the server lives on, says nothing of a panic, and writes
//! no password anywhere.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

mod der;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Instant;

use serde_json::{Value, json};
use tegata_scenarios::api::{Api, Issued, body};
use tegata_scenarios::http::Answer;
use tegata_scenarios::https::{Https, answer_or_end, send_raw};
use tegata_scenarios::key::Key;
use tegata_scenarios::wait::millis;
use tegata_scenarios::{Demo, Seat, figure, run};
use tempfile::{TempDir, tempdir};

/// Below the limit of a user ID.
const TRIES: usize = 15;

/// A demo that is attacked, and what is true of it afterwards.
struct Target {
    demo: Demo,
    dir: TempDir,
    seats: Vec<Seat>,
    tries: usize,
}

impl Target {
    fn new(seats: usize) -> Self {
        let dir = tempdir().unwrap();
        let demo = Demo::start(dir.path());
        let seats = demo.seats(seats);
        Self { demo, dir, seats, tries: 0 }
    }

    fn api(&self) -> Api {
        self.demo.api()
    }

    /// Tries a request that must not be granted, with the right password of a seat that was
    /// not tried too often.
    fn try_request(&mut self, request: &[u8]) -> Answer {
        self.tries += 1;
        self.api().enroll(&self.seats[self.tries / TRIES], request)
    }

    /// It lives, every seat still issues, and neither its log nor its data hold a password.
    fn ends_unharmed(mut self) {
        assert!(self.demo.server.is_running());
        let ready = format!("{}/readyz", self.demo.ready.admin);
        assert_eq!(run("curl", ["-sSf", &ready]).ok().text(), "ready\n");
        // None of the tries locked a seat or used its credential.
        for seat in &self.seats {
            Issued::of(&self.api().enroll(seat, &Key::default().request()));
        }
        let stderr = self.demo.server.stderr();
        assert!(!stderr.contains("panicked"), "{stderr}");
        assert!(!stderr.contains("ERROR"), "{stderr}");
        // Ended, so that everything is on disk.
        let data = self.demo.ready.data_dir.clone();
        drop(self.demo);
        let written = [self.dir.path().join("demo.err"), data.join("tegata.db")];
        let kept = fs::read_dir(data.join("gateway")).unwrap().flatten().map(|entry| entry.path());
        let files: Vec<_> =
            written.into_iter().chain(kept).map(|path| (fs::read(&path).unwrap(), path)).collect();
        for seat in &self.seats {
            for spelling in [seat.password.clone(), seat.password.replace('-', "")] {
                for (octets, path) in &files {
                    let leaked =
                        octets.windows(spelling.len()).any(|part| part == spelling.as_bytes());
                    assert!(!leaked, "the password of {} is in {}", seat.user_id, path.display());
                }
            }
        }
    }
}

/// Whoever is slow does not hold a connection for long: neither one that says nothing, nor one
/// that does not end its head, nor one whose body never comes.
#[test]
fn a_slow_client_is_cut() {
    let target = Target::new(1);
    let (site, gateway) = (target.demo.site(), target.demo.gateway(None));
    let begun = Instant::now();
    let silent = [&site, &gateway].map(|https| https.connect_plain().unwrap());
    let head = format!("POST {} HTTP/1.1\r\nhost: 127.0.0.1\r\n", target.api().path("enroll"));
    let body = format!("{head}content-length: 100\r\n\r\n{{");
    let send = |https: &Https, octets: &str| {
        let mut connection = https.connect().unwrap();
        connection.write_all(octets.as_bytes()).unwrap();
        connection.flush().unwrap();
        connection
    };
    let headless = [&site, &gateway].map(|https| send(https, &head));
    let mut bodiless = send(&site, &body);
    for (mut connection, whose) in silent.into_iter().zip(["site", "gateway"]) {
        assert_eq!(answer_or_end(&mut connection), None);
        figure(&format!("{whose}: a silent connection is cut after"), millis(begun.elapsed()));
    }
    answer_or_end(&mut bodiless).unwrap().problem(400, "malformed_request");
    figure("site: a missing body is refused after", millis(begun.elapsed()));
    for (mut connection, whose) in headless.into_iter().zip(["site", "gateway"]) {
        let answer = answer_or_end(&mut connection);
        assert!(answer.is_none_or(|answer| answer.status == 408));
        figure(&format!("{whose}: an endless head is cut after"), millis(begun.elapsed()));
    }
    target.ends_unharmed();
}

/// A request asks for another subject, names, a CA, usages: none of it reaches the certificate.
#[test]
fn what_a_request_asks_for_never_reaches_the_certificate() {
    let target = Target::new(1);
    let [seat, plain] = target.demo.seats(2).try_into().unwrap();
    let dir = target.dir.path().to_owned();
    let config = file(
        &dir,
        "wishes.cnf",
        b"[req]\ndistinguished_name = name\nreq_extensions = wishes\nprompt = no\n\
          [name]\nCN = CMSM950-006-401\nO = Mallory Ltd\nC = XX\nemailAddress = mallory@example.com\n\
          [wishes]\nbasicConstraints = critical, CA:TRUE, pathlen:5\n\
          subjectAltName = DNS:mallory.example.com, email:mallory@example.com, IP:192.0.2.66, URI:urn:mallory\n\
          keyUsage = keyCertSign, cRLSign\n\
          extendedKeyUsage = serverAuth, clientAuth, codeSigning, 1.3.6.1.4.1.311.20.2.2, anyExtendedKeyUsage\n\
          nameConstraints = permitted;DNS:mallory.example.com\n\
          certificatePolicies = 1.2.3.4.5\n1.2.3.4.6 = ASN1:UTF8String:mallory\n",
    );
    let (key, csr) = (dir.join("wishes.key"), dir.join("wishes.csr"));
    let [config, key, csr] = [&config, &key, &csr].map(|path| path.to_str().unwrap());
    let make = ["req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
    let out = ["-outform", "DER", "-config", config, "-keyout", key, "-out", csr];
    run("openssl", [&make[..], &out].concat()).ok();
    let asked =
        run("openssl", ["req", "-inform", "DER", "-noout", "-text", "-in", csr]).ok().text();
    assert!(asked.contains("CA:TRUE") && asked.contains("mallory.example.com"), "{asked}");

    let issued = Issued::of(&target.api().enroll(&seat, &fs::read(csr).unwrap()));
    let certificate = file(&dir, "issued.cer", &issued.certificate());
    let text = described(&certificate);
    for wish in ["allory", "MALLORY", "XX", "192.0.2.66", "CA:TRUE", "Certificate Sign", "CRL Sign"]
    {
        assert!(!text.contains(wish), "{wish} is in {text}");
    }
    for wish in [
        "Code Signing",
        "Server Auth",
        "Any Extended",
        "Smartcard",
        "1.2.3.4",
        "Constraints: permitted",
    ] {
        assert!(!text.contains(wish), "{wish} is in {text}");
    }
    // The same as that of a seat that asks for nothing, apart from names, numbers and key.
    let honest = Issued::of(&target.api().enroll(&plain, &Key::default().request()));
    let honest = described(&file(&dir, "honest.cer", &honest.certificate()));
    assert_eq!(extensions(&text), extensions(&honest));
    assert!(text.contains(&format!("CN = {}", seat.user_id)), "{text}");
    target.ends_unharmed();
}

/// Keys and proofs that are not accepted: too short, weak exponents, other curves and
/// algorithms, a broken signature, SHA-1, somebody else's key.
#[test]
fn weak_keys_and_false_proofs_are_refused() {
    let mut target = Target::new(2);
    let dir = target.dir.path().to_owned();
    let mut refused = Vec::new();
    for (name, options) in [
        ("RSA 1024", "rsa:1024"),
        ("RSA 2047", "rsa:2047"),
        ("RSA 4104", "rsa:4104"),
        ("RSA exponent 3", "rsa:2048 -pkeyopt rsa_keygen_pubexp:3"),
        ("RSA exponent 17", "rsa:2048 -pkeyopt rsa_keygen_pubexp:17"),
        ("secp256k1", "ec -pkeyopt ec_paramgen_curve:secp256k1"),
        ("P-521", "ec -pkeyopt ec_paramgen_curve:P-521"),
        ("P-224", "ec -pkeyopt ec_paramgen_curve:P-224"),
        ("explicit curve", "ec -pkeyopt ec_paramgen_curve:P-256 -pkeyopt ec_param_enc:explicit"),
        ("Ed25519", "ed25519"),
        ("Ed448", "ed448"),
        ("SHA-1", "rsa:2048 -sha1"),
        ("MD5", "rsa:2048 -md5"),
        ("PSS", "rsa:2048 -sigopt rsa_padding_mode:pss"),
    ] {
        let answer = target.try_request(&openssl_request(&dir, options));
        assert_eq!(answer.status, 422, "{name}: {}", answer.text());
        answer.problem(422, "key_not_accepted");
        refused.push(name);
    }
    figure("refused", refused.join(", "));
    let mut broken = Key::default().request();
    *broken.last_mut().unwrap() ^= 1;
    target.try_request(&broken).problem(422, "key_not_accepted");
    // Another's key in a request signed with one's own.
    let [mine, theirs] = [Key::default(), Key::default()];
    let stolen = der::request(&theirs, &mine, b"");
    target.try_request(&stolen).problem(422, "key_not_accepted");
    target.ends_unharmed();
}

/// Sizes and depths: bodies and requests of a megabyte, deep nesting of JSON and of ASN.1.
#[test]
fn sizes_and_depths_are_bounded() {
    let mut target = Target::new(2);
    let api = target.api();

    // curl reads while it writes; HTTP/1.1 and HTTP/2.
    let dir = target.dir.path().to_owned();
    let megabyte = file(&dir, "megabyte", &vec![b'x'; 1 << 20]);
    let long_request = body(&target.seats[0], &vec![0x30; 1 << 20]).to_string();
    let long_request = file(&dir, "long.json", long_request.as_bytes());
    for (path, protocol) in
        [(&megabyte, "--http1.1"), (&megabyte, "--http2"), (&long_request, "--http1.1")]
    {
        let root = target.demo.ready.root_pem.to_str().unwrap();
        let data = format!("@{}", path.display());
        let url = format!("{}{}", origin(&target.demo), api.path("enroll"));
        let write = ["--write-out", "\n%{http_code}", protocol, "--cacert", root];
        let more = ["-sS", "-H", "content-type: application/json", "--data-binary", &data, &url];
        let said = run("curl", [&write[..], &more].concat()).ok().text();
        assert!(said.contains("request_too_large"), "{said}");
        assert!(said.ends_with("\n413"), "{said}");
    }
    let below = vec![b' '; 30 * 1024];
    api.post(&below).problem(400, "malformed_request");
    let just_too_long = vec![0x30; 17 * 1024];
    target.try_request(&just_too_long).problem(413, "request_too_large");

    for depth in [100, 1_000, 10_000] {
        let nested = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        api.post(nested.as_bytes()).problem(400, "malformed_request");
        let nested = format!("{{\"user_id\":{nested}}}");
        api.post(nested.as_bytes()).problem(400, "malformed_request");
    }
    for depth in [10, 100, 1_000, 3_900] {
        for tag in [0x30, 0x31, 0xa0, 0x24] {
            let nested = der::nested(tag, depth);
            target.try_request(&nested).problem(400, "malformed_request");
        }
    }
    let long = Seat { user_id: "x".repeat(20_000), password: "y".repeat(5_000) };
    api.enroll(&long, b"").problem(403, "credential_refused");
    target.ends_unharmed();
}

/// An honest proof over a request whose attributes are anything: accepted, and nothing of them
/// kept, or refused as not readable.
#[test]
fn attributes_of_any_depth_do_no_harm() {
    let target = Target::new(1);
    for depth in [0, 1, 10, 100, 1_000, 3_800] {
        let key = Key::default();
        let request = der::request(&key, &key, &der::attribute(&der::nested(0x30, depth)));
        let answer = target.api().enroll(&target.demo.seat(), &request);
        match answer.status {
            200 => drop(Issued::of(&answer)),
            _ => drop(answer.problem(400, "malformed_request")),
        }
        figure("attributes nested", format!("{depth} deep: {}", answer.status));
    }
    target.ends_unharmed();
}

/// Texts where other things are expected: user IDs with the syntax of SQL, LDAP, shells, paths
/// and HTML; wrong types, unknown members, wrong encodings.
#[test]
fn strange_texts_are_just_wrong() {
    let target = Target::new(1);
    let seat = target.seats[0].clone();
    let api = target.api();
    let key = Key::default().request();
    for user_id in [
        "",
        "'",
        "' OR '1'='1",
        "CMSM950-006-401'--",
        "CMSM950-006-401\0",
        "CMSM950-006-4__",
        "CMSM950-006-%",
        "*",
        "*)(uid=*))(|(uid=*",
        "CMSM950-006-401\r\nX-Injected: 1",
        "../../etc/passwd",
        "$(reboot)",
        "{{7*7}}",
        "<script>alert(1)</script>",
        "\u{202e}104-600-059MSMC",
        "\u{1f600}\u{fffd}",
    ] {
        let answer = api.enroll(&Seat { user_id: user_id.to_owned(), ..seat.clone() }, &key);
        answer.problem(403, "credential_refused");
        assert!(!answer.text().contains(&seat.password));
        let password = Seat { password: user_id.to_owned(), user_id: "CMSM950-006-998".to_owned() };
        assert!([403, 429].contains(&api.enroll(&password, &key).status));
    }
    let honest = body(&seat, &key);
    let altered = |member: &str, value: Value| {
        let mut body = honest.clone();
        body[member] = value;
        api.post(body.to_string().as_bytes())
    };
    for member in ["user_id", "password", "email", "request"] {
        for wrong in [Value::Null, json!(5), json!([]), json!({}), json!(true)] {
            altered(member, wrong).problem(400, "malformed_request");
        }
        let mut without = honest.clone();
        without.as_object_mut().unwrap().remove(member);
        api.post(without.to_string().as_bytes()).problem(400, "malformed_request");
    }
    for member in ["subject", "role", "__proto__", "serial", "user_id2"] {
        altered(member, json!("x")).problem(400, "malformed_request");
    }
    for email in
        ["", "taro", "taro@", "a@b@c", "a b@example.co.jp", "a@example.co.jp\r\nBcc: b@example.com"]
    {
        altered("email", json!(email)).problem(422, "invalid_email");
    }
    let twice = honest.to_string().replacen('{', "{\"user_id\":\"CMSM950-006-401\",", 1);
    api.post(twice.as_bytes()).problem(400, "malformed_request");
    for request in ["!", "====", "AAA", " ", "MII", "-----BEGIN CERTIFICATE REQUEST-----"] {
        altered("request", json!(request)).problem(400, "malformed_request");
    }
    for (body, kind) in [
        (&b"user_id=x&password=y"[..], "application/x-www-form-urlencoded"),
        (b"<enroll/>", "application/xml"),
        (b"\xff\xfe{\0}\0", "application/json"),
        (b"\xef\xbb\xbf{}", "application/json"),
        (b"{\"user_id\":\"\xff\"}", "application/json"),
        (b"\x1f\x8b\x08\0\0\0\0\0", "application/json"),
        (b"", "application/json"),
        (b"null", "application/json"),
        (b"NaN", "application/json"),
    ] {
        let headers = [("content-type", kind), ("accept-language", "\u{fffd}x;q=9,,;")];
        let answer = api.https.send("POST", &api.path("enroll"), &headers, body).unwrap();
        answer.problem(400, "malformed_request");
    }
    target.ends_unharmed();
}

/// Noise: random octets of many sizes as body, as request, inside TLS, and without TLS on every
/// port, and heads of HTTP that are out of line.
#[test]
fn noise_gets_a_problem_or_a_closed_connection() {
    let mut target = Target::new(25);
    let api = target.api();
    let mut noise = Noise(0x9e37_79b9_7f4a_7c15);
    for size in [1, 2, 3, 7, 16, 63, 64, 65, 255, 1_000, 4_096, 16_000] {
        api.post(&noise.octets(size)).problem(400, "malformed_request");
        let mut der = noise.octets(size);
        target.try_request(&der).problem(400, "malformed_request");
        // The beginning of a request, then noise.
        let honest = Key::default().request();
        der.splice(..0, honest[..honest.len().min(size)].iter().copied());
        let answer = target.try_request(&der);
        assert!([400, 413, 422].contains(&answer.status), "{}", answer.text());
    }
    // One octet of an honest request changed, everywhere.
    let honest = Key::default().request();
    for place in 0..honest.len() {
        let mut changed = honest.clone();
        changed[place] ^= 1 << (place % 8);
        let answer = target.try_request(&changed);
        assert!([400, 422].contains(&answer.status), "octet {place}: {}", answer.text());
    }
    figure("one octet of a request changed", format!("{} tries, none issued", honest.len()));

    let path = api.path("enroll");
    let mut answers = Vec::new();
    let long = "x".repeat(100_000);
    let fields = "a: b\r\n".repeat(5_000);
    for head in [
        "\r\n\r\n".to_owned(),
        "GET\r\n\r\n".to_owned(),
        "GET / HTTP/9.9\r\n\r\n".to_owned(),
        "GET / HTTP/1.1\r\n\r\n".to_owned(),
        "GET / HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n".to_owned(),
        "GET / HTTP/1.1\r\nhost: 127.0.0.1\r\n folded: x\r\n\r\n".to_owned(),
        "GET / HTTP/1.1\nhost: 127.0.0.1\n\n".to_owned(),
        "GET / HTTP/1.1\r\nhost: 127.0.0.1\r\nbad name: x\r\n\r\n".to_owned(),
        "GET / HTTP/1.1\r\nhost: 127.0.0.1\r\nx: \0\r\n\r\n".to_owned(),
        format!("GET /{long} HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n"),
        format!("GET / HTTP/1.1\r\nhost: 127.0.0.1\r\nx: {long}\r\n\r\n"),
        format!("GET / HTTP/1.1\r\nhost: 127.0.0.1\r\n{fields}\r\n"),
        format!("{long} / HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n"),
        "GET /%ff%00%2e%2e/ HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n".to_owned(),
        "GET /../../etc/passwd HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n".to_owned(),
        "GET http://192.0.2.1/ HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n".to_owned(),
        "CONNECT 192.0.2.1:443 HTTP/1.1\r\nhost: 192.0.2.1:443\r\n\r\n".to_owned(),
        format!("POST {path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: -1\r\n\r\n"),
        format!(
            "POST {path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nxx"
        ),
        format!(
            "POST {path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 99999999999999999999\r\n\r\n"
        ),
        format!(
            "POST {path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 18446744073709551615\r\n\r\n"
        ),
        format!(
            "POST {path} HTTP/1.1\r\nhost: 127.0.0.1\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n"
        ),
        format!(
            "POST {path} HTTP/1.1\r\nhost: 127.0.0.1\r\ntransfer-encoding: chunked\r\n\r\nffffffffffffffff\r\n"
        ),
        format!(
            "POST {path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"
        ),
        format!("POST {path} HTTP/1.1\r\nhost: 127.0.0.1\r\ntransfer-encoding: x\r\n\r\n"),
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned(),
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\u{ff}\u{ff}\u{ff}\u{4}\0\0\0\0\0".to_owned(),
    ] {
        for https in [&target.demo.site(), &target.demo.gateway(None)] {
            answers.push(send_raw(https.connect().unwrap(), head.as_bytes()));
        }
    }
    for size in [1, 10, 100, 1_000, 10_000, 100_000] {
        for https in [&target.demo.site(), &target.demo.gateway(None)] {
            answers.push(send_raw(https.connect().unwrap(), &noise.octets(size)));
            answers.push(send_plain(https.connect_plain().unwrap(), &noise.octets(size)));
            let hello = [&b"\x16\x03\x01\xff\xff\x01\0\xff\xfb\x03\x03"[..], &noise.octets(size)];
            answers.push(send_plain(https.connect_plain().unwrap(), &hello.concat()));
        }
        for address in [&target.demo.ready.status, &target.demo.ready.admin] {
            let port = tegata_scenarios::https::port(address);
            let stream = std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
            answers.push(send_plain(stream, &noise.octets(size)));
        }
    }
    let closed = answers.iter().filter(|answer| answer.is_none()).count();
    figure("noise", format!("{} answers, {closed} closed connections", answers.len() - closed));
    for answer in answers.iter().flatten() {
        assert!(answer.status < 500, "{answer:?}");
    }
    target.ends_unharmed();
}

/// Sends octets without TLS, says that no more will come, and returns what comes back.
fn send_plain(mut stream: std::net::TcpStream, octets: &[u8]) -> Option<Answer> {
    stream.set_read_timeout(Some(std::time::Duration::from_secs(30))).unwrap();
    let _ = stream.write_all(octets);
    let _ = stream.shutdown(std::net::Shutdown::Write);
    answer_or_end(&mut stream)
}

/// Not random, so that a failure can be had again.
struct Noise(u64);

impl Noise {
    fn octets(&mut self, size: usize) -> Vec<u8> {
        let next = || {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            self.0.to_le_bytes()
        };
        std::iter::repeat_with(next).flatten().take(size).collect()
    }
}

fn openssl_request(dir: &Path, options: &str) -> Vec<u8> {
    let (key, csr) = (dir.join("some.key"), dir.join("some.csr"));
    let [key, csr] = [&key, &csr].map(|path| path.to_str().unwrap());
    let make = ["req", "-new", "-nodes", "-subj", "/CN=x", "-outform", "DER", "-newkey"];
    let out = ["-keyout", key, "-out", csr];
    let options: Vec<_> = options.split(' ').collect();
    run("openssl", [&make[..], &options, &out].concat()).ok();
    fs::read(csr).unwrap()
}

fn described(certificate: &Path) -> String {
    let path = certificate.to_str().unwrap();
    run("openssl", ["x509", "-inform", "DER", "-noout", "-text", "-in", path]).ok().text()
}

/// The part of a description from the extensions on, without what belongs to one key.
fn extensions(text: &str) -> String {
    let (_, rest) = text.split_once("X509v3 extensions:").unwrap();
    let (extensions, _) = rest.split_once("Signature Algorithm:").unwrap();
    let own = |line: &&str| line.trim().len() != "XX:".len() * 20 - 1;
    extensions.lines().filter(own).collect::<Vec<_>>().join("\n")
}

fn origin(demo: &Demo) -> String {
    demo.ready.site.split("/issueweb/").next().unwrap_or_default().to_owned()
}

fn file(dir: &Path, name: &str, octets: &[u8]) -> PathBuf {
    let path = dir.join(name);
    fs::write(&path, octets).unwrap();
    path
}
