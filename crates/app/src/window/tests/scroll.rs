//! Pages that are longer than the window.

use std::ops::ControlFlow;

use i_slint_backend_testing::{ElementHandle, ElementRoot};
use tegata_text::Lang;
use tegata_view::slint::platform::Key;

use super::samples;
use super::stage::Stage;
use crate::window::model::settings::Look;
use crate::window::model::{Cards, Model};
use crate::window::page::{Block, Page};
use crate::window::{draw, pages};

/// A home that does not fit into a line.
const PLACE: &str = "/home/users/department-of-accounting/second-section/yamada-taro/persistent/\
                     .local/share/applications/org.example.browser/profiles/a1b2c3d4.default";

/// Heights and widths of screens without their bars.
const SIZES: [(u32, u32); 2] = [(1024, 700), (1366, 700)];

/// The longest pages.
const LONG: [&str; 4] = ["menu", "menu-update", "clean-up", "doctor"];

fn with_long_places(mut model: Model) -> Model {
    if let Cards::Read(cards) = &mut model.cards {
        for card in cards {
            card.place = PLACE.to_owned();
        }
    }
    model
}

/// Whatever has a name and stands in the part that scrolls, with its upper and lower edge; and
/// where that part ends.
fn parts(stage: &Stage, model: &Model) -> (Vec<(String, f32, f32)>, f32) {
    let mut all = Vec::new();
    stage.view.window().root_element().visit_descendants(|element| {
        let label = element.accessible_label().unwrap_or_default().to_string();
        let (at, size) = (element.absolute_position(), element.size());
        let is_said = element.accessible_role().is_some();
        if !label.is_empty() && is_said && size.height > 0.0 {
            all.push((label, at.y, at.y + size.height));
        }
        ControlFlow::<()>::Continue(())
    });
    let page = pages::page(model);
    // The actions at the bottom are the last in the tree.
    let of_page = all.split_off(all.len() - page.actions.len());
    let end = of_page.iter().map(|(_, top, _)| *top).fold(f32::MAX, f32::min);
    // The head stays where it is.
    (all.into_iter().filter(|(_, top, _)| *top < 0.0 || *top > 60.0).collect(), end)
}

/// What the last part of a page says last.
fn last(page: &Page) -> String {
    match page.blocks.last() {
        Some(Block::Actions(buttons)) => buttons.last().map(|button| button.label.clone()),
        Some(Block::Card(card)) => card.buttons.last().map(|button| button.spoken.clone()),
        Some(Block::Notice { title, .. }) => Some(title.clone()),
        Some(Block::Words(words)) => Some(words.clone()),
        _ => None,
    }
    .unwrap()
}

#[test]
fn the_end_of_long_pages_can_be_reached_with_the_wheel() {
    let mut stage = Stage::new(1024, 700, 1.0);
    let mut failed = Vec::new();
    for (width, height) in SIZES {
        stage.resize(width, height, 1.0);
        for lang in Lang::ALL {
            let all = samples::all(lang, Look::Light);
            for (name, model) in all.into_iter().filter(|(name, _)| LONG.contains(name)) {
                let model = with_long_places(model);
                stage.show(&model);
                stage.wheel(width as f32 / 2.0, height as f32 / 2.0, 9000.0);
                let (parts, end) = parts(&stage, &model);
                // What lies outside of the window is not found.
                let last = last(&pages::page(&model));
                let place = parts.iter().rev().find(|(label, ..)| *label == last);
                if !place.is_some_and(|(_, _, bottom)| *bottom <= end) {
                    failed
                        .push(format!("{name} {lang:?} {width}×{height}: {last} {place:?} {end}"));
                }
            }
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

#[test]
fn the_last_part_is_reached_with_tab_and_seen() {
    let (_, model) = samples::all(Lang::Ja, Look::Light).remove(0);
    let model = with_long_places(model);
    let stage = Stage::new(1024, 700, 1.0);
    draw(&model, &stage.view);
    stage.settle();
    let last = model.text().window_menu_about();
    // The main action has the focus; before it comes the last of what scrolls.
    stage.key(char::from(Key::Backtab));
    let about = ElementHandle::find_by_accessible_label(stage.view.window(), &last).last();
    let bottom = about.map(|about| about.absolute_position().y + about.size().height);
    let (_, end) = parts(&stage, &model);
    assert!(bottom.is_some_and(|bottom| bottom <= end), "{bottom:?} {end}");
}
