use askama::Template;
use axum::response::Response;
use tegata_look::{Notice, Width, icon};
use tegata_text::Text;
use tegata_wire::api::LinkTask;

use super::issue::launch_address;
use super::layout;
use super::offer::{Offer, Way};
use super::refused::{self, Cause};
use super::visit::Visit;

/// *Renew*: usually nothing to do; otherwise three actions.
pub(super) async fn show(visit: Visit) -> Response {
    let offer = Offer::to(&visit).await;
    match offer.way() {
        Way::Window => window(&visit, &offer),
        // The command-line program is not started from a page.
        Way::Command(file) => {
            let program = format!("./{}", file.name);
            reissue(&visit, |text| text.site_reissue_command(&program))
        }
        Way::Nothing => reissue(&visit, Text::site_reissue),
    }
}

fn window(visit: &Visit, offers: &Offer) -> Response {
    let text = Text::of(visit.language.lang);
    let Ok(offer) = offers.html("button secondary") else {
        return refused::page(Cause::Trouble, visit.language.lang, Some(&visit.site));
    };
    let site = &visit.site;
    let view = View {
        text,
        home: site.home(),
        mobile: offers.mobile(),
        offer,
        days: site.service.renewal_days.to_string(),
        automatic: Notice::Info.plain(&text.site_renew_auto_label(), &[text.site_renew_auto()]),
        launch: launch_address(LinkTask::Renew, visit),
        service: site.name(text.lang()),
        service_url: &site.service.service_url,
    };
    layout::page(visit, Width::Narrow, &text.site_renew_title(), &view)
}

/// What to do instead where nothing renews that a page could start.
fn reissue(visit: &Visit, instead: impl Fn(Text) -> String) -> Response {
    let text = Text::of(visit.language.lang);
    let site = &visit.site;
    let view = ReissueView {
        text,
        home: site.home(),
        issue: site.at("issue"),
        days: site.service.renewal_days.to_string(),
        notice: Notice::Warning.plain(&text.site_reissue_label(), &[instead(text)]),
    };
    layout::page(visit, Width::Narrow, &text.site_renew_title(), &view)
}

#[derive(Template)]
#[template(path = "site/renew.html")]
struct View<'a> {
    text: Text,
    home: String,
    mobile: String,
    offer: String,
    days: String,
    automatic: String,
    launch: String,
    service: &'a str,
    service_url: &'a str,
}

#[derive(Template)]
#[template(path = "site/renew-reissue.html")]
struct ReissueView {
    text: Text,
    home: String,
    issue: String,
    days: String,
    notice: String,
}
