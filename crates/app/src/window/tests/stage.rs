//! A window without a display: Slint's software renderer draws into memory.

use std::cell::RefCell;
use std::path::Path;
use std::rc::Rc;

use tegata_view::slint::platform::software_renderer::{MinimalSoftwareWindow, RepaintBufferType};
use tegata_view::slint::platform::{
    Clipboard, Platform, PlatformError, PointerEventButton, WindowAdapter, WindowEvent,
    set_platform, update_timers_and_animations,
};
use tegata_view::slint::{ComponentHandle, LogicalPosition, PhysicalSize, Rgb8Pixel, SharedString};

use crate::window::model::Model;
use crate::window::view::View;

/// A platform with one window and a clipboard.
struct Stagecraft {
    window: Rc<MinimalSoftwareWindow>,
    clipboard: Rc<RefCell<String>>,
}

impl Platform for Stagecraft {
    fn create_window_adapter(&self) -> Result<Rc<dyn WindowAdapter>, PlatformError> {
        Ok(Rc::clone(&self.window) as Rc<dyn WindowAdapter>)
    }

    fn set_clipboard_text(&self, text: &str, clipboard: Clipboard) {
        if clipboard == Clipboard::DefaultClipboard {
            text.clone_into(&mut self.clipboard.borrow_mut());
        }
    }

    fn clipboard_text(&self, _: Clipboard) -> Option<String> {
        Some(self.clipboard.borrow().clone())
    }
}

/// The window on its stage. One a thread.
pub(super) struct Stage {
    pub(super) view: Rc<View>,
    pub(super) clipboard: Rc<RefCell<String>>,
    window: Rc<MinimalSoftwareWindow>,
    size: PhysicalSize,
}

impl Stage {
    /// A window of this size in physical pixels.
    pub(super) fn new(width: u32, height: u32, scale: f32) -> Self {
        let window = MinimalSoftwareWindow::new(RepaintBufferType::NewBuffer);
        let clipboard = Rc::default();
        let stagecraft =
            Stagecraft { window: Rc::clone(&window), clipboard: Rc::clone(&clipboard) };
        set_platform(Box::new(stagecraft)).unwrap();
        let view = View::new().unwrap();
        view.window().show().unwrap();
        let mut stage = Self { view, clipboard, window, size: PhysicalSize::default() };
        stage.resize(width, height, scale);
        stage
    }

    /// Another size, in physical pixels.
    pub(super) fn resize(&mut self, width: u32, height: u32, scale: f32) {
        self.size = PhysicalSize::new(width, height);
        self.window.dispatch_event(WindowEvent::ScaleFactorChanged { scale_factor: scale });
        self.window.set_size(self.size);
    }

    /// Shows what follows from a model, and lets everything that follows from that happen.
    pub(super) fn show(&self, model: &Model) {
        crate::window::draw(model, &self.view);
        self.settle();
    }

    /// Lets happen what waits to happen: callbacks of changed values, the focus that moves.
    pub(super) fn settle(&self) {
        // A callback may show parts that have callbacks of their own.
        for _ in 0..2 {
            update_timers_and_animations();
            self.pixels();
        }
        update_timers_and_animations();
    }

    /// Presses and releases a key.
    pub(super) fn key(&self, key: impl Into<SharedString>) {
        let text = key.into();
        self.window.dispatch_event(WindowEvent::KeyPressed { text: text.clone() });
        self.window.dispatch_event(WindowEvent::KeyReleased { text });
        self.settle();
    }

    /// What a key does that is held down, after its first press.
    pub(super) fn hold(&self, key: impl Into<SharedString>) {
        self.window.dispatch_event(WindowEvent::KeyPressRepeated { text: key.into() });
        self.settle();
    }

    /// Clicks, in logical pixels.
    pub(super) fn click(&self, x: f32, y: f32) {
        let (position, button) = (LogicalPosition::new(x, y), PointerEventButton::Left);
        self.window.dispatch_event(WindowEvent::PointerMoved { position });
        self.window.dispatch_event(WindowEvent::PointerPressed { position, button });
        self.window.dispatch_event(WindowEvent::PointerReleased { position, button });
        self.settle();
    }

    /// Turns the wheel over a place, in logical pixels; what is below comes up with a positive
    /// `by`.
    pub(super) fn wheel(&self, x: f32, y: f32, by: f32) {
        let position = LogicalPosition::new(x, y);
        self.window.dispatch_event(WindowEvent::PointerMoved { position });
        let (delta_x, delta_y) = (0.0, -by);
        self.window.dispatch_event(WindowEvent::PointerScrolled { position, delta_x, delta_y });
        self.settle();
    }

    /// Types a text.
    pub(super) fn text(&self, text: &str) {
        text.chars().for_each(|c| self.key(c));
    }

    fn pixels(&self) -> Vec<Rgb8Pixel> {
        let (width, height) = (self.size.width as usize, self.size.height as usize);
        let mut pixels = vec![Rgb8Pixel::default(); width * height];
        self.window.request_redraw();
        self.window.draw_if_needed(|renderer| {
            renderer.render(&mut pixels, width);
        });
        pixels
    }

    /// Writes what is on the screen.
    pub(super) fn save(&self, path: &Path) {
        let octets: Vec<u8> =
            self.pixels().iter().flat_map(|pixel| [pixel.r, pixel.g, pixel.b]).collect();
        let file = std::io::BufWriter::new(std::fs::File::create(path).unwrap());
        let mut encoder = png::Encoder::new(file, self.size.width, self.size.height);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_compression(png::Compression::Fast);
        encoder.write_header().unwrap().write_image_data(&octets).unwrap();
    }
}
