//! Icons as inline SVG, drawn with the colour of the text around them. All are decoration
//! beside a word, so assistive technology skips them.

macro_rules! icon {
    ($($(#[$doc:meta])* $name:ident = $shape:literal;)*) => {$(
        $(#[$doc])*
        pub const $name: &str = concat!(
            r#"<svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">"#,
            $shape,
            "</svg>"
        );
    )*};
}

icon! {
    /// A circled *i*.
    INFO = r#"<circle cx="12" cy="12" r="9"/><path d="M12 11v6M12 7.5v.01"/>"#;
    /// A circled tick.
    SUCCESS = r#"<circle cx="12" cy="12" r="9"/><path d="m8 12.5 3 3 5.5-6.5"/>"#;
    /// A triangle with an exclamation mark.
    WARNING = r#"<path d="M12 3.5 22 20.5H2Z"/><path d="M12 10v5M12 17.6v.01"/>"#;
    /// An octagon with an exclamation mark.
    ERROR = r#"<path d="M8.3 3h7.4L21 8.3v7.4L15.7 21H8.3L3 15.7V8.3Z"/><path d="M12 7.5v6M12 16.5v.01"/>"#;
    /// A globe: the language switch.
    GLOBE = r#"<circle cx="12" cy="12" r="9"/><path d="M3 12h18M12 3c6 5 6 13 0 18-6-5-6-13 0-18Z"/>"#;
    /// An arrow into a tray.
    DOWNLOAD = r#"<path d="M12 4v11m-4.5-4.5L12 15l4.5-4.5M4 19.5h16"/>"#;
    /// An arrow that leaves a window.
    LAUNCH = r#"<path d="M19 13v6H5V5h6M14.5 4H20v5.5M20 4l-8.5 8.5"/>"#;
    /// An arrow to the left.
    BACK = r#"<path d="M19 12H5m6-6-6 6 6 6"/>"#;
    /// A sheet with a plus: a new certificate.
    ISSUE = r#"<path d="M19 11V5H4v14h8"/><path d="M7.5 9h8M7.5 13H11M18 14v7m-3.5-3.5h7"/>"#;
    /// Two arrows that chase each other: renewal.
    RENEW = r#"<path d="M20 11a8 8 0 0 0-14.5-3.5L4 9m0-5v5h5M4 13a8 8 0 0 0 14.5 3.5L20 15m0 5v-5h-5"/>"#;
    /// A shield with a tick: the root certificate.
    TRUST = r#"<path d="M12 3 5 5.5V11c0 4.5 2.8 8 7 10 4.2-2 7-5.5 7-10V5.5Z"/><path d="m8.8 11.8 2.4 2.4 4-4.6"/>"#;
}
