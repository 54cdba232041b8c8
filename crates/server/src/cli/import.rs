//! `tegata ca import`: a running PKI moves in.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use der::pem;
use tegata_ca::{CaCertificate, IssuedElsewhere, ReadCrl, Signer, SoftwareKey};
use tegata_domain::{CompanyCode, Issuer};
use tegata_registrar::{
    Import, ImportError, ImportRoot, ImportRow, ImportStatus, Imported, exact_user_id,
    rows_from_csv,
};
use tegata_server::ambient::SystemEntropy;
use tegata_server::ceremony::pem_or_der;
use tegata_server::installation::DataDir;
use tegata_server::keyfile::{self, Passphrase};
use tegata_store::AuthorityRecord;
use tegata_token::{KeyUri, TokenKey};
use zeroize::Zeroizing;

use super::{Failure, Scoped, operator, output};

/// Most octets of a file that is imported: a million certificates.
const MAX_FILE: u64 = 2 * 1024 * 1024 * 1024;

#[derive(Args)]
#[command(after_help = "Examples:
  tegata ca import --dir D --name OLD0001C --certificate old-ca.pem --root old-root.pem \\
      --root-name OLD0000C --key old-ca.key --issued certificates.pem --crl old.crl \\
      --company CMSM950-006
  tegata ca import --dir D --name OLD0001C --certificate old-ca.pem --root old-root.pem \\
      --root-name OLD0000C --pkcs12 old-ca.p12 --passphrase-file pass --list issued.csv \\
      --company CMSM950-006 --check

The list has the columns serial, subject, not_before, not_after, status (good, held, revoked,
expired), reason, revoked_at. --check does everything the import would, says what would move in, and
undoes it. Without --crl and --list, --nothing-revoked must say that nothing ever was.")]
pub(super) struct ImportArgs {
    #[command(flatten)]
    scoped: Scoped,
    /// Name of the CA here, also of its addresses
    #[arg(long)]
    name: Issuer,
    /// Its certificate, DER or PEM
    #[arg(long)]
    certificate: PathBuf,
    /// Certificate of its root, DER or PEM
    #[arg(long)]
    root: PathBuf,
    /// Name of the root here, when it is not on record yet
    #[arg(long)]
    root_name: Option<Issuer>,
    /// Its private key, PKCS#8 in PEM
    #[arg(long, group = "source", requires = "source")]
    key: Option<PathBuf>,
    /// Its private key in a PKCS#12 file
    #[arg(long, group = "source")]
    pkcs12: Option<PathBuf>,
    /// Its private key in a token: a PKCS#11 URI with its object
    #[arg(long, group = "source")]
    token_key: Option<KeyUri>,
    /// File with the passphrase of --key or --pkcs12
    #[arg(long)]
    passphrase_file: Option<PathBuf>,
    /// Certificates that it issued, PEM one behind the other; may be given again
    #[arg(long)]
    issued: Vec<PathBuf>,
    /// List of certificates that it issued, CSV
    #[arg(long)]
    list: Option<PathBuf>,
    /// Its last CRL, DER or PEM: who is revoked or on hold
    #[arg(long)]
    crl: Option<PathBuf>,
    /// The next CRL was due more than 30 days ago, and there is none: take --crl all the same
    #[arg(long, requires = "crl")]
    old_crl: bool,
    /// It never revoked anything: there is neither a CRL nor a list that says so
    #[arg(long, conflicts_with = "crl")]
    nothing_revoked: bool,
    /// Company whose seats these are; seats that are missing are made
    #[arg(long)]
    company: CompanyCode,
    /// It goes on issuing for the service; otherwise it only publishes status
    #[arg(long)]
    issues: bool,
    /// Do everything the import would, and undo it
    #[arg(long)]
    check: bool,
}

pub(super) async fn run(args: ImportArgs) -> Result<(), Failure> {
    let common = args.scoped.common.clone();
    let (dir, office) = (common.data_dir(), common.office()?);
    let passphrase = Passphrase::read(&common.settings()?.passphrase_file)?;
    let service = office.choose_service(args.scoped.service.as_ref())?;
    let settings = tegata_registrar::ServiceSettings::from_json(&service.settings)?;
    let company = office.company(service.id, &args.company)?;
    let authorities = office.authorities()?;
    let path = dir.key(&args.name);
    if authorities.iter().any(|ca| ca.name == args.name) {
        return Err(ImportError::NameTaken(args.name).into());
    }
    if keyfile::exists(&path) {
        let path = path.display();
        return Err(format!(
            "{path}, or the .key.uri file beside it, exists already: choose another --name, or \
             move it away"
        )
        .into());
    }
    let certificate = certificate(&args.certificate)?;
    let root = certificate_of_root(&args, &certificate, &authorities)?;
    let key = args.open_key()?;
    if key.signer().public_key() != certificate.key().spki() {
        return Err("the key does not belong to --certificate".into());
    }
    let rows = args.rows(&certificate)?;
    let root_crl = root_crl(&dir, &root, &authorities);
    let crl = match &args.crl {
        Some(path) => {
            let der = pem_or_der(read(path)?, "X509 CRL");
            let crl = ReadCrl::parse(&der, &certificate);
            Some(crl.map_err(|error| format!("{}: {error}", path.display()))?)
        }
        None => None,
    };
    let import = Import {
        company,
        root,
        name: args.name.clone(),
        certificate: certificate.der().to_vec(),
        issues: args.issues,
        rows,
        crl,
        old_crl: args.old_crl,
        first_reminder_days: settings.reminder_days.first().copied(),
    };
    let answer = |moved: bool, imported: &Imported| {
        serde_json::json!({
            "ca": args.name, "moved_in": moved, "imported": imported, "notes": root_crl.as_slice(),
        })
    };
    if args.check {
        let imported = office.import_check(operator(), import).await?;
        let sentence = format!(
            "{} would move in: {}. Nothing was changed.{}",
            args.name,
            split(&imported),
            paragraph(root_crl.as_deref())
        );
        return output::one(common.json, &answer(false, &imported), &sentence);
    }
    key.keep(&path, &passphrase)?;
    let imported = match office.import(operator(), import).await {
        Ok(imported) => imported,
        Err(error) => {
            // Nothing moved in; a key without its CA would only be in the way.
            keyfile::discard(&path)?;
            return Err(error.into());
        }
    };
    let sentence = format!(
        "{name} moved in: {}.\n\nIts status is published at crl/{name}.crl and ocsp/{name}: let the \
         addresses in its certificates lead there.{}",
        split(&imported),
        paragraph(root_crl.as_deref()),
        name = args.name,
    );
    output::one(common.json, &answer(true, &imported), &sentence)
}

fn split(imported: &Imported) -> String {
    let Imported { certificates, good, held, revoked, expired, new_seats, unaccounted } = imported;
    format!(
        "{certificates} certificates ({good} good, {held} on hold, {revoked} revoked, {expired} \
         expired), {new_seats} new seats, {unaccounted} more serial numbers that stay revoked"
    )
}

fn paragraph(note: Option<&str>) -> String {
    note.map_or_else(String::new, |note| format!("\n\n{note}"))
}

/// What is left to do for the root, whose list only its own key can make.
fn root_crl(dir: &DataDir, root: &ImportRoot, authorities: &[AuthorityRecord]) -> Option<String> {
    let name = match root {
        ImportRoot::New(name, _) => name,
        ImportRoot::Known(id) => &authorities.iter().find(|ca| ca.id == *id)?.name,
    };
    (!dir.has_ca_key(name)).then(|| {
        format!(
            "The key of root {name} is not here: publish the root's CRL with `tegata ca \
             publish-crl`, and again before it ends."
        )
    })
}

/// The imported key, before it has its place here.
enum FoundKey {
    Software(SoftwareKey),
    Token(Box<(KeyUri, TokenKey)>),
}

impl FoundKey {
    fn signer(&self) -> &dyn Signer {
        match self {
            Self::Software(key) => key,
            Self::Token(found) => &found.1,
        }
    }

    fn keep(self, path: &Path, passphrase: &Passphrase) -> Result<(), Failure> {
        match self {
            Self::Software(key) => Ok(keyfile::adopt(path, &key, passphrase, &SystemEntropy)?),
            Self::Token(found) => Ok(keyfile::adopt_address(path, &found.0)?),
        }
    }
}

impl ImportArgs {
    fn open_key(&self) -> Result<FoundKey, Failure> {
        let passphrase = || -> Result<Zeroizing<String>, Failure> {
            let Some(path) = &self.passphrase_file else {
                return Err("the key is encrypted: name --passphrase-file".into());
            };
            let text = Zeroizing::new(
                String::from_utf8(read(path)?)
                    .map_err(|_| format!("{}: a passphrase is text", path.display()))?,
            );
            Ok(Zeroizing::new(text.trim_end_matches(['\r', '\n']).to_owned()))
        };
        if let Some(uri) = &self.token_key {
            return Ok(FoundKey::Token(Box::new((uri.clone(), TokenKey::open(uri.clone())?))));
        }
        if let Some(path) = &self.pkcs12 {
            let octets = Zeroizing::new(read(path)?);
            let store =
                p12_keystore::KeyStore::from_pkcs12(&octets, &passphrase()?).map_err(|_| {
                    format!("{}: not a PKCS#12 file that this passphrase opens", path.display())
                })?;
            let (_, chain) = store
                .private_key_chain()
                .ok_or_else(|| format!("{}: holds no private key", path.display()))?;
            return Ok(FoundKey::Software(SoftwareKey::from_pkcs8(chain.key())?));
        }
        let Some(path) = &self.key else {
            return Err("name the CA's key: --key, --pkcs12 or --token-key".into());
        };
        let text = Zeroizing::new(String::from_utf8(read(path)?).unwrap_or_default());
        match pem::decode_vec(text.as_bytes()) {
            Ok(("ENCRYPTED PRIVATE KEY", _)) => {
                let key = SoftwareKey::from_encrypted_pem(&text, passphrase()?.as_bytes())?;
                Ok(FoundKey::Software(key))
            }
            Ok(("PRIVATE KEY", der)) => {
                Ok(FoundKey::Software(SoftwareKey::from_pkcs8(&Zeroizing::new(der))?))
            }
            _ => Err(format!(
                "{path}: not a PKCS#8 key in PEM; convert it with `openssl pkcs8 -topk8 -in {path} \
                 -out new.pem`",
                path = path.display()
            )
            .into()),
        }
    }

    /// What it issued, from certificates and list. Where both know a certificate, the list says
    /// where it stands and the certificate everything else.
    fn rows(&self, issuer: &CaCertificate) -> Result<Vec<ImportRow>, Failure> {
        let silent = self.crl.is_none() && !self.nothing_revoked;
        if silent && self.list.is_none() {
            return Err(
                "--issued: name the CA's last CRL with --crl, or say --nothing-revoked if \
                        nothing ever was"
                    .into(),
            );
        }
        let mut rows = match &self.list {
            Some(path) => rows_from_csv(&read(path)?)
                .map_err(|error| format!("{}:\n{error}", path.display()))?,
            None => Vec::new(),
        };
        let mut wrong = Vec::new();
        for path in &self.issued {
            for (place, der) in certificates(&read(path)?).into_iter().enumerate() {
                match row(&der, issuer) {
                    Ok(found) => match rows.iter_mut().find(|row| row.serial == found.serial) {
                        Some(known) => *known = ImportRow { status: known.status, ..found },
                        // Nothing says where it stands.
                        None if silent => wrong.push(format!(
                            "{}, certificate {}: serial number {} is not on --list; name the CA's \
                             last CRL with --crl",
                            path.display(),
                            place + 1,
                            found.serial
                        )),
                        None => rows.push(found),
                    },
                    Err(what) => {
                        wrong.push(format!(
                            "{}, certificate {}: {what}",
                            path.display(),
                            place + 1
                        ));
                    }
                }
            }
        }
        if wrong.is_empty() { Ok(rows) } else { Err(wrong.join("\n").into()) }
    }
}

fn row(der: &[u8], issuer: &CaCertificate) -> Result<ImportRow, String> {
    let read = IssuedElsewhere::parse(der, issuer).map_err(|error| error.to_string())?;
    let name = read.common_name.unwrap_or_default();
    Ok(ImportRow {
        serial: read.serial,
        user_id: exact_user_id(&name)?,
        validity: read.validity,
        status: ImportStatus::Good,
        certificate: Some((read.key_hash, read.tbs_hash, der.to_vec())),
    })
}

/// The certificates of a PEM bundle, or the one of a DER file.
fn certificates(octets: &[u8]) -> Vec<Vec<u8>> {
    use rustls_pki_types::CertificateDer;
    use rustls_pki_types::pem::PemObject;
    let found: Vec<Vec<u8>> = CertificateDer::pem_slice_iter(octets)
        .filter_map(Result::ok)
        .map(|certificate| certificate.to_vec())
        .collect();
    if found.is_empty() { vec![octets.to_vec()] } else { found }
}

fn certificate_of_root(
    args: &ImportArgs,
    certificate: &CaCertificate,
    authorities: &[AuthorityRecord],
) -> Result<ImportRoot, Failure> {
    let root = self::certificate(&args.root)?;
    if !root.is_self_signed() || !root.is_issuer_of(certificate) {
        return Err("--root is not the self-signed root that made --certificate".into());
    }
    if let Some(known) = authorities.iter().find(|ca| ca.certificate == root.der()) {
        return Ok(ImportRoot::Known(known.id));
    }
    let name =
        args.root_name.clone().ok_or("the root is not on record: name it with --root-name")?;
    Ok(ImportRoot::New(name, root.der().to_vec()))
}

fn certificate(path: &Path) -> Result<CaCertificate, Failure> {
    let der = pem_or_der(read(path)?, "CERTIFICATE");
    CaCertificate::parse(&der).map_err(|error| format!("{}: {error}", path.display()).into())
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let failed = |error: std::io::Error| format!("{}: {error}", path.display());
    if fs::metadata(path).map_err(failed)?.len() > MAX_FILE {
        return Err(format!("{}: is too long to be what it should be", path.display()).into());
    }
    Ok(fs::read(path).map_err(failed)?)
}
