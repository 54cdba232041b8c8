use super::*;

#[tokio::test]
async fn every_answer_carries_the_security_headers() {
    for path in [
        "/",
        "/elsewhere",
        "/issueweb/0001/SB0001002C",
        HOME,
        &format!("{HOME}issue"),
        &format!("{HOME}root"),
        &format!("{HOME}download/"),
        &format!("{HOME}download/nothing"),
    ] {
        for method in [Method::GET, Method::HEAD, Method::POST] {
            let answer = ask(&bare(), method, path, &[]).await;
            for (name, value) in [
                ("content-security-policy", tegata_look::CONTENT_SECURITY_POLICY.as_str()),
                ("x-content-type-options", "nosniff"),
                ("referrer-policy", "no-referrer"),
                ("x-frame-options", "DENY"),
                ("cross-origin-opener-policy", "same-origin"),
                ("strict-transport-security", "max-age=31536000"),
            ] {
                assert_eq!(answer.header(name), value, "{path} {name}");
            }
            assert!(answer.header("permissions-policy").contains("camera=()"), "{path}");
            assert!(answer.headers.contains_key("cache-control"), "{path}");
        }
    }
}

#[tokio::test]
async fn the_policy_allows_the_style_sheet_of_the_page() {
    use base64::Engine;
    use sha2::{Digest, Sha256};
    let answer = get(&bare(), HOME).await;
    let style = answer.text().split_once("<style>").unwrap().1.split_once("</style>").unwrap().0;
    let hash = base64::engine::general_purpose::STANDARD.encode(Sha256::digest(style));
    assert!(answer.header("content-security-policy").contains(&format!("'sha256-{hash}'")));
}

#[tokio::test]
async fn pages_are_asked_for_again_and_not_sent_twice() {
    for page in ["", "issue", "root"] {
        let path = format!("{HOME}{page}");
        let first = get(&bare(), &path).await;
        let tag = first.header("etag");
        assert!(first.header("cache-control").contains("no-cache"), "{page}");
        for known in [tag, "*", &format!("\"other\", W/{tag}")] {
            let again = get_with(&bare(), &path, &[("if-none-match", known)]).await;
            assert_eq!(again.status, StatusCode::NOT_MODIFIED, "{page} {known}");
            assert!(again.body.is_empty(), "{page}");
            assert_eq!(again.header("etag"), tag, "{page}");
            assert_eq!(again.header("vary"), first.header("vary"), "{page}");
        }
        let other = get_with(&bare(), &path, &[("if-none-match", "\"other\"")]).await;
        assert_eq!(other.status, StatusCode::OK, "{page}");
    }
}

#[tokio::test]
async fn caches_keep_the_languages_apart() {
    let ja = get(&bare(), HOME).await;
    let en = get_with(&bare(), HOME, &[("accept-language", "en")]).await;
    assert_ne!(ja.header("etag"), en.header("etag"));
    for name in ["Accept-Language", "Cookie", "User-Agent"] {
        assert!(ja.header("vary").contains(name), "{name}");
    }
}
