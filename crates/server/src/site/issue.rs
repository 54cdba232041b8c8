use askama::Template;
use axum::response::Response;
use tegata_look::{Notice, Width, icon};
use tegata_text::Text;
use tegata_wire::api::LinkTask;

use super::encode::percent;
use super::installer::{Installer, platform};
use super::layout;
use super::offer::{Offer, Row, Way};
use super::pc::Device;
use super::refused::{self, Cause};
use super::visit::Visit;

/// *Issue*: the actions from here to the protected page.
pub(super) async fn show(visit: Visit) -> Response {
    let offer = Offer::to(&visit).await;
    match offer.way() {
        Way::Window => window(&visit, &offer),
        Way::Command(file) => command(&visit, &offer, file),
        Way::Nothing => nothing(&visit, &offer),
    }
}

/// The five actions with the application that has a window.
fn window(visit: &Visit, offers: &Offer) -> Response {
    let text = Text::of(visit.language.lang);
    let Ok(offer) = offers.html("button large") else {
        return refused::page(Cause::Trouble, visit.language.lang, Some(&visit.site));
    };
    let site = &visit.site;
    let view = View {
        text,
        home: site.home(),
        downloads: site.at("download/"),
        mobile: offers.mobile(),
        install: offers.install(),
        program: offers.program(&site.service.issuer),
        offer,
        launch: launch_address(LinkTask::Issue, visit),
        service: site.name(text.lang()),
        service_url: &site.service.service_url,
        site_url: visit.site_url(),
        root_sha256: hex::encode(site.root_sha256),
    };
    layout::page(visit, Width::Narrow, &text.site_issue_title(), &view)
}

/// The three actions with the command-line program.
fn command(visit: &Visit, offers: &Offer, file: &Installer) -> Response {
    let text = Text::of(visit.language.lang);
    let site = &visit.site;
    let unknown = match (visit.device, file.platform(text)) {
        (Device::Unknown, Some(platform)) => Notice::Warning
            .plain(&text.site_command_unknown_label(), &[text.site_command_unknown(&platform)]),
        _ => String::new(),
    };
    let view = CommandView {
        text,
        home: site.home(),
        downloads: site.at("download/"),
        unknown,
        button: "button large",
        action: text.site_command_download(),
        file: offers.row(file),
        service: site.name(text.lang()),
        service_url: &site.service.service_url,
        site_url: visit.site_url(),
        root_sha256: hex::encode(site.root_sha256),
    };
    layout::page(visit, Width::Narrow, &text.site_issue_title(), &view)
}

/// That nothing fits, and whom to ask.
fn nothing(visit: &Visit, offers: &Offer) -> Response {
    let text = Text::of(visit.language.lang);
    let notice = match visit.device {
        Device::Mobile => offers.mobile(),
        Device::Unknown => {
            Notice::Warning.plain(&text.site_issue_none_label(), &[text.site_issue_none_next()])
        }
        Device::Pc { system, arch, .. } => Notice::Warning.plain(
            &text.site_issue_none_for_label(&platform(system.name(), arch, text)),
            &[text.site_issue_none_next(), text.site_issue_none_elsewhere()],
        ),
    };
    let view = NothingView {
        text,
        home: visit.site.home(),
        downloads: visit.site.at("download/"),
        notice,
    };
    layout::page(visit, Width::Narrow, &text.site_issue_title(), &view)
}

/// The address that starts the application for `task` on this service.
pub(super) fn launch_address(task: LinkTask, visit: &Visit) -> String {
    let name = match task {
        LinkTask::Issue => "issue",
        LinkTask::Renew => "renew",
    };
    let nonce = visit.links.mint(&visit.site.key(), task, visit.language.lang);
    format!("tegata:{name}?site={}&nonce={nonce}", percent(&visit.site_url()))
}

#[derive(Template)]
#[template(path = "site/issue.html")]
struct View<'a> {
    text: Text,
    home: String,
    downloads: String,
    mobile: String,
    install: String,
    program: String,
    offer: String,
    launch: String,
    service: &'a str,
    service_url: &'a str,
    site_url: String,
    root_sha256: String,
}

#[derive(Template)]
#[template(path = "site/issue-command.html")]
struct CommandView<'a> {
    text: Text,
    home: String,
    downloads: String,
    unknown: String,
    button: &'static str,
    action: String,
    file: Row,
    service: &'a str,
    service_url: &'a str,
    site_url: String,
    root_sha256: String,
}

#[derive(Template)]
#[template(path = "site/issue-nothing.html")]
struct NothingView {
    text: Text,
    home: String,
    downloads: String,
    notice: String,
}
