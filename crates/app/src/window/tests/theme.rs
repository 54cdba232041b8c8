//! The window has the colours of the pages.

use std::collections::BTreeMap;
use std::path::Path;

use crate::window::colour::{Rgb, contrast};

fn file(path: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)).unwrap()
}

fn colour(hex: &str) -> Rgb {
    let digits: Vec<u8> =
        hex.chars().map_while(|c| c.to_digit(16)).map(|digit| digit as u8).collect();
    match digits[..] {
        [r, g, b] => [r * 17, g * 17, b * 17],
        [r, rr, g, gg, b, bb] => [r * 16 + rr, g * 16 + gg, b * 16 + bb],
        _ => panic!("{hex}"),
    }
}

/// The colours of the style sheet's block that begins with `start`.
fn of_pages(css: &str, start: &str) -> BTreeMap<String, Rgb> {
    let block = css.split_once(start).unwrap().1.split_once(":root {").unwrap().1;
    let block = block.split_once('}').unwrap().0;
    let named = block.lines().filter_map(|line| line.trim().strip_prefix("--")?.split_once(": "));
    let colours =
        named.filter_map(|(name, value)| Some((name.to_owned(), colour(value.split_once('#')?.1))));
    colours.collect()
}

/// The colours of the window: high contrast, dark, light.
fn of_window(theme: &str) -> BTreeMap<String, [Rgb; 3]> {
    let lines = theme.lines().filter_map(|line| {
        let (name, value) = line.trim().strip_prefix("out property <color> ")?.split_once(": ")?;
        let hex: Vec<_> = value.split('#').skip(1).map(colour).collect();
        match hex[..] {
            [dark, light] => Some((name.to_owned(), [dark, dark, light])),
            [high, dark, light] => Some((name.to_owned(), [high, dark, light])),
            // The key colours are the service's.
            _ => None,
        }
    });
    lines.collect()
}

#[test]
fn the_window_has_the_colours_of_the_pages() {
    let css = file("look/src/style.css");
    let (light, dark) = (of_pages(&css, ""), of_pages(&css, "prefers-color-scheme: dark"));
    let window = of_window(&file("view/ui/theme.slint"));
    assert!(window.len() > 15, "{window:?}");
    for (name, [_, in_dark, in_light]) in &window {
        assert_eq!(light[name], *in_light, "{name}, light");
        assert_eq!(*dark.get(name).unwrap_or(&light[name]), *in_dark, "{name}, dark");
    }
}

#[test]
fn high_contrast_is_at_least_seven_to_one() {
    let window = of_window(&file("view/ui/theme.slint"));
    let page = window["page"][0];
    for name in ["text", "quiet", "edge", "line", "info", "success", "warning", "error", "ring"] {
        assert!(contrast(window[name][0], page) >= 7.0, "{name}");
    }
}
