use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use tegata_text::{Lang, Text};

use super::{Check, Finding, Fix, Patient, Reference, Report, Verdict, examine};
use crate::Fingerprint;
use crate::key::{FileKey, SeatKey};
use crate::store::{KeyStore, Options, StoreUri, open};
use crate::testing::{Authority, Counter, FakeSite, now};
use crate::transport::{Presented, Reply, TransportError};

const USER: &str = "CMSM950-006-401";

struct Bench {
    folder: tempfile::TempDir,
    site: FakeSite,
}

impl Bench {
    /// A PC with a valid certificate, and a site that knows the time.
    fn new() -> Self {
        let bench = Self { folder: tempfile::tempdir().unwrap(), site: FakeSite::new([]) };
        bench.site.is_at(now());
        bench.put(USER, ("2026-02-16", "2027-02-16"), 1);
        bench
    }

    /// Puts a certificate and its key into the store, as an issuance leaves them.
    fn put(&self, user: &str, (from, until): (&str, &str), n: u8) {
        let key = FileKey::random(&Counter::new(u64::from(n)));
        let authority = self.site.authority();
        let der = authority.leaf_between(user, &key.spki(), n, from, until);
        let pem = |der: &[u8]| {
            der::pem::encode_string("CERTIFICATE", der::pem::LineEnding::LF, der).unwrap()
        };
        let write = |name: &str, text: &str| {
            std::fs::write(self.folder.path().join(name), text).unwrap();
        };
        write(&format!("{user}.crt.pem"), &pem(&der));
        let trust = authority.trust();
        let chain = pem(&der) + &pem(&trust.intermediates[0].0);
        write(&format!("{user}.chain.pem"), &chain);
        write(&format!("{user}.key.pem"), &key.to_pem().unwrap());
        write("root.crt.pem", &pem(&trust.root.0));
    }

    fn examine(&self) -> Vec<Finding> {
        self.examine_at(now())
    }

    fn examine_at(&self, at: Timestamp) -> Vec<Finding> {
        let (findings, heard) = self.examine_with("", at);
        assert_eq!(heard, findings, "each is heard of as it is made");
        findings
    }

    /// What a page meant, as the doctor explains it.
    fn explain(&self, reference: &str) -> Finding {
        self.examine_with(reference, now()).0.remove(0)
    }

    fn examine_with(&self, reference: &str, at: Timestamp) -> (Vec<Finding>, Vec<Finding>) {
        let store: Box<dyn KeyStore> = store(self.folder.path());
        let site = "https://issue.example.jp/issueweb/0001/SB0001002C/".parse().unwrap();
        let mut heard = Vec::new();
        let findings = examine(
            &Patient {
                site: Some(&site),
                pin: Some(Fingerprint::of(&self.site.authority().trust().root.0)),
                network: &self.site,
                store: store.as_ref(),
                receipts: None,
                now: at,
                app_version: "0.1.0",
                reference,
                text: Text::of(Lang::En),
            },
            &mut |finding| heard.push(finding.clone()),
        );
        (findings, heard)
    }
}

fn store(folder: &Path) -> Box<dyn KeyStore> {
    open(&StoreUri::Pem(folder.to_owned()), Options::default()).unwrap()
}

#[track_caller]
fn of(findings: &[Finding], check: Check) -> &Finding {
    findings.iter().find(|finding| finding.check == check).unwrap()
}

#[test]
fn on_a_healthy_pc_all_is_good_and_the_service_is_one_press_away() {
    let findings = Bench::new().examine();
    assert!(findings.iter().all(|finding| finding.verdict == Verdict::Good), "{findings:#?}");
    use Check::*;
    let checks: Vec<_> = findings.iter().map(|finding| finding.check).collect();
    assert_eq!(checks, [Network, Clock, Site, Version, Root, Certificates, Key, Gateway]);
    let url = "https://gateway.example.jp/SAMPLE01/cms".to_owned();
    assert_eq!(findings.last().unwrap().fix, Some(Fix::Open(url)));
}

#[test]
fn a_clock_that_is_off_is_named_with_its_direction() {
    let bench = Bench::new();
    for (off, said) in [(30, "30 minutes fast"), (-1500, "1500 minutes slow")] {
        let at = now() + SignedDuration::from_mins(off);
        let clock = of(&bench.examine_at(at), Check::Clock).clone();
        assert_eq!(clock.verdict, Verdict::Bad);
        assert!(clock.title.contains(said), "{}", clock.title);
    }
    let near = bench.examine_at(now() + SignedDuration::from_mins(3));
    assert_eq!(of(&near, Check::Clock).verdict, Verdict::Good);
}

#[test]
fn another_root_ends_the_checks_of_the_network_but_not_of_the_pc() {
    let bench = Bench::new();
    bench.site.says(Authority::new().trust());
    let findings = bench.examine();
    assert_eq!(of(&findings, Check::Site).verdict, Verdict::Bad);
    assert_eq!(of(&findings, Check::Key).verdict, Verdict::Good);
    assert!(findings.iter().all(|finding| finding.check != Check::Gateway));
}

#[test]
fn an_old_application_is_offered_the_newer_one() {
    let bench = Bench::new();
    bench.site.wants_app("0.2.0");
    let version = of(&bench.examine(), Check::Version).clone();
    assert_eq!((version.verdict, version.fix), (Verdict::Bad, Some(Fix::Update)));
}

#[test]
fn a_missing_root_is_one_press_to_trust() {
    let bench = Bench::new();
    std::fs::remove_file(bench.folder.path().join("root.crt.pem")).unwrap();
    let root = of(&bench.examine(), Check::Root).clone();
    assert_eq!((root.verdict, root.fix), (Verdict::Bad, Some(Fix::Trust)));
}

#[test]
fn without_a_usable_certificate_the_way_to_one_is_shown() {
    let bench = Bench::new();
    bench.put(USER, ("2024-02-16", "2025-02-16"), 2);
    let expired = of(&bench.examine(), Check::Certificates).clone();
    assert_eq!((expired.verdict, &expired.fix), (Verdict::Bad, &Some(Fix::Issue)));
    assert!(expired.title.contains("expired"));
    std::fs::remove_file(bench.folder.path().join(format!("{USER}.crt.pem"))).unwrap();
    let none = of(&bench.examine(), Check::Certificates).clone();
    assert_eq!((none.verdict, none.fix), (Verdict::Bad, Some(Fix::Issue)));
}

#[test]
fn an_old_certificate_beside_the_right_one_is_offered_for_removal() {
    let bench = Bench::new();
    bench.put("CMSM950-006-402", ("2024-02-16", "2025-02-16"), 2);
    let several = of(&bench.examine(), Check::Certificates).clone();
    assert_eq!(several.verdict, Verdict::Notice);
    let Some(Fix::Remove(serials)) = several.fix else { panic!("{several:?}") };
    assert_eq!(serials.len(), 1);
    assert!(several.title.contains("CMSM950-006-401 (…0001)"), "{}", several.title);
}

#[test]
fn a_key_of_another_certificate_is_no_key() {
    let bench = Bench::new();
    let other = FileKey::random(&Counter::new(99)).to_pem().unwrap();
    std::fs::write(bench.folder.path().join(format!("{USER}.key.pem")), &*other).unwrap();
    let findings = bench.examine();
    let found = of(&findings, Check::Certificates);
    assert_eq!((found.verdict, &found.fix), (Verdict::Bad, &Some(Fix::Issue)));
    assert!(found.title.contains("its key is not"), "{}", found.title);
}

#[test]
fn what_the_gateway_says_is_said_with_what_helps() {
    let bench = Bench::new();
    for (code, fix) in [("revoked", Some(Fix::Issue)), ("held", None), ("status_stale", None)] {
        bench.site.gateway_refuses(code);
        let gateway = of(&bench.examine(), Check::Gateway).clone();
        assert_eq!((gateway.verdict, gateway.fix), (Verdict::Bad, fix), "{code}");
        assert!(gateway.title.contains("G-1"), "{}", gateway.title);
    }
    bench.site.gateway_refuses("upstream_unreachable");
    assert_eq!(of(&bench.examine(), Check::Gateway).verdict, Verdict::Notice);
    bench.site.gateway_says(Err(TransportError::HostNotFound));
    assert_eq!(of(&bench.examine(), Check::Gateway).fix, Some(Fix::Proxy));
    let reply = Reply {
        status: 200,
        content_type: "text/html".to_owned(),
        retry_after: None,
        date: None,
        body: Vec::new(),
    };
    bench.site.gateway_says(Ok(Presented { reply, asked: false }));
    let not_asked = of(&bench.examine(), Check::Gateway).clone();
    assert_eq!(not_asked.verdict, Verdict::Bad, "who asks for no certificate is no gateway");
}

#[test]
fn where_the_gateway_refuses_the_newest_another_is_tried_before_one_is_called_good() {
    let bench = Bench::new();
    bench.put("CMSM950-006-411", ("2026-03-01", "2027-03-01"), 2);
    let newest = store(bench.folder.path()).list().unwrap();
    let newest = newest.iter().find(|held| held.user.as_str() == "CMSM950-006-411").unwrap();
    bench.site.gateway_knows_as_revoked(newest.serial);
    let findings = bench.examine();
    let good: Vec<_> = findings.iter().filter(|one| one.verdict == Verdict::Good).collect();
    assert!(good.iter().all(|one| !one.title.contains("411")), "{findings:#?}");
    let right = of(&findings, Check::Certificates);
    assert!(right.title.contains("CMSM950-006-401"), "{}", right.title);
    let of_gateway: Vec<_> = findings.iter().filter(|one| one.check == Check::Gateway).collect();
    let verdicts: Vec<_> = of_gateway.iter().map(|one| one.verdict).collect();
    assert_eq!(verdicts, [Verdict::Good, Verdict::Notice]);
    assert!(of_gateway[1].title.starts_with("CMSM950-006-411"), "{}", of_gateway[1].title);

    // Where all are refused, none is recommended.
    let bench = Bench::new();
    bench.put("CMSM950-006-411", ("2026-03-01", "2027-03-01"), 2);
    bench.site.gateway_refuses("revoked");
    let findings = bench.examine();
    assert!(findings.iter().all(|one| one.check != Check::Certificates), "{findings:#?}");
    assert_eq!(of(&findings, Check::Gateway).verdict, Verdict::Bad);
}

#[test]
fn the_report_says_everything_in_both_languages_and_takes_no_control_characters() {
    let findings = Bench::new().examine();
    for lang in Lang::ALL {
        let report = Report {
            findings: &findings,
            at: now(),
            app_version: "0.1.0",
            system: "linux x86_64",
            reference: "G-7K3M9QWX\u{1b}[31m\n",
        };
        let said = report.to_text(Text::of(lang));
        assert_eq!(said.matches("[ok]").count(), findings.len());
        assert!(said.contains("G-7K3M9QWX") && !said.contains('\u{1b}'), "{said}");
    }
}

/// As a gateway writes it.
fn page(code: &str) -> String {
    Reference::new(code, [3; 7]).to_string()
}

#[test]
fn a_page_that_refused_another_certificate_leads_to_the_right_one() {
    let bench = Bench::new();
    let url = "https://gateway.example.jp/SAMPLE01/cms".to_owned();
    for code in ["no_certificate", "expired", "wrong_issuer", "wrong_usage", "revoked", "held"] {
        let said = bench.explain(&page(code));
        assert_eq!((said.check, said.verdict), (Check::Refusal, Verdict::Notice));
        assert!(said.detail.contains("CMSM950-006-401 (…0001)"), "{}", said.detail);
        assert_eq!(said.fix, Some(Fix::Open(url.clone())), "{code}");
    }
    // An old one beside it, which was the one that was chosen.
    bench.put("CMSM950-006-402", ("2024-02-16", "2025-02-16"), 2);
    assert!(
        matches!(bench.explain(&page("expired")).fix, Some(Fix::Remove(old)) if old.len() == 1)
    );
}

#[test]
fn a_page_that_refused_the_right_one_says_what_helps() {
    let bench = Bench::new();
    for (code, fix) in [("revoked", Some(Fix::Issue)), ("held", None)] {
        bench.site.gateway_refuses(code);
        let said = bench.explain(&page(code));
        assert!(said.detail.contains("still"), "{}", said.detail);
        assert_eq!(said.fix, fix, "{code}");
    }
    std::fs::remove_file(bench.folder.path().join(format!("{USER}.crt.pem"))).unwrap();
    assert_eq!(bench.explain(&page("no_certificate")).fix, Some(Fix::Issue));
}

#[test]
fn a_page_that_had_nothing_against_the_certificate_says_so() {
    let bench = Bench::new();
    for code in ["status_stale", "upstream_unreachable", "upstream_timeout"] {
        let said = bench.explain(&page(code));
        assert!(said.detail.contains("try again") && said.fix.is_none(), "{said:?}");
    }
    for code in ["unknown_path", "bad_request", "method_not_allowed"] {
        assert!(matches!(bench.explain(&page(code)).fix, Some(Fix::Open(_))), "{code}");
    }
}

#[test]
fn a_mistyped_reference_explains_nothing_and_a_wide_one_is_read() {
    let bench = Bench::new();
    let good = page("revoked");
    let wide: String = good.chars().map(|c| char::from_u32(c as u32 + 0xfee0).unwrap()).collect();
    assert_eq!(bench.explain(&wide), bench.explain(&good));
    for wrong in ["G-7K3M9QWX", "R-7K3M-9QW", &good.replace('R', "H"), "\u{1b}[31m"] {
        let said = bench.explain(wrong);
        assert!(said.title.contains("not one of a page"), "{}", said.title);
        assert!(!said.title.contains('\u{1b}') && said.fix.is_none());
    }
    assert!(bench.explain(&page("new_cause")).title.contains("newer"));
    let of_site = bench.explain("R-7K3M-9QWX");
    assert!(of_site.title.contains("R-7K3M-9QWX") && of_site.title.contains("issuing site"));
    assert!(of_site.detail.contains("your branch"), "{}", of_site.detail);
}
