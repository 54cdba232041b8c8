use tegata_agent::issue::{Progress, Step};
use tegata_text::Text;

use crate::window::model::{Running, Work};
use crate::window::page::{Act, Block, Page, StepLine, Tone};

const STEPS: [Step; 7] = [
    Step::Connect,
    Step::Trust,
    Step::Key,
    Step::Request,
    Step::Install,
    Step::ReadBack,
    Step::Prove,
];

/// What runs, how far it is, and a way to stop it.
pub(super) fn page(running: &Running, text: Text) -> Page {
    let heading = match running.work {
        Work::Site => text.window_running_site(),
        Work::Issue => text.window_running_issue(),
        Work::Renewal { .. } => text.window_running_renew(),
        Work::Email => text.window_running_email(),
        Work::Removal => text.window_running_removal(),
        Work::Examination => text.window_doctor_heading(),
        Work::Look => text.window_update_looking(),
        Work::Update if running.is_installing => text.window_update_installing(),
        Work::Update => text.window_update_running(),
    };
    let page = Page::new("running", heading);
    let page = match running.work {
        Work::Issue | Work::Renewal { .. } => page
            .block(Block::Lead(text.window_running_wait()))
            .block(Block::Steps(STEPS.map(|step| line(step, running, text)).to_vec())),
        Work::Update if running.is_installing => {
            page.block(Block::Lead(text.window_update_installing_wait()))
        }
        Work::Update => page
            .block(Block::Bar {
                label: text.window_update_keep(),
                value: text.window_update_percent(&running.percent.to_string()),
                part: f32::from(running.percent) / 100.0,
            })
            .blocks(
                running
                    .waits
                    .map(|seconds| Block::Words(text.update_waiting(&seconds.to_string()))),
            ),
        Work::Site | Work::Email | Work::Removal | Work::Examination | Work::Look => {
            page.block(Block::Lead(text.window_running_wait()))
        }
    };
    match (&running.work, running.is_stopping) {
        (Work::Removal, _) => page,
        (Work::Update, _) if running.is_installing => page,
        (_, true) => page.block(Block::Notice {
            tone: Tone::Info,
            title: text.window_cancelling(),
            text: String::new(),
        }),
        (_, false) => page.or_escape(text.window_cancel(), Act::Cancel),
    }
}

fn line(step: Step, running: &Running, text: Text) -> StepLine {
    let label = match step {
        Step::Connect => text.window_step_connect(),
        Step::Trust => text.window_step_trust(),
        Step::Key => text.window_step_key(),
        Step::Request => text.window_step_request(),
        Step::Install => text.window_step_install(),
        Step::ReadBack => text.window_step_read_back(),
        Step::Prove | Step::Done => text.window_step_prove(),
    };
    let place = |step| STEPS.iter().position(|other| *other == step).unwrap_or(STEPS.len());
    let present = running.step.map_or(0, place);
    let (tone, spoken) = match place(step).cmp(&present) {
        std::cmp::Ordering::Less => (Tone::Success, text.window_step_spoken_done(&label)),
        std::cmp::Ordering::Equal => (Tone::Now, text.window_step_spoken_now(&label)),
        std::cmp::Ordering::Greater => (Tone::Waiting, text.window_step_spoken_waiting(&label)),
    };
    let note = match (step, running.waits) {
        (Step::Key, _) if running.is_resumed => Progress::KeyResumed.line(text),
        (Step::Request, Some(seconds)) if tone == Tone::Now => {
            Progress::Waiting(std::time::Duration::from_secs(seconds)).line(text)
        }
        _ => String::new(),
    };
    StepLine { label, note, tone, spoken }
}
