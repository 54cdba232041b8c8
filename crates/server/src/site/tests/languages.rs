use super::*;

const COOKIE_EN: &str = "lang=en; Path=/issueweb; Max-Age=31536000; Secure; HttpOnly; SameSite=Lax";

async fn lang(path: &str, headers: &[(&str, &str)]) -> String {
    let answer = get_with(&bare(), path, headers).await;
    answer.text().split_once("<html lang=\"").unwrap().1[..2].to_owned()
}

#[tokio::test]
async fn query_before_cookie_before_header_before_japanese() {
    let english = format!("{HOME}?lang=en");
    for (path, headers, expected) in [
        (HOME, &[][..], "ja"),
        (HOME, &[("accept-language", "en-GB,en;q=0.9,ja;q=0.8")][..], "en"),
        (HOME, &[("accept-language", "fr")], "ja"),
        (HOME, &[("accept-language", "ja"), ("cookie", "lang=en")], "en"),
        (HOME, &[("accept-language", "ja"), ("cookie", "a=b; lang=en; c=d")], "en"),
        (HOME, &[("accept-language", "en"), ("cookie", "xlang=ja")], "en"),
        (&english, &[("accept-language", "ja"), ("cookie", "lang=ja")], "en"),
        (&format!("{HOME}?a=b&lang=en"), &[], "en"),
        (&format!("{HOME}?lang=%3Cscript%3E"), &[], "ja"),
        (&format!("{HOME}?lang="), &[("cookie", "lang=en")], "en"),
    ] {
        assert_eq!(lang(path, headers).await, expected, "{path} {headers:?}");
    }
}

#[tokio::test]
async fn the_switch_is_remembered_and_nothing_else_sets_a_cookie() {
    let answer = get(&bare(), &format!("{HOME}issue?lang=en")).await;
    assert_eq!(answer.header("set-cookie"), COOKIE_EN);
    for path in [HOME, &format!("{HOME}?lang=fr"), &format!("{HOME}?lang=en%0D%0AX: y")] {
        let answer = get_with(&bare(), &path.replace(' ', "%20"), &[("cookie", "lang=en")]).await;
        assert!(!answer.headers.contains_key("set-cookie"), "{path}");
    }
}

#[tokio::test]
async fn every_page_switches_to_itself_in_the_other_language() {
    for page in ["", "issue", "renew", "root-certificate", "download/", "nothing"] {
        for (lang, other, name) in [("ja", "en", "English"), ("en", "ja", "日本語")] {
            let answer = get(&bare(), &format!("{HOME}{page}?lang={lang}")).await;
            let link = format!("href=\"?lang={other}\" lang=\"{other}\" hreflang=\"{other}\"");
            assert!(answer.text().contains(&link) && answer.text().contains(name), "{page} {lang}");
        }
    }
}
