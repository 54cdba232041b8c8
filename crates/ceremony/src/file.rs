use std::path::PathBuf;

use jiff::SignedDuration;
use tegata_ca::{CaKey, CrlEntry, Listed, SubjectName};
use tegata_domain::{Issuer, Reason};
use tegata_token::TokenUri;
use toml::Table;

use crate::reader::{Errors, Section};

/// A commented file that asks for everything once.
pub const EXAMPLE: &str = include_str!("example.toml");

/// Longest life of a CA in years: more than any key of today can promise.
const MOST_YEARS: u64 = 30;

/// What a ceremony is to do, each entry checked for itself and against the others. What only the
/// clock or other files can tell is checked before the first step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ceremony {
    /// Heads the transcript.
    pub title: String,
    /// Who signs it.
    pub witnesses: Vec<String>,
    /// The root that everything here is about.
    pub root: Root,
    /// Issuing CAs to certify.
    pub issuing: Vec<Issuing>,
    /// Other CAs to certify.
    pub cross: Vec<Cross>,
    /// The root's CRL.
    pub list: Option<List>,
}

/// The root of a ceremony.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Root {
    /// Its common name, also of files and addresses.
    pub name: Issuer,
    /// Its key.
    pub key: RootKey,
}

/// A new root, or one that exists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RootKey {
    /// To be made.
    New(NewRoot),
    /// Made before.
    Existing {
        /// File of its certificate, DER or PEM.
        certificate: PathBuf,
        /// Where its key is.
        key: ExistingKey,
    },
}

/// A root to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRoot {
    /// Its whole name.
    pub subject: SubjectName,
    /// Kind of its key.
    pub choice: CaKey,
    /// How long it lives.
    pub lifetime: SignedDuration,
    /// The token that makes and keeps its key; without, an encrypted file.
    pub token: Option<TokenUri>,
    /// File with the passphrase of that file.
    pub passphrase_file: Option<PathBuf>,
}

/// Where the key of an existing root is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExistingKey {
    /// In an encrypted file.
    File {
        /// The file.
        key_file: PathBuf,
        /// File with its passphrase.
        passphrase_file: Option<PathBuf>,
    },
    /// In a token, under the root's name.
    Token(TokenUri),
}

/// An issuing CA to certify. Of its request only the key is taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issuing {
    /// File of its PKCS#10 request, DER or PEM.
    pub request: PathBuf,
    /// Its common name, also of its file.
    pub name: Issuer,
    /// Its whole name.
    pub subject: SubjectName,
    /// How long it lives.
    pub lifetime: SignedDuration,
    /// Beginning of the addresses where the root's CRL and certificate will be found.
    pub status_url: String,
}

/// A CA that has a certificate and gets another one from this root, on the same name and key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cross {
    /// File of its certificate, DER or PEM.
    pub certificate: PathBuf,
    /// Name of the new file.
    pub name: Issuer,
    /// How long the new certificate lives.
    pub lifetime: SignedDuration,
    /// Beginning of the addresses where the root's CRL and certificate will be found.
    pub status_url: String,
}

/// The root's list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct List {
    /// Its number: one more than the last one's.
    pub number: u64,
    /// How long it is good for.
    pub lifetime: SignedDuration,
    /// Revoked CAs.
    pub entries: Vec<CrlEntry>,
}

/// Everything that is wrong with a ceremony's file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.join("\n"))]
pub struct CeremonyErrors(pub Vec<String>);

impl Ceremony {
    /// Reads a ceremony's file.
    ///
    /// # Errors
    /// Everything that is wrong, each with its place.
    pub fn parse(text: &str) -> Result<Self, CeremonyErrors> {
        let table: Table = text
            .parse()
            .map_err(|error: toml::de::Error| CeremonyErrors(vec![error.to_string()]))?;
        let errors = Errors::default();
        let ceremony = whole(&Section::whole(&table, &errors));
        match (ceremony, errors.into_inner()) {
            (Some(ceremony), errors) if errors.is_empty() => Ok(ceremony),
            (_, errors) => Err(CeremonyErrors(errors)),
        }
    }

    /// Every name under which this ceremony makes a certificate.
    pub fn names(&self) -> impl Iterator<Item = &Issuer> {
        let others = self.issuing.iter().map(|ca| &ca.name);
        others.chain(self.cross.iter().map(|ca| &ca.name))
    }
}

fn whole(file: &Section<'_>) -> Option<Ceremony> {
    file.permit(&["title", "witnesses", "root", "issuing", "cross", "crl"]);
    let title = file.text("title");
    let witnesses = file.texts("witnesses");
    if !file.has("root") {
        file.wrong("root", "is missing: a ceremony is about one root");
    }
    let root = file.section("root").and_then(|section| root(&section));
    let read = |sections: Vec<Section<'_>>| sections.iter().map(issuing).collect::<Vec<_>>();
    let issuing = read(file.sections("issuing"));
    let cross: Vec<_> = file.sections("cross").iter().map(cross).collect();
    let list = file.section("crl").map(|section| list(&section));
    let ceremony = Ceremony {
        title: title?,
        witnesses,
        root: root?,
        issuing: issuing.into_iter().collect::<Option<_>>()?,
        cross: cross.into_iter().collect::<Option<_>>()?,
        list: match list {
            None => None,
            Some(list) => Some(list?),
        },
    };
    check_together(file, &ceremony);
    Some(ceremony)
}

/// What each entry allows but not all of them together.
fn check_together(file: &Section<'_>, ceremony: &Ceremony) {
    let mut seen = vec![&ceremony.root.name];
    for name in ceremony.names() {
        if seen.contains(&name) {
            file.wrong("name", &format!("{name} stands twice; every certificate has its own"));
        }
        seen.push(name);
    }
    let makes_root = matches!(ceremony.root.key, RootKey::New(_));
    if !makes_root && ceremony.names().next().is_none() && ceremony.list.is_none() {
        file.wrong("root", "nothing is to be done: add [[issuing]], [[cross]] or [crl]");
    }
    if let Some(list) = &ceremony.list {
        for (i, entry) in list.entries.iter().enumerate() {
            if list.entries[..i].iter().any(|earlier| earlier.serial == entry.serial) {
                file.wrong("crl.entry", &format!("{} stands twice", entry.serial));
            }
        }
    }
}

fn root(section: &Section<'_>) -> Option<Root> {
    section.permit(&[
        "name",
        "organisation",
        "country",
        "key",
        "years",
        "token",
        "passphrase_file",
        "certificate",
        "key_file",
    ]);
    let name: Option<Issuer> = section.parsed("name");
    let token: Option<TokenUri> = section.optional("token");
    let passphrase_file = section.optional_text("passphrase_file").map(PathBuf::from);
    if section.has("token") {
        for key in ["passphrase_file", "key_file"] {
            if section.has(key) {
                section.wrong(key, "is for a key in a file, but root.token is given");
            }
        }
    }
    if section.has("certificate") {
        for key in ["organisation", "country", "key", "years"] {
            if section.has(key) {
                section.wrong(key, "is for a new root, but root.certificate names one that exists");
            }
        }
        let certificate = section.path("certificate");
        let key = match token {
            Some(token) => Some(ExistingKey::Token(token)),
            None if section.has("token") => None,
            None => section
                .path("key_file")
                .map(|key_file| ExistingKey::File { key_file, passphrase_file }),
        };
        let key = RootKey::Existing { certificate: certificate?, key: key? };
        return Some(Root { name: name?, key });
    }
    if section.has("key_file") {
        section.wrong(
            "key_file",
            "is for a root that exists (root.certificate); a new key is written to the output",
        );
    }
    let choice: Option<CaKey> = section.parsed("key");
    let lifetime = years(section);
    let subject = subject(section, name.as_ref());
    let new =
        NewRoot { subject: subject?, choice: choice?, lifetime: lifetime?, token, passphrase_file };
    Some(Root { name: name?, key: RootKey::New(new) })
}

fn issuing(section: &Section<'_>) -> Option<Issuing> {
    section.permit(&["request", "name", "organisation", "country", "years", "status_url"]);
    let request = section.path("request");
    let name: Option<Issuer> = section.parsed("name");
    let subject = subject(section, name.as_ref());
    let lifetime = years(section);
    let status_url = status_url(section);
    Some(Issuing {
        request: request?,
        name: name?,
        subject: subject?,
        lifetime: lifetime?,
        status_url: status_url?,
    })
}

fn cross(section: &Section<'_>) -> Option<Cross> {
    section.permit(&["certificate", "name", "years", "status_url"]);
    let certificate = section.path("certificate");
    let name: Option<Issuer> = section.parsed("name");
    let lifetime = years(section);
    let status_url = status_url(section);
    Some(Cross {
        certificate: certificate?,
        name: name?,
        lifetime: lifetime?,
        status_url: status_url?,
    })
}

fn list(section: &Section<'_>) -> Option<List> {
    section.permit(&["number", "days", "entry"]);
    let number = section.number("number", 1..=i64::MAX as u64);
    // A list of a year's age says little; most rules ask for a new one each year at least.
    let days = section.number("days", 1..=400);
    let entries: Vec<_> = section.sections("entry").iter().map(entry).collect();
    Some(List {
        number: number?,
        lifetime: in_days(days?),
        entries: entries.into_iter().collect::<Option<_>>()?,
    })
}

fn entry(section: &Section<'_>) -> Option<CrlEntry> {
    section.permit(&["serial", "date", "reason"]);
    let serial = section.parsed("serial");
    let at = section.moment("date");
    let name = section.text("reason");
    let permitted = || Reason::ALL.into_iter().filter(|reason| *reason != Reason::CertificateHold);
    let reason = name.and_then(|name| {
        let reason = permitted().find(|reason| reason.name() == name);
        if reason.is_none() {
            let names: Vec<_> = permitted().map(Reason::name).collect();
            section.wrong("reason", &format!("must be one of {}", names.join(", ")));
        }
        reason
    });
    Some(CrlEntry { serial: serial?, at: at?, listed: Listed::Revoked(reason?) })
}

fn subject(section: &Section<'_>, name: Option<&Issuer>) -> Option<SubjectName> {
    let organisation = section.text("organisation");
    let country = section.text("country");
    let (name, organisation, country) = (name?, organisation?, country?);
    let common = SubjectName::new(name.as_str())
        .map_err(|error| section.wrong("name", &error.to_string()))
        .ok()?;
    let whole = common
        .organisation(&organisation)
        .map_err(|error| section.wrong("organisation", &error.to_string()))
        .ok()?;
    whole.country(&country).map_err(|error| section.wrong("country", &error.to_string())).ok()
}

fn years(section: &Section<'_>) -> Option<SignedDuration> {
    Some(in_days(365 * section.number("years", 1..=MOST_YEARS)?))
}

fn in_days(days: u64) -> SignedDuration {
    SignedDuration::from_hours(24 * i64::try_from(days).unwrap_or_default())
}

fn status_url(section: &Section<'_>) -> Option<String> {
    let url = section.text("status_url")?;
    // It is read before any certificate can be judged, so without TLS (RFC 5280 §8).
    let sound = url
        .strip_prefix("http://")
        .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|octet| octet.is_ascii_graphic()));
    if sound && !url.ends_with('/') {
        return Some(url);
    }
    section.wrong("status_url", "must begin with http:// and not end with /");
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn errors(text: &str) -> Vec<String> {
        Ceremony::parse(text).unwrap_err().0
    }

    #[test]
    fn the_example_is_a_ceremony() {
        let ceremony = Ceremony::parse(EXAMPLE).unwrap();
        assert_eq!(ceremony.witnesses.len(), 2);
        assert!(matches!(&ceremony.root.key, RootKey::New(new) if new.choice == CaKey::P384));
        assert_eq!(ceremony.issuing.len(), 1);
        assert_eq!(ceremony.list.unwrap().number, 1);
    }

    /// What the example has commented out is right too, once its marks are taken away.
    #[test]
    fn the_example_is_right_in_what_it_leaves_out() {
        let text: String = EXAMPLE
            .lines()
            .map(|line| line.strip_prefix("#| ").unwrap_or(line).to_owned() + "\n")
            .collect();
        let ceremony = Ceremony::parse(&text).unwrap();
        assert_eq!(ceremony.cross.len(), 1);
        assert_eq!(ceremony.list.unwrap().entries.len(), 1);
    }

    #[test]
    fn everything_wrong_is_said_at_once() {
        let text = "title = 5\nwitness = [\"A\"]\n\
            [root]\nname = \"R\"\norganisation = \"O\"\ncountry = \"jp\"\nkey = \"rsa1024\"\n\
            years = 99\nkey_file = \"k\"\n\
            [[issuing]]\nrequest = \"r\"\nname = \"I 1\"\nstatus_url = \"https://x/\"\nyear = 1\n\
            [crl]\nnumber = -1\ndays = 30\n\
            [[crl.entry]]\nserial = \"0x-1\"\ndate = \"2026-01-01\"\nreason = \"certificateHold\"\n";
        let found = errors(text);
        for (place, what) in [
            ("witness:", "did you mean witnesses?"),
            ("title:", "must be a text"),
            ("root.key_file:", "a new key is written to the output"),
            ("root.key:", "rsa-pss4096"),
            ("root.years:", "from 1 to 30"),
            ("root.country:", "two capital letters"),
            ("issuing[1].year:", "did you mean issuing[1].years?"),
            ("issuing[1].name:", ""),
            ("issuing[1].organisation:", "is missing"),
            ("issuing[1].country:", "is missing"),
            ("issuing[1].years:", "is missing"),
            ("issuing[1].status_url:", "must begin with http://"),
            ("crl.number:", "whole number"),
            ("crl.entry[1].serial:", ""),
            ("crl.entry[1].date:", "with its zone"),
            ("crl.entry[1].reason:", "keyCompromise"),
        ] {
            let said = found.iter().any(|error| error.starts_with(place) && error.contains(what));
            assert!(said, "{place} {what}: {found:#?}");
        }
        assert_eq!(found.len(), 16, "{found:#?}");
    }

    const EXISTING: &str = "title = \"T\"\n[root]\nname = \"R\"\ncertificate = \"r.cer\"\n\
        key_file = \"r.key.pem\"\n";

    #[test]
    fn what_makes_no_sense_together_is_refused() {
        assert!(errors(EXISTING)[0].contains("nothing is to be done"));
        let with = |more: &str| errors(&(EXISTING.to_owned() + more));
        let token = "token = \"pkcs11:token=t?module-path=/d\"\n";
        assert!(with(token)[0].starts_with("root.key_file: is for a key in a file"));
        assert!(with("years = 3\n")[0].starts_with("root.years: is for a new root"));
        let cross = "[[cross]]\ncertificate = \"c\"\nname = \"C\"\nyears = 1\n\
            status_url = \"http://x\"\n";
        assert!(with(&cross.replace("\"C\"", "\"R\""))[0].contains("R stands twice"));
        assert!(with(&(cross.to_owned() + cross))[0].contains("C stands twice"));
        assert!(Ceremony::parse(&(EXISTING.to_owned() + cross)).is_ok());
        let entry = "[[crl.entry]]\nserial = \"40000000000000000000000000000001\"\n\
            date = 2026-01-01T00:00:00Z\nreason = \"superseded\"\n";
        let list = format!("[crl]\nnumber = 2\ndays = 30\n{entry}");
        assert!(Ceremony::parse(&(EXISTING.to_owned() + &list)).is_ok());
        assert!(with(&(list + entry))[0].contains("stands twice"));
        assert!(errors("").iter().any(|error| error.starts_with("root: is missing")));
        assert_eq!(errors("title = ").len(), 1, "not even TOML");
    }
}
