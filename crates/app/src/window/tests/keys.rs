//! What a person does with keys, and with a click.

use std::cell::RefCell;
use std::rc::Rc;

use i_slint_backend_testing::ElementHandle;
use tegata_text::Lang;
use tegata_view::slint::platform::Key;

use super::samples;
use super::stage::Stage;
use crate::window::model::settings::Look;
use crate::window::model::{Cards, Effect, Job, Message, Model, Report, Screen};
use crate::window::page::{Act, FieldId};
use crate::window::view::Input;

/// A window whose model takes what the person does, without a worker behind it.
struct Acted {
    stage: Stage,
    heard: Rc<RefCell<Vec<Input>>>,
    model: Model,
}

impl Acted {
    fn new(model: Model) -> Self {
        Self::on(Stage::new(1000, 700, 1.0), model)
    }

    fn on(stage: Stage, model: Model) -> Self {
        let heard: Rc<RefCell<Vec<Input>>> = Rc::default();
        let hears = Rc::clone(&heard);
        stage.view.listen(move |input| hears.borrow_mut().push(input));
        stage.show(&model);
        Self { stage, heard, model }
    }

    /// Hands what was heard to the model and shows what follows.
    fn take(&mut self) -> Vec<Effect> {
        let mut effects = Vec::new();
        loop {
            let heard = std::mem::take(&mut *self.heard.borrow_mut());
            if heard.is_empty() {
                return effects;
            }
            for input in heard {
                effects.extend(self.model.update(match input {
                    Input::Pressed(act) => Message::Pressed(act),
                    Input::Edited(field, text) => Message::Edited(field, text),
                    Input::Left(field) => Message::Left(field),
                    Input::Chosen(field, index) => Message::Chosen(field, index),
                    Input::Shown(field) => Message::Shown(field),
                    Input::Close => Message::Close,
                }));
            }
            self.stage.show(&self.model);
        }
    }

    fn text(&mut self, text: &str) -> Vec<Effect> {
        self.stage.text(text);
        self.take()
    }

    fn key(&mut self, key: Key) -> Vec<Effect> {
        self.stage.key(char::from(key));
        self.take()
    }
}

fn form() -> Model {
    let mut model = samples::model(Lang::Ja, Look::Light);
    model.update(Message::Pressed(Act::OpenIssue));
    model
}

fn issuing() -> Acted {
    Acted::new(form())
}

#[test]
fn a_form_is_filled_and_handed_in_without_a_mouse() {
    let mut window = issuing();
    window.text("ｃｍｓｍ950-006-401");
    window.key(Key::Tab);
    window.text("abcd efgh jkmn pqrs");
    // The box that shows the password.
    window.key(Key::Tab);
    window.text(" ");
    assert!(window.model.issue_form.is_password_shown);
    window.key(Key::Tab);
    window.text("taro@example.co.jp");
    window.key(Key::Tab);
    window.text("taro@example.co.jp");
    let effects = window.key(Key::Return);
    let [Effect::Work(Job::Issue { filled, .. })] = &effects[..] else { panic!("{effects:?}") };
    assert_eq!(filled.user.as_str(), "CMSM950-006-401");
    assert_eq!(filled.password.as_str(), "abcd efgh jkmn pqrs");
    assert!(matches!(window.model.screen, Screen::Running(_)));
    // A second Enter has nothing to press.
    assert_eq!(window.key(Key::Return), []);
}

#[test]
fn another_address_is_asked_for_from_the_menu_without_a_mouse() {
    let (_, model) = samples::all(Lang::Ja, Look::Light)
        .into_iter()
        .find(|(name, _)| *name == "menu-valid")
        .unwrap();
    let mut window = Acted::new(model);
    // Back from the main action, over the four other operations, to the card's button.
    (0..5).for_each(|_| drop(window.key(Key::Backtab)));
    window.key(Key::Return);
    assert_eq!(window.model.screen, Screen::Email);
    window.text("ｈａｎａｋｏ@example.co.jp");
    assert_eq!(window.model.email_form.mail.text.as_str(), "hanako@example.co.jp");
    window.key(Key::Tab);
    window.text("taro@example.co.jp");
    assert_eq!(window.key(Key::Return), []);
    assert_eq!(window.model.focus, Some(FieldId::MailAgain));
    let effects = window.key(Key::Escape);
    assert_eq!((effects.len(), &window.model.screen), (0, &Screen::Menu));
}

#[test]
fn full_width_letters_are_seen_as_half_width_and_the_cursor_stays_behind_them() {
    let mut window = issuing();
    window.text("ＣＭＳＭ９５０");
    window.text("ー006");
    assert_eq!(window.model.issue_form.user.text.as_str(), "CMSM950-006");
}

#[test]
fn what_is_missing_is_named_and_takes_the_focus() {
    let mut window = issuing();
    window.text("CMSM950-006-401");
    assert_eq!(window.key(Key::Return), []);
    assert_eq!(window.model.issue_form.blamed.len(), 3);
    // What is typed now goes into the first field that is wrong.
    window.text("x");
    assert_eq!(window.model.issue_form.password.text.as_str(), "x");
    assert_eq!(window.model.focus, Some(FieldId::Password));
}

#[test]
fn escape_goes_back_and_the_menu_has_its_main_action_in_focus() {
    let mut window = issuing();
    window.text("CMSM");
    window.key(Key::Escape);
    assert_eq!(window.model.screen, Screen::Menu);
    window.key(Key::Return);
    assert_eq!(window.model.screen, Screen::Issue);
    assert_eq!(window.model.issue_form.user.text.as_str(), "CMSM", "what was typed is still there");
}

#[test]
fn enter_does_not_say_that_a_fingerprint_was_compared() {
    let (_, model) =
        samples::all(Lang::Ja, Look::Light).into_iter().find(|(name, _)| *name == "root").unwrap();
    let mut window = Acted::new(model);
    assert_eq!(window.key(Key::Return), []);
    assert!(matches!(window.model.screen, Screen::Root { .. }));
}

#[test]
fn what_has_the_focus_is_scrolled_into_view_on_a_small_screen() {
    const HEIGHT: u32 = 480;
    let mut window = Acted::on(Stage::new(1000, HEIGHT, 1.0), form());
    // Password, its box, address, address again.
    (0..4).for_each(|_| drop(window.key(Key::Tab)));
    window.text("x");
    assert_eq!(window.model.issue_form.mail_again.text.as_str(), "x");
    let view = window.stage.view.window();
    let text = window.model.text();
    let label = format!("{} {}", text.window_mail_again(), text.window_required());
    let fields = ElementHandle::find_by_accessible_label(view, &label);
    let field = fields.last().unwrap();
    let (at, size) = (field.absolute_position(), field.size());
    assert!(at.y > 60.0, "below the head: {}", at.y);
    assert!(at.y + size.height < HEIGHT as f32 - 60.0, "above the actions: {}", at.y);
}

#[test]
fn a_click_into_a_field_puts_the_cursor_there() {
    let mut window = issuing();
    let text = window.model.text();
    let label = format!("{} {}", text.window_mail(), text.window_required());
    let view = window.stage.view.window();
    let field = ElementHandle::find_by_accessible_label(view, &label).last().unwrap();
    let (at, size) = (field.absolute_position(), field.size());
    window.stage.click(at.x + 5.0, at.y + size.height / 2.0);
    window.text("taro");
    assert_eq!(window.model.issue_form.mail.text.as_str(), "taro");
}

#[test]
fn what_is_copied_can_be_pasted() {
    let window = issuing();
    window.stage.view.copy("R-2Z2Q-S98M");
    assert_eq!(*window.stage.clipboard.borrow(), "R-2Z2Q-S98M");
}

#[test]
fn a_held_key_presses_nothing_again() {
    let mut window = Acted::new(samples::model(Lang::Ja, Look::Light));
    window.stage.hold(char::from(Key::Return));
    window.take();
    assert_eq!(window.model.screen, Screen::Menu);
}

/// Where a field's sentence for what is wrong stands: in the description of the field.
fn bottom_of(window: &Acted, label: &str) -> Option<f32> {
    let found =
        ElementHandle::find_by_accessible_label(window.stage.view.window(), label).last()?;
    Some(found.absolute_position().y + found.size().height)
}

#[test]
fn a_wrong_field_takes_the_focus_and_is_seen_with_its_sentence() {
    let mut window = Acted::on(Stage::new(1024, 700, 1.0), form());
    for (text, tabs) in
        [("CMSM950-006-401", 1), ("ABCD-EFGH-JKMN-PQRS", 2), ("taro@example.co.jp", 1)]
    {
        window.text(text);
        (0..tabs).for_each(|_| drop(window.key(Key::Tab)));
    }
    window.text("hanako@example.co.jp");
    window.key(Key::Tab);
    assert_eq!(window.key(Key::Return), []);
    assert_eq!(window.model.issue_form.blamed, [FieldId::MailAgain]);
    window.text("x");
    assert_eq!(window.model.issue_form.mail_again.text.as_str(), "hanako@example.co.jpx");
    let text = window.model.text();
    let label = format!("{} {}", text.window_mail_again(), text.window_required());
    let (field, action) = (bottom_of(&window, &label), bottom_of(&window, &text.window_issue()));
    // The field, its sentence of 24 pixels, and the edge of the actions above the button.
    let (field, action) = (field.unwrap(), action.unwrap());
    assert!(field + 4.0 + 22.0 <= action - 58.0, "{field} {action}");
}

#[test]
fn a_button_that_becomes_another_keeps_the_focus() {
    let (_, model) = samples::all(Lang::Ja, Look::Light)
        .into_iter()
        .find(|(name, _)| *name == "clean-up")
        .unwrap();
    let mut window = Acted::new(model);
    // Back from the main action to the last card's button.
    window.key(Key::Backtab);
    window.key(Key::Return);
    assert_eq!(window.model.marked.len(), 1);
    window.key(Key::Return);
    assert_eq!(window.model.marked, [""; 0], "the same button takes it back");
    window.key(Key::Return);
    window.key(Key::Escape);
    assert_eq!(window.model.screen, Screen::Menu);
}

/// Its renewal was due, another look says that it is not: a card's button becomes the main action.
#[test]
fn the_main_action_has_the_focus_though_a_button_that_goes_does_the_same() {
    let of = |wanted: &str| {
        let all = samples::all(Lang::Ja, Look::Light).into_iter();
        all.map(|(name, model)| (name, model.cards)).find(|(name, _)| *name == wanted).unwrap().1
    };
    let mut model = samples::model(Lang::Ja, Look::Light);
    model.cards = of("menu-due-soon");
    let mut window = Acted::new(model);
    let Cards::Read(valid) = of("menu-valid") else { panic!("the sample has a card") };
    window.model.update(Message::Reported(Report::Loaded(Ok(valid))));
    window.stage.show(&window.model);
    let effects = window.key(Key::Return);
    assert!(matches!(&effects[..], [Effect::OpenUrl(_)]), "{effects:?}");
}

#[test]
fn a_page_that_is_scrolled_begins_anew_when_it_has_something_to_say() {
    let (_, model) = samples::all(Lang::Ja, Look::Light).remove(0);
    let mut window = Acted::on(Stage::new(1024, 700, 1.0), model);
    window.stage.wheel(500.0, 350.0, 9000.0);
    window.model.update(Message::BadLink);
    window.stage.show(&window.model);
    let said = window.model.text().window_link_foreign();
    let bottom = bottom_of(&window, &said);
    assert!(bottom.is_some_and(|bottom| bottom > 60.0 && bottom < 400.0), "{bottom:?}");
}
