use super::*;

#[tokio::test]
async fn a_missing_slash_is_added() {
    for (from, to) in [
        ("/issueweb/0001/SB0001002C", HOME),
        ("/issueweb/0001/SB0001002C/download", "/issueweb/0001/SB0001002C/download/"),
        ("/issueweb/0001/SB0001002C?lang=en", "/issueweb/0001/SB0001002C/?lang=en"),
    ] {
        let answer = get(&bare(), from).await;
        assert_eq!(
            (answer.status, answer.header("location")),
            (StatusCode::PERMANENT_REDIRECT, to)
        );
    }
}

#[tokio::test]
async fn letters_of_an_address_typed_by_hand_may_be_small() {
    let answer = get(&bare(), "/issueweb/0001/sb0001002c/").await;
    assert_eq!(answer.status, StatusCode::OK);
    assert!(answer.text().contains(&format!("href=\"{HOME}issue\"")));
}

#[tokio::test]
async fn the_front_leads_home_only_when_there_is_one_service() {
    let answer = get(&bare(), "/").await;
    assert_eq!((answer.status, answer.header("location")), (StatusCode::TEMPORARY_REDIRECT, HOME));

    let mut other = sample(Path::new("/nonexistent"));
    other.issuer = "SB0001003C".parse().unwrap();
    let two = router(vec![sample(Path::new("/nonexistent")), other], some_links());
    let answer = get(&two, "/").await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    assert!(!answer.text().contains("サンプル"), "the front names no service");
    assert_eq!(get(&two, HOME).await.status, StatusCode::OK);
}

#[tokio::test]
async fn without_services_every_address_is_not_found() {
    let none = router(Vec::new(), some_links());
    for path in ["/", HOME, "/issueweb/", "/favicon.ico"] {
        assert_eq!(get(&none, path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn unknown_services_and_pages_are_not_found() {
    for path in [
        "/issueweb/0002/SB0001002C/",
        "/issueweb/0001/SB0001003C/issue",
        "/issueweb/0001/SB0001002C/nothing",
        "/issueweb/0001/SB0001002C/issue/",
        "/issueweb/0001//",
        "/issueweb/0001/%2e%2e/",
        "/issueweb/0001/%FF/",
        "/issueweb/0001/%3Cscript%3E/",
        "/elsewhere",
    ] {
        let answer = get(&bare(), path).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        assert!(answer.text().contains("ページが見つかりません"), "{path}");
        assert!(!answer.text().contains("<script"), "{path}");
        let english = get_with(&bare(), path, &[("accept-language", "en")]).await;
        assert!(english.text().contains("Page not found"), "{path}");
    }
}

#[tokio::test]
async fn a_page_not_found_names_the_service_it_lies_in_and_no_other() {
    let mut other = sample(Path::new("/nonexistent"));
    other.issuer = "SB0001003C".parse().unwrap();
    other.name = both("別のサービス", "Another service");
    let two = router(vec![sample(Path::new("/nonexistent")), other], some_links());
    let answer = get(&two, &format!("{HOME}nothing")).await;
    assert!(answer.text().contains("サンプルLite CMS") && !answer.text().contains("別のサービス"));
    let answer = get(&two, "/issueweb/0009/SB0009009C/").await;
    assert!(!answer.text().contains("サンプルLite CMS") && !answer.text().contains("別のサービス"));
}

#[tokio::test]
async fn only_get_and_head_are_answered() {
    for method in [Method::POST, Method::PUT, Method::DELETE, Method::OPTIONS] {
        let answer =
            ask(&bare(), method.clone(), &format!("{HOME}issue"), &[("accept-language", "en")])
                .await;
        assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED, "{method}");
        assert_eq!(answer.header("allow"), "GET,HEAD", "{method}");
        assert!(answer.text().contains("This cannot be done here"), "{method}");
    }
}

#[tokio::test]
async fn head_has_the_headers_of_get_and_no_body() {
    for page in ["", "issue", "renew", "root-certificate", "root", "download/", "nothing"] {
        let path = format!("{HOME}{page}");
        let (get, head) = (get(&bare(), &path).await, ask(&bare(), Method::HEAD, &path, &[]).await);
        assert_eq!(head.status, get.status, "{page}");
        assert!(head.body.is_empty(), "{page}");
        assert_eq!(head.header("content-length"), get.body.len().to_string(), "{page}");
        assert_eq!(head.header("etag"), get.header("etag"), "{page}");
    }
}

#[tokio::test]
async fn a_host_that_is_none_is_refused_and_not_shown() {
    for host in ["", "evil\"><script>", "a/b", "user@evil.example", "a b", "[x]", "a:99999"] {
        let answer = get_with(&bare(), &format!("{HOME}issue"), &[("host", host)]).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{host:?}");
        assert!(host.is_empty() || !answer.text().contains(host), "{host:?}");
    }
}
