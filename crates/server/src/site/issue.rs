use askama::Template;
use axum::response::Response;
use tegata_look::{Width, icon};
use tegata_text::Text;

use super::download::Offer;
use super::encode::percent;
use super::layout;
use super::refused::{self, Cause};
use super::visit::Visit;

/// *Issue*: the five actions from here to the protected page.
pub(super) async fn show(visit: Visit) -> Response {
    let text = Text::of(visit.language.lang);
    let offers = Offer::to(&visit).await;
    let Ok(offer) = offers.html("button large") else {
        return refused::page(Cause::Trouble, visit.language.lang, Some(&visit.site));
    };
    let site = &visit.site;
    let view = View {
        text,
        home: site.home(),
        mobile: offers.mobile(),
        offer,
        launch: launch_address("issue", &visit),
        service: site.name(text.lang()),
        service_url: &site.service.service_url,
        site_url: visit.site_url(),
        root_sha256: hex::encode(site.root_sha256),
    };
    layout::page(&visit, Width::Narrow, &text.site_issue_title(), &view)
}

/// The address that starts the application for `task` on this service.
pub(super) fn launch_address(task: &str, visit: &Visit) -> String {
    format!("tegata:{task}?site={}", percent(&visit.site_url()))
}

#[derive(Template)]
#[template(path = "site/issue.html")]
struct View<'a> {
    text: Text,
    home: String,
    mobile: String,
    offer: String,
    launch: String,
    service: &'a str,
    service_url: &'a str,
    site_url: String,
    root_sha256: String,
}
