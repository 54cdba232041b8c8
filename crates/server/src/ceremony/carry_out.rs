use std::sync::Arc;

use sha2::{Digest, Sha256};
use tegata_ca::{Authority, CaCertificate, Signer};
use tegata_ceremony::{Made, NewRoot, Transcript};
use tegata_domain::{Entropy, Issuer};

use super::output::Output;
use super::ready::{NewHome, Ready, ReadyRoot};
use super::{CeremonyError, host};
use crate::hierarchy::{NamedRoot, Setting};
use crate::keyfile::{self, Home};

impl Ready {
    /// What will be made, in order.
    pub fn plan(&self) -> Vec<String> {
        let name = &self.ceremony.root.name;
        let mut plan = Vec::new();
        if matches!(self.root, ReadyRoot::New(..)) {
            plan.extend([format!("key of root {name}"), format!("certificate of root {name}")]);
        }
        let issuing = self.issuing.iter();
        plan.extend(issuing.map(|(ca, _)| format!("certificate of issuing CA {}", ca.name)));
        let cross = self.cross.iter();
        plan.extend(
            cross.map(|(ca, other)| format!("certificate {} of {}", ca.name, other.subject())),
        );
        let crl = self.ceremony.list.iter();
        plan.extend(crl.map(|crl| format!("CRL {} of {name}", crl.number)));
        plan
    }

    /// The keys of others that will be certified, each with its SHA-256.
    pub fn keys(&self) -> Vec<(&Issuer, [u8; 32])> {
        let issuing = self.issuing.iter().map(|(ca, key)| (&ca.name, key.hash().0));
        let cross = self.cross.iter().map(|(ca, other)| (&ca.name, other.key().hash().0));
        issuing.chain(cross).collect()
    }

    /// SHA-256 of the ceremony's file.
    pub fn file_hash(&self) -> [u8; 32] {
        Sha256::digest(&self.file).into()
    }

    /// Makes everything. `tell` hears of each step before it is taken.
    ///
    /// # Errors
    /// What went wrong; the output is not there then.
    pub fn carry_out(
        self,
        entropy: &dyn Entropy,
        with_json: bool,
        tell: &mut dyn FnMut(&str),
    ) -> Result<Transcript, CeremonyError> {
        let output = Output::begin(&self.out)?;
        let mut work = Work {
            setting: Setting { now: self.now, entropy },
            output,
            name: self.ceremony.root.name.clone(),
            made: Vec::new(),
            is_key_in_token: false,
            plan: self.plan().into_iter(),
            tell,
        };
        let outcome = work.everything(&self);
        let Work { output, made, is_key_in_token, name, .. } = work;
        let finished = outcome.and_then(|()| {
            let transcript = Transcript {
                title: self.ceremony.title.clone(),
                at: self.now,
                facts: host::facts(&self.file),
                made,
                witnesses: self.ceremony.witnesses.clone(),
            };
            output.write("transcript.txt", transcript.text().as_bytes())?;
            if with_json {
                let json = serde_json::to_vec_pretty(&transcript).unwrap_or_default();
                output.write("transcript.json", &json)?;
            }
            output.finish()?;
            Ok(transcript)
        });
        finished.map_err(|error| {
            if is_key_in_token { CeremonyError::KeyLeft(Box::new(error), name) } else { error }
        })
    }
}

struct Work<'a> {
    setting: Setting<'a>,
    output: Output,
    /// The root's.
    name: Issuer,
    made: Vec<Made>,
    is_key_in_token: bool,
    /// What is still to be made.
    plan: std::vec::IntoIter<String>,
    tell: &'a mut dyn FnMut(&str),
}

impl Work<'_> {
    fn everything(&mut self, ready: &Ready) -> Result<(), CeremonyError> {
        let name = self.name.clone();
        let authority = match &ready.root {
            ReadyRoot::Existing(authority) => authority.clone(),
            ReadyRoot::New(new, home) => self.root(new, home)?,
        };
        let root = NamedRoot { name: &name, authority: &authority };
        for (ca, key) in &ready.issuing {
            self.step();
            let named = (&ca.name, &ca.subject);
            let made =
                self.setting.issuing(&root, &ca.status_url, named, key.spki(), ca.lifetime)?;
            self.certificate(
                &format!("Certificate of issuing CA {}", ca.name),
                &ca.name,
                &made.der,
            )?;
        }
        for (ca, other) in &ready.cross {
            self.step();
            let made = self.setting.cross(&root, &ca.status_url, (&ca.name, other), ca.lifetime)?;
            let what = format!("Another certificate of {}, by {name}", other.subject());
            self.certificate(&what, &ca.name, &made.der)?;
        }
        if let Some(list) = &ready.ceremony.list {
            self.step();
            let der = self.setting.list(&root, list.number, list.lifetime, &list.entries)?;
            let file = format!("{name}.crl");
            self.output.write(&file, &der)?;
            let made = Made::file(format!("CRL of {name}"), file, Sha256::digest(&der).into());
            let next = self.setting.after(list.lifetime)?;
            let mut made = made.detail("number", list.number).detail("next by", next);
            for entry in &list.entries {
                made = made
                    .detail("revoked", format!("{} {}", entry.serial, entry.listed.name()))
                    .detail("  since", entry.at);
            }
            self.made.push(made);
        }
        Ok(())
    }

    fn root(&mut self, new: &NewRoot, home: &NewHome) -> Result<Authority, CeremonyError> {
        let name = self.name.clone();
        self.step();
        let lives = match home {
            NewHome::Token(uri) => Home::Token { uri, label: name.as_str() },
            NewHome::File(passphrase) => Home::File(passphrase),
        };
        let pem = format!("{name}.key.pem");
        let signer: Arc<dyn Signer> = keyfile::create_for_ca(
            &self.output.path(&pem),
            new.choice,
            lives,
            self.setting.entropy,
        )?;
        self.is_key_in_token = matches!(home, NewHome::Token(_));
        self.step();
        let authority = self.setting.root(&name, &new.subject, signer, new.lifetime)?;
        self.certificate(&format!("Certificate of root {name}"), &name, authority.certificate())?;
        if let Some(made) = self.made.last_mut() {
            let place = match home {
                NewHome::Token(uri) => uri.to_string(),
                NewHome::File(_) => format!("{pem}, encrypted"),
            };
            *made = made.clone().detail("private key", place);
        }
        Ok(authority)
    }

    fn certificate(&mut self, what: &str, name: &Issuer, der: &[u8]) -> Result<(), CeremonyError> {
        let file = format!("{name}.cer");
        self.output.write(&file, der)?;
        let made = Made::file(what.to_owned(), file, Sha256::digest(der).into());
        let read = CaCertificate::parse(der)
            .map_err(|error| crate::hierarchy::HierarchyError::ReadBack(name.clone(), error))?;
        self.made.push(
            made.key(read.key().hash().0)
                .detail("subject", read.subject())
                .detail("serial", read.serial())
                .detail("valid from", read.validity().not_before)
                .detail("valid until", read.validity().not_after)
                .detail("key", read.key().kind())
                .detail("signed with", read.algorithm().name()),
        );
        Ok(())
    }

    /// Says what is made next.
    fn step(&mut self) {
        if let Some(what) = self.plan.next() {
            (self.tell)(&what);
        }
    }
}
