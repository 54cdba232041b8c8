use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use tegata_domain::ServiceKey;
use tegata_wire::feed::{Envelope, FeedError, Page};

/// Opens the pages of one service's feed: signature first, then form, then name.
#[derive(Clone, Debug)]
pub(crate) struct Opener {
    service: String,
    key: UnparsedPublicKey<[u8; 32]>,
}

/// Why a page is refused.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PageRefused {
    #[error("{0}")]
    Form(#[from] FeedError),
    #[error("the signature is not that of the key in the settings")]
    Signature,
    #[error("the page belongs to another service ({0:?})")]
    Service(String),
    #[error("the page starts behind position {after}, asked was for {asked}")]
    Position { after: u64, asked: u64 },
    #[error("the page says that there is more but leads nowhere")]
    Standstill,
}

impl Opener {
    /// Pages of `service` signed by the Ed25519 key `public_key`.
    pub(crate) fn new(service: &ServiceKey, public_key: [u8; 32]) -> Self {
        Self { service: service.to_string(), key: UnparsedPublicKey::new(&ED25519, public_key) }
    }

    /// The page in `octets`, wherever it stands in the history.
    pub(crate) fn open(&self, octets: &[u8]) -> Result<Page, PageRefused> {
        let envelope = Envelope::split(octets)?;
        self.key.verify(envelope.signed, envelope.signature).map_err(|_| PageRefused::Signature)?;
        let page = Page::parse(envelope.signed)?;
        if page.service != self.service {
            return Err(PageRefused::Service(page.service));
        }
        Ok(page)
    }

    /// The page in `octets` as the answer to the question for what follows `asked`.
    pub(crate) fn open_after(&self, octets: &[u8], asked: u64) -> Result<Page, PageRefused> {
        let page = self.open(octets)?;
        if page.after != asked {
            return Err(PageRefused::Position { after: page.after, asked });
        }
        if !page.complete && page.position == asked {
            return Err(PageRefused::Standstill);
        }
        Ok(page)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
    use jiff::Timestamp;

    use super::*;

    pub(crate) const SERVICE: &str = "0001/SB0001002C";

    pub(crate) struct Signer(Ed25519KeyPair);

    impl Signer {
        pub(crate) fn new(seed: u8) -> Self {
            Self(Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap())
        }

        pub(crate) fn opener(&self) -> Opener {
            let key = self.0.public_key().as_ref().try_into().unwrap();
            Opener::new(&SERVICE.parse().unwrap(), key)
        }

        pub(crate) fn sign(&self, page: &Page) -> Vec<u8> {
            let signed = page.to_signed_octets();
            [self.0.sign(&signed).as_ref(), &signed].concat()
        }
    }

    pub(crate) fn page(after: u64, position: u64) -> Page {
        Page {
            service: SERVICE.into(),
            after,
            position,
            at: Timestamp::from_second(1_800_000_000).unwrap(),
            complete: true,
            receipt: Vec::new(),
            authorities: vec![vec![1, 2, 3]],
            changes: Vec::new(),
        }
    }

    #[test]
    fn the_expected_page_opens() {
        let signer = Signer::new(1);
        let page = page(3, 5);
        assert_eq!(signer.opener().open_after(&signer.sign(&page), 3), Ok(page));
    }

    #[test]
    fn forged_foreign_replayed_and_endless_pages_are_refused() {
        let signer = Signer::new(1);
        let opener = signer.opener();
        let good = page(3, 5);

        let forged = Signer::new(2).sign(&good);
        assert_eq!(opener.open_after(&forged, 3), Err(PageRefused::Signature));

        let mut touched = signer.sign(&good);
        *touched.last_mut().unwrap() ^= 1;
        assert_eq!(opener.open_after(&touched, 3), Err(PageRefused::Signature));

        let foreign = Page { service: "0001/OTHER".into(), ..good.clone() };
        let refused = opener.open_after(&signer.sign(&foreign), 3);
        assert_eq!(refused, Err(PageRefused::Service("0001/OTHER".into())));

        for asked in [0, 2, 4, 5] {
            let refused = opener.open_after(&signer.sign(&good), asked);
            assert_eq!(refused, Err(PageRefused::Position { after: 3, asked }));
        }

        let endless = Page { complete: false, ..page(3, 3) };
        assert_eq!(opener.open_after(&signer.sign(&endless), 3), Err(PageRefused::Standstill));

        assert!(matches!(opener.open(b"short"), Err(PageRefused::Form(_))));
    }
}
