//! A proxy of a company that opens every TLS connection: squid with `ssl-bump` and a CA of its own.

use std::fs::{self, Permissions};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, KeyPair, KeyUsagePurpose};
use tempfile::TempDir;

use crate::run::run;
use crate::wait::eventually;

/// Name of the CA in whose name the proxy speaks.
pub const INSPECTOR: &str = "Web Gateway CA";

/// A name under which the proxy finds this machine.
pub const HOST: &str = "issue.example.jp";

/// The proxy. It ends when dropped.
pub struct Inspector {
    folder: TempDir,
    port: u16,
    child: Child,
}

impl Inspector {
    /// Starts one that takes the certificates of servers as they are.
    ///
    /// # Panics
    /// When squid (`tools/prepare`) is missing or does not start.
    pub fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder can be made");
        // Started as root, squid goes on as another user.
        fs::set_permissions(folder.path(), Permissions::from_mode(0o777)).expect("it is ours");
        let at = |name: &str| folder.path().join(name).display().to_string();
        let write = |name: &str, text: &str| fs::write(at(name), text).expect("it is ours");
        let (certificate, key) = authority();
        write("root.pem", &certificate);
        write("ca.pem", &(certificate + &key));
        write("hosts", &format!("127.0.0.1 {HOST}\n"));
        let made = at("certificates");
        let certgen = "/usr/lib/squid/security_file_certgen";
        run(certgen, ["-c", "-s", &made, "-M", "4MB"]).ok();
        run("chmod", ["-R", "a+rwX", &made]).ok();
        let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
        let port = free.expect("there is a free port").port();
        let lines = [
            format!(
                "http_port 127.0.0.1:{port} ssl-bump generate-host-certificates=on tls-cert={}",
                at("ca.pem")
            ),
            format!("sslcrtd_program {certgen} -s {made} -M 4MB\nsslcrtd_children 1"),
            "ssl_bump bump all\nsslproxy_cert_error allow all".to_owned(),
            "tls_outgoing_options flags=DONT_VERIFY_PEER\nhttp_access allow all".to_owned(),
            "visible_hostname proxy.example.jp\nshutdown_lifetime 0 seconds".to_owned(),
            "cache deny all\npinger_enable off".to_owned(),
            format!("pid_filename {}\ncache_log {}", at("pid"), at("cache.log")),
            format!("access_log stdio:{}\nlogfile_rotate 0\nbuffered_logs off", at("access.log")),
            format!("coredump_dir {}\nhosts_file {}\n", at("."), at("hosts")),
        ];
        write("squid.conf", &lines.join("\n"));
        let name = format!("inspector{}n{port}", std::process::id());
        let child = Command::new("/usr/sbin/squid")
            .args(["-N", "-n", &name, "-f", &at("squid.conf")])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("squid is installed (tools/prepare)");
        let proxy = Self { folder, port, child };
        eventually("the proxy listens", Duration::from_secs(30), || {
            TcpStream::connect(("127.0.0.1", port)).ok()
        });
        proxy
    }

    /// Its address.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The certificate of its CA, PEM: what a company puts among the roots of its PCs.
    pub fn root(&self) -> PathBuf {
        self.folder.path().join("root.pem")
    }

    /// What it read of the requests inside the connections, a line each: method, address and the
    /// answer's status among the rest.
    pub fn read(&self) -> Vec<String> {
        let log = fs::read_to_string(self.folder.path().join("access.log")).unwrap_or_default();
        log.lines().map(str::to_owned).collect()
    }
}

impl Drop for Inspector {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn authority() -> (String, String) {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, INSPECTOR);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let key = KeyPair::generate().expect("a key can be made");
    let certificate = params.self_signed(&key).expect("it signs itself");
    (certificate.pem(), key.serialize_pem())
}
