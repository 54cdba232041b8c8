use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use tegata_wire::update::Form;

use super::world::{NEW, OLD, World, executable, tar, version};
use crate::brand::Brand;
use crate::update::{Applied, Place, UpdateError};

const UNTOUCHED: [&str; 2] = ["brand.json", "tegata-app"];

#[test]
fn the_program_is_replaced_and_the_one_before_kept() {
    let world = World::with_update();
    let Applied::Replaced { program, previous, version: brought } = world.update().unwrap() else {
        panic!()
    };
    assert_eq!(brought, version("0.2.0"));
    assert_eq!((world.program().as_str(), &program), (NEW, &world.place.program));
    assert_eq!(fs::read_to_string(&previous).unwrap(), OLD);
    for file in [&program, &previous] {
        assert_eq!(fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o755);
    }
    assert_eq!(world.beside(), ["brand.json", "tegata-app", "tegata-app.previous"]);
    let rest: Vec<_> = super::world::names(&world.folder());
    assert_eq!(rest, ["0001-SB0001002C.json", "lock"], "the package is not kept");
}

#[test]
fn the_second_update_keeps_the_first() {
    let mut world = World::with_update();
    world.update().unwrap();
    world.version = version("0.2.0");
    let newer = NEW.replace("0.2.0", "0.3.0");
    let mut manifest = world.manifest();
    world.describe(&mut manifest, world.tar(&newer));
    (manifest.sequence, manifest.packages[0].version) = (8, version("0.3.0"));
    world.publish(manifest);
    let Applied::Replaced { previous, .. } = world.update().unwrap() else { panic!() };
    assert_eq!(world.program(), newer);
    assert_eq!(fs::read_to_string(previous).unwrap(), NEW);
}

/// Otherwise `install.sh` of a version between the two would not notice that it goes back.
#[test]
fn what_install_sh_noted_of_the_version_is_kept_true() {
    let world = World::with_update();
    let noted = world.place.program.with_file_name("version");
    fs::write(&noted, "0.1.0\n").unwrap();
    world.update().unwrap();
    assert_eq!(fs::read_to_string(&noted).unwrap(), "0.2.0\n");
    assert_eq!(world.beside(), ["brand.json", "tegata-app", "tegata-app.previous", "version"]);
}

#[test]
fn a_brand_with_new_keys_comes_along() {
    let world = World::new();
    let mut manifest = world.manifest();
    let mut brand = world.brand.clone();
    brand.update_keys = vec![[9; 32]];
    let json = brand.to_json().unwrap();
    world.describe(&mut manifest, tar(&[("tegata-app", NEW.as_bytes()), ("brand.json", &json)]));
    world.publish(manifest);
    world.update().unwrap();
    let folder = world.place.program.parent().unwrap();
    assert_eq!(Brand::beside(folder).unwrap(), Some(brand));
    assert!(folder.join("brand.json.previous").exists());
}

fn refused(package: &dyn Fn(&World) -> Vec<u8>) -> String {
    let world = World::new();
    let mut manifest = world.manifest();
    world.describe(&mut manifest, package(&world));
    world.publish(manifest);
    let error = world.update().unwrap_err();
    assert!(matches!(error, UpdateError::BadPackage(_)), "{error:?}");
    assert_eq!(world.program(), OLD);
    assert_eq!(world.beside(), UNTOUCHED);
    error.to_string()
}

#[test]
fn a_signed_package_that_does_not_fit_changes_nothing() {
    let other_version = refused(&|world| world.tar(OLD));
    assert!(other_version.contains("0.1.0"), "{other_version}");
    refused(&|world| world.tar("#!/bin/sh\nexit 1\n"));
    refused(&|world| world.tar("\u{7f}ELF of another processor"));
    refused(&|_| tar(&[("readme", b"nothing to run")]));
    refused(&|_| b"no archive".to_vec());
    refused(&|world| world.tar(NEW)[..100].to_vec());
    let service = refused(&|world| {
        let mut brand = world.brand.clone();
        brand.site = "https://localhost/issueweb/0001/SB0009999C/".parse().unwrap();
        let json = brand.to_json().unwrap();
        tar(&[("tegata-app", NEW.as_bytes()), ("brand.json", &json)])
    });
    assert!(service.contains("0001/SB0009999C"), "{service}");
}

#[test]
fn paths_and_links_in_an_archive_lead_nowhere() {
    let outside = tempfile::tempdir().unwrap();
    let link = |path: &str, to: &Path| {
        let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::Symlink);
        header.set_size(0);
        archive.append_link(&mut header, path, to).unwrap();
        archive.into_inner().unwrap().finish().unwrap()
    };
    refused(&|_| link("tegata-app", Path::new("/bin/true")));
    // A file that would climb out of its folder, had its path a meaning.
    let world = World::new();
    let mut manifest = world.manifest();
    let mut header = tar::Header::new_gnu();
    header.set_size(NEW.len() as u64);
    let path = format!("../../../../../..{}/tegata-app", outside.path().display());
    header.as_gnu_mut().unwrap().name[..path.len()].copy_from_slice(path.as_bytes());
    header.set_cksum();
    let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    archive.append(&header, NEW.as_bytes()).unwrap();
    world.describe(&mut manifest, archive.into_inner().unwrap().finish().unwrap());
    world.publish(manifest);
    world.update().unwrap();
    assert_eq!(world.program(), NEW);
    assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 0);
}

#[test]
fn a_package_exchanged_between_verifying_and_running_is_noticed() {
    let malice = NEW.replace("echo", "touch \"$(dirname \"$0\")/owned\"; echo");
    type Exchange = fn(&Path, &[u8]);
    let exchanges: [Exchange; 3] = [
        |path, other| fs::write(path, other).unwrap(),
        |path, other| {
            fs::write(path.with_extension("x"), other).unwrap();
            fs::rename(path.with_extension("x"), path).unwrap();
        },
        |path, other| {
            fs::remove_file(path).unwrap();
            fs::write(path.with_extension("x"), other).unwrap();
            std::os::unix::fs::symlink(path.with_extension("x"), path).unwrap();
        },
    ];
    for exchange in exchanges {
        let world = World::with_update();
        let fetched = world.fetch(&world.offer()).unwrap();
        exchange(&fetched.path, &world.tar(&malice));
        let error = world.apply(fetched).unwrap_err();
        assert!(matches!(error, UpdateError::PackageDiffers(_)), "{error:?}");
        assert_eq!(
            (world.program().as_str(), world.beside()),
            (OLD, UNTOUCHED.map(str::to_owned).to_vec())
        );
    }
}

#[test]
fn what_a_killed_update_left_is_swept_away() {
    let world = World::with_update();
    let folder = world.home.path().join("bin");
    fs::write(folder.join(".tegata-app-new-abc"), "half").unwrap();
    fs::write(folder.join("tegata-app.previous.new"), "half").unwrap();
    world.update().unwrap();
    assert_eq!(world.beside(), ["brand.json", "tegata-app", "tegata-app.previous"]);
}

#[test]
fn a_running_program_is_replaced_under_its_feet() {
    let world = World::with_update();
    let waits = "#!/bin/sh\nread line\necho \"$line\"\n";
    executable(&world.place.program, waits);
    let mut running = std::process::Command::new(&world.place.program)
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    world.update().unwrap();
    writeln!(running.stdin.take().unwrap(), "still here").unwrap();
    let said = running.wait_with_output().unwrap();
    assert_eq!(said.stdout, b"still here\n");
    assert_eq!(world.program(), NEW);
}

#[test]
fn what_an_administrator_installs_is_only_said() {
    let mut world = World::new();
    world.place = Place { form: Form::Deb, is_own: false, ..world.place };
    let mut manifest = world.manifest();
    manifest.packages[0].form = Form::Deb;
    world.publish(manifest);
    let fetched = world.fetch(&world.offer()).unwrap();
    let path = fetched.path.clone();
    let Applied::Tell { command, .. } = world.apply(fetched).unwrap() else { panic!() };
    assert_eq!(command, format!("sudo apt install {}", path.display()));
    assert_eq!(fs::read(path).unwrap(), world.package());
    assert_eq!(world.program(), OLD);
    let fetched = world.fetch(&world.offer()).unwrap();
    fs::write(&fetched.path, "other").unwrap();
    assert!(matches!(world.apply(fetched).unwrap_err(), UpdateError::PackageDiffers(_)));
}

#[test]
fn an_administrator_is_told_how_to_go_back() {
    let mut world = World::new();
    world.place = Place { form: Form::Deb, is_own: false, ..world.place };
    world.version = version("0.3.0");
    let mut manifest = world.manifest();
    (manifest.packages[0].form, manifest.allow_downgrade) = (Form::Deb, true);
    world.publish(manifest);
    let Applied::Tell { command, .. } = world.update().unwrap() else { panic!() };
    assert!(command.starts_with("sudo apt install --allow-downgrades /"), "{command}");
}
