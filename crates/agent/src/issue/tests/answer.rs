//! Certificates in answers: which are believed.

use tegata_wire::Der;

use super::{files, pinned};
use crate::Error;
use crate::testing::{Authority, FakeSite, Script};

#[test]
fn nothing_of_an_answer_is_believed_that_the_certificate_does_not_say() {
    let tampered: [fn(&Authority, &[u8], &mut tegata_wire::api::Issued); 8] = [
        |authority, spki, issued| {
            Script::certificate(issued, authority.leaf("CMSM950-006-402", spki, 7));
        },
        |authority, spki, issued| {
            Script::certificate(issued, authority.leaf("CMSM950-006-401", spki, 8));
        },
        |authority, spki, issued| {
            Script::certificate(issued, authority.server_usage_leaf("CMSM950-006-401", spki, 7));
        },
        |authority, _, issued| {
            let other = Authority::new().trust().root.0;
            let other = crate::cert::Cert::from_der(other).unwrap().spki();
            Script::certificate(issued, authority.leaf("CMSM950-006-401", &other, 7));
        },
        |_, spki, issued| {
            Script::certificate(issued, Authority::new().leaf("CMSM950-006-401", spki, 7));
        },
        |_, _, issued| *issued.certificate.0.last_mut().unwrap() ^= 1,
        |_, _, issued| issued.certificate = Der(vec![]),
        |_, _, issued| issued.certificate = issued.chain[0].clone(),
    ];
    for (i, change) in tampered.into_iter().enumerate() {
        let folder = tempfile::tempdir().unwrap();
        let site = FakeSite::new([Script::Tamper(change)]);
        let error = pinned(folder.path(), &site, 1).result.unwrap_err();
        assert!(matches!(error, Error::BadAnswer(_)), "{i}: {error}");
        assert_eq!(files(folder.path()).len(), 1, "{i}: only the key that waits");
    }
}

#[test]
fn an_issuing_ca_that_is_newer_than_trust_comes_with_the_answer() {
    let folder = tempfile::tempdir().unwrap();
    let site = FakeSite::new([Script::Tamper(|authority, spki, issued| {
        // Stands for a new path: signed by the root itself, so the chain of `trust` is no help.
        issued.certificate = Der(authority.leaf_of_root("CMSM950-006-401", spki));
        issued.serial = crate::testing::hex(9).parse().unwrap();
    })]);
    pinned(folder.path(), &site, 1).result.unwrap();
}
