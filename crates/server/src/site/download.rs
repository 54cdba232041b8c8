use askama::Template;
use axum::body::Body;
use axum::extract::Path;
use axum::http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE,
    ETAG,
};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tegata_look::{Notice, Width};
use tegata_text::Text;
use tokio::io::{AsyncReadExt, AsyncSeekExt, SeekFrom};
use tokio_util::io::ReaderStream;

use super::encode::percent;
use super::layout::{self, entity_tag};
use super::offer::{Offer, Row};
use super::range::{self, Part};
use super::refused::{self, Cause};
use super::visit::Visit;

/// The list of everything that can be downloaded.
pub(super) async fn list(visit: Visit) -> Response {
    let text = Text::of(visit.language.lang);
    let files = Offer::to(&visit).await.all();
    let view = View { text, home: visit.site.home(), none: none(text), files };
    layout::page(&visit, Width::Narrow, &text.site_download_title(), &view)
}

#[derive(Deserialize)]
pub(super) struct Wanted {
    file: String,
}

/// One file, or the rest of one, streamed.
pub(super) async fn file(visit: Visit, Path(wanted): Path<Wanted>, asked: HeaderMap) -> Response {
    let (lang, site) = (visit.language.lang, &visit.site);
    let files = match site.shelf.list().await {
        Ok(files) => files,
        Err(error) => return trouble(&visit, &error),
    };
    let Some(found) = files.into_iter().find(|file| file.name == wanted.file) else {
        return refused::page(Cause::NotFound, lang, Some(site));
    };
    let tag = entity_tag(&found.sha256);
    let (first, len) = match range::asked(&asked, found.len, &tag) {
        Part::Whole => (None, found.len),
        Part::From(first) => (Some(first), found.len - first),
        Part::Beyond => {
            let range = format!("bytes */{}", found.len);
            return (StatusCode::RANGE_NOT_SATISFIABLE, [(CONTENT_RANGE, range)]).into_response();
        }
    };
    match open(&found.path, first.unwrap_or_default()).await {
        Ok(file) => {
            let body = Body::from_stream(ReaderStream::with_capacity(file.take(len), 65_536));
            let headers = [
                (CONTENT_TYPE, found.kind.content_type().to_owned()),
                (CONTENT_LENGTH, len.to_string()),
                (CONTENT_DISPOSITION, attachment(&found.name)),
                (ETAG, tag),
                (CACHE_CONTROL, "no-cache".to_owned()),
                (ACCEPT_RANGES, "bytes".to_owned()),
            ];
            let Some(first) = first else { return (headers, body).into_response() };
            let range = format!("bytes {first}-{}/{}", found.len - 1, found.len);
            (StatusCode::PARTIAL_CONTENT, [(CONTENT_RANGE, range)], headers, body).into_response()
        }
        Err(error) => trouble(&visit, &error),
    }
}

async fn open(path: &std::path::Path, first: u64) -> std::io::Result<tokio::fs::File> {
    let mut file = tokio::fs::File::open(path).await?;
    file.seek(SeekFrom::Start(first)).await?;
    Ok(file)
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

fn none(text: Text) -> String {
    let paragraphs = [text.site_download_none(), text.site_download_none_next()];
    Notice::Warning.plain(&text.site_download_none_label(), &paragraphs)
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
