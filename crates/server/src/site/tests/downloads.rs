use std::fs;
use std::io::{Cursor, Read};

use sha2::{Digest, Sha256};
use zip::ZipArchive;

use super::*;

fn entries(zip: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut archive = ZipArchive::new(Cursor::new(zip)).unwrap();
    (0..archive.len())
        .map(|i| {
            let mut file = archive.by_index(i).unwrap();
            let mut content = Vec::new();
            file.read_to_end(&mut content).unwrap();
            (file.name().unwrap().into_owned(), content)
        })
        .collect()
}

#[tokio::test]
async fn the_root_zip_holds_exactly_the_certificates() {
    let answer = get(&bare(), &format!("{HOME}root")).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.header("content-type"), "application/zip");
    assert_eq!(answer.header("content-disposition"), "attachment; filename=\"SB0001001C.zip\"");
    assert_eq!(
        entries(&answer.body),
        [
            ("SB0001001C.cer".to_owned(), ROOT.to_vec()),
            ("SB0001002C.cer".to_owned(), INTERMEDIATE.to_vec()),
        ]
    );
    assert_eq!(get(&bare(), &format!("{HOME}root")).await.body, answer.body, "reproducible");
}

#[tokio::test]
async fn generations_of_an_issuing_ca_have_names_of_their_own() {
    let mut service = sample(Path::new("/nonexistent"));
    service.intermediates.push(("SB0001002C".parse().unwrap(), b"the older one".to_vec()));
    let answer = get(&router(vec![service], some_links()), &format!("{HOME}root")).await;
    let names: Vec<_> = entries(&answer.body).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["SB0001001C.cer", "SB0001002C.cer", "SB0001002C-2.cer"]);
}

#[tokio::test]
async fn a_file_is_sent_whole_and_never_shown() {
    let folder = tempfile::tempdir().unwrap();
    let content = b"MSI".repeat(100_000);
    fs::write(folder.path().join("tegata-app-1.0.0-x86_64.msi"), &content).unwrap();
    fs::write(folder.path().join("page.html"), "<script>alert(1)</script>").unwrap();
    fs::write(folder.path().join("空 白.msi"), "x").unwrap();
    let site = router(vec![sample(folder.path())], some_links());

    let path = format!("{HOME}download/tegata-app-1.0.0-x86_64.msi");
    let answer = get(&site, &path).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.body, content);
    assert_eq!(answer.header("content-length"), content.len().to_string());
    assert_eq!(answer.header("content-type"), "application/x-msi");
    assert_eq!(answer.header("etag"), format!("\"{}\"", hex::encode(Sha256::digest(&content))));
    assert_eq!(
        answer.header("content-disposition"),
        "attachment; filename=\"tegata-app-1.0.0-x86_64.msi\""
    );

    let head = ask(&site, Method::HEAD, &path, &[]).await;
    assert_eq!(head.header("content-length"), content.len().to_string());
    assert!(head.body.is_empty());
    let again = get_with(&site, &path, &[("if-none-match", answer.header("etag"))]).await;
    assert_eq!((again.status, again.body.len()), (StatusCode::NOT_MODIFIED, 0));

    let page = get(&site, &format!("{HOME}download/page.html")).await;
    assert_eq!(page.header("content-type"), "application/octet-stream");
    assert!(page.header("content-disposition").starts_with("attachment"));
    let spaced = get(&site, &format!("{HOME}download/%E7%A9%BA%20%E7%99%BD.msi")).await;
    assert_eq!(spaced.body, "x");
}

#[tokio::test]
async fn nothing_outside_the_folder_is_ever_sent() {
    let outer = tempfile::tempdir().unwrap();
    let folder = outer.path().join("downloads");
    fs::create_dir_all(folder.join("sub")).unwrap();
    fs::write(outer.path().join("secret.txt"), "SECRET").unwrap();
    fs::write(folder.join("sub/secret.txt"), "SECRET").unwrap();
    fs::write(folder.join(".hidden"), "SECRET").unwrap();
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("../secret.txt", folder.join("link.msi")).unwrap();
        std::os::unix::fs::symlink("..", folder.join("up")).unwrap();
    }
    let site = router(vec![sample(&folder)], some_links());
    let absolute = percent_all(outer.path().join("secret.txt").to_str().unwrap());
    for name in [
        "../secret.txt",
        "..%2Fsecret.txt",
        "%2e%2e%2fsecret.txt",
        "..%5Csecret.txt",
        "....//secret.txt",
        "sub/secret.txt",
        "sub%2Fsecret.txt",
        "%2Fetc%2Fpasswd",
        "//etc/passwd",
        ".hidden",
        ".",
        "..",
        "%2e%2e",
        "link.msi",
        "up",
        "up%2Fsecret.txt",
        "secret.txt%00",
        "%00",
        "%FF",
        "*",
        absolute.as_str(),
    ] {
        let answer = get(&site, &format!("{HOME}download/{name}")).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{name}");
        assert!(!answer.text().contains("SECRET"), "{name}");
    }
}

fn percent_all(text: &str) -> String {
    text.bytes().map(|octet| format!("%{octet:02x}")).collect()
}

#[tokio::test]
async fn the_issue_page_offers_the_installer_for_this_pc_and_lists_the_others() {
    let folder = shelf(&["app-1.0.0-x86_64.msi", "app-1.0.0-amd64.deb", "app.sha256", PROGRAM]);
    let site = router(vec![sample(folder.path())], some_links());
    for (agent, hint, first, other) in [
        (WINDOWS, "\"Windows\"", "app-1.0.0-x86_64.msi", "app-1.0.0-amd64.deb"),
        ("X", "\"Linux\"", "app-1.0.0-amd64.deb", "app-1.0.0-x86_64.msi"),
    ] {
        for page in ["issue", "renew"] {
            let headers = [("user-agent", agent), ("sec-ch-ua-platform", hint)];
            let answer = get_with(&site, &format!("{HOME}{page}"), &headers).await;
            let html = answer.text();
            let at = |what: &str| html.find(what).unwrap_or_else(|| panic!("{what} on {page}"));
            assert!(at(&format!("download/{first}")) < at(&format!("download/{other}")), "{page}");
            for name in [first, other] {
                assert!(html.contains(&hex::encode(Sha256::digest(name))), "{page} {name}");
            }
            for other in ["app.sha256", PROGRAM] {
                assert!(!html.contains(other), "{page}: only installers");
            }
        }
    }
    assert!(get(&site, &format!("{HOME}download/")).await.text().contains("app.sha256"));
}

#[tokio::test]
async fn with_nothing_to_download_the_list_says_so_and_whom_to_ask() {
    let empty = tempfile::tempdir().unwrap();
    for folder in [empty.path(), Path::new("/nonexistent/downloads")] {
        let site = router(vec![sample(folder)], some_links());
        for (lang, told, ask) in [
            (
                "ja",
                "ダウンロードできるアプリケーションがありません",
                "お問い合わせ先へご連絡ください",
            ),
            ("en", "There is nothing to download", "please use the contact"),
        ] {
            let html = page(&site, "download/", lang, WINDOWS).await;
            assert!(html.contains(told) && html.contains(ask), "{lang}");
        }
    }
}

#[tokio::test]
async fn the_list_names_the_command_line_program_as_what_it_is() {
    let folder = shelf(&[PROGRAM, "tegata-app-linux-aarch64"]);
    let site = router(vec![sample(folder.path())], some_links());
    for (lang, labels) in [
        (
            "ja",
            [
                "Linux 64ビット用 コマンドラインプログラム",
                "Linux ARM 64ビット用 コマンドラインプログラム",
            ],
        ),
        (
            "en",
            ["Command-line program for Linux 64-bit", "Command-line program for Linux ARM 64-bit"],
        ),
    ] {
        let html = page(&site, "download/", lang, WINDOWS).await;
        for label in labels {
            assert!(html.contains(&format!("<strong>{label}</strong>")), "{label}");
        }
    }
    let answer = get(&site, &format!("{HOME}download/{PROGRAM}")).await;
    assert_eq!(answer.header("content-type"), "application/octet-stream");
    assert!(answer.header("content-disposition").starts_with("attachment"));
}

#[tokio::test]
async fn a_folder_that_cannot_be_read_is_a_fault_of_ours() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("not-a-folder");
    fs::write(&file, "x").unwrap();
    let site = router(vec![sample(&file)], some_links());
    let answer = get(&site, &format!("{HOME}download/app.msi")).await;
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(!answer.text().contains("not-a-folder"), "no path of ours is shown");
}

#[tokio::test]
async fn a_phone_is_told_first_that_a_pc_is_needed() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("app-1.0.0-x86_64.msi"), "x").unwrap();
    let site = router(vec![sample(folder.path())], some_links());
    for page in ["issue", "renew"] {
        let headers = [("sec-ch-ua-platform", "\"Android\"")];
        let answer = get_with(&site, &format!("{HOME}{page}"), &headers).await;
        let told =
            answer.text().find("スマートフォンやタブレットではお手続きいただけません").unwrap();
        assert!(told < answer.text().find("<ol class=\"steps\">").unwrap(), "{page}");
        assert!(
            !get(&site, &format!("{HOME}{page}")).await.text().contains("スマートフォン"),
            "{page}"
        );
    }
}

#[tokio::test]
async fn an_interrupted_download_gets_the_rest() {
    let folder = shelf(&["a.msi"]);
    let site = router(vec![sample(folder.path())], some_links());
    let path = format!("{HOME}download/a.msi");
    let rest = get_with(&site, &path, &[("range", "bytes=2-")]).await;
    assert_eq!((rest.status, rest.body.as_ref()), (StatusCode::PARTIAL_CONTENT, &b"msi"[..]));
    assert_eq!(rest.header("content-range"), "bytes 2-4/5");
    assert_eq!(rest.header("content-length"), "3");
    let other = [("range", "bytes=2-"), ("if-range", "\"another\"")];
    let whole = get_with(&site, &path, &other).await;
    assert_eq!((whole.status, whole.body.as_ref()), (StatusCode::OK, &b"a.msi"[..]));
    let beyond = get_with(&site, &path, &[("range", "bytes=5-")]).await;
    assert_eq!(beyond.status, StatusCode::RANGE_NOT_SATISFIABLE);
    assert_eq!(beyond.header("content-range"), "bytes */5");
}
