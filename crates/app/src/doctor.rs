mod updates;

use std::path::Path;

use jiff::Timestamp;
use serde::Serialize;
use tegata_agent::doctor::{self, Check, Finding, Patient, Report, Verdict};
use tegata_agent::receipt::{Receipt, Receipts};
use tegata_agent::store::{KeyStore, Pkcs12Form};
use tegata_agent::{Exit, inventory};
use tegata_domain::Clock;

use crate::World;
use crate::args::Doctor;
use crate::input::Input;
use crate::output::{Failure, Lines};
use crate::{proxy, stores, version};

/// `tegata-app doctor`. The exit code is that of the first problem found.
pub(crate) fn run(options: Doctor, world: &mut World) -> Result<Exit, Failure> {
    let text = world.text;
    let input = Input(text);
    let network = proxy::network(world, &[options.at.store_password_file.as_deref()])?;
    let (uri, password) = stores::unlocked(&options.at, world)?;
    let password = stores::pin_of_token(&uri, password, world)?;
    let opened = stores::open(&uri, password, Pkcs12Form::default(), world)?;
    let now = world.clock.now();
    let receipts = stores::receipts();
    let known = remembered(opened.as_ref(), receipts.as_ref(), now);
    let (site, root) = match (options.site, known) {
        (Some(site), _) => (Some(site), options.root_sha256),
        (None, Some(receipt)) => (Some(receipt.site), Some(receipt.root_sha256)),
        (None, None) => stores::site_or_brand(None, None, text)?,
    };
    let site = site.as_deref().map(|site| input.site(site)).transpose()?;
    let patient = Patient {
        site: site.as_ref(),
        pin: input.root(root.as_deref())?,
        network: &network,
        store: opened.as_ref(),
        receipts: receipts.as_ref(),
        now,
        app_version: version::running(),
        reference: options.reference.as_deref().unwrap_or_default(),
        text,
    };
    let mut findings = doctor::examine(&patient, &mut |_| {});
    findings.push(updates::look(&findings, &network, world));
    let report = Report {
        findings: &findings,
        at: now,
        app_version: version::running(),
        system: &format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
        reference: options.reference.as_deref().unwrap_or_default(),
    };
    let said = report.to_text(text);
    let mut bad = findings.iter().filter(|finding| finding.verdict == Verdict::Bad).peekable();
    let exit = bad.peek().map_or(Exit::Done, |finding| exit(finding.check));
    let problems = bad.count();
    let summary = match problems {
        0 => text.doctor_all_good(),
        count => text.doctor_some_bad(&count.to_string()),
    };
    let mut lines = Lines::default().line(&said).line(&summary);
    if let Some(path) = &options.report {
        save(path, &said, &input)?;
        lines = lines.line(&text.doctor_saved(&path.display().to_string()));
    }
    let help = (problems > 0).then(|| stores::help_desk(text)).flatten();
    if let Some(help) = &help {
        lines = lines.line(&text.app_contact(help));
    }
    let object = ReportObject {
        result: "examined",
        at: now,
        problems,
        findings: &findings,
        help: help.as_deref(),
    };
    world.output.result(lines.as_str(), &object);
    Ok(exit)
}

/// What is remembered of the certificate that counts.
fn remembered(
    store: &dyn KeyStore,
    receipts: Option<&Receipts>,
    now: Timestamp,
) -> Option<Receipt> {
    let items = inventory::take(store, receipts, now).ok()?;
    items.into_iter().find_map(|item| item.receipt)
}

fn exit(check: Check) -> Exit {
    match check {
        Check::Network => Exit::Unreachable,
        Check::Site
        | Check::Clock
        | Check::Version
        | Check::Update
        | Check::Gateway
        | Check::Refusal => Exit::Refused,
        Check::Root | Check::Certificates | Check::Key => Exit::Store,
    }
}

fn save(path: &Path, report: &str, input: &Input) -> Result<(), Failure> {
    // An older report is replaced: the command was given its name.
    std::fs::write(path, report).map_err(|error| {
        let title = input.0.app_bad_file(&path.display().to_string(), &error.to_string());
        Failure::usage("bad_file", title, input.0.app_bad_file_do())
    })
}

/// The object of `--json`.
#[derive(Serialize)]
struct ReportObject<'a> {
    result: &'static str,
    at: Timestamp,
    problems: usize,
    findings: &'a [Finding],
    /// Whom to call, where something is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<&'a str>,
}
