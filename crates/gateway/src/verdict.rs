use tegata_domain::{RevocationStatus, Verdict};

/// Whether a certificate is a client certificate of a service, at whatever time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Authenticity {
    /// Signed by an issuing CA of the service, for client authentication.
    Genuine,
    /// Signed by an issuing CA of the service, for something else.
    WrongUsage,
    /// Anything else.
    WrongIssuer,
}

/// How well the gateway knows the service's revocations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Freshness {
    /// Not at all: no page was ever seen, so not even the issuing CAs are known.
    Never,
    /// The last page is older than the gateway may rely on.
    Stale,
    /// Well enough.
    Fresh,
}

/// What is known of a presented certificate when a request arrives.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Findings {
    pub(crate) authenticity: Authenticity,
    pub(crate) status: RevocationStatus,
    /// First and last second of validity (Unix time), both included (RFC 5280 §4.1.2.5).
    pub(crate) validity: (i64, i64),
}

/// Judges a request at the second `now` (Unix time).
///
/// The order is that of what helps the user most: a revoked certificate that has also expired
/// says revoked, and what is wrong with the certificate itself comes before what is wrong with us.
pub(crate) fn verdict(presented: Option<&Findings>, freshness: Freshness, now: i64) -> Verdict {
    let Some(findings) = presented else { return Verdict::NoCertificate };
    if freshness == Freshness::Never {
        return Verdict::StatusStale;
    }
    match findings.authenticity {
        Authenticity::WrongIssuer => return Verdict::WrongIssuer,
        Authenticity::WrongUsage => return Verdict::WrongUsage,
        Authenticity::Genuine => {}
    }
    match findings.status {
        RevocationStatus::Revoked => return Verdict::Revoked,
        RevocationStatus::Held => return Verdict::Held,
        RevocationStatus::Good => {}
    }
    let (first, last) = findings.validity;
    if now < first {
        Verdict::NotYetValid
    } else if now > last {
        Verdict::Expired
    } else if freshness == Freshness::Stale {
        Verdict::StatusStale
    } else {
        Verdict::Admitted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_000;

    #[test]
    fn every_combination_follows_the_order() {
        use Authenticity::*;
        use Freshness::*;
        use RevocationStatus::*;
        for freshness in [Never, Stale, Fresh] {
            assert_eq!(verdict(None, freshness, NOW), Verdict::NoCertificate);
            for authenticity in [Genuine, WrongUsage, WrongIssuer] {
                for status in [Good, Held, Revoked] {
                    for validity in [(0, 2_000), (2_000, 3_000), (0, 500)] {
                        let findings = Findings { authenticity, status, validity };
                        let expected =
                            match (freshness, authenticity, status, validity.0, validity.1) {
                                (Never, ..) => Verdict::StatusStale,
                                (_, WrongIssuer, ..) => Verdict::WrongIssuer,
                                (_, WrongUsage, ..) => Verdict::WrongUsage,
                                (_, _, Revoked, ..) => Verdict::Revoked,
                                (_, _, Held, ..) => Verdict::Held,
                                (_, _, _, 2_000, _) => Verdict::NotYetValid,
                                (_, _, _, _, 500) => Verdict::Expired,
                                (Stale, ..) => Verdict::StatusStale,
                                _ => Verdict::Admitted,
                            };
                        let found = verdict(Some(&findings), freshness, NOW);
                        assert_eq!(found, expected, "{freshness:?} {findings:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn both_ends_of_the_validity_are_included() {
        let findings = Findings {
            authenticity: Authenticity::Genuine,
            status: RevocationStatus::Good,
            validity: (10, 20),
        };
        for (now, expected) in [
            (9, Verdict::NotYetValid),
            (10, Verdict::Admitted),
            (20, Verdict::Admitted),
            (21, Verdict::Expired),
        ] {
            assert_eq!(verdict(Some(&findings), Freshness::Fresh, now), expected, "{now}");
        }
    }
}
