//! What the pages promise, by what stands on the shelf for the visitor's PC.

use super::pages::without_tags;
use super::*;

const MSI: &str = "tegata-app-1.0.0-x86_64.msi";
const LANGUAGES: [&str; 2] = ["ja", "en"];

fn steps(html: &str) -> usize {
    html.split_once("<ol class=\"steps\">")
        .map_or(0, |(_, rest)| rest.split_once("</ol>").unwrap().0.matches("<h3>").count())
}

#[track_caller]
fn says(html: &str, sentences: &[&str]) {
    for sentence in sentences {
        assert!(html.contains(sentence), "missing: {sentence}");
    }
}

#[track_caller]
fn never_says(html: &str, sentences: &[&str]) {
    for sentence in sentences {
        assert!(!html.contains(sentence), "unexpected: {sentence}");
    }
}

#[tokio::test]
async fn with_an_installer_there_are_five_actions_that_start_the_application() {
    let folder = shelf(&[MSI, PROGRAM]);
    let site = router(vec![sample(folder.path())], some_links());
    let address = format!("{HOME}issue");
    for lang in LANGUAGES {
        // A device that is not recognised may be such a PC.
        for agent in [WINDOWS, "curl/8"] {
            let headers = [
                ("host", "cert.example.jp:8443"),
                ("accept-language", lang),
                ("user-agent", agent),
            ];
            let answer = get_with(&site, &address, &headers).await;
            let html = answer.text();
            assert_eq!(steps(html), 5, "{lang}");
            says(
                html,
                &[
                    "href=\"tegata:issue?site=https%3A%2F%2Fcert.example.jp%3A8443%2Fissueweb%2F0001%2FSB0001002C%2F&#38;nonce=",
                    "href=\"https://cms.example.jp/SAMPLE01/cms\"",
                    &format!("href=\"{HOME}download/\""),
                    &format!("href=\"{HOME}download/{MSI}\""),
                ],
            );
            says(
                &without_tags(html),
                &[
                    "tegata-app issue --site https://cert.example.jp:8443/issueweb/0001/SB0001002C/ --root-sha256 ",
                ],
            );
        }
    }
}

#[tokio::test]
async fn the_first_action_is_what_a_person_does_with_the_installer_of_their_pc() {
    let slip =
        shelf(&["tegata_installer_SB0001002C_user.msi", "tegata-app-sb0001002c_1.0.0_amd64.deb"]);
    let tar = shelf(&[MSI, "tegata-app-SB0001002C-1.0.0-linux-x86_64.tar.gz"]);
    let [packages, tar] = [&slip, &tar].map(|it| router(vec![sample(it.path())], some_links()));
    let [opened, run, choose] = [
        ["画面の案内に沿って", "follow its instructions"],
        ["その下に表示されているコマンド", "run the command below it"],
        ["お使いのPC用のインストーラー", "the installer for your PC and run it"],
    ];
    let own = "tegata-app-sb0001002c issue --site";
    for (nth, lang) in LANGUAGES.into_iter().enumerate() {
        for (site, agent, said, command, program) in [
            (&packages, WINDOWS, opened, "", "tegata-app issue --site"),
            (
                &packages,
                LINUX,
                run,
                "sudo apt install ./tegata-app-sb0001002c_1.0.0_amd64.deb",
                own,
            ),
            (&tar, LINUX, run, "1.0.0-linux-x86_64/install.sh", own),
            (&tar, "curl/8", choose, "", "tegata-app issue --site"),
        ] {
            let html = page(site, "issue", lang, agent).await;
            for other in [opened, run, choose] {
                assert_eq!(html.contains(other[nth]), other == said, "{lang} {agent}: {other:?}");
            }
            says(&without_tags(&html), &[command, program]);
        }
    }
}

#[tokio::test]
async fn with_only_the_command_line_program_there_are_three_actions_for_it() {
    use sha2::{Digest, Sha256};
    // An installer for other PCs is no help here.
    let folder = shelf(&[MSI, PROGRAM, "tegata-app-linux-aarch64"]);
    let site = router(vec![sample(folder.path())], some_links());
    for lang in LANGUAGES {
        let html = page(&site, "issue", lang, LINUX).await;
        assert_eq!(steps(&html), 3, "{lang}");
        says(
            &html,
            &[
                &format!("href=\"{HOME}download/{PROGRAM}\" download"),
                &format!("href=\"{HOME}download/\""),
                &hex::encode(Sha256::digest(PROGRAM)),
                "href=\"https://cms.example.jp/SAMPLE01/cms\"",
                "<code>nss</code>",
                "<code>pkcs12:FILE</code>",
                "<code>pem:FOLDER</code>",
            ],
        );
        let root = hex::encode(Sha256::digest(ROOT));
        says(
            &without_tags(&html),
            &[
                "chmod +x tegata-app-linux-x86_64",
                &format!(
                    "./tegata-app-linux-x86_64 issue --site https://cert.example.jp{HOME} --root-sha256 {root} --user USER-ID --password-file PASSWORD-FILE --mail MAIL --store nss"
                ),
            ],
        );
        never_says(&html, &["tegata:", "keychain", "pkcs11", "windows,", "aarch64", MSI]);
    }
}

#[tokio::test]
async fn a_pc_that_is_not_recognised_gets_the_steps_with_a_word_of_warning() {
    let folder = shelf(&[PROGRAM]);
    let site = router(vec![sample(folder.path())], some_links());
    for (lang, told, platform) in [
        ("ja", "お使いのPCの種類を確認できませんでした", "Linux 64ビットのPC用"),
        ("en", "We could not tell what kind of PC you use", "PCs with Linux 64-bit"),
    ] {
        let unknown = page(&site, "issue", lang, "curl/8").await;
        assert_eq!(steps(&unknown), 3, "{lang}");
        says(&unknown, &[told, platform]);
        never_says(&page(&site, "issue", lang, LINUX).await, &[told]);
    }
}

#[tokio::test]
async fn where_nothing_fits_the_page_says_so_whom_to_ask_and_what_there_is() {
    let command = shelf(&[PROGRAM]);
    let [command, empty] = [router(vec![sample(command.path())], some_links()), bare()];
    for (lang, none, windows, linux, ask) in [
        (
            "ja",
            "現在、ご利用いただける証明書発行アプリケーションがありません",
            "お使いのPC（Windows 64ビット）用の証明書発行アプリケーションは、現在ありません",
            "お使いのPC（Linux 64ビット）用",
            "お問い合わせ先へご連絡ください",
        ),
        (
            "en",
            "There is no issuing application that you can use at present",
            "no issuing application for your PC (Windows 64-bit)",
            "for your PC (Linux 64-bit)",
            "Please use the contact",
        ),
    ] {
        for (site, agent, told) in [
            (&command, WINDOWS, windows),
            (&empty, WINDOWS, windows),
            (&empty, LINUX, linux),
            (&empty, "curl/8", none),
        ] {
            let html = page(site, "issue", lang, agent).await;
            says(&html, &[told, ask, &format!("href=\"{HOME}download/\"")]);
            never_says(&html, &["tegata:", "tegata-app", "class=\"steps\""]);
        }
    }
}

#[tokio::test]
async fn a_phone_is_sent_to_a_pc_whatever_there_is() {
    for names in [&[][..], &[PROGRAM], &[MSI]] {
        let folder = shelf(names);
        let site = router(vec![sample(folder.path())], some_links());
        for (lang, told) in [
            ("ja", "スマートフォンやタブレットではお手続きいただけません"),
            ("en", "Phones and tablets cannot be used for this"),
        ] {
            let html = page(&site, "issue", lang, PHONE).await;
            says(&html, &[told, &format!("href=\"{HOME}download/\"")]);
            assert_eq!(steps(&html), if names == [MSI] { 5 } else { 0 }, "{lang} {names:?}");
        }
    }
}

#[tokio::test]
async fn the_renew_page_promises_renewal_only_with_an_installer() {
    let [window, command] = [shelf(&[MSI]), shelf(&[PROGRAM])];
    let site = |folder: &Path| {
        let mut service = sample(folder);
        service.renewal_days = 45;
        router(vec![service], some_links())
    };
    let [window, command] = [site(window.path()), site(command.path())];
    let empty = site(Path::new("/nonexistent"));
    for (lang, opens, reissue, ask) in [
        (
            "ja",
            "有効期限の45日前から",
            "この画面からは更新できません",
            "統括会社の管理者へ再発行を",
        ),
        (
            "en",
            "45 days before",
            "Renewal cannot be started from this page",
            "ask your company’s administrator",
        ),
    ] {
        let html = page(&window, "renew", lang, WINDOWS).await;
        assert_eq!(steps(&html), 3, "{lang}");
        says(&html, &[opens, "href=\"tegata:renew?site=https%3A%2F%2Fcert.example.jp%2F"]);
        never_says(&html, &[reissue, "x86_64 renew"]);

        for (site, agent) in
            [(&command, LINUX), (&command, "curl/8"), (&empty, WINDOWS), (&window, LINUX)]
        {
            let html = page(site, "renew", lang, agent).await;
            assert_eq!(steps(&html), 2, "{lang}");
            says(&html, &[opens, reissue, ask, &format!("href=\"{HOME}issue\"")]);
            never_says(&html, &["tegata:"]);
            // Whoever has the command is told of it, and nobody else.
            let is_told = html.contains(&format!("./{PROGRAM} renew"));
            assert_eq!(is_told, std::ptr::eq(site, &command), "{lang} {agent}");
        }
    }
}

#[tokio::test]
async fn the_first_page_promises_no_more_of_renewal_than_its_page() {
    let [window, command] = [shelf(&[MSI]), shelf(&[PROGRAM])];
    let [window, command] =
        [&window, &command].map(|folder| router(vec![sample(folder.path())], some_links()));
    for (lang, easy) in
        [("ja", "初期パスワードは必要ありません"), ("en", "No initial password is needed")]
    {
        says(&page(&window, "", lang, WINDOWS).await, &[easy]);
        never_says(&page(&command, "", lang, LINUX).await, &[easy]);
        never_says(&page(&bare(), "", lang, WINDOWS).await, &[easy]);
    }
}

#[tokio::test]
async fn hyphens_are_said_to_be_needed_in_the_user_id() {
    let [window, command] = [shelf(&[MSI]), shelf(&[PROGRAM])];
    for (folder, agent) in [(&window, WINDOWS), (&command, LINUX)] {
        let site = router(vec![sample(folder.path())], some_links());
        for (lang, told) in [
            ("ja", "利用者IDのハイフンは省略せずに入力してください"),
            ("en", "but not out of the user ID"),
        ] {
            says(&page(&site, "issue", lang, agent).await, &[told]);
        }
    }
}
