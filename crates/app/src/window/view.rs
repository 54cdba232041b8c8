//! Draws pages with Slint, and hands on what a person does. It decides nothing.

use std::cell::RefCell;
use std::rc::Rc;

use tegata_view::slint::winit_030::WinitWindowAccessor;
use tegata_view::slint::winit_030::winit::window::UserAttentionType;
use tegata_view::slint::{
    Color, ComponentHandle, Model, ModelRc, PhysicalSize, PlatformError, VecModel,
};
use tegata_view::{
    AppWindow, BlockData, ButtonData, ChoiceData, FieldData, Kind, Look, Pair, Person, Theme,
};

use super::colour::{KeyColours, Rgb};
use super::model::settings;
use super::page::{self, Act, Block, Button, Field, FieldId, FieldKind, Focus, Page};
use super::pages::Header;

/// The window.
pub(crate) struct View {
    window: AppWindow,
    blocks: Rc<VecModel<BlockData>>,
    actions: Rc<VecModel<ButtonData>>,
    shown: RefCell<Shown>,
}

/// What is on the screen.
#[derive(Default)]
struct Shown {
    page: Option<Page>,
    /// What the numbers of this page's buttons mean. It only grows while the page stays, so that
    /// a button that was not drawn again keeps its number.
    acts: Vec<Numbered>,
    focus_turn: i32,
}

/// What a person did.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Input {
    Pressed(Act),
    Edited(FieldId, String),
    Left(FieldId),
    Chosen(FieldId, usize),
    Shown(FieldId),
    Close,
}

/// Words that belong to fields wherever they stand.
pub(crate) struct FieldWords {
    pub(crate) required: String,
    pub(crate) show: String,
}

/// How everything looks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Style {
    pub(crate) look: settings::Look,
    pub(crate) key: Option<KeyColours>,
}

impl View {
    /// Makes the window without showing it.
    ///
    /// # Errors
    /// When the system has no place for windows.
    pub(crate) fn new() -> Result<Rc<Self>, PlatformError> {
        let window = tegata_view::window()?;
        let (blocks, actions) = (Rc::new(VecModel::default()), Rc::new(VecModel::default()));
        window.set_blocks(ModelRc::from(Rc::clone(&blocks)));
        window.set_actions(ModelRc::from(Rc::clone(&actions)));
        Ok(Rc::new(Self { window, blocks, actions, shown: RefCell::default() }))
    }

    /// The window itself, to show and to run.
    pub(crate) fn window(&self) -> &AppWindow {
        &self.window
    }

    /// Calls `hear` with everything that the person does.
    pub(crate) fn listen(self: &Rc<Self>, hear: impl Fn(Input) + 'static) {
        let hear = Rc::new(hear);
        let person = self.window.global::<Person>();
        let field = |number: i32| {
            usize::try_from(number).ok().and_then(|number| FieldId::ALL.get(number).copied())
        };
        let (view, heard) = (Rc::downgrade(self), Rc::clone(&hear));
        person.on_pressed(move |number| {
            if let Some(act) = view.upgrade().and_then(|view| view.act(number)) {
                heard(Input::Pressed(act));
            }
        });
        let (view, heard) = (Rc::downgrade(self), Rc::clone(&hear));
        person.on_entered(move || {
            if let Some(act) =
                view.upgrade().and_then(|view| view.of_page(|page| page.enter.clone()))
            {
                heard(Input::Pressed(act));
            }
        });
        let (view, heard) = (Rc::downgrade(self), Rc::clone(&hear));
        person.on_escaped(move || {
            if let Some(act) =
                view.upgrade().and_then(|view| view.of_page(|page| page.escape.clone()))
            {
                heard(Input::Pressed(act));
            }
        });
        let heard = Rc::clone(&hear);
        person.on_edited(move |number, text| {
            field(number).into_iter().for_each(|id| heard(Input::Edited(id, text.to_string())));
        });
        let heard = Rc::clone(&hear);
        person.on_left(move |number| {
            field(number).into_iter().for_each(|id| heard(Input::Left(id)));
        });
        let heard = Rc::clone(&hear);
        person.on_chosen(move |number, index| {
            if let (Some(id), Ok(index)) = (field(number), usize::try_from(index)) {
                heard(Input::Chosen(id, index));
            }
        });
        let heard = Rc::clone(&hear);
        person.on_shown(move |number| {
            field(number).into_iter().for_each(|id| heard(Input::Shown(id)));
        });
        self.window.window().on_close_requested(move || {
            hear(Input::Close);
            tegata_view::slint::CloseRequestResponse::KeepWindowShown
        });
    }

    fn act(&self, number: i32) -> Option<Act> {
        let number = usize::try_from(number).ok()?;
        self.shown.borrow().acts.get(number).map(|(_, act)| act.clone())
    }

    fn of_page<T>(&self, read: impl FnOnce(&Page) -> Option<T>) -> Option<T> {
        self.shown.borrow().page.as_ref().and_then(read)
    }

    /// Puts text where other programs can paste it.
    pub(crate) fn copy(&self, text: &str) {
        self.window.invoke_copy(text.into());
    }

    /// Comes to the front, as far as the system lets it.
    pub(crate) fn raise(&self) {
        let window = self.window.window();
        window.set_minimized(false);
        // It is shown already, unless it is just being closed.
        let _ = window.show();
        window.with_winit_window(|shown| {
            shown.focus_window();
            // Where the system does not let a program take the keyboard by itself.
            if !shown.has_focus() {
                shown.request_user_attention(Some(UserAttentionType::Informational));
            }
        });
    }

    /// Opens a page in the browser.
    pub(crate) fn open(&self, url: &str) {
        self.window.invoke_open(url.into());
    }

    /// Makes the window no larger than the screen that it is on: its actions stand at its bottom.
    /// Waits until it is on one.
    pub(crate) async fn fit_screen(&self) {
        let window = self.window.window();
        let Ok(shown) = window.winit_window().await else { return };
        let screen = shown.current_monitor().or_else(|| shown.available_monitors().next());
        let Some(screen) = screen.map(|screen| screen.size()) else { return };
        // Title bar (31 px) and task bar (48 px); frames at both sides.
        let bars = (84.0 * window.scale_factor()) as u32;
        let frames = (16.0 * window.scale_factor()) as u32;
        let size = window.size();
        let (width, height) =
            (screen.width.saturating_sub(frames), screen.height.saturating_sub(bars));
        if size.width > width || size.height > height {
            window.set_size(PhysicalSize::new(size.width.min(width), size.height.min(height)));
        }
    }

    /// Colours of the window.
    pub(crate) fn dress(&self, style: Style) {
        let theme = self.window.global::<Theme>();
        theme.set_look(match style.look {
            settings::Look::System => Look::System,
            settings::Look::Light => Look::Light,
            settings::Look::Dark => Look::Dark,
            settings::Look::Contrast => Look::Contrast,
        });
        if let Some(key) = style.key {
            theme.set_key_light(colour(key.light));
            theme.set_key_light_strong(colour(key.light_strong));
            theme.set_key_dark(colour(key.dark));
            theme.set_key_dark_strong(colour(key.dark_strong));
        }
    }

    /// What stands above every page, and the words of fields.
    pub(crate) fn head(&self, header: &Header, words: &FieldWords) {
        self.window.set_organisation(header.organisation.as_str().into());
        self.window.set_service(header.service.as_str().into());
        let language = button(&header.language, Place::Below, &mut self.shown.borrow_mut().acts);
        self.window.set_language(language);
        let person = self.window.global::<Person>();
        person.set_required(words.required.as_str().into());
        person.set_show(words.show.as_str().into());
    }

    /// Shows a page. Of a page that is there already only what differs is drawn again, so that
    /// fields keep their cursor and buttons the focus. The focus moves where `focus` says when
    /// `turn` is another one; the page then begins at its top, unless a field takes it.
    pub(crate) fn show(&self, page: Page, focus: &Focus, turn: i32) {
        let mut shown = self.shown.borrow_mut();
        let shown = &mut *shown;
        let old = shown.page.take().filter(|old| old.name == page.name);
        let is_other = old.is_none();
        if is_other {
            shown.acts.truncate(1);
        }
        self.window.set_heading(page.heading.as_str().into());
        let empty = (Vec::new(), Vec::new());
        let (blocks, actions) = old.map_or(empty, |old| (old.blocks, old.actions));
        let acts = &mut shown.acts;
        replace(&self.blocks, &blocks, &page.blocks, Block::is_same_part, |new, old| {
            block(new, old, acts)
        });
        let is_same = |old: &Button, new: &Button| old.act == new.act;
        replace(&self.actions, &actions, &page.actions, is_same, |new, _| {
            button(new, Place::Below, acts)
        });
        let moves = shown.focus_turn != turn;
        if is_other || (moves && !matches!(focus, Focus::Field(_))) {
            self.window.set_page_turn(self.window.get_page_turn().wrapping_add(1));
        }
        if moves {
            shown.focus_turn = turn;
            self.focus(focus, &page.actions, &mut shown.acts);
        }
        shown.page = Some(page);
    }

    /// Of two buttons that do the same the one below takes it: one within the page may be going.
    fn focus(&self, focus: &Focus, below: &[Button], acts: &mut Vec<Numbered>) {
        let person = self.window.global::<Person>();
        let (field, act) = match focus {
            Focus::Nothing => (-1, -1),
            Focus::Field(id) => (field_number(*id), -1),
            Focus::Act(act) => {
                let is_below = below.iter().any(|button| button.act == *act);
                let place = if is_below { Place::Below } else { Place::Within };
                (-1, number(act, place, acts))
            }
        };
        person.set_focus_field(field);
        person.set_focus_act(act);
        person.set_focus_ground(*focus == Focus::Nothing);
        person.set_focus_turn(person.get_focus_turn().wrapping_add(1));
    }
}

/// Brings `model`, which shows `old`, to show `new`. What stands there already stays and takes
/// over what is new about it, also when something comes in before it: it may have the focus.
fn replace<P: PartialEq, D: Clone + 'static>(
    model: &VecModel<D>,
    old: &[P],
    new: &[P],
    is_same: impl Fn(&P, &P) -> bool,
    mut draw: impl FnMut(&P, Option<D>) -> D,
) {
    if old.is_empty() || model.row_count() != old.len() {
        model.set_vec(new.iter().map(|new| draw(new, None)).collect::<Vec<_>>());
        return;
    }
    let same = |(old, new): &(&P, &P)| is_same(old, new);
    let head = old.iter().zip(new).take_while(same).count();
    let rest = old[head..].iter().rev().zip(new[head..].iter().rev());
    let tail = rest.take_while(same).count();
    (head..old.len() - tail).rev().for_each(|row| drop(model.remove(row)));
    for (row, new) in new.iter().enumerate().take(new.len() - tail).skip(head) {
        model.insert(row, draw(new, None));
    }
    let kept = (0..head).chain(new.len() - tail..new.len());
    for (row, old) in kept.zip(old[..head].iter().chain(&old[old.len() - tail..])) {
        if *old != new[row] {
            model.set_row_data(row, draw(&new[row], model.row_data(row)));
        }
    }
}

/// The rows of a part that is drawn again: in the model that it has, if they are as many, so that
/// what has the focus stays.
fn carry<T: Clone + PartialEq + 'static>(all: Vec<T>, old: Option<&ModelRc<T>>) -> ModelRc<T> {
    let Some(old) = old.filter(|old| old.row_count() == all.len()) else {
        return rows(all.into_iter());
    };
    for (row, new) in all.into_iter().enumerate() {
        if old.row_data(row).as_ref() != Some(&new) {
            old.set_row_data(row, new);
        }
    }
    old.clone()
}

/// Where a button stands: among the parts of the page, or below them and in the header, where
/// buttons stay while the page is there.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    Within,
    Below,
}

/// What a button does; its number is its place in the list.
type Numbered = (Place, Act);

/// The number of an act on this page.
fn number(act: &Act, place: Place, acts: &mut Vec<Numbered>) -> i32 {
    let known = acts.iter().position(|(other, known)| *other == place && known == act);
    let place = known.unwrap_or_else(|| {
        acts.push((place, act.clone()));
        acts.len() - 1
    });
    i32::try_from(place).unwrap_or(-1)
}

fn field_number(id: FieldId) -> i32 {
    let place = FieldId::ALL.iter().position(|other| *other == id);
    place.and_then(|place| i32::try_from(place).ok()).unwrap_or(-1)
}

/// A part as the window draws it; `old` is what stands in its place.
fn block(block: &Block, old: Option<BlockData>, acts: &mut Vec<Numbered>) -> BlockData {
    let of = |kind| BlockData { kind, ..BlockData::default() };
    let old = old.as_ref();
    let mut buttons = |all: &[Button]| {
        let all = all.iter().map(|one| button(one, Place::Within, acts)).collect();
        carry(all, old.map(|old| &old.buttons))
    };
    match block {
        Block::Words(text) => BlockData { text: text.into(), ..of(Kind::Words) },
        Block::Lead(text) => BlockData { text: text.into(), ..of(Kind::Lead) },
        Block::Subheading(text) => BlockData { text: text.into(), ..of(Kind::Subheading) },
        Block::Notice { tone, title, text } => BlockData {
            tone: self::tone(*tone),
            title: title.into(),
            text: text.into(),
            ..of(Kind::Notice)
        },
        Block::Field(field) => BlockData { field: self::field(field), ..of(Kind::Field) },
        Block::Choice(choice) => BlockData {
            choice: ChoiceData {
                id: field_number(choice.id),
                label: choice.label.as_str().into(),
                help: choice.help.as_str().into(),
                options: carry(
                    choice.options.iter().map(Into::into).collect(),
                    old.map(|old| &old.choice.options),
                ),
                chosen: i32::try_from(choice.chosen).unwrap_or(-1),
            },
            ..of(Kind::Choice)
        },
        Block::Facts(facts) => BlockData { pairs: pairs(facts), ..of(Kind::Facts) },
        Block::Steps(steps) => BlockData {
            pairs: rows(steps.iter().map(|step| Pair {
                label: step.label.as_str().into(),
                value: step.note.as_str().into(),
                spoken: step.spoken.as_str().into(),
                tone: tone(step.tone),
            })),
            ..of(Kind::Steps)
        },
        Block::Card(card) => BlockData {
            tone: tone(card.tone),
            title: card.title.as_str().into(),
            badge: card.badge.as_str().into(),
            text: card.text.as_str().into(),
            pairs: pairs(&card.facts),
            buttons: buttons(&card.buttons),
            ..of(Kind::Card)
        },
        Block::Fingerprint { label, groups } => BlockData {
            title: label.into(),
            text: groups.join(" ").into(),
            pairs: rows(groups.iter().map(|group| Pair { label: group.into(), ..Pair::default() })),
            ..of(Kind::Fingerprint)
        },
        Block::Reference { label, help, value, copy } => BlockData {
            title: label.into(),
            badge: help.into(),
            text: value.into(),
            buttons: buttons(std::slice::from_ref(copy)),
            ..of(Kind::Reference)
        },
        Block::Bar { label, value, part } => {
            BlockData { title: label.into(), text: value.into(), number: *part, ..of(Kind::Bar) }
        }
        Block::Code { label, text } => {
            BlockData { title: label.into(), text: text.into(), ..of(Kind::Code) }
        }
        Block::Actions(all) => BlockData { buttons: buttons(all), ..of(Kind::Actions) },
        Block::Attribution => of(Kind::Attribution),
    }
}

fn field(field: &Field) -> FieldData {
    FieldData {
        id: field_number(field.id),
        label: field.label.as_str().into(),
        required: field.required,
        help: field.help.as_str().into(),
        error: field.error.as_str().into(),
        value: field.value.as_str().into(),
        secret: field.kind != FieldKind::Plain,
        shown: field.kind == FieldKind::Shown,
        width: field.width.into(),
    }
}

fn rows<T: Clone + 'static>(all: impl Iterator<Item = T>) -> ModelRc<T> {
    ModelRc::from(Rc::new(VecModel::from_iter(all)))
}

fn pairs(facts: &[page::Fact]) -> ModelRc<Pair> {
    rows(facts.iter().map(|fact| Pair {
        label: fact.label.as_str().into(),
        value: fact.value.as_str().into(),
        ..Pair::default()
    }))
}

fn button(button: &Button, place: Place, acts: &mut Vec<Numbered>) -> ButtonData {
    ButtonData {
        label: button.label.as_str().into(),
        spoken: button.spoken.as_str().into(),
        act: number(&button.act, place, acts),
        weight: match button.weight {
            page::Weight::Main => tegata_view::Weight::Main,
            page::Weight::Second => tegata_view::Weight::Second,
            page::Weight::Quiet => tegata_view::Weight::Quiet,
        },
    }
}

fn tone(tone: page::Tone) -> tegata_view::Tone {
    use tegata_view::Tone;
    match tone {
        page::Tone::Plain => Tone::Plain,
        page::Tone::Info => Tone::Info,
        page::Tone::Success => Tone::Success,
        page::Tone::Warning => Tone::Warning,
        page::Tone::Error => Tone::Error,
        page::Tone::Now => Tone::Now,
        page::Tone::Waiting => Tone::Waiting,
    }
}

fn colour([red, green, blue]: Rgb) -> Color {
    Color::from_rgb_u8(red, green, blue)
}
