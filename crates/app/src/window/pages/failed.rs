use tegata_text::Text;

use super::{paragraphs, second};
use crate::dates::Dates;
use crate::window::model::{Failed, Model, Work};
use crate::window::page::{Act, Block, Page, Tone};

/// What happened, what to do now, and what to tell the help desk.
pub(super) fn page(failed: &Failed, model: &Model, text: Text) -> Page {
    let is_other = failed.lang != text.lang();
    let (title, detail) =
        if is_other { again(failed, model, text) } else { said(failed, model, text) };
    let said = &failed.explanation;
    let page = if failed.is_cancelled {
        Page::new("cancelled", text.window_cancelled_heading()).block(Block::Notice {
            tone: Tone::Info,
            title,
            text: detail,
        })
    } else {
        Page::new("failed", text.notice_error())
            .block(Block::Notice { tone: Tone::Error, title, text: String::new() })
            .block(Block::Subheading(text.refusal_next_steps()))
            .blocks(paragraphs(&detail))
    };
    let page = if said.reference.is_empty() {
        page
    } else {
        let copy = second(text.window_copy(), Act::Copy(said.reference.clone()));
        page.block(Block::Reference {
            label: text.support_reference(),
            help: text.support_reference_hint(),
            value: said.reference.clone(),
            copy: copy.spoken(text.window_copy_reference()),
        })
    };
    let page = match failed.work {
        _ if said.code == "app_too_old" => newer(page, model, text),
        Work::Site | Work::Issue | Work::Email => page.main(text.window_failed_form(), Act::Form),
        Work::Renewal { .. } => page.main(text.window_again(), Act::Form),
        Work::Look => page.main(text.window_again(), Act::Look),
        Work::Update => page.main(text.window_again(), Act::Update),
        Work::Removal | Work::Examination => page.main(text.window_menu(), Act::Menu),
    };
    let is_at_menu = matches!(failed.work, Work::Removal | Work::Examination);
    let page = if is_at_menu { page } else { page.or_escape(text.window_menu(), Act::Menu) };
    page.blocks(setting(&said.code, model, text)).focus_on_main()
}

/// The site wants a newer version: the application looks for it, or the person does.
fn newer(page: Page, model: &Model, text: Text) -> Page {
    match &model.service {
        Some(service) if !model.start.is_updatable => {
            page.main(text.window_update_site(), Act::OpenUrl(service.site.to_string()))
        }
        _ => page.main(text.window_update_look(), Act::Look),
    }
}

/// The setting that may put it right.
fn setting(code: &str, model: &Model, text: Text) -> Option<Block> {
    let button = if is_about_way_out(code) {
        second(text.window_menu_proxy(), Act::OpenSettings)
    } else if code.starts_with("store_") && has_choice(model) {
        second(text.window_menu_settings(), Act::OpenSettings)
    } else {
        return None;
    };
    Some(Block::Actions(vec![button]))
}

fn is_about_way_out(code: &str) -> bool {
    code.starts_with("proxy_") || ["no_connection", "host_not_found", "bad_proxy"].contains(&code)
}

/// Whether the settings let a person choose where certificates are saved.
fn has_choice(model: &Model) -> bool {
    model.start.stores.len() > 1
}

/// What happened and what to do now.
fn said(failed: &Failed, model: &Model, text: Text) -> (String, String) {
    let said = &failed.explanation;
    if let Some(instead) = of_email(failed, text) {
        return instead;
    }
    let detail = if failed.is_cancelled { None } else { instead(&said.code, model, text) };
    (said.title.clone(), detail.unwrap_or_else(|| said.detail.clone()))
}

/// What failed in asking for another address, where the sentences of the others speak of issuing.
fn of_email(failed: &Failed, text: Text) -> Option<(String, String)> {
    let is_of_email = failed.work == Work::Email && !failed.is_cancelled;
    let title = match failed.explanation.code.as_str() {
        "unavailable" => text.window_failed_other_language(),
        "reply_lost" => text.window_email_lost(),
        _ => return None,
    };
    is_of_email.then(|| (title, text.window_email_lost_do()))
}

/// The same when the language was changed since: what can be said without having been there.
fn again(failed: &Failed, model: &Model, text: Text) -> (String, String) {
    match failed.explanation.code.as_str() {
        _ if failed.is_cancelled && failed.work == Work::Email => {
            (text.window_email_cancelled(), String::new())
        }
        _ if failed.is_cancelled => {
            let is_sent = !failed.explanation.detail.is_empty();
            let detail = if is_sent { text.app_within_a_day() } else { String::new() };
            (text.window_cancelled(), detail)
        }
        "unavailable" | "reply_lost" if failed.work == Work::Email => {
            of_email(failed, text).unwrap_or_default()
        }
        "credential_refused" => {
            (text.problem_credential_refused(), text.problem_credential_refused_detail())
        }
        "invalid_email" => (text.problem_email(), text.problem_email_detail()),
        "email_unchanged" => (text.problem_email_same(), text.problem_email_same_detail()),
        "key_taken" => (text.problem_key_taken(), text.problem_key_taken_detail()),
        "issuance_under_way" => (text.problem_under_way(), text.problem_under_way_detail()),
        "renewal_not_authorised" => {
            (text.problem_renewal_not_yours(), text.problem_renewal_not_yours_detail())
        }
        "renewal_too_early" => (text.problem_renewal_early(), from_when(failed, model, text)),
        "certificate_expired" => {
            (text.problem_renewal_expired(), text.problem_renewal_expired_detail())
        }
        "already_renewed" => (text.problem_renewal_done(), text.problem_renewal_done_detail()),
        "certificate_held" => (text.problem_renewal_held(), text.problem_renewal_held_detail()),
        "certificate_revoked" => {
            (text.problem_renewal_revoked(), text.problem_renewal_revoked_detail())
        }
        "too_many_requests" => (text.problem_too_many(), text.problem_too_many_detail()),
        "unavailable" => (text.problem_unavailable(), text.problem_unavailable_detail()),
        "host_not_found" => (text.app_host_not_found(), text.app_host_not_found_do()),
        code => {
            let detail = in_window(code, text);
            let detail = detail.unwrap_or_else(|| text.window_failed_other_language_do());
            (text.window_failed_other_language(), detail)
        }
    }
}

/// Whom to call, as the server said it after what to do now. It stays when the language is changed:
/// a telephone number is the same in each.
pub(super) fn help(failed: &Failed) -> Option<String> {
    let label = Text::of(failed.lang).problem_help("");
    let (_, help) = failed.explanation.detail.rsplit_once(label.trim())?;
    Some(help.trim().to_owned()).filter(|help| !help.is_empty())
}

/// From when the certificate can be renewed: as the site said, its receipt has it.
fn from_when(failed: &Failed, model: &Model, text: Text) -> String {
    let Work::Renewal { serial } = &failed.work else { return String::new() };
    let card = model.read().iter().find(|card| card.serial == *serial);
    let from = card.and_then(|card| {
        let dates = Dates::of_service(card.time_zone.as_deref(), text);
        Some(text.problem_renewal_early_detail(&dates.moment(card.renewable_from?)))
    });
    from.unwrap_or_else(|| text.window_failed_other_language_do())
}

/// What to do now in the window, where the agent's sentence speaks of the command line.
fn instead(code: &str, model: &Model, text: Text) -> Option<String> {
    let is_alone = !has_choice(model);
    match code {
        "store_password_needed" | "store_unreadable" | "store_missing" if is_alone => {
            Some(text.window_failed_password_alone_do())
        }
        "store_occupied" if is_alone => Some(text.window_failed_occupied_alone_do()),
        _ => in_window(code, text),
    }
}

/// What to do now in the window about an error with this code, where the agent's sentence is for
/// the command line.
pub(in crate::window) fn in_window(code: &str, text: Text) -> Option<String> {
    DO.iter().find(|(known, _)| *known == code).map(|(_, detail)| detail(text))
}

/// A code, and the sentence of what to do about it.
type Do = (&'static str, fn(Text) -> String);

const DO: [Do; 22] = [
    ("proxy_failed", |text| text.window_failed_proxy_do()),
    ("proxy_unreachable", |text| text.window_failed_proxy_unreachable_do()),
    ("proxy_unusable", |text| text.window_failed_proxy_unreachable_do()),
    ("proxy_forbids", |text| text.app_proxy_forbidden_do()),
    ("proxy_refused", |text| text.window_failed_proxy_refused_do()),
    ("proxy_script_failed", |text| text.window_failed_proxy_script_do()),
    ("bad_proxy", |text| text.window_failed_proxy_setting_do()),
    ("no_connection", |text| text.window_failed_connection_do()),
    ("store_password_needed", |text| text.window_failed_password_do()),
    ("store_unreadable", |text| text.window_failed_password_do()),
    ("store_missing", |text| text.window_failed_password_do()),
    ("store_occupied", |text| text.window_failed_occupied_do()),
    ("store_tool_failed", |text| text.window_failed_browser_do()),
    ("app_too_old", |text| text.window_update_required_do()),
    ("update_unsigned", |text| text.window_update_not_believed_do()),
    ("update_malformed", |text| text.window_update_not_believed_do()),
    ("update_other_service", |text| text.window_update_not_believed_do()),
    ("update_replayed", |text| text.window_update_not_believed_do()),
    ("update_ambiguous", |text| text.window_update_not_believed_do()),
    ("update_package_differs", |text| text.window_update_again_do()),
    ("update_io", |text| text.window_update_again_do()),
    ("disk_full", |text| text.window_update_again_do()),
];

#[cfg(test)]
mod tests {
    use tegata_agent::Explanation;
    use tegata_text::Lang;

    use super::*;
    use crate::window::model::card::{State, sample};
    use crate::window::model::settings::{Look, Settings};
    use crate::window::model::{Cards, Screen, Start};
    use crate::window::tests::samples;

    fn drawn(code: &str, stores: &[&str], lang: Lang) -> String {
        let stores = stores.iter().map(|store| (*store).to_owned()).collect();
        let start = Start { version: "0.1.0", lang, is_updatable: true, stores };
        let mut model = Model::new(start, Settings::default(), None).0;
        let explanation = Explanation {
            code: code.to_owned(),
            title: "見出し".to_owned(),
            detail: "--proxyで指定できます。".to_owned(),
            reference: "7K3M-Q2XV".to_owned(),
        };
        let failed = Failed { explanation, is_cancelled: false, work: Work::Issue, lang: Lang::Ja };
        model.screen = Screen::Failed(failed.clone());
        format!("{:?}", page(&failed, &model, Text::of(lang)))
    }

    #[test]
    fn trouble_with_a_proxy_leads_to_its_settings_and_speaks_of_no_command() {
        for code in [
            "proxy_failed",
            "proxy_unreachable",
            "proxy_unusable",
            "proxy_forbids",
            "proxy_refused",
            "proxy_script_failed",
            "bad_proxy",
        ] {
            for lang in Lang::ALL {
                let drawn = drawn(code, &["nss"], lang);
                assert!(!drawn.contains("--proxy"), "{code}: {drawn}");
                assert!(drawn.contains(&Text::of(lang).window_menu_proxy()), "{code}: {drawn}");
            }
        }
    }

    #[test]
    fn what_failed_for_an_address_speaks_of_no_initial_password() {
        let model = samples::model(Lang::Ja, Look::Light);
        for (code, lang) in [("reply_lost", Lang::Ja), ("unavailable", Lang::En)] {
            let explanation = Explanation {
                code: code.to_owned(),
                title: "ただいま発行できません。".to_owned(),
                detail: "同じ初期パスワードで受け取れます。".to_owned(),
                reference: String::new(),
            };
            let failed = Failed { explanation, is_cancelled: false, work: Work::Email, lang };
            for lang in Lang::ALL {
                let text = Text::of(lang);
                let drawn = format!("{:?}", page(&failed, &model, text));
                assert!(drawn.contains(&text.window_email_lost_do()), "{drawn}");
                assert!(
                    !drawn.contains("初期パスワード") && !drawn.contains("発行でき"),
                    "{drawn}"
                );
            }
        }
    }

    #[test]
    fn another_place_is_spoken_of_only_where_there_is_one() {
        let choice = Text::of(Lang::Ja).window_menu_settings();
        for code in ["store_password_needed", "store_unreadable", "store_missing", "store_occupied"]
        {
            assert!(drawn(code, &["nss", "nss:firefox"], Lang::Ja).contains(&choice), "{code}");
            assert!(!drawn(code, &["nss"], Lang::Ja).contains(&choice), "{code}");
        }
    }

    #[test]
    fn a_renewal_that_is_too_early_says_from_when_in_the_other_language_too() {
        let start = Start { version: "0.1.0", lang: Lang::En, is_updatable: true, stores: vec![] };
        let mut model = Model::new(start, Settings::default(), None).0;
        let until = "2027-02-16T14:59:59Z";
        model.cards = Cards::Read(vec![sample("CMSM950-006-401", "01", until, State::Valid, 90)]);
        let explanation = Explanation {
            code: "renewal_too_early".to_owned(),
            title: "見出し".to_owned(),
            detail: "2026年12月18日(金) 23:59 から更新できます。".to_owned(),
            reference: String::new(),
        };
        let work = Work::Renewal { serial: "01".to_owned() };
        let failed = Failed { explanation, is_cancelled: false, work, lang: Lang::Ja };
        let own = format!("{:?}", page(&failed, &model, Text::of(Lang::Ja)));
        assert!(own.contains("2026年12月18日(金) 23:59"), "{own}");
        let other = format!("{:?}", page(&failed, &model, Text::of(Lang::En)));
        assert!(other.contains("18 Dec 2026, 23:59 JST"), "{other}");
    }

    #[test]
    fn in_the_other_language_nothing_old_is_left_but_the_reference() {
        for code in ["credential_refused", "proxy_unreachable", "whatever"] {
            let drawn = drawn(code, &["nss"], Lang::En);
            assert!(!drawn.contains("見出し") && !drawn.contains("指定"), "{code}: {drawn}");
            assert!(drawn.contains("7K3M-Q2XV"));
        }
    }
}
