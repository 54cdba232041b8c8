//! A person at the terminal.

use std::io::{Read, Write};
use std::process::{Child, Command, Stdio};

use crate::support::{MAIL, PASSWORD, Pc, Ran, Site, USER};

/// The program on a pseudo terminal of `script` (util-linux).
pub(crate) struct Terminal<'a> {
    pc: &'a Pc,
    child: Child,
    shown: String,
}

impl<'a> Terminal<'a> {
    pub(crate) fn start(pc: &'a Pc, arguments: &str) -> Self {
        Self::start_program(pc, env!("CARGO_BIN_EXE_tegata-app"), arguments)
    }

    /// As [`Self::start`], with a program that stands somewhere else.
    pub(crate) fn start_program(pc: &'a Pc, program: &str, arguments: &str) -> Self {
        let line = format!("tty > tty.txt; exec {program} {arguments}");
        let child = pc
            .command("script")
            .args(["--quiet", "--return", "--command", &line, "/dev/null"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        Self { pc, child, shown: String::new() }
    }

    /// Reads until `question` is shown.
    fn wait_for(&mut self, question: &str) {
        let stdout = self.child.stdout.as_mut().unwrap();
        let mut octets = Vec::new();
        while !String::from_utf8_lossy(&octets).contains(question) {
            let mut octet = [0];
            let read = stdout.read(&mut octet).unwrap();
            assert_eq!(read, 1, "{question:?} never came: {}", String::from_utf8_lossy(&octets));
            octets.push(octet[0]);
        }
        self.shown.push_str(&String::from_utf8_lossy(&octets));
    }

    pub(crate) fn answer(mut self, question: &str, answer: &str) -> Self {
        self.wait_for(question);
        self.type_line(answer);
        self
    }

    /// Types only once the terminal no longer shows what is typed.
    pub(crate) fn answer_unseen(mut self, question: &str, answer: &str) -> Self {
        self.wait_for(question);
        let tty = std::fs::read_to_string(self.pc.path("tty.txt")).unwrap();
        loop {
            let output = Command::new("stty").args(["-a", "-F", tty.trim()]).output().unwrap();
            assert!(output.status.success(), "{output:?}");
            if String::from_utf8_lossy(&output.stdout).contains(" -echo ") {
                break;
            }
        }
        self.type_line(answer);
        self
    }

    fn type_line(&mut self, line: &str) {
        let stdin = self.child.stdin.as_mut().unwrap();
        stdin.write_all(format!("{line}\n").as_bytes()).unwrap();
        stdin.flush().unwrap();
    }

    pub(crate) fn end(mut self) -> Ran {
        self.child.stdout.as_mut().unwrap().read_to_string(&mut self.shown).unwrap();
        let mut output = self.child.wait_with_output().unwrap();
        output.stdout = self.shown.into_bytes();
        Ran::of(output)
    }
}

#[test]
fn the_fingerprint_is_compared_by_a_person() {
    let (site, pc) = (Site::start(), Pc::new());
    let arguments = format!("trust --site {} --store pem:certs", site.url());
    let declined = Terminal::start(&pc, &arguments).answer("Type yes", "no").end().ended(3);
    let start = site.root_sha256[..4].to_uppercase();
    assert!(declined.stdout.contains(&start), "in groups of four: {}", declined.stdout);
    assert!(!pc.path("certs/root.crt.pem").exists());
    Terminal::start(&pc, &arguments).answer("Type yes", "yes").end().ended(0);
    assert!(pc.path("certs/root.crt.pem").exists());
}

#[test]
fn what_is_missing_is_asked_and_the_password_is_not_shown() {
    let (site, pc) = (Site::start(), Pc::new());
    let asked = |again: &str, store: &str| {
        Terminal::start(&pc, &format!("issue --root-sha256 {} --store {store}", site.root_sha256))
            .answer("Address of the site: ", &site.url())
            .answer("User ID: ", USER)
            .answer_unseen("Initial password (not shown): ", PASSWORD)
            .answer("E-mail address: ", MAIL)
            .answer("E-mail address (again): ", again)
            .end()
    };
    asked(MAIL, "pem:certs").ended(0);
    let enrolment = &site.enrolments()[0];
    assert_eq!((enrolment.user_id.as_str(), enrolment.password.as_str()), (USER, PASSWORD));
    let differs = asked("hanako@example.co.jp", "pem:other").ended(2);
    assert!(differs.stdout.contains("not the same"), "{}", differs.stdout);
    assert_eq!(site.enrolments().len(), 1);
}
