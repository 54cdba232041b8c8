//! CRLs of a thousand, a hundred thousand and a million entries beside `openssl ca -gencrl`, the
//! delta after one more change, and the audit log that all of it left.

use std::fmt::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Instant;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use tegata_ca::{Authority, KeyKind, Signer, SoftwareKey, SubjectName};
use tegata_domain::{Entropy, Issuer, Reason, Serial, Validity};
use tegata_registrar::{
    Actor, Import, ImportRoot, ImportRow, ImportStatus, IssuingCa, Keyring, Office, Registrar,
    Service, ServiceSettings, StatusChange, Target,
};
use tegata_server::ambient::SystemEntropy;
use tegata_store::{CrlScope, View};

use super::world::World;
use crate::{Failure, say};

/// Entries of the lists.
const SIZES: [usize; 3] = [1_000, 100_000, 1_000_000];

/// A list.
#[derive(Serialize)]
pub(super) struct Row {
    pub(super) entries: usize,
    /// Reading the rows, writing, linting, signing and storing the CRL.
    pub(super) seconds: f64,
    pub(super) octets: usize,
    /// Octets of an entry.
    pub(super) octets_each: f64,
    /// What the process held at its peak more than before, in MiB.
    pub(super) peak_mib: f64,
    /// The delta after one more change, in milliseconds.
    pub(super) delta_ms: f64,
    /// `openssl ca -gencrl` over as many entries.
    pub(super) openssl_seconds: f64,
    pub(super) openssl_octets: u64,
}

/// The audit log.
#[derive(Serialize)]
pub(super) struct Audit {
    pub(super) entries: i64,
    pub(super) seconds: f64,
}

pub(super) async fn measure(world: &World, dir: &Path) -> Result<(Vec<Row>, Audit), Failure> {
    let mut rows = Vec::new();
    for entries in SIZES {
        say(&format!("a CRL of {entries} entries"));
        rows.push(list(world, dir, entries).await?);
    }
    say("the audit log");
    let begun = Instant::now();
    let report = world.office.verify_audit()?;
    if !report.faults.is_empty() {
        return Err("the audit log does not hold".into());
    }
    Ok((rows, Audit { entries: report.head.seq, seconds: begun.elapsed().as_secs_f64() }))
}

async fn list(world: &World, dir: &Path, entries: usize) -> Result<Row, Failure> {
    let ca = Ca::make(&world.office, entries)?;
    let registrar = ca.move_in(world, entries).await?;
    let before = memory(true)?;
    let begun = Instant::now();
    registrar.publish().await?;
    let seconds = begun.elapsed().as_secs_f64();
    let peak_mib = memory(false)? - before;
    let id = registrar.keyring().authorities().map(|ca| ca.id).next().ok_or("no CA")?;
    let scope = CrlScope { authority: id, shard: 0 };
    let store = registrar.store();
    let full = store.read(|view: View<'_>| view.published_crl(scope, false))?.ok_or("no CRL")?;
    let empty = 600;
    let change = StatusChange::Hold;
    let target = Target::Serial(serial(entries));
    registrar.change_status(actor(), world.service.id, target, change).await?;
    let position = store.read(|view: View<'_>| view.last_change())? - 1;
    let begun = Instant::now();
    registrar.publish_changes(position).await?;
    let delta_ms = begun.elapsed().as_secs_f64() * 1_000.0;
    let (openssl_seconds, openssl_octets) = openssl(dir, entries)?;
    Ok(Row {
        entries: full.entries,
        seconds,
        octets: full.der.len(),
        octets_each: full.der.len().saturating_sub(empty) as f64 / full.entries as f64,
        peak_mib,
        delta_ms,
        openssl_seconds,
        openssl_octets,
    })
}

fn actor() -> Actor {
    Actor::Operator("bench".to_owned())
}

/// Sixteen octets as this system draws them.
fn serial(number: usize) -> Serial {
    let mut octets = [0x41; 16];
    octets[8..].copy_from_slice(&(number as u64).to_be_bytes());
    // A CA of each size has serial numbers of its own.
    Serial::from_octets(&octets).unwrap_or_else(|_| Serial::random(&SystemEntropy))
}

/// A CA that lives in memory.
struct Ca {
    name: Issuer,
    root_name: Issuer,
    root: Authority,
    issuing: Authority,
}

impl Ca {
    fn make(office: &Office, entries: usize) -> Result<Self, Failure> {
        let entropy: &dyn Entropy = &SystemEntropy;
        let now = Timestamp::from_second(office.now().as_second())?;
        let validity =
            Validity { not_before: now, not_after: now + SignedDuration::from_hours(24 * 3_650) };
        let (name, root_name): (Issuer, Issuer) =
            (format!("BENCH{entries}C").parse()?, format!("BENCHROOT{entries}").parse()?);
        let key = || SoftwareKey::generate(KeyKind::EcP256).map(Arc::new);
        let subject = |name: &Issuer| SubjectName::new(name.as_str());
        let root = Authority::root(&subject(&root_name)?, key()?, validity, entropy)?;
        let issuing_key = key()?;
        let profile = Office::issuing_profile("http://localhost", &root_name);
        let public = issuing_key.public_key().to_vec();
        let signed = root.certify(&profile, &subject(&name)?, &public, validity, entropy)?;
        let issuing = Authority::open(signed.der, issuing_key)?;
        Ok(Self { name, root_name, root, issuing })
    }

    /// Records it with as many revoked certificates and one good one.
    async fn move_in(&self, world: &World, entries: usize) -> Result<Arc<Registrar>, Failure> {
        let now = world.office.now();
        let offset = entries;
        let validity =
            Validity { not_before: now, not_after: now + SignedDuration::from_hours(24 * 365) };
        let user_id: tegata_domain::UserId = format!("BENCH-{entries}").parse()?;
        let row = |number: usize| ImportRow {
            serial: serial(offset * 2 + number),
            user_id: user_id.clone(),
            validity,
            status: ImportStatus::Revoked(now, Reason::Unspecified),
            certificate: None,
        };
        let mut rows: Vec<ImportRow> = (1..=entries).map(row).collect();
        rows.push(ImportRow { serial: serial(entries), status: ImportStatus::Good, ..row(0) });
        let import = Import {
            company: world.company().clone(),
            root: ImportRoot::New(self.root_name.clone(), self.root.certificate().to_vec()),
            name: self.name.clone(),
            certificate: self.issuing.certificate().to_vec(),
            issues: true,
            rows,
            crl: None,
            old_crl: false,
            first_reminder_days: None,
        };
        world.office.import(actor(), import).await?;
        let record = world.office.authorities()?.into_iter().find(|ca| ca.name == self.name);
        let record = record.ok_or("the CA did not move in")?;
        let issuing = IssuingCa {
            id: record.id,
            parent: record.parent,
            name: self.name.clone(),
            authority: self.issuing.clone(),
            complete_crl: true,
            issues_from: now,
            retired: false,
            revoked: false,
        };
        let service = Service::open(
            world.service.id,
            world.service.key.clone(),
            ServiceSettings::from_json(&world.service.settings)?,
            vec![issuing],
            self.root_name.clone(),
            self.root.certificate().to_vec(),
        )?;
        let feed = Arc::new(SoftwareKey::generate(KeyKind::Ed25519)?);
        Ok(Registrar::new(world.office.clone(), Keyring::new(vec![service], Vec::new(), feed)))
    }
}

/// Memory of this process in MiB: the present, after forgetting the peak, or the peak since.
fn memory(forget: bool) -> Result<f64, Failure> {
    if forget {
        std::fs::write("/proc/self/clear_refs", "5")?;
    }
    let status = std::fs::read_to_string("/proc/self/status")?;
    let field = if forget { "VmRSS:" } else { "VmHWM:" };
    let line = status.lines().find_map(|line| line.strip_prefix(field)).ok_or("no VmRSS")?;
    let kib: f64 = line.trim().trim_end_matches(" kB").parse()?;
    Ok(kib / 1024.0)
}

/// Seconds and octets of `openssl ca -gencrl` over as many entries.
fn openssl(dir: &Path, entries: usize) -> Result<(f64, u64), Failure> {
    let dir = dir.join(format!("openssl-{entries}"));
    std::fs::create_dir_all(&dir)?;
    let mut index = String::with_capacity(entries * 90);
    for number in 1..=entries {
        let serial = serial(number).to_string().to_uppercase();
        writeln!(index, "R\t361231000000Z\t261123000000Z\t{serial}\tunknown\t/CN=x")?;
    }
    std::fs::write(dir.join("index.txt"), index)?;
    std::fs::write(dir.join("crlnumber"), "01\n")?;
    std::fs::write(
        dir.join("c.cnf"),
        "[ca]\ndefault_ca=c\n[c]\ndatabase=index.txt\ncrlnumber=crlnumber\ncertificate=ca.pem\n\
         private_key=ca.key\ndefault_md=sha256\ndefault_crl_days=7\ncrl_extensions=e\n\
         [e]\nauthorityKeyIdentifier=keyid\n[req]\ndistinguished_name=dn\n[dn]\n",
    )?;
    let run = |args: &str| -> Result<(), Failure> {
        let status = Command::new("openssl")
            .args(args.split_whitespace())
            .current_dir(&dir)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()?;
        if status.success() { Ok(()) } else { Err(format!("openssl {args}: {status}").into()) }
    };
    run("req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -config c.cnf -subj /CN=b \
         -addext subjectKeyIdentifier=hash -addext basicConstraints=critical,CA:TRUE \
         -keyout ca.key -out ca.pem")?;
    let begun = Instant::now();
    run("ca -config c.cnf -gencrl -out crl.pem")?;
    let seconds = begun.elapsed().as_secs_f64();
    run("crl -in crl.pem -outform DER -out crl.der")?;
    Ok((seconds, std::fs::metadata(dir.join("crl.der"))?.len()))
}
