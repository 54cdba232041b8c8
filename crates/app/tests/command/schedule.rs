//! What is written into the schedule of a user.

use crate::support::Pc;

#[test]
fn no_argument_becomes_a_line_of_the_schedule() {
    let pc = Pc::new();
    let user = "a\nHidden=true";
    std::fs::write(pc.path("proxy.txt"), "secret").unwrap();
    let account = ["--proxy-user", user, "--proxy-password-file", "proxy.txt"];
    for more in [&["--store", "pem:/a\nHidden=true"][..], &account[..]] {
        let arguments = [&["schedule", "--on", "--json"], more].concat();
        let ran = pc.run(&arguments).ended(2);
        assert_eq!(ran.json()["code"], "bad_argument");
        assert!(ran.stderr.starts_with(&format!("{} has a line break", more[0])), "{ran:?}");
    }
    assert!(!pc.path(".config").exists(), "nothing is written");
}

#[test]
fn a_password_of_a_proxy_is_not_written_into_a_schedule() {
    let pc = Pc::new();
    for proxy in ["http://user:s3cret@proxy:3128", "pac:http://user:s3cret@proxy/proxy.pac"] {
        let ran = pc.run(&["schedule", "--on", "--json", "--proxy", proxy]).ended(2);
        assert_eq!(ran.json()["code"], "bad_proxy");
        assert!(ran.stderr.contains("--proxy-password-file"), "{ran:?}");
        assert!(!format!("{ran:?}").contains("s3cret"), "{ran:?}");
    }
    assert!(!pc.path(".config").exists(), "nothing is written");
}
