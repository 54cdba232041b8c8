use std::fs::{self, Permissions};
use std::io::{BufRead, BufReader};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, KeyPair, KeyUsagePurpose};
use tempfile::TempDir;

/// A real proxy on loopback (squid of `tools/prepare`), with everything of its own; it ends when dropped.
pub(crate) struct Squid {
    folder: TempDir,
    port: u16,
    child: Child,
}

/// How a squid treats those who ask.
pub(crate) enum Rules {
    /// Everybody may pass.
    Open,
    /// Nobody may.
    Closed,
    /// Name and password, in the clear.
    Basic,
    /// NTLM alone, or with Basic.
    Ntlm { and_basic: bool },
    /// Negotiate alone, behind which NTLM is understood.
    Negotiate,
    /// Everybody may pass, but TLS is opened by this CA (PEM of certificate and key).
    Inspects(String),
}

/// User and password that every squid knows.
pub(crate) const ACCOUNT: (&str, &str) = ("taro", "P@ss:wörd 本店");

/// Names below `example.jp` that squid finds on this PC.
const HOSTS: &str = "127.0.0.1 issue.example.jp\n127.0.0.1 other.example.jp\n";

impl Squid {
    pub(crate) fn start(rules: &Rules) -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let folder = tempfile::tempdir().unwrap();
        // Started as root, squid goes on as another user.
        fs::set_permissions(folder.path(), Permissions::from_mode(0o777)).unwrap();
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        let (user, password) = ACCOUNT;
        let hash = said("openssl", &["passwd", "-apr1", password]);
        write("basic", &format!("{user}:{hash}"));
        write("ntlm", &format!("{user}:{password}\n"));
        write("ntlm.py", include_str!("ntlm_helper.py"));
        write("hosts", HOSTS);
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let name = format!("tegata{}n{}", std::process::id(), COUNT.fetch_add(1, Ordering::SeqCst));
        let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
        let basic = format!(
            "auth_param basic program /usr/lib/squid/basic_ncsa_auth {}\n\
             auth_param basic children 1\nauth_param basic realm Head office, 本店\n",
            at("basic")
        );
        let helper =
            format!("/usr/bin/env python3 {} {} {}", at("ntlm.py"), at("ntlm"), at("tried"));
        let ntlm = format!("auth_param ntlm program {helper}\nauth_param ntlm children 4\n");
        let asks = "acl known proxy_auth REQUIRED\nhttp_access allow known\n";
        let mut listens = format!("http_port 127.0.0.1:{port}");
        let rules = match rules {
            Rules::Open => "http_access allow all\n".to_owned(),
            Rules::Closed => "http_access deny all\n".to_owned(),
            Rules::Basic => format!("{basic}{asks}"),
            Rules::Ntlm { and_basic: false } => format!("{ntlm}{asks}"),
            Rules::Ntlm { and_basic: true } => format!("{basic}{ntlm}{asks}"),
            Rules::Negotiate => format!(
                "auth_param negotiate program /usr/lib/squid/negotiate_wrapper_auth \
                 --ntlm {helper} --kerberos /bin/false\nauth_param negotiate children 4\n{asks}"
            ),
            Rules::Inspects(ca) => {
                write("ca.pem", ca);
                let database = at("certificates");
                said("/usr/lib/squid/security_file_certgen", &["-c", "-s", &database, "-M", "4MB"]);
                said("chmod", &["-R", "a+rwX", &database]);
                listens.push_str(&format!(
                    " ssl-bump generate-host-certificates=on tls-cert={}",
                    at("ca.pem")
                ));
                format!(
                    "sslcrtd_program /usr/lib/squid/security_file_certgen -s {database} -M 4MB\n\
                     sslcrtd_children 1\nssl_bump bump all\nsslproxy_cert_error allow all\n\
                     tls_outgoing_options flags=DONT_VERIFY_PEER\nhttp_access allow all\n"
                )
            }
        };
        let config = format!(
            "{listens}\nvisible_hostname proxy.example.jp\nshutdown_lifetime 0 seconds\n\
             pid_filename {}\ncache_log {}\naccess_log stdio:{}\ncoredump_dir {}\nhosts_file {}\n\
             cache deny all\npinger_enable off\n{rules}",
            at("pid"),
            at("cache.log"),
            at("access.log"),
            at("."),
            at("hosts")
        );
        write("squid.conf", &config);
        let mut child = Command::new("/usr/sbin/squid")
            .args(["-N", "-d1", "-n", &name, "-f", &at("squid.conf")])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = String::new();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        while !said.contains("Accepting ") {
            let line = lines.next();
            assert!(line.is_some(), "squid did not start: {said}\n{config}");
            said.push_str(&line.unwrap().unwrap());
        }
        // It says so just before it does so.
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            std::thread::yield_now();
        }
        // It goes on talking; somebody has to listen until it ends.
        std::thread::spawn(move || lines.for_each(drop));
        Self { folder, port, child }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// What the NTLM helper judged, in order.
    pub(crate) fn tried(&self) -> Vec<String> {
        let tried = fs::read_to_string(self.path("tried")).unwrap_or_default();
        tried.lines().map(str::to_owned).collect()
    }
}

/// A CA as companies have them for this, as PEM of certificate and key.
pub(crate) fn inspector() -> String {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::OrganizationName, "本店システム部");
    params.distinguished_name.push(DnType::CommonName, "Web Gateway CA");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let key = KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key).unwrap();
    format!("{}{}", certificate.pem(), key.serialize_pem())
}

/// What a program prints; it has to succeed.
fn said(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().unwrap();
    assert!(output.status.success(), "{program} {arguments:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

impl Drop for Squid {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.child.kill();
        self.child.wait().unwrap();
    }
}
