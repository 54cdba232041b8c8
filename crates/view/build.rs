//! Compiles the window's `.slint` files, and packs the fonts: a third of a megabyte less to
//! download.

#![expect(clippy::expect_used, reason = "a build script fails by panicking")]

use slint_build::{CompilerConfiguration, EmbedResourcesKind};

/// Slow and small: a font is packed once.
const LEVEL: u8 = 10;

fn main() {
    let out = std::env::var("OUT_DIR").expect("cargo sets OUT_DIR");
    for weight in ["Regular", "Bold"] {
        let file = format!("fonts/BIZUDPGothic-{weight}.ttf");
        println!("cargo::rerun-if-changed={file}");
        let packed = miniz_oxide::deflate::compress_to_vec(
            &std::fs::read(file).expect("the fonts are there"),
            LEVEL,
        );
        std::fs::write(format!("{out}/{weight}.deflate"), packed).expect("OUT_DIR is writable");
    }
    let configuration = CompilerConfiguration::new()
        .with_style("fluent".to_owned())
        .embed_resources(EmbedResourcesKind::EmbedFiles)
        // Names of elements, by which tests find them. A release has no use for them.
        .with_debug_info(std::env::var("PROFILE").is_ok_and(|profile| profile == "debug"));
    slint_build::compile_with_config("ui/app.slint", configuration).expect("the window compiles");
}
