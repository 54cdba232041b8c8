//! A Postfix of our own: its settings, queue and mailboxes in a directory of the test, on ports
//! of 127.0.0.1. Nothing of the machine's own mail is touched. Its master wants to be root.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustix::process::{Pid, Signal, kill_process};

use crate::run::run;
use crate::wait::eventually;

const START: Duration = Duration::from_secs(30);

/// Whom Postfix knows by name and password.
pub const USER: &str = "tegata";
/// Their password.
pub const PASSWORD: &str = "correct-horse";

/// Settings of one start.
#[derive(Clone, Default)]
pub struct Manner {
    /// Further lines of `main.cf`.
    pub main: String,
    /// Hand every mail on to the server at this port instead of delivering it.
    pub relay_to: Option<u16>,
}

/// Ports of a Postfix.
#[derive(Clone, Copy, Debug)]
pub struct Ports {
    /// STARTTLS; only after it, a password is asked for.
    pub submission: u16,
    /// TLS from the first octet; a password is asked for.
    pub submissions: u16,
    /// No TLS, no password.
    pub plain: u16,
}

/// A running Postfix. Ends when dropped.
pub struct Postfix {
    dir: PathBuf,
    ports: Ports,
    /// Of a further server, which knows nobody: what it refuses is sent back to us.
    beyond: u16,
    child: Option<Child>,
}

impl Postfix {
    /// Makes the directory, which others can enter, with a TLS certificate; nothing runs yet.
    ///
    /// # Panics
    /// When Postfix is not installed or this is not root.
    pub fn prepare(dir: &Path) -> Self {
        assert!(rustix::process::geteuid().is_root(), "Postfix wants to be started by root");
        for part in ["", "etc", "etc/sasl", "spool", "data", "mail"] {
            let path = dir.join(part);
            fs::create_dir_all(&path).expect("a directory can be made");
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("ours");
        }
        for (part, owner) in [("data", "postfix"), ("mail", "nobody")] {
            chown(dir.join(part), Some(user(owner)), None).expect("root gives away");
        }
        certify(&dir.join("etc"));
        let database = dir.join("etc/sasldb2");
        let mut set = Command::new("saslpasswd2")
            .args(["-p", "-c", "-u", "mx.example", "-f"])
            .arg(&database)
            .arg(USER)
            .stdin(Stdio::piped())
            .spawn()
            .expect("sasl2-bin is installed");
        let mut stdin = set.stdin.take().expect("piped");
        std::io::Write::write_all(&mut stdin, PASSWORD.as_bytes()).expect("it reads");
        drop(stdin);
        assert!(set.wait().expect("it ends").success());
        // Its maker shuts everyone else out; the test has nothing else to hide.
        let readable = fs::Permissions::from_mode(0o644);
        fs::set_permissions(&database, readable).expect("ours");
        let sasl = format!(
            "pwcheck_method: auxprop\nauxprop_plugin: sasldb\nmech_list: PLAIN LOGIN\n\
             sasldb_path: {}\n",
            database.display()
        );
        fs::write(dir.join("etc/sasl/smtpd.conf"), sasl).expect("ours");
        // Taken together, so that they are four.
        let listeners = [(); 4].map(|()| TcpListener::bind("127.0.0.1:0").expect("a free port"));
        let [submission, submissions, plain, beyond] =
            listeners.map(|one| one.local_addr().expect("bound").port());
        let ports = Ports { submission, submissions, plain };
        Self { dir: dir.to_owned(), ports, beyond, child: None }
    }

    /// Its ports, the same over every start.
    pub fn ports(&self) -> Ports {
        self.ports
    }

    /// The authority of its TLS certificate, PEM.
    pub fn authority(&self) -> PathBuf {
        self.dir.join("etc/ca.pem")
    }

    /// Starts it and waits until it greets.
    ///
    /// # Panics
    /// When it does not.
    pub fn start(&mut self, manner: &Manner) {
        fs::write(self.dir.join("etc/main.cf"), self.main(manner)).expect("ours");
        fs::write(self.dir.join("etc/master.cf"), self.master()).expect("ours");
        let log = File::options().create(true).append(true).open(self.dir.join("log"));
        let log = log.expect("ours");
        let child = Command::new("postfix")
            .arg("-c")
            .arg(self.dir.join("etc"))
            .arg("start-fg")
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a file"))
            .stderr(log)
            .spawn()
            .expect("postfix is installed");
        self.child = Some(child);
        eventually("Postfix greets", START, || greets(self.ports.plain).then_some(()));
    }

    /// Ends it.
    ///
    /// # Panics
    /// When it does not end.
    pub fn stop(&mut self) {
        let Some(mut child) = self.child.take() else { return };
        self.signal();
        eventually("Postfix ends", START, || child.try_wait().expect("a child").map(|_| ()));
        // Its children end by themselves a moment later, and let go of their ports.
        let taken = |port| TcpStream::connect(("127.0.0.1", port)).is_ok();
        eventually("its port is free", START, || (!taken(self.ports.plain)).then_some(()));
    }

    /// Tells its master to end. What was started here only waits for it.
    fn signal(&self) {
        let file = fs::read_to_string(self.dir.join("spool/pid/master.pid"));
        let master = file.ok().and_then(|text| Pid::from_raw(text.trim().parse().ok()?));
        if let Some(master) = master {
            let _ = kill_process(master, Signal::TERM);
        }
    }

    /// Mails in the mailbox of a name, as they are on the disk, oldest first.
    pub fn mails(&self, name: &str) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.maildir(name).join("new"));
        let mut mails: Vec<_> =
            entries.into_iter().flatten().flatten().map(|entry| entry.path()).collect();
        mails.sort();
        mails
    }

    /// The mailbox of a name, a Maildir.
    pub fn maildir(&self, name: &str) -> PathBuf {
        self.dir.join("mail").join(name)
    }

    /// What it said.
    pub fn log(&self) -> String {
        fs::read_to_string(self.dir.join("log")).unwrap_or_default()
    }

    fn main(&self, manner: &Manner) -> String {
        let dir = self.dir.display();
        let (nobody, beyond) = (user("nobody"), self.beyond);
        let relay = match manner.relay_to {
            None => "myhostname = mx.example\n\
                     virtual_mailbox_domains = example.co.jp, sample-bank.example\n"
                .to_owned(),
            // Relays everything; the other one knows the mailboxes.
            Some(port) => format!(
                "virtual_mailbox_domains =\nrelay_domains = static:ALL\nrelay_recipient_maps =\n\
                 relayhost = [127.0.0.1]:{port}\nmyhostname = relay.mx.example\n"
            ),
        };
        format!(
            "compatibility_level = 3.6\nmydestination =\n\
             queue_directory = {dir}/spool\ndata_directory = {dir}/data\n\
             maillog_file = /dev/stdout\ninet_interfaces = 127.0.0.1\ninet_protocols = ipv4\n\
             mynetworks = 127.0.0.0/8\nalias_maps =\nalias_database =\n\
             smtp_dns_support_level = disabled\nsmtpd_peername_lookup = no\n\
             recipient_delimiter = +\n\
             virtual_mailbox_base = {dir}/mail\nvirtual_minimum_uid = 1\n\
             virtual_mailbox_maps = inline:{{ taro@example.co.jp=taro/, hanako@example.co.jp=hanako/, \
             gone@example.co.jp=gone/, bounces@sample-bank.example=bounces/ }}\n\
             virtual_uid_maps = static:{nobody}\nvirtual_gid_maps = static:{nobody}\n\
             transport_maps = inline:{{ {{ gone@example.co.jp = smtp:[127.0.0.1]:{beyond} }} }}\n\
             beyond_restrictions = check_recipient_access \
             inline:{{ {{ gone@example.co.jp = 550 5.1.1 no such person here }} }}\n\
             smtpd_tls_cert_file = {dir}/etc/cert.pem\nsmtpd_tls_key_file = {dir}/etc/key.pem\n\
             smtpd_sasl_local_domain = mx.example\ncyrus_sasl_config_path = {dir}/etc/sasl\n\
             smtpd_relay_restrictions = permit_mynetworks, reject\n\
             smtpd_recipient_restrictions =\nsmtpd_error_sleep_time = 0\n\
             smtpd_soft_error_limit = 1000\nsmtpd_hard_error_limit = 1000\n\
             smtpd_client_connection_count_limit = 0\n{relay}{}\n",
            manner.main
        )
    }

    fn master(&self) -> String {
        let Ports { submission, submissions, plain } = self.ports;
        let secret = "  -o smtpd_sasl_auth_enable=yes\n  -o smtpd_tls_auth_only=yes\n  \
                      -o smtpd_client_restrictions=permit_sasl_authenticated,reject\n";
        let mut master = format!(
            "127.0.0.1:{plain} inet n - n - - smtpd\n  -o smtpd_tls_security_level=none\n\
             127.0.0.1:{submission} inet n - n - - smtpd\n  -o smtpd_tls_security_level=encrypt\n\
             {secret}127.0.0.1:{submissions} inet n - n - - smtpd\n  \
             -o smtpd_tls_wrappermode=yes\n{secret}127.0.0.1:{} inet n - n - - smtpd\n  \
             -o myhostname=beyond.example\n  \
             -o smtpd_recipient_restrictions=$beyond_restrictions\n",
            self.beyond
        );
        for line in [
            "pickup unix n - n 60 1 pickup",
            "cleanup unix n - n - 0 cleanup",
            "qmgr unix n - n 5 1 qmgr",
            "tlsmgr unix - - n 1000? 1 tlsmgr",
            "rewrite unix - - n - - trivial-rewrite",
            "bounce unix - - n - 0 bounce",
            "defer unix - - n - 0 bounce",
            "trace unix - - n - 0 bounce",
            "verify unix - - n - 1 verify",
            "proxymap unix - - n - - proxymap",
            "smtp unix - - n - - smtp",
            "relay unix - - n - - smtp",
            "showq unix n - n - - showq",
            "error unix - - n - - error",
            "retry unix - - n - - error",
            "virtual unix - n n - - virtual",
            "anvil unix - - n - 1 anvil",
            "scache unix - - n - 1 scache",
            "postlog unix-dgram n - n - 1 postlogd",
        ] {
            master.push_str(line);
            master.push('\n');
        }
        master
    }
}

impl Drop for Postfix {
    fn drop(&mut self) {
        if std::thread::panicking() {
            crate::figure("Postfix said", self.log());
        }
        if let Some(mut child) = self.child.take() {
            self.signal();
            let _ = child.wait();
        }
    }
}

fn greets(port: u16) -> bool {
    let Ok(stream) = TcpStream::connect(("127.0.0.1", port)) else { return false };
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line).is_ok() && line.starts_with("220 ")
}

fn user(name: &str) -> u32 {
    let said = run("id", ["-u", name]).ok().text();
    said.trim().parse().expect("a number")
}

/// A certificate for 127.0.0.1 and the authority that made it.
fn certify(dir: &Path) {
    let mut authority = CertificateParams::default();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority_key = KeyPair::generate().expect("a key can be made");
    let certificate = authority.self_signed(&authority_key).expect("it signs itself");
    fs::write(dir.join("ca.pem"), certificate.pem()).expect("ours");
    let key = KeyPair::generate().expect("a key can be made");
    let leaf = CertificateParams::new(vec!["127.0.0.1".to_owned()]).expect("a name");
    let issuer = Issuer::new(authority, authority_key);
    let leaf = leaf.signed_by(&key, &issuer).expect("it signs");
    fs::write(dir.join("cert.pem"), leaf.pem()).expect("ours");
    fs::write(dir.join("key.pem"), key.serialize_pem()).expect("ours");
    let private = fs::Permissions::from_mode(0o600);
    fs::set_permissions(dir.join("key.pem"), private).expect("ours");
}
