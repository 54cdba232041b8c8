use tegata_agent::doctor::is_of_site;
use tegata_text::Text;

use super::{error, required, second, to_menu};
use crate::window::model::{Doctor, Finding, Model, Severity};
use crate::window::page::{Act, Block, Field, FieldId, Page, StepLine, Tone};

/// Everything that issuing, renewing and using the service need, examined.
pub(super) fn page(doctor: &Doctor, model: &Model, text: Text) -> Page {
    let page = Page::new("doctor", text.window_doctor_heading());
    let Doctor::Found { findings, saved } = doctor else {
        let page = page.block(Block::Lead(text.window_doctor_running()));
        return to_menu(page, text);
    };
    let bad = findings.iter().filter(|finding| finding.severity != Severity::Fine).count();
    let page = page.block(if bad == 0 {
        notice(Tone::Success, text.window_doctor_fine(), String::new())
    } else {
        notice(Tone::Warning, text.window_doctor_found(&bad.to_string()), String::new())
    });
    let page = page
        .blocks(findings.iter().flat_map(problem))
        .blocks(refusal(model, text))
        .blocks(fine(findings));
    let page = match saved {
        None => page,
        Some(place) => page.block(notice(
            Tone::Success,
            text.window_doctor_saved(),
            format!("{place}\n{}", text.window_doctor_secret()),
        )),
    };
    let page = page
        .main(text.window_doctor_again(), Act::Diagnose)
        .also(text.window_doctor_save(), Act::SaveReport);
    to_menu(page, text)
}

/// The page that refused, for those who come from one.
fn refusal(model: &Model, text: Text) -> [Block; 3] {
    let entry = &model.reference;
    let bad = || match is_of_site(&entry.text) {
        true => text.window_reference_of_site(),
        false => text.window_reference_bad(),
    };
    let field = Field {
        required: false,
        error: error(entry, bad, bad),
        width: 20,
        ..required(FieldId::Reference, text.window_reference(), text.window_reference_help(), entry)
    };
    [
        Block::Subheading(text.window_reference_heading()),
        Block::Field(field),
        Block::Actions(vec![second(text.window_reference_explain(), Act::Diagnose)]),
    ]
}

/// A problem with what to do, and the button that does it.
fn problem(finding: &Finding) -> Vec<Block> {
    let tone = match finding.severity {
        Severity::Fine => return Vec::new(),
        Severity::Notable => Tone::Warning,
        Severity::Bad => Tone::Error,
    };
    let said = notice(tone, finding.title.clone(), finding.detail.clone());
    let fix = finding.fix.clone().map(|fix| Block::Actions(vec![second(fix.label, fix.act)]));
    [Some(said), fix].into_iter().flatten().collect()
}

/// What is as it should be, as one list.
fn fine(findings: &[Finding]) -> Option<Block> {
    let fine = findings.iter().filter(|finding| finding.severity == Severity::Fine);
    let lines: Vec<_> = fine
        .map(|finding| StepLine {
            label: finding.title.clone(),
            note: finding.detail.clone(),
            tone: Tone::Success,
            spoken: finding.title.clone(),
        })
        .collect();
    (!lines.is_empty()).then_some(Block::Steps(lines))
}

fn notice(tone: Tone, title: String, text: String) -> Block {
    Block::Notice { tone, title, text }
}

#[cfg(test)]
mod tests {
    use tegata_text::Lang;

    use super::*;
    use crate::window::model::form::{Entry, Wrong};
    use crate::window::model::settings::Look;
    use crate::window::tests::samples;

    #[test]
    fn a_reference_of_the_site_is_named_as_one_and_any_other_wrong_one_blamed() {
        for lang in Lang::ALL {
            let text = Text::of(lang);
            let mut model = samples::model(lang, Look::Light);
            for (typed, said) in [
                ("R-7K3M-9QWX", text.window_reference_of_site()),
                ("G-7K3M9QWX", text.window_reference_bad()),
            ] {
                model.reference = Entry::of(typed);
                model.reference.wrong = Some(Wrong::Malformed);
                let [_, Block::Field(field), _] = refusal(&model, text) else {
                    unreachable!("the field stands in the middle")
                };
                assert_eq!(field.error, said);
            }
        }
    }
}
