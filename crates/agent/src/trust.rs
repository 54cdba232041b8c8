//! Which root is believed, and why.
//!
//! [`judge`] takes what a site says of itself over a connection that nobody vouches for yet, and
//! compares it with what a person holds in their hand. Nothing else makes a [`Trusted`].

use jiff::Timestamp;
use tegata_wire::api::Trust;

use crate::Fingerprint;
use crate::cert::Cert;

/// Most issuing CA certificates of one service that are taken.
const MAX_INTERMEDIATES: usize = 16;

/// The believed certificates of a service.
#[derive(Clone, Debug)]
pub struct Trusted {
    root: Cert,
    intermediates: Vec<Cert>,
}

impl Trusted {
    /// The root certificate.
    pub fn root(&self) -> &Cert {
        &self.root
    }

    /// The issuing CA certificates, newest first; each leads to the root.
    pub fn intermediates(&self) -> &[Cert] {
        &self.intermediates
    }

    /// The root's fingerprint.
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(self.root.der())
    }
}

/// Well-formed, but not compared with anything yet.
#[derive(Clone, Debug)]
pub struct Unconfirmed(Trusted);

impl Unconfirmed {
    /// What a person has to compare with the slip.
    pub fn fingerprint(&self) -> Fingerprint {
        self.0.fingerprint()
    }

    /// A person compared the fingerprint and said yes.
    pub fn confirm(self) -> Trusted {
        self.0
    }
}

/// What became of a site's statement.
#[derive(Clone, Debug)]
pub enum Judged {
    /// The root is the one that was asked for.
    Believed(Trusted),
    /// No fingerprint was given: a person has to compare.
    Unconfirmed(Unconfirmed),
}

/// Why a site's root is not believed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TrustError {
    /// Another root than the one asked for: a wrong address, a wrong slip, or interception.
    #[error("root {found} instead of {expected}")]
    Mismatch {
        /// From the slip.
        expected: Fingerprint,
        /// From the site.
        found: Fingerprint,
    },
    /// The person who compared said no.
    #[error("root {0} was not confirmed")]
    Declined(Fingerprint),
    /// Nobody was there to compare.
    #[error("root {0} has not been compared with anything")]
    Unconfirmed(Fingerprint),
    /// Not a root and its issuing CAs.
    #[error("{0}")]
    Unsound(&'static str),
}

/// Compares a site's statement with `pin` and checks that its certificates hang together.
///
/// The comparison comes first: of an unexpected root nothing further is read.
///
/// # Errors
/// [`TrustError::Mismatch`], or [`TrustError::Unsound`] when the root is not a self-signed CA
/// certificate valid `at` this time, or an intermediate does not lead to it.
pub fn judge(trust: &Trust, pin: Option<Fingerprint>, at: Timestamp) -> Result<Judged, TrustError> {
    let found = Fingerprint::of(&trust.root.0);
    if let Some(expected) = pin.filter(|expected| *expected != found) {
        return Err(TrustError::Mismatch { expected, found });
    }
    let trusted = hang_together(trust, at).map_err(TrustError::Unsound)?;
    Ok(match pin {
        Some(_) => Judged::Believed(trusted),
        None => Judged::Unconfirmed(Unconfirmed(trusted)),
    })
}

fn hang_together(trust: &Trust, at: Timestamp) -> Result<Trusted, &'static str> {
    let root = Cert::from_der(trust.root.0.as_slice())
        .map_err(|_| "the root is not a readable certificate")?;
    if !root.is_authority() {
        return Err("the root is not the certificate of a certification authority");
    }
    if !root.is_signed_by(&root) {
        return Err("the root is not self-signed");
    }
    if !root.valid_at(at) {
        return Err("the root is not valid today");
    }
    if trust.intermediates.is_empty() || trust.intermediates.len() > MAX_INTERMEDIATES {
        return Err("the number of issuing CA certificates is not between 1 and 16");
    }
    let intermediates = trust
        .intermediates
        .iter()
        .map(|der| Cert::from_der(der.0.as_slice()))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|_| "an issuing CA certificate is not readable")?;
    if !intermediates.iter().all(|cert| cert.is_authority() && cert.is_signed_by(&root)) {
        return Err("an issuing CA certificate was not signed by the root");
    }
    Ok(Trusted { root, intermediates })
}

#[cfg(test)]
mod tests {
    use tegata_wire::Der;

    use super::*;
    use crate::testing::{Authority, now};

    #[test]
    fn the_right_pin_is_believed_without_a_question() {
        let authority = Authority::new();
        let trust = authority.trust();
        let pin = Fingerprint::of(&trust.root.0);
        let Ok(Judged::Believed(trusted)) = judge(&trust, Some(pin), now()) else { panic!() };
        assert_eq!(trusted.fingerprint(), pin);
        assert_eq!(trusted.intermediates().len(), 1);
    }

    #[test]
    fn without_a_pin_a_person_is_asked() {
        let trust = Authority::new().trust();
        let Ok(Judged::Unconfirmed(unconfirmed)) = judge(&trust, None, now()) else { panic!() };
        assert_eq!(unconfirmed.fingerprint(), Fingerprint::of(&trust.root.0));
    }

    #[test]
    fn another_root_is_a_mismatch_before_anything_is_parsed() {
        let pin = Fingerprint::of(&Authority::new().trust().root.0);
        let garbage = Trust { root: Der(vec![0; 8]), intermediates: vec![] };
        for trust in [Authority::new().trust(), garbage] {
            let found = Fingerprint::of(&trust.root.0);
            assert_eq!(
                judge(&trust, Some(pin), now()).unwrap_err(),
                TrustError::Mismatch { expected: pin, found }
            );
        }
    }

    #[test]
    fn a_certificate_that_is_no_ca_is_never_a_root_even_when_pinned() {
        let trust = Authority::without_ca_root().trust();
        let pin = Fingerprint::of(&trust.root.0);
        assert!(matches!(judge(&trust, Some(pin), now()), Err(TrustError::Unsound(_))));
    }

    #[test]
    fn an_intermediate_is_never_a_root() {
        let trust = Authority::new().trust();
        let swapped = Trust { root: trust.intermediates[0].clone(), ..trust };
        assert!(matches!(judge(&swapped, None, now()), Err(TrustError::Unsound(_))));
    }

    #[test]
    fn a_foreign_or_missing_intermediate_is_refused() {
        let trust = Authority::new().trust();
        for intermediates in [
            vec![],
            Authority::new().trust().intermediates,
            [trust.intermediates.clone(), Authority::new().trust().intermediates].concat(),
            vec![trust.root.clone(); 17],
            vec![Der(b"no certificate".to_vec())],
        ] {
            let trust = Trust { intermediates, ..trust.clone() };
            assert!(matches!(judge(&trust, None, now()), Err(TrustError::Unsound(_))));
        }
    }

    #[test]
    fn a_root_with_a_broken_signature_is_refused() {
        let mut trust = Authority::new().trust();
        *trust.root.0.last_mut().unwrap() ^= 1;
        assert!(matches!(judge(&trust, None, now()), Err(TrustError::Unsound(_))));
    }

    #[test]
    fn an_expired_root_is_refused() {
        let trust = Authority::new().trust();
        let later = "2999-01-01T00:00:00Z".parse().unwrap();
        assert!(matches!(judge(&trust, None, later), Err(TrustError::Unsound(_))));
    }
}
