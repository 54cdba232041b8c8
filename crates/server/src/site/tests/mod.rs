//! The site as a browser sees it.

mod addresses;
mod downloads;
mod headers;
mod languages;
mod limits;
mod pages;
mod ways;

use std::path::Path;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::BodyExt;
use tegata_wire::api::Bilingual;
use tower::ServiceExt;

use super::SiteService;
use crate::link::Links;
use crate::link::tests::some_links;

/// The pages, without a database behind them.
fn router(services: Vec<SiteService>, links: std::sync::Arc<Links>) -> Router {
    super::router(services, links, None)
}

const HOME: &str = "/issueweb/0001/SB0001002C/";
const WINDOWS: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36";

const LINUX: &str = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36";
const PHONE: &str = "Mozilla/5.0 (Linux; Android 15; K) AppleWebKit/537.36 Chrome/140.0.0.0 Mobile";
const PROGRAM: &str = "tegata-app-linux-x86_64";

const ROOT: &[u8] = b"the root certificate";
const INTERMEDIATE: &[u8] = b"the issuing CA certificate";

/// The sample service with the installers in `downloads`.
fn sample(downloads: &Path) -> SiteService {
    SiteService {
        tenant: "0001".parse().unwrap(),
        issuer: "SB0001002C".parse().unwrap(),
        organisation: both("株式会社サンプル銀行", "Sample Bank, Ltd."),
        name: both("サンプルLite CMS", "Sample Lite CMS"),
        root_name: "SB0001001C".parse().unwrap(),
        root_der: ROOT.to_vec(),
        intermediates: vec![("SB0001002C".parse().unwrap(), INTERMEDIATE.to_vec())],
        help: both(
            "サンプルLite CMS ヘルプデスク\n電話 0120-000-000（平日 9:00～18:00）",
            "Sample Lite CMS help desk\nPhone 0120-000-000 (weekdays 9:00 to 18:00 JST)",
        ),
        service_url: "https://cms.example.jp/SAMPLE01/cms".to_owned(),
        renewal_days: 60,
        downloads: downloads.to_owned(),
    }
}

fn both(ja: &str, en: &str) -> Bilingual {
    Bilingual { ja: ja.to_owned(), en: en.to_owned() }
}

/// The sample service without installers.
fn bare() -> Router {
    router(vec![sample(Path::new("/nonexistent/downloads"))], some_links())
}

/// A folder with files of these names, whose content is their name.
fn shelf(names: &[&str]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in names {
        std::fs::write(folder.path().join(name), name).unwrap();
    }
    folder
}

/// A page below the home in a language, as the browser `agent` gets it.
async fn page(site: &Router, page: &str, lang: &str, agent: &str) -> String {
    let headers = [("accept-language", lang), ("user-agent", agent)];
    let answer = get_with(site, &format!("{HOME}{page}"), &headers).await;
    assert_eq!(answer.status, StatusCode::OK, "{page}");
    answer.text().to_owned()
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl Answer {
    fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

async fn get(router: &Router, path: &str) -> Answer {
    get_with(router, path, &[]).await
}

async fn get_with(router: &Router, path: &str, headers: &[(&str, &str)]) -> Answer {
    ask(router, Method::GET, path, headers).await
}

/// Sends a request as `cert.example.jp`, unless `headers` say another host.
async fn ask(router: &Router, method: Method, path: &str, headers: &[(&str, &str)]) -> Answer {
    let mut request = Request::builder().method(method).uri(path);
    if headers.iter().all(|(name, _)| *name != "host") {
        request = request.header("host", "cert.example.jp");
    }
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    let (parts, body) = response.into_parts();
    Answer {
        status: parts.status,
        headers: parts.headers,
        body: body.collect().await.unwrap().to_bytes(),
    }
}
