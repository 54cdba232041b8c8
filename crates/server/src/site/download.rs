use askama::Template;
use axum::body::Body;
use axum::extract::Path;
use axum::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_TYPE, ETAG};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tegata_look::{Notice, Width};
use tegata_text::Text;
use tokio::io::AsyncReadExt;
use tokio_util::io::ReaderStream;

use super::encode::percent;
use super::installer::{Installer, best};
use super::layout::{self, entity_tag};
use super::pc::Device;
use super::refused::{self, Cause};
use super::visit::Visit;

/// The list of everything that can be downloaded.
pub(super) async fn list(visit: Visit) -> Response {
    let text = Text::of(visit.language.lang);
    let offer = Offer::to(&visit).await;
    let files = offer.all();
    let view = View { text, home: visit.site.home(), none: none(text), files };
    layout::page(&visit, Width::Narrow, &text.site_download_title(), &view)
}

#[derive(Deserialize)]
pub(super) struct Wanted {
    file: String,
}

/// One file, streamed.
pub(super) async fn file(visit: Visit, Path(wanted): Path<Wanted>) -> Response {
    let (lang, site) = (visit.language.lang, &visit.site);
    let files = match site.shelf.list().await {
        Ok(files) => files,
        Err(error) => return trouble(&visit, &error),
    };
    let Some(found) = files.into_iter().find(|file| file.name == wanted.file) else {
        return refused::page(Cause::NotFound, lang, Some(site));
    };
    match tokio::fs::File::open(&found.path).await {
        Ok(file) => {
            let body = Body::from_stream(ReaderStream::with_capacity(file.take(found.len), 65_536));
            let headers = [
                (CONTENT_TYPE, found.kind.content_type().to_owned()),
                (CONTENT_LENGTH, found.len.to_string()),
                (CONTENT_DISPOSITION, attachment(&found.name)),
                (ETAG, entity_tag(&found.sha256)),
                (CACHE_CONTROL, "no-cache".to_owned()),
            ];
            (headers, body).into_response()
        }
        Err(error) => trouble(&visit, &error),
    }
}

fn trouble(visit: &Visit, error: &std::io::Error) -> Response {
    tracing::error!(%error, folder = %visit.site.service.downloads.display(), "downloads cannot be read");
    refused::page(Cause::Trouble, visit.language.lang, Some(&visit.site))
}

/// `Content-Disposition` (RFC 6266) for a file of this name.
pub(super) fn attachment(name: &str) -> String {
    if name.bytes().all(|c| c.is_ascii_alphanumeric() || b"-._+".contains(&c)) {
        return format!("attachment; filename=\"{name}\"");
    }
    format!("attachment; filename*=UTF-8''{}", percent(name))
}

#[derive(Template)]
#[template(path = "site/download.html")]
struct View {
    text: Text,
    home: String,
    none: String,
    files: Vec<Row>,
}

/// The installers as a page offers them to the visitor.
pub(super) struct Offer {
    text: Text,
    folder: String,
    device: Device,
    best: Option<Installer>,
    rest: Vec<Installer>,
}

/// A line of a list of installers.
pub(super) struct Row {
    pub(super) label: String,
    pub(super) name: String,
    pub(super) href: String,
    pub(super) size: String,
    pub(super) sha256: String,
}

impl Offer {
    pub(super) async fn to(visit: &Visit) -> Self {
        let mut rest = visit.site.shelf.list().await.unwrap_or_else(|error| {
            tracing::error!(%error, "downloads cannot be read");
            Vec::new()
        });
        let best = best(&rest, visit.device).cloned();
        rest.retain(|file| Some(file) != best.as_ref());
        Self {
            text: Text::of(visit.language.lang),
            folder: visit.site.at("download/"),
            device: visit.device,
            best,
            rest,
        }
    }

    /// The HTML that offers them: the one for this PC as a button of the class `button`, the
    /// others below.
    pub(super) fn html(&self, button: &str) -> Result<String, askama::Error> {
        let text = self.text;
        let installers = self.rest.iter().filter(|file| file.kind.system().is_some());
        let others: Vec<_> = installers.map(|file| self.row(file)).collect();
        let notice = match (&self.best, self.device) {
            (Some(_), _) | (None, Device::Mobile) => String::new(),
            (None, _) if others.is_empty() => none(text),
            (None, Device::Pc { system, .. }) => absent(text, system.name()),
            (None, Device::Unknown) => String::new(),
        };
        let best = self.best.as_ref().map(|file| {
            let system = file.kind.system().map_or("", super::pc::System::name);
            (text.site_installer_download(system), self.row(file))
        });
        // Where one is offered, or none can be used, the list is only for those who look for it.
        let folded = best.is_some() || self.device == Device::Mobile;
        OfferView { text, button, best, notice, others, folded }.render()
    }

    /// What has to be said first to a visitor on a phone; empty for others.
    pub(super) fn mobile(&self) -> String {
        match self.device {
            Device::Mobile => mobile(self.text),
            _ => String::new(),
        }
    }

    fn all(&self) -> Vec<Row> {
        self.best.iter().chain(&self.rest).map(|file| self.row(file)).collect()
    }

    fn row(&self, file: &Installer) -> Row {
        Row {
            label: file.label(self.text),
            name: file.name.clone(),
            href: format!("{}{}", self.folder, file.segment()),
            size: file.size(),
            sha256: file.digest(),
        }
    }
}

#[derive(Template)]
#[template(path = "site/offer.html")]
struct OfferView<'a> {
    text: Text,
    button: &'a str,
    best: Option<(String, Row)>,
    notice: String,
    others: Vec<Row>,
    folded: bool,
}

fn none(text: Text) -> String {
    let paragraphs = [text.site_installer_none(), text.site_installer_none_next()];
    Notice::Warning.plain(&text.site_installer_none_label(), &paragraphs)
}

fn absent(text: Text, system: &str) -> String {
    Notice::Warning.plain(&text.notice_warning(), &[text.site_installer_none_for(system)])
}

fn mobile(text: Text) -> String {
    Notice::Warning.plain(&text.site_installer_mobile_label(), &[text.site_installer_mobile()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_beyond_ascii_are_encoded() {
        assert_eq!(attachment("app-1.0.msi"), "attachment; filename=\"app-1.0.msi\"");
        assert_eq!(attachment("申 \".msi"), "attachment; filename*=UTF-8''%E7%94%B3%20%22.msi");
    }
}
