//! What the desktops of Linux are told: a menu entry, the `tegata:` scheme, an icon.

use super::Job;
use super::scheme::SCHEME;

/// Folders of the icon theme, and the files for them in `crates/app/icon`.
pub(super) const ICONS: [(&str, &str); 3] =
    [("48x48", "tegata-48.png"), ("256x256", "tegata-256.png"), ("scalable", "tegata.svg")];

/// The ending of a file's name.
pub(super) fn ending(file: &str) -> &str {
    file.rsplit('.').next().unwrap_or_default()
}

/// The menu entry (Desktop Entry Specification 1.5). Japanese comes first: Chromium, asking whether
/// it may open the application, knows no other language of an entry than the first.
pub(super) fn entry(job: &Job, program: &str, icon: &str) -> String {
    format!(
        "[Desktop Entry]
Type=Application
Version=1.5
Name={name_ja}
Name[en]={name}
Comment={about_ja}
Comment[en]={about}
Exec={exec} %u
Icon={icon}
Terminal=false
Categories=Network;Security;
MimeType=x-scheme-handler/{SCHEME};
",
        name = value(&job.product(job.en)),
        name_ja = value(&job.product(job.ja)),
        about = value(&job.about(job.en)),
        about_ja = value(&job.about(job.ja)),
        exec = program,
    )
}

/// A value on one line, its backslashes doubled (*Possible value types*).
fn value(text: &str) -> String {
    text.replace('\\', "\\\\")
}
