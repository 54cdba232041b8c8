//! Installers, made by wixl and dpkg-deb, installed by Wine's Windows Installer, dpkg and a
//! shell, judged by msitools and osslsigncode.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use tegata_scenarios::browser::{Browser, Screen};
use tegata_scenarios::installed::{Installed, REFUSED, Registry};
use tegata_scenarios::packages::{Packages, code_signer, stamp};
use tegata_scenarios::run::run_command;
use tegata_scenarios::{Demo, Pc, Ran, figure, place, run};
use tempfile::tempdir;

const ISSUER: &str = "SB0001002C";
/// The product's name. The wave dash is the one that Windows has.
const PRODUCT: &str = "証明書発行アプリケーション（サンプル～SB0001002C）";
const RUN: &str = r"Software\Microsoft\Windows\CurrentVersion\Run";
const OPEN: &str = r"Software\Classes\tegata\shell\open\command";

/// Installed for everyone, as an administrator does.
#[test]
fn the_msi_for_everyone_lives_its_whole_life() {
    whole_life("", "HKLM", r"C:\Program Files\Tegata SB0001002C\tegata-app.exe");
}

/// Installed for one user, without rights.
#[test]
fn the_msi_for_one_user_lives_its_whole_life() {
    let program = r"\AppData\Local\Programs\Tegata SB0001002C\tegata-app.exe";
    whole_life("_user", "HKCU", program);
}

fn whole_life(form: &str, root: &str, program: &str) {
    let dir = tempdir().unwrap();
    let packages = Packages::of(dir.path(), ISSUER);
    let version = |version: &str| packages.make_msi(version).join(packages.msi(form));
    let pc = Installed::new();
    let (files, registry) = (pc.files(), pc.registry());
    let value = |registry: &Registry, key: &str, name: &str| {
        registry.get(&(format!("{root}\\{key}"), name.to_owned())).cloned()
    };
    let holds = |of: &str| {
        let brand = fs::read(pc.find("brand.json").unwrap()).unwrap();
        assert_eq!(brand, fs::read(packages.brand()).unwrap());
        let program = fs::read(pc.find("tegata-app.exe").unwrap()).unwrap();
        assert!(program == fs::read(packages.recorder(of)).unwrap(), "not the program of {of}");
    };

    pc.install(&version("1.0.0"), &[]);
    holds("1.0.0");
    assert!(pc.find(&format!("{PRODUCT}.lnk")).unwrap().to_string_lossy().contains("Start Menu"));
    let after = pc.registry();
    let open = value(&after, OPEN, "@").unwrap();
    assert!(open.contains(program) && open.ends_with("\" \"%1\""), "{open}");
    assert_eq!(value(&after, r"Software\Classes\tegata", "URL Protocol").unwrap(), "");
    let called = value(&after, r"Software\Classes\tegata\Application", "ApplicationName");
    assert_eq!(called.unwrap(), PRODUCT);
    assert_eq!(products(&after), [(PRODUCT.to_owned(), "1.0.0".to_owned())]);
    let name = format!("Tegata {ISSUER}");
    assert_eq!(value(&after, RUN, &name), None, "nobody asked for a start at login");

    let refused = pc.msiexec(["/i", version("0.9.0").to_str().unwrap()]);
    refused.ended(REFUSED);
    holds("1.0.0");
    // As the application asks when the operator leads back.
    pc.install(&version("0.9.0"), &["TEGATA_ALLOW_DOWNGRADE=1"]);
    holds("0.9.0");
    assert_eq!(products(&pc.registry()), [(PRODUCT.to_owned(), "0.9.0".to_owned())]);

    pc.install(&version("1.1.0"), &["STARTATLOGIN=1"]);
    holds("1.1.0");
    let after = pc.registry();
    assert_eq!(products(&after), [(PRODUCT.to_owned(), "1.1.0".to_owned())]);
    let renew = value(&after, RUN, &name).unwrap();
    assert!(
        renew.contains(program)
            && renew.ends_with("\" renew --all-due --unattended --store windows --spread 4"),
        "{renew}"
    );
    pc.install(&version("1.2.0"), &[]);
    assert_eq!(value(&pc.registry(), RUN, &name).unwrap(), renew, "kept by an upgrade");
    let last = version("1.3.0");
    pc.install(&last, &["STARTATLOGIN=0"]);
    assert_eq!(value(&pc.registry(), RUN, &name), None, "given up");
    holds("1.3.0");

    pc.uninstall(&last, &[]);
    // Wine does not tell programs that an upgrade removes a version, so it says more than one.
    let record = pc.record();
    assert!(record.ends_with("clear --store windows\r\n"), "{record}");
    assert!(!record.contains("--keys"), "keys are kept unless asked: {record}");
    nothing_is_left(&pc, &files, &registry);
}

/// Name and version of what Windows lists among the installed programs.
fn products(registry: &Registry) -> Vec<(String, String)> {
    let ours = registry.iter().filter(|((key, name), value)| {
        key.contains(r"CurrentVersion\Uninstall\")
            && name == "DisplayName"
            && value.contains("証明書")
    });
    let mut products: Vec<_> = ours
        .map(|((key, _), product)| {
            let version = registry[&(key.clone(), "DisplayVersion".to_owned())].clone();
            (product.clone(), version)
        })
        .collect();
    products.dedup();
    products
}

/// Apart from the empty folders and keys in which Windows Installer keeps its own records, and
/// the folder that Windows has for programs of a user.
fn nothing_is_left(pc: &Installed, files: &[PathBuf], registry: &Registry) {
    let theirs = ["AppData/Local/Programs", "Microsoft/Installer", "windows/Installer"];
    let left: Vec<_> = pc
        .files()
        .into_iter()
        .filter(|file| !files.contains(file) && !theirs.iter().any(|their| file.ends_with(their)))
        .collect();
    assert_eq!(left, [] as [PathBuf; 0]);
    let theirs = ["Components", "Features", "Products", "UpgradeCodes"];
    let is_theirs = |key: &str, name: &str| {
        let (_, last) = key.rsplit_once('\\').unwrap();
        name == "(key)" && key.contains(r"\Installer\") && theirs.contains(&last)
    };
    let left: Vec<_> = pc
        .registry()
        .into_iter()
        .filter(|(at, _)| !registry.contains_key(at) && !is_theirs(&at.0, &at.1))
        .collect();
    assert_eq!(left, []);
}

/// Only who asks for it, and not an upgrade, has the keys removed.
#[test]
fn keys_are_removed_when_asked_and_never_by_an_upgrade() {
    let dir = tempdir().unwrap();
    let packages = Packages::of(dir.path(), ISSUER);
    let version = |version: &str| packages.make_msi(version).join(packages.msi("_user"));
    let pc = Installed::new();
    pc.install(&version("1.0.0"), &[]);
    let last = version("1.1.0");
    pc.install(&last, &["REMOVEKEYS=1"]);
    assert!(!pc.record().contains("--keys"), "{}", pc.record());
    pc.uninstall(&last, &["REMOVEKEYS=1"]);
    assert!(pc.record().ends_with("clear --keys --store windows\r\n"));
    assert_eq!(pc.find("tegata-app.exe"), None);
}

/// Two organisations' applications on one PC: each in its folder, and the links of the site go
/// to the one that was installed last. Whichever goes first, the other one stays whole.
#[test]
fn two_services_live_side_by_side() {
    let dir = tempdir().unwrap();
    let make = |issuer: &str| {
        let packages = Packages::of(dir.path(), issuer);
        packages.make_msi("1.0.0").join(packages.msi(""))
    };
    let (one, other) = (make("AB01"), make("CD02"));
    let pc = Installed::new();
    let before = (pc.files(), pc.registry());
    let folders = || {
        let programs = pc.files().into_iter().filter(|file| file.ends_with("tegata-app.exe"));
        programs
            .map(|file| file.parent().unwrap().file_name().unwrap().to_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let opens = || pc.registry()[&(format!(r"HKLM\{OPEN}"), "@".to_owned())].clone();
    pc.install(&one, &[]);
    assert!(opens().contains("Tegata AB01"));
    pc.install(&other, &[]);
    assert_eq!(folders(), ["Tegata AB01", "Tegata CD02"]);
    assert!(opens().contains("Tegata CD02"));
    assert_eq!(products(&pc.registry()).len(), 2);
    pc.uninstall(&one, &[]);
    assert_eq!(folders(), ["Tegata CD02"]);
    assert!(opens().contains("Tegata CD02"), "the links still work");
    pc.uninstall(&other, &[]);
    nothing_is_left(&pc, &before.0, &before.1);
}

/// What other tools read in the package.
#[test]
fn names_in_the_msi_are_japanese() {
    let dir = tempdir().unwrap();
    let packages = Packages::of(dir.path(), ISSUER);
    let made = packages.make_msi("1.2.3");
    for form in ["", "_user"] {
        let msi = made.join(packages.msi(form));
        let export = |table: &str| run("msiinfo", [Path::new("export"), &msi, Path::new(table)]);
        let properties = export("Property").ok().text();
        for line in [
            &format!("ProductName\t{PRODUCT}"),
            "Manufacturer\t株式会社サンプル銀行",
            "ProductVersion\t1.2.3",
        ] {
            let found = properties.lines().any(|found| found.trim_end() == line);
            assert!(found, "{line}: {properties}");
        }
        assert_eq!(properties.contains("ALLUSERS"), form.is_empty());
        assert!(export("Shortcut").ok().text().contains(PRODUCT));
        let refusal = export("LaunchCondition").ok().text();
        assert!(refusal.contains("新しいバージョンがすでにインストールされています"), "{refusal}");
        let summary = run("msiinfo", [Path::new("suminfo"), &msi]).ok();
        assert_eq!(summary.stderr, "", "read to its end");
        let source = if form.is_empty() { "Source: 2 (2)" } else { "Source: 10 (a)" };
        for line in ["Template: x64;1041", source, "Created: ", "Author: Sample Bank, Ltd."] {
            assert!(summary.text().contains(line), "{line}: {}", summary.text());
        }
    }
}

#[test]
fn a_name_that_windows_cannot_show_is_refused_before_anything_is_made() {
    let dir = tempdir().unwrap();
    let packages = Packages::of(dir.path(), ISSUER);
    let brand = fs::read_to_string(packages.brand()).unwrap();
    fs::write(packages.brand(), brand.replace("サンプル銀行", "サンプル😀銀行")).unwrap();
    let program = packages.recorder("1.0.0");
    let out = dir.path().join("out");
    let refused = packages.try_make(&out, "1.0.0", &["--exe-windows", program.to_str().unwrap()]);
    assert!(refused.ended(1).stderr.contains('😀'));
    assert_eq!(fs::read_dir(&out).unwrap().count(), 0, "nothing half made");
}

/// The same input, another folder, another moment: the same octets.
#[test]
fn packages_are_reproducible() {
    let dir = tempdir().unwrap();
    let packages = Packages::of(dir.path(), ISSUER);
    let (windows, linux) = (packages.recorder("1.0.0"), PathBuf::from("/bin/true"));
    let args = [
        "--exe-windows",
        windows.to_str().unwrap(),
        "--exe-windows-x86",
        windows.to_str().unwrap(),
    ];
    let args = [&args[..], &["--exe-linux", linux.to_str().unwrap()]].concat();
    let (one, two) = (packages.make("1.0.0", &args), packages.make("1.0.0", &args));
    let mut names: Vec<_> =
        fs::read_dir(&one).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    let sums = |made: &Path| fs::read_to_string(made.join("SHA256SUMS")).unwrap();
    assert_eq!(sums(&one), sums(&two));
    for name in &names {
        let (one, two) = (fs::read(one.join(name)).unwrap(), fs::read(two.join(name)).unwrap());
        assert!(one == two, "{name:?} differs");
    }
    let names: Vec<_> = names.iter().map(|name| name.to_str().unwrap()).collect();
    assert_eq!(
        names,
        [
            "SHA256SUMS",
            "tegata-app-SB0001002C-1.0.0-linux-x86_64.tar.gz",
            "tegata-app-SB0001002C-1.0.0-macos-parts.tar.gz",
            "tegata-app-sb0001002c_1.0.0_amd64.deb",
            "tegata_installer_SB0001002C.msi",
            "tegata_installer_SB0001002C_user.msi",
            "tegata_installer_SB0001002C_user_x86.msi",
            "tegata_installer_SB0001002C_x86.msi",
        ]
    );
    let mut check = Command::new("sha256sum");
    run_command(check.args(["--check", "--strict", "SHA256SUMS"]).current_dir(&one)).ok();
    let size = fs::metadata(one.join("tegata_installer_SB0001002C.msi")).unwrap().len();
    figure(
        "octets that an MSI package adds to program and brand",
        size - fs::metadata(windows).unwrap().len(),
    );
}

/// The application that was built with this test, without what only debuggers read.
fn linux(dir: &Path) -> PathBuf {
    let stripped = dir.join("tegata-app");
    run("strip", ["-o", text(&stripped), text(&place::program("tegata-app"))]).ok();
    // The tests give packages versions of their own.
    let program = dir.join("tegata-app-any");
    stamp(&stripped, &program, "any version");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    program
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Signed with a certificate of one's own; who trusts it can verify, and a changed octet shows.
#[test]
fn msi_and_the_program_inside_are_signed() {
    let dir = tempdir().unwrap();
    let packages = Packages::of(dir.path(), ISSUER);
    let signer = code_signer(dir.path());
    let program = packages.recorder("1.0.0");
    let made = packages.make(
        "1.0.0",
        &[
            "--exe-windows",
            text(&program),
            "--sign-pkcs12",
            &signer.pkcs12,
            "--sign-password-file",
            &signer.password_file,
        ],
    );
    let verify =
        |file: &Path| run("osslsigncode", ["verify", "-CAfile", &signer.ca, "-in", text(file)]);
    let msi = made.join(packages.msi("_user"));
    verify(&msi).ok();
    let inside = dir.path().join("inside");
    run("msiextract", ["--directory", text(&inside), text(&msi)]).ok();
    let find = run("find", [text(&inside), "-name", "tegata-app.exe"]).ok().text();
    let exe = PathBuf::from(find.trim());
    verify(&exe).ok();
    assert!(fs::read(&exe).unwrap() != fs::read(&program).unwrap(), "signed");

    // Its cabinet's content, somewhere in the middle.
    let mut octets = fs::read(&msi).unwrap();
    let middle = octets.len() / 2;
    octets[middle] ^= 1;
    let changed = dir.path().join("changed.msi");
    fs::write(&changed, octets).unwrap();
    assert_ne!(verify(&changed).code, Some(0), "a changed package is not verified");

    let pc = Installed::new();
    pc.install(&msi, &[]);
    let installed = fs::read(pc.find("tegata-app.exe").unwrap()).unwrap();
    assert!(installed == fs::read(&exe).unwrap(), "the signed program");
}

/// The operator's own way to sign gets every executable and package, and its failure is ours.
#[test]
fn a_command_can_sign() {
    let dir = tempdir().unwrap();
    let packages = Packages::of(dir.path(), ISSUER);
    let program = packages.recorder("1.0.0");
    let log = dir.path().join("signed files");
    let command = format!("printf '%s\\n' >>'{}'", log.display());
    packages.make("1.0.0", &["--exe-windows", text(&program), "--sign-command", &command]);
    let log = fs::read_to_string(log).unwrap();
    let names: Vec<_> = log.lines().map(|line| line.rsplit('/').next().unwrap()).collect();
    assert_eq!(names, ["tegata-app.exe", "package.msi", "tegata-app.exe", "package.msi"]);

    let out = dir.path().join("out");
    let args = ["--exe-windows", text(&program), "--sign-command", "exit 3 #"];
    packages.try_make(&out, "1.0.0", &args).ended(1);
    assert_eq!(fs::read_dir(&out).unwrap().count(), 0, "nothing unsigned is left");
}

/// dpkg installs it into a root of its own, the program runs from there, and goes again.
#[test]
fn the_deb_installs_and_goes() {
    let dir = tempdir().unwrap();
    let packages = Packages::of(dir.path(), ISSUER);
    let linux = linux(dir.path());
    let made = packages.make("1.2.3", &["--exe-linux", text(&linux), "--only", "deb"]);
    let deb = made.join("tegata-app-sb0001002c_1.2.3_amd64.deb");
    let field = |name: &str| run("dpkg-deb", ["--field", text(&deb), name]).ok().text();
    assert_eq!(field("Package").trim(), "tegata-app-sb0001002c");
    assert_eq!(field("Version").trim(), "1.2.3");
    assert_eq!(field("Maintainer").trim(), "Sample Bank Ltd. <noreply@cms.example.jp>");
    let depends = field("Depends");
    assert!(depends.contains("libc6 (>= 2."), "{depends}");
    // Without these the window does not open, and no browser gets a certificate.
    for package in ["libx11-6", "libxi6", "libxkbcommon-x11-0", "libfontconfig1", "libnss3"] {
        assert!(depends.trim().split(", ").any(|found| found == package), "{package}: {depends}");
    }
    assert!(field("Description").contains("サンプル〜SB0001002C"));
    let contents = run("dpkg-deb", ["--contents", text(&deb)]).ok().text();
    for line in contents.lines() {
        let mode = &line[1..10];
        assert!(line.contains(" root/root "), "{line}");
        assert!(["rwxr-xr-x", "rw-r--r--", "rwxrwxrwx"].contains(&mode), "{line}");
    }

    let root = dir.path().join("root");
    for folder in ["info", "updates", "triggers"] {
        fs::create_dir_all(root.join("var/lib/dpkg").join(folder)).unwrap();
    }
    for file in ["status", "available"] {
        fs::write(root.join("var/lib/dpkg").join(file), "").unwrap();
    }
    let option = format!("--root={}", root.display());
    // What it depends on is on this machine, not in that root.
    let dpkg = |args: &[&str]| {
        let mut dpkg = Command::new("dpkg");
        dpkg.args([&option, "--force-not-root", "--force-depends", "--force-bad-path"]);
        // That root has no shell; scripts are told where it is.
        dpkg.arg("--force-script-chrootless");
        run_command(dpkg.args(["--log=/dev/null"]).args(args))
    };
    dpkg(&["--install", text(&deb)]).ok();
    let home = root.join("usr/lib/tegata-app-sb0001002c");
    assert_eq!(fs::read(home.join("brand.json")).unwrap(), fs::read(packages.brand()).unwrap());
    run(root.join("usr/bin/tegata-app-sb0001002c"), ["--version"]).ok();
    let entry = root.join("usr/share/applications/tegata-app-sb0001002c.desktop");
    let entry = fs::read_to_string(entry).unwrap();
    for line in [
        "Exec=/usr/lib/tegata-app-sb0001002c/tegata-app %u",
        "MimeType=x-scheme-handler/tegata;",
        "Name=証明書発行アプリケーション（サンプル〜SB0001002C）",
    ] {
        assert!(entry.lines().any(|found| found == line), "{line}: {entry}");
    }
    for icon in ["48x48/apps/tegata-app-sb0001002c.png", "scalable/apps/tegata-app-sb0001002c.svg"]
    {
        assert!(root.join("usr/share/icons/hicolor").join(icon).exists(), "{icon}");
    }
    dpkg(&["--verify", "tegata-app-sb0001002c"]).ok();
    dpkg(&["--purge", "tegata-app-sb0001002c"]).ok();
    assert_eq!(tree(&root.join("usr")), [] as [String; 0]);
}

/// Every file and folder below a folder with what is in it.
fn tree(folder: &Path) -> Vec<String> {
    if !folder.exists() {
        return Vec::new();
    }
    let found = run("find", [text(folder), "-mindepth", "1", "-printf", "%P %y %l %s\n"]).ok();
    let mut found: Vec<_> = found.text().lines().map(str::to_owned).collect();
    found.sort();
    found
}

/// For a user without root, whatever their home is called, in their language.
#[test]
fn the_archive_installs_for_one_user_and_goes() {
    let dir = tempdir().unwrap();
    let packages = Packages::of(dir.path(), ISSUER);
    let version = |version: &str| {
        let archive = packages.make_archive(version);
        let folder = format!("tegata-app-SB0001002C-{version}-linux-x86_64");
        run("tar", ["--extract", "--file", text(&archive), "--directory", text(dir.path())]).ok();
        dir.path().join(folder).join("install.sh")
    };
    let home = dir.path().join("O'Brien & Söhne $HOME 100%");
    fs::create_dir_all(home.join(".config")).unwrap();
    let mine = "[Default Applications]\nx-scheme-handler/https=chromium.desktop\n";
    fs::write(home.join(".config/mimeapps.list"), mine).unwrap();
    let before = tree(&home);
    let sh = |script: &Path, args: &[&str], lang: &str| -> Ran {
        let mut sh = Command::new("sh");
        sh.arg(script).args(args).env_clear().env("HOME", &home).env("LANG", lang);
        // No tools of a desktop: there are PCs without them.
        run_command(sh.env("PATH", "/usr/bin:/bin").env("XDG_CURRENT_DESKTOP", "X-Generic"))
    };
    let (old, new) = (version("1.0.0"), version("1.10.0"));
    let said = sh(&old, &[], "ja_JP.UTF-8").ok().text();
    assert!(
        said.contains("インストールしました") && said.contains("サンプル〜SB0001002C"),
        "{said}"
    );
    let app = home.join(".local/lib/tegata-app-sb0001002c");
    assert_eq!(fs::read_to_string(app.join("version")).unwrap(), "1.0.0\n");
    assert!(sh(&new, &[], "C").ok().text().starts_with("Installed."));
    assert_eq!(fs::read_to_string(app.join("version")).unwrap(), "1.10.0\n");
    let refused = sh(&old, &[], "en_US.UTF-8").ended(1);
    assert!(refused.stderr.contains("A newer version") && refused.stderr.contains("1.10.0"));

    run(home.join(".local/bin/tegata-app-sb0001002c"), ["--version"]).ok();
    assert_eq!(fs::metadata(app.join("tegata-app")).unwrap().permissions().mode() & 0o777, 0o755);
    let entry = home.join(".local/share/applications/tegata-app-sb0001002c.desktop");
    let entry = fs::read_to_string(entry).unwrap();
    let exec = entry.lines().find(|line| line.starts_with("Exec=")).unwrap();
    let quoted = format!("Exec=\"{}/tegata-app\" %u", app.display());
    assert_eq!(exec, quoted.replace("$HOME", "\\\\$HOME").replace("100%", "100%%"));

    // The last one to install spoke English.
    for name in ["Name=Issuing application", "Name[ja]=証明書発行アプリケーション"] {
        assert!(entry.lines().any(|line| line.starts_with(name)), "{name}: {entry}");
    }

    let own = app.join("install.sh");
    assert!(sh(&own, &["--help"], "C").ended(2).stderr.starts_with("Usage:"));
    assert!(sh(&own, &["--uninstall"], "C").ok().text().contains("keys are kept"));
    let left: Vec<_> = tree(&home).into_iter().filter(|left| !before.contains(left)).collect();
    let folders = [".local", ".local/bin", ".local/share", ".local/share/applications"];
    for left in left {
        let name = left.split(" d ").next().unwrap();
        assert!(folders.contains(&name), "{left}");
    }
    assert_eq!(fs::read_to_string(home.join(".config/mimeapps.list")).unwrap(), mine);
    let gone = sh(&new, &["--uninstall"], "ja_JP.UTF-8").ended(1);
    assert_eq!(gone.stderr, "インストールされていません。\n");

    // The keys may go later as well; the archive has what takes them away.
    let later = sh(&new, &["--uninstall", "--remove-keys"], "ja_JP.UTF-8").ok().text();
    assert!(later.contains("鍵も削除しました") && !later.contains("残してあります"), "{later}");
}

/// What a Mac gets is at least well-formed; nobody here can build with it.
#[test]
fn the_parts_for_a_mac_are_well_formed() {
    let dir = tempdir().unwrap();
    let packages = Packages::of(dir.path(), ISSUER);
    let linux = linux(dir.path());
    let made = packages.make("1.0.0", &["--exe-linux", text(&linux), "--only", "mac"]);
    let folder = "tegata-app-SB0001002C-1.0.0-macos-parts";
    let archive = made.join(format!("{folder}.tar.gz"));
    run("tar", ["--extract", "--file", text(&archive), "--directory", text(dir.path())]).ok();
    let parts = dir.path().join(folder);
    run("sh", ["-n", text(&parts.join("make-pkg.sh"))]).ok();
    let read = "import plistlib,sys,json; print(json.dumps(plistlib.load(open(sys.argv[1],'rb'))))";
    let plist = run("python3", ["-c", read, text(&parts.join("Info.plist"))]).ok().json();
    assert_eq!(plist["CFBundleURLTypes"][0]["CFBundleURLSchemes"][0], "tegata");
    assert_eq!(plist["CFBundleIdentifier"], "jp.example.cms.tegata.sb0001002c");
    for file in ["make-pkg.sh", "Info.plist"] {
        let text = fs::read_to_string(parts.join(file)).unwrap();
        for place in ["@IDENTIFIER@", "@PRODUCT@", "@VERSION@", "@ISSUER@", "@BUNDLE@"] {
            assert!(!text.contains(place), "{place} in {file}");
        }
    }
}

const WINDOWS: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 \
                       (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36";
const LINUX: &str = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) \
                     Chrome/140.0.0.0 Safari/537.36";

/// From the settings of a service to the button on its page: brand, packages, published, and
/// offered to each PC with size and SHA-256, in both languages.
#[test]
fn the_site_offers_what_was_made_for_its_service() {
    let dir = tempdir().unwrap();
    let demo = Demo::start(dir.path());
    let site = demo.ready.site.split("/issueweb/").next().unwrap();
    let brand = demo.tegata(&["service", "brand", "--site", site]).ok();
    assert_eq!(brand.json()["site"], *demo.ready.site);
    assert_eq!(brand.json()["root_sha256"], *demo.ready.root_sha256);
    let packages = Packages::of(dir.path(), ISSUER);
    fs::write(packages.brand(), &brand.stdout).unwrap();
    let windows = packages.recorder("1.0.0");
    let made = packages
        .make("1.0.0", &["--exe-windows", text(&windows), "--exe-linux", text(&linux(dir.path()))]);
    let names = [
        packages.msi("_user"),
        packages.msi(""),
        "tegata-app-sb0001002c_1.0.0_amd64.deb".to_owned(),
        "tegata-app-SB0001002C-1.0.0-linux-x86_64.tar.gz".to_owned(),
    ];
    let files: Vec<_> = names.iter().map(|name| made.join(name)).collect();
    let add =
        ["service", "installer", "add"].into_iter().chain(files.iter().map(|file| text(file)));
    let added = demo.tegata(&add.collect::<Vec<_>>()).ok().json();
    let sum = |name: &str| {
        let row = added.as_array().unwrap().iter().find(|row| row["name"] == *name);
        row.unwrap()["sha256"].as_str().unwrap().to_owned()
    };

    let other = dir.path().join("tegata_installer_OTHER.msi");
    fs::copy(&files[0], &other).unwrap();
    let refused = demo.tegata(&["service", "installer", "add", text(&other)]).ended(1);
    assert!(refused.stderr.contains("made for OTHER"), "{}", refused.stderr);

    let pc = Pc::new(&dir.path().join("pc"));
    pc.trust(&demo, "nss:.pki/nssdb").ok();
    let browser = Browser::start(pc.home(), ISSUER);
    for (agent, platform, first, others) in [
        (WINDOWS, "Windows", &names[0], [&names[1], &names[2], &names[3]]),
        (LINUX, "Linux", &names[2], [&names[0], &names[1], &names[3]]),
    ] {
        browser.pretend(agent, platform);
        for (lang, for_me) in [("ja", "管理者権限は不要"), ("en", "without administrator rights")]
        {
            let address = format!("{}issue?lang={lang}", demo.ready.site);
            assert_eq!(browser.visit(&address), 200);
            let button = browser
                .script("return document.querySelector('a.button[href*=\"/download/\"]').href");
            assert!(button.as_str().unwrap().ends_with(first.as_str()), "{button}");
            browser.script("document.querySelectorAll('details').forEach(d => d.open = true)");
            let shown = browser.text();
            for name in [first].into_iter().chain(others) {
                assert!(shown.contains(name.as_str()), "{name} on {platform} in {lang}");
                assert!(shown.contains(&sum(name)), "sum of {name}");
            }
            assert!(shown.contains(for_me), "{shown}");
            let image = format!("issue-{}-{lang}.png", platform.to_lowercase());
            let image = place::screenshots().join(image);
            fs::write(image, browser.screenshot(Screen::Wide)).unwrap();
            assert_eq!(browser.complaints(), [] as [String; 0]);
        }
    }

    let got = dir.path().join("downloaded.msi");
    let root = text(&demo.ready.root_pem);
    let address = format!("{}download/{}", demo.ready.site, names[0]);
    run("curl", ["-sSf", "--cacert", root, "--output", text(&got), &address]).ok();
    assert!(fs::read(got).unwrap() == fs::read(&files[0]).unwrap(), "downloaded whole");

    demo.tegata(&["service", "installer", "remove", &names[0]]).ok();
    let listed = demo.tegata(&["service", "installer", "list"]).ok().json();
    assert_eq!(listed.as_array().unwrap().len(), 3);
    demo.tegata(&["service", "installer", "remove", &names[0]]).ended(1);
}
