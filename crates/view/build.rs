//! Compiles the window's `.slint` files into the executable, fonts and all.

#![expect(clippy::expect_used, reason = "a build script fails by panicking")]

use slint_build::{CompilerConfiguration, EmbedResourcesKind};

fn main() {
    let configuration = CompilerConfiguration::new()
        .with_style("fluent".to_owned())
        .embed_resources(EmbedResourcesKind::EmbedFiles)
        // Names of elements, by which tests find them. A release has no use for them.
        .with_debug_info(std::env::var("PROFILE").is_ok_and(|profile| profile == "debug"));
    slint_build::compile_with_config("ui/app.slint", configuration).expect("the window compiles");
}
