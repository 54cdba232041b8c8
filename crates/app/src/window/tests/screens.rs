//! Every page in every language, scheme and size, as pictures in `target/screens`, and what can
//! be said about them without looking.

use std::ops::ControlFlow;
use std::path::PathBuf;

use i_slint_backend_testing::{AccessibleRole, ElementHandle, ElementRoot};
use tegata_text::Lang;

use super::samples;
use super::stage::Stage;
use crate::window::model::settings::Look;
use crate::window::view::View;

fn folder() -> PathBuf {
    let exe = std::env::current_exe().unwrap();
    // target/{profile}/deps/{test}
    let folder = exe.ancestors().nth(3).unwrap().join("screens");
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

fn elements(view: &View) -> Vec<ElementHandle> {
    let mut all = Vec::new();
    view.window().root_element().visit_descendants(|element| {
        all.push(element);
        ControlFlow::<()>::Continue(())
    });
    assert!(all.len() > 10, "names of elements are compiled in");
    all
}

/// 1000 × 700 at 100 %; a small laptop (1366 × 768, its task bar taken off) at 125 %.
const SIZES: [(&str, u32, u32, f32); 2] = [("100", 1000, 700, 1.0), ("laptop", 1366, 728, 1.25)];

#[test]
fn every_screen_is_drawn_in_every_language_scheme_and_size() {
    let mut stage = Stage::new(1000, 700, 1.0);
    let mut turn = 0;
    for (size, width, height, scale) in SIZES {
        stage.resize(width, height, scale);
        for lang in Lang::ALL {
            for (scheme, look) in
                [("light", Look::Light), ("dark", Look::Dark), ("contrast", Look::Contrast)]
            {
                if scheme == "contrast" && size != "100" {
                    continue;
                }
                for (name, mut model) in samples::all(lang, look) {
                    turn += 1;
                    model.focus_turn = turn;
                    stage.show(&model);
                    let file = format!("{name}.{}.{scheme}.{size}.png", lang.code());
                    stage.save(&folder().join(file));
                }
            }
        }
    }
}

/// The narrowest window that can be had, and so high that nothing is scrolled away: whatever is
/// shown lies between its edges.
#[test]
fn nothing_is_cut_off_in_the_narrowest_window() {
    const WIDTH: f32 = 640.0;
    let stage = Stage::new(640, 2600, 1.0);
    for lang in Lang::ALL {
        for (name, model) in samples::all(lang, Look::Light) {
            stage.show(&model);
            for element in elements(&stage.view) {
                let Some(label) = element.accessible_label() else { continue };
                let (at, size) = (element.absolute_position(), element.size());
                assert!(
                    at.x >= 0.0 && at.x + size.width <= WIDTH + 0.5,
                    "{name} {lang:?}: “{label}” lies at {} and is {} wide",
                    at.x,
                    size.width
                );
            }
        }
    }
}

/// Whatever takes keys has a role and a name for those who do not see it.
#[test]
fn everything_that_can_be_used_has_a_role_and_a_name() {
    let stage = Stage::new(1000, 2600, 1.0);
    for lang in Lang::ALL {
        for (name, model) in samples::all(lang, Look::Light) {
            stage.show(&model);
            let mut buttons = 0;
            for element in elements(&stage.view) {
                let Some(role) = element.accessible_role() else { continue };
                let label = element.accessible_label().unwrap_or_default();
                buttons += usize::from(role == AccessibleRole::Button);
                let needs = [
                    AccessibleRole::Button,
                    AccessibleRole::Checkbox,
                    AccessibleRole::RadioButton,
                    AccessibleRole::RadioGroup,
                    AccessibleRole::TextInput,
                    AccessibleRole::ListItem,
                    AccessibleRole::ProgressIndicator,
                ];
                assert!(
                    !needs.contains(&role) || !label.is_empty(),
                    "{name} {lang:?}: a {role:?} without a name"
                );
            }
            assert!(buttons > 0, "{name}: the language can always be switched");
        }
    }
}
