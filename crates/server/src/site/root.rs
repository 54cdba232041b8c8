use std::collections::HashSet;
use std::io::{Cursor, Write};

use askama::Template;
use axum::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE, ETAG};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use sha2::{Digest, Sha256};
use tegata_look::{Notice, Width, fingerprint_html, icon};
use tegata_text::Text;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use super::download::attachment;
use super::layout::{self, entity_tag};
use super::service::SiteService;
use super::visit::Visit;

/// The page about the root certificate, with its fingerprint.
pub(super) async fn show(visit: Visit) -> Response {
    let text = Text::of(visit.language.lang);
    let site = &visit.site;
    let view = View {
        text,
        home: site.home(),
        zip: site.at("root"),
        name: site.service.root_name.as_str(),
        fingerprint: fingerprint_html(&site.root_sha256),
        differs: Notice::Warning
            .plain(&text.site_root_differs_label(), &[text.site_root_differs()]),
        intermediates: site.root_zip.names.get(1..).unwrap_or_default(),
    };
    layout::page(&visit, Width::Narrow, &text.site_root_title(), &view)
}

#[derive(Template)]
#[template(path = "site/root.html")]
struct View<'a> {
    text: Text,
    home: String,
    zip: String,
    name: &'a str,
    fingerprint: String,
    differs: String,
    intermediates: &'a [String],
}

/// The zip of the chain.
pub(super) async fn archive(visit: Visit) -> Response {
    let archive = &visit.site.root_zip;
    let headers = [
        (CONTENT_TYPE, "application/zip".to_owned()),
        (CONTENT_DISPOSITION, attachment(&format!("{}.zip", visit.site.service.root_name))),
        (ETAG, archive.tag.clone()),
        (CACHE_CONTROL, "no-cache".to_owned()),
    ];
    (headers, archive.zip.clone()).into_response()
}

/// The root and every issuing CA certificate as `{name}.cer` (DER) in a zip, made once.
#[derive(Debug)]
pub(super) struct Archive {
    /// Names of the certificates in it, the root's first.
    names: Vec<String>,
    zip: Bytes,
    tag: String,
}

impl Archive {
    #[expect(
        clippy::expect_used,
        reason = "names are short, plain and unique, the target is memory"
    )]
    pub(super) fn of(service: &SiteService) -> Self {
        let root = (&service.root_name, &service.root_der);
        let chain = service.intermediates.iter().map(|(name, der)| (name, der));
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        // Without a clock: the same certificates make the same archive everywhere.
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Stored)
            .last_modified_time(DateTime::default())
            .unix_permissions(0o644);
        let mut names = Vec::new();
        let mut taken = HashSet::new();
        for (name, der) in std::iter::once(root).chain(chain) {
            let name = unused(name.as_str(), &mut taken);
            zip.start_file(format!("{name}.cer"), options).expect("a new name");
            zip.write_all(der).expect("memory");
            names.push(name);
        }
        let zip = Bytes::from(zip.finish().expect("memory").into_inner());
        Self { names, tag: entity_tag(&Sha256::digest(&zip)), zip }
    }
}

/// `name`, or `name-2`, `name-3` … when a generation of the CA has it already.
fn unused(name: &str, taken: &mut HashSet<String>) -> String {
    let mut candidate = name.to_owned();
    let mut generation = 1;
    while !taken.insert(candidate.clone()) {
        generation += 1;
        candidate = format!("{name}-{generation}");
    }
    candidate
}
