//! Certificates that stand in for others where nothing is real: in a simulation, which has neither
//! the keys of the CAs nor those of the subscribers.

use der::{Decode, Encode};
use spki::SubjectPublicKeyInfoOwned;
use x509_cert::Certificate;

use crate::{SignatureAlgorithm, throwaway};

/// `certificate`, DER, with `public_key`, DER of a subject public key info, in the place of its
/// own. Everything else is as it was, but the signature: that is by a key that is worth nothing,
/// so that no relying party takes the stand-in for a certificate. `None` when a part cannot be
/// read.
pub fn stand_in(certificate: &[u8], public_key: &[u8]) -> Option<Vec<u8>> {
    let mut tbs = Certificate::from_der(certificate).ok()?.tbs_certificate;
    tbs.subject_public_key_info = SubjectPublicKeyInfoOwned::from_der(public_key).ok()?;
    let algorithm = SignatureAlgorithm::from_identifier(&tbs.signature)?;
    throwaway::certificate(&tbs.to_der().ok()?, algorithm)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use jiff::{SignedDuration, Timestamp};
    use tegata_domain::{Entropy, Validity};

    use super::*;
    use crate::{Authority, CaCertificate, KeyKind, Signer, SoftwareKey, SubjectName};

    struct Fixed;

    impl Entropy for Fixed {
        fn fill(&self, octets: &mut [u8]) {
            octets.fill(7);
        }
    }

    #[test]
    fn the_stand_in_opens_with_its_key_and_nobody_takes_it_for_the_original() {
        let from = Timestamp::UNIX_EPOCH;
        let validity =
            Validity { not_before: from, not_after: from + SignedDuration::from_hours(9) };
        let name = SubjectName::new("SB0001001C").unwrap();
        let real = Arc::new(SoftwareKey::generate(KeyKind::EcP384).unwrap());
        let root = Authority::root(&name, real.clone(), validity, &Fixed).unwrap();
        let key = Arc::new(SoftwareKey::generate(KeyKind::EcP256).unwrap());
        let made = stand_in(root.certificate(), key.public_key()).unwrap();
        assert!(Authority::open(made.clone(), real).is_err(), "not with the real key");
        let opened = Authority::open(made.clone(), key).unwrap();
        assert_eq!(opened.validity(), root.validity());
        let (original, made) = (
            CaCertificate::parse(root.certificate()).unwrap(),
            CaCertificate::parse(&made).unwrap(),
        );
        assert_eq!((made.subject(), made.serial()), (original.subject(), original.serial()));
        assert!(!original.is_issuer_of(&made) && !made.is_self_signed());
        assert_eq!(stand_in(b"no certificate", real_key().public_key()), None);
    }

    fn real_key() -> SoftwareKey {
        SoftwareKey::generate(KeyKind::EcP256).unwrap()
    }
}
