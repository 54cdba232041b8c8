//! PKCS#12 files of either form, read by curl, openssl and NSS.

use std::fs;
use std::path::Path;

use tegata_scenarios::{Demo, Pc, figure, run};
use tempfile::tempdir;

/// Both forms open with the initial password: curl passes the gateway with each, openssl reads
/// what each is made of, and `pk12util` imports each into a new NSS database, key included.
#[test]
fn both_forms_are_read_by_curl_openssl_and_nss() {
    let dir = tempdir().unwrap();
    let demo = Demo::start(dir.path());
    for (form, encryption) in
        [("modern", "PBES2, PBKDF2, AES-256-CBC"), ("legacy", "pbeWithSHA1And3-KeyTripleDES-CBC")]
    {
        let seat = demo.seat();
        let pc = Pc::new(&dir.path().join(form));
        let issued =
            pc.issue(&demo, &seat, "pkcs12:certificate.p12", &["--pkcs12-form", form]).ok().json();
        assert_eq!(issued["store_password"], "initial_password");
        let file = pc.file("certificate.p12");
        let password = pc.file("initial-password");
        let text = |path: &Path| path.to_str().unwrap().to_owned();

        let pass = format!("file:{}", text(&password));
        let info = ["pkcs12", "-info", "-noout", "-passin", &pass, "-in", &text(&file)];
        let read = run("openssl", info);
        // Three-key Triple DES needs no legacy provider; RC2 would.
        let read = read.ok().stderr;
        assert!(read.contains(encryption), "{form}: {read}");
        assert!(!read.contains("RC2"), "{form}: {read}");

        let secret = fs::read_to_string(&password).unwrap();
        let config = pc.file("curl.conf");
        let cert = format!("cert = \"{}:{}\"\n", text(&file), secret.trim());
        fs::write(&config, cert).unwrap();
        let root = text(&demo.ready.root_pem);
        let options = ["-sS", "--fail", "--cacert", &root, "--cert-type", "P12"];
        let config = ["--config", &text(&config), &demo.ready.service_url];
        let page = run("curl", [&options[..], &config].concat()).ok().text();
        assert!(page.contains(&seat.user_id), "{page}");

        let nss = pc.file("nss");
        fs::create_dir(&nss).unwrap();
        let nss = format!("sql:{}", text(&nss));
        run("certutil", ["-N", "--empty-password", "-d", &nss]).ok();
        run("pk12util", ["-d", &nss, "-i", &text(&file), "-w", &text(&password)]).ok();
        let certificates = run("certutil", ["-L", "-d", &nss]).ok().text();
        let own = certificates.lines().find(|line| line.contains(&seat.user_id));
        assert!(own.is_some_and(|line| line.trim_end().ends_with("u,u,u")), "{certificates}");
        for authority in ["SB0001001C", "SB0001002C"] {
            assert!(certificates.contains(authority), "{certificates}");
        }
        let keys = run("certutil", ["-K", "-d", &nss]).ok().text();
        assert!(keys.contains(&seat.user_id), "{keys}");
        figure("PKCS#12", format!("{form}: {}", said_of(&read)));
    }
}

/// `MAC: sha256, Iteration …` and the encryption.
fn said_of(info: &str) -> String {
    info.lines().filter(|line| line.contains("Iteration")).collect::<Vec<_>>().join("; ")
}
