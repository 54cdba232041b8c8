use askama::Template;
use axum::response::Response;
use tegata_look::{Width, icon};
use tegata_text::Text;

use super::layout;
use super::offer::{Offer, Way};
use super::visit::Visit;

/// The first page: three choices.
pub(super) async fn show(visit: Visit) -> Response {
    let text = Text::of(visit.language.lang);
    let renew = match Offer::to(&visit).await.way() {
        Way::Window => text.site_home_renew_about(),
        Way::Command(_) | Way::Nothing => text.site_home_renew_reissue(),
    };
    let choices = [
        Choice {
            icon: icon::ISSUE,
            href: visit.site.at("issue"),
            title: text.site_home_issue(),
            about: text.site_home_issue_about(),
        },
        Choice {
            icon: icon::RENEW,
            href: visit.site.at("renew"),
            title: text.site_home_renew(),
            about: renew,
        },
        Choice {
            icon: icon::TRUST,
            href: visit.site.at("root-certificate"),
            title: text.site_home_root(),
            about: text.site_home_root_about(),
        },
    ];
    let name = visit.site.name(text.lang());
    layout::page(&visit, Width::Wide, &text.site_name(), &View { text, name, choices })
}

#[derive(Template)]
#[template(path = "site/home.html")]
struct View<'a> {
    text: Text,
    name: &'a str,
    choices: [Choice; 3],
}

struct Choice {
    icon: &'static str,
    href: String,
    title: String,
    about: String,
}
