//! The window: `tegata-app` without a command.
//!
//! ```text
//! person → view → Message → model → Effect → worker → agent
//!            ↑                 ↓         ↑       ↓
//!           Page ←──────── pages        Report ←─┘
//! ```
//!
//! [`model`] decides, [`pages`] say it in words, [`view`] draws it with Slint, [`worker`] runs the
//! agent on a thread of its own. Only this file knows all four.

mod autoselecting;
mod by_certificate;
mod colour;
mod examine;
mod model;
mod page;
mod pages;
mod removing;
mod scheduling;
mod stop;
#[cfg(test)]
mod tests;
mod updating;
mod view;
mod worker;

use std::cell::RefCell;
use std::collections::VecDeque;
use std::path::PathBuf;
use std::rc::Rc;

use tegata_agent::brand::Brand;
use tegata_agent::instance::{self, Door, Instance, Knock};
use tegata_agent::link::Link;
use tegata_agent::update::{self, UpdateError};
use tegata_text::{Lang, Text};
use tegata_view::slint::{self, ComponentHandle};

use crate::output::Failure;
use crate::{args, stores};
use colour::KeyColours;
use model::settings::Settings;
use model::{Effect, Message, Model, Names, Service, Start};
use page::Focus;
use updating::Updater;
use view::{FieldWords, Input, Style, View};
pub(crate) use worker::Surroundings;
use worker::{Context, Worker};

/// Opens the window and returns when it is closed.
///
/// # Errors
/// When there is no display, or an installer left a brand that cannot be read.
///
/// `link` is what the program was started with. Where a window is open already, it gets the link,
/// and this returns at once.
pub(crate) fn run(lang: Lang, around: Surroundings, link: Option<&str>) -> Result<(), Failure> {
    let text = Text::of(lang);
    let first = match link.map(str::parse::<Link>) {
        None => None,
        Some(Ok(link)) => Some(Message::Knocked(Some(link))),
        Some(Err(_)) => Some(Message::BadLink),
    };
    let door = match claim(first.as_ref()) {
        Some(Instance::Second) => return Ok(()),
        Some(Instance::First(door)) => Some(door),
        None => None,
    };
    let settings_file = stores::settings_file();
    let settings = settings_file.as_deref().map(Settings::read).unwrap_or_default();
    let brand = stores::brand(text)?;
    let updater = brand.clone().zip(std::env::current_exe().ok());
    let updater = updater.and_then(|(brand, own)| Updater::of(brand, around.version, &own));
    let service = brand.map(of_brand).or_else(|| known(&settings));
    let start = Start {
        version: around.version,
        lang,
        is_updatable: updater.is_some(),
        stores: stores::choices(),
    };
    let (model, effects) = Model::new(start, settings, service);

    let view = View::new().map_err(|error| no_window(&error.to_string(), text))?;
    let worker = Worker::start(around, updater, |report| {
        // Fails only when the window is gone already.
        let _ = slint::invoke_from_event_loop(move || {
            if let Some(shell) = SHELL.with_borrow(Option::clone) {
                shell.take(Message::Reported(report));
            }
        });
    });
    let worker = worker.map_err(|error| no_window(&error.to_string(), text))?;
    let shell = Rc::new(Shell {
        model: RefCell::new(model),
        view,
        worker,
        settings_file,
        waiting: RefCell::default(),
        restart: RefCell::default(),
    });
    SHELL.set(Some(Rc::clone(&shell)));
    let heard = Rc::downgrade(&shell);
    shell.view.listen(move |input| {
        let message = match input {
            Input::Pressed(act) => Message::Pressed(act),
            Input::Edited(field, text) => Message::Edited(field, text),
            Input::Left(field) => Message::Left(field),
            Input::Chosen(field, index) => Message::Chosen(field, index),
            Input::Shown(field) => Message::Shown(field),
            Input::Close => Message::Close,
        };
        if let Some(shell) = heard.upgrade() {
            shell.take(message);
        }
    });
    shell.draw();
    shell.carry_out(effects);
    if let Some(message) = first {
        shell.take(message);
    }
    if let Some(door) = door {
        listen(door).map_err(|error| no_window(&error.to_string(), text))?;
    }
    let view = Rc::clone(&shell.view);
    // Fails only before there is a toolkit, and there is one.
    let _ = slint::spawn_local(async move { view.fit_screen().await });
    let ran = shell.view.window().run();
    SHELL.set(None);
    ran.map_err(|error| no_window(&error.to_string(), text))?;
    match shell.restart.take() {
        None => Ok(()),
        Some(program) => {
            let failed = |source| UpdateError::Io { path: program.clone(), source };
            update::restart(&program).map_err(|error| Failure::update(&failed(error), text))
        }
    }
}

thread_local! {
    /// The one window, for reports that arrive from the worker.
    static SHELL: RefCell<Option<Rc<Shell>>> = const { RefCell::new(None) };
}

/// The window with all that it works with.
struct Shell {
    model: RefCell<Model>,
    view: Rc<View>,
    worker: Worker,
    settings_file: Option<PathBuf>,
    /// Messages that arrived while another was being dealt with; the first is that one.
    waiting: RefCell<VecDeque<Message>>,
    /// The program that starts when this one has ended.
    restart: RefCell<Option<PathBuf>>,
}

impl Shell {
    /// Deals with a message, after those before it.
    fn take(&self, message: Message) {
        self.waiting.borrow_mut().push_back(message);
        if self.waiting.borrow().len() > 1 {
            return;
        }
        loop {
            // It stays in the queue until it is dealt with, so that those that follow wait.
            let Some(message) = self.waiting.borrow().front().cloned() else { return };
            let effects = self.model.borrow_mut().update(message);
            self.draw();
            self.carry_out(effects);
            self.waiting.borrow_mut().pop_front();
        }
    }

    fn draw(&self) {
        draw(&self.model.borrow(), &self.view);
    }

    fn carry_out(&self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Work(job) => self.worker.work(self.context(), job),
                Effect::LookAside => self.worker.look_aside(self.context()),
                Effect::Answer(answer) => self.worker.answer(answer),
                Effect::Cancel => self.worker.stop(),
                Effect::OpenUrl(url) => self.view.open(&url),
                Effect::Copy(text) => self.view.copy(&text),
                Effect::Raise => self.view.raise(),
                Effect::Save => self.save(),
                Effect::Quit => quit(),
                Effect::Restart(program) => {
                    self.restart.replace(Some(program));
                    quit();
                }
            }
        }
    }

    fn context(&self) -> Context {
        let model = self.model.borrow();
        Context {
            text: model.text(),
            store: model.store().to_owned(),
            proxy: model.settings.way_out(),
            service: model.service.as_ref().map(|own| (own.site.clone(), own.root)),
        }
    }

    fn save(&self) {
        let mut model = self.model.borrow_mut();
        let written = self.settings_file.as_deref().map(|file| model.settings.write(file));
        model.settings_lost = written.and_then(Result::err).map(|error| error.to_string());
    }
}

fn quit() {
    // Fails only when the loop has ended already.
    let _ = slint::quit_event_loop();
}

/// Looks whether a window is open, and hands the link over if so. `None` where that cannot be
/// found out: two windows are then better than none.
fn claim(first: Option<&Message>) -> Option<Instance> {
    let state = stores::state_folder()?;
    let knock = match first {
        Some(Message::Knocked(Some(link))) => Knock::Follow(link.clone()),
        _ => Knock::Show,
    };
    instance::claim(&state, &knock).ok()
}

/// Later starts knock: the window comes to the front and follows their links.
fn listen(door: Door) -> std::io::Result<()> {
    let thread = std::thread::Builder::new().name("door".to_owned());
    thread.spawn(move || {
        while let Some(knock) = door.next() {
            let link = match knock {
                Knock::Show => None,
                Knock::Follow(link) => Some(link),
            };
            // Fails only when the window is gone already.
            let _ = slint::invoke_from_event_loop(move || {
                if let Some(shell) = SHELL.with_borrow(Option::clone) {
                    shell.take(Message::Knocked(link));
                }
            });
        }
    })?;
    Ok(())
}

/// Shows what follows from the model.
fn draw(model: &Model, view: &View) {
    let text = model.text();
    let page = pages::page(model);
    let brand = model.service.as_ref().and_then(|service| service.brand.as_ref());
    let key = brand.and_then(|brand| brand.key_colour.as_deref()).and_then(KeyColours::of);
    view.dress(Style { look: model.settings.look, key });
    let words = FieldWords { required: text.window_required(), show: text.window_show() };
    view.head(&pages::header(model), &words);
    let focus = model.focus.map_or_else(|| page.focus.clone(), Focus::Field);
    view.show(page, &focus, model.focus_turn);
}

fn of_brand(brand: Brand) -> Service {
    let Brand { site, root, organisation, name, help, key_colour, .. } = brand;
    let organisation = [organisation.ja, organisation.en];
    let service = [name.ja, name.en];
    let help = help.map(|help| [help.ja, help.en].map(String::from));
    Service { site, root, brand: Some(Names { organisation, service, help, key_colour }) }
}

/// The service that was typed and compared at an earlier start.
fn known(settings: &Settings) -> Option<Service> {
    let known = settings.service.as_ref()?;
    let (site, root) = (known.site.parse().ok()?, known.root_sha256.parse().ok()?);
    Some(Service { site, root, brand: None })
}

fn no_window(why: &str, text: Text) -> Failure {
    // What follows the first line is for those who build the toolkit.
    let why = why.lines().next().unwrap_or_default().trim_end_matches('.');
    Failure::usage(
        "no_window",
        text.window_failed_display(why),
        text.window_failed_display_do(&args::program()),
    )
}
