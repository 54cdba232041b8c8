//! Mails that the demonstration's mail server was handed, as a mail program shows them.

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Every mail in a folder, oldest first.
pub fn mails(dir: &Path) -> Vec<String> {
    let files = std::fs::read_dir(dir).expect("the folder of the mail server");
    let mut mails: Vec<_> = files
        .map(|file| file.expect("a file").path())
        .filter(|file| file.extension().is_some_and(|ending| ending == "eml"))
        .collect();
    mails.sort();
    mails.iter().map(|file| opened(&std::fs::read_to_string(file).expect("a mail"))).collect()
}

/// The header of a mail and its text, whether it is signed or not. Of one that is still being
/// written, what is there.
fn opened(mail: &str) -> String {
    let (head, _) = mail.split_once("\r\n\r\n").unwrap_or((mail, ""));
    let text = mail.find("Content-Type: text/plain").and_then(|at| {
        let (_, body) = mail[at..].split_once("\r\n\r\n")?;
        let body = body.split("\r\n\r\n").next()?.split("\r\n--").next()?;
        let octets = STANDARD.decode(body.replace("\r\n", "")).ok()?;
        String::from_utf8(octets).ok()
    });
    format!("{head}\n\n{}", text.unwrap_or_default().replace("\r\n", "\n"))
}
