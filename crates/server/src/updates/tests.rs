use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use tegata_domain::ServiceKey;
use tegata_wire::update::Manifest;

use super::*;
use crate::ambient::SystemEntropy;
use crate::keyfile::Passphrase;

fn service() -> ServiceKey {
    "0001/SB0001002C".parse().unwrap()
}

fn now() -> Timestamp {
    "2026-11-23T00:00:00Z".parse().unwrap()
}

struct World {
    dir: tempfile::TempDir,
    key: UpdateKey,
    updates: Updates,
}

impl World {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let key = UpdateKey::create(&dir.path().join("key"), None, &SystemEntropy).unwrap();
        let updates = Updates::of(dir.path(), &dir.path().join("downloads"));
        Self { dir, key, updates }
    }

    fn file(&self, name: &str, content: &str) -> NewPackage {
        let path = self.dir.path().join(name);
        fs::write(&path, content).unwrap();
        NewPackage { path, platform: None }
    }

    fn manifest(&self, sequence: u64, file: &NewPackage) -> Manifest {
        Manifest {
            service: service(),
            sequence,
            issued_at: now(),
            expires_at: now() + SignedDuration::from_hours(30 * 24),
            minimum_version: None,
            mandatory: false,
            allow_downgrade: false,
            notes: None,
            packages: vec![file.describe(None).unwrap()],
        }
    }

    fn publish(&self, sequence: u64, file: &NewPackage) -> Manifest {
        let manifest = self.manifest(sequence, file);
        self.updates.put(&manifest.packages[0], Some(&file.path)).unwrap();
        self.updates.publish(&self.key.sign(&manifest).unwrap(), &manifest).unwrap();
        manifest
    }

    fn current(&self) -> Published {
        self.updates.current_now(&service()).unwrap().unwrap()
    }
}

#[test]
fn the_manifest_with_the_highest_number_is_served() {
    let world = World::new();
    assert!(world.updates.current_now(&service()).unwrap().is_none());
    let file = world.file("a-0.2.0-linux-x86_64.tar.gz", "x");
    world.publish(9, &file);
    let newest = world.publish(10, &file);
    assert_eq!(world.current().manifest, newest);
    assert_eq!(world.updates.sequences(&service()).unwrap(), [9, 10]);
    let other = "0002/SB0001002C".parse().unwrap();
    assert!(world.updates.current_now(&other).unwrap().is_none());
}

#[test]
fn one_number_is_published_once() {
    let world = World::new();
    let file = world.file("a-0.2.0-linux-x86_64.tar.gz", "x");
    let first = world.publish(7, &file);
    let mut second = world.manifest(7, &file);
    second.mandatory = true;
    let envelope = world.key.sign(&second).unwrap();
    assert!(matches!(world.updates.publish(&envelope, &second), Err(ShelfError::Io(..))));
    assert_eq!(world.current().manifest, first);
}

#[test]
fn what_somebody_wrote_there_is_not_served() {
    let world = World::new();
    let file = world.file("a-0.2.0-linux-x86_64.tar.gz", "x");
    world.publish(7, &file);
    let folder = world.dir.path().join("updates/0001-SB0001002C");
    let good = fs::read_to_string(folder.join("7.json")).unwrap();
    fs::write(folder.join("8.json"), &good).unwrap();
    assert!(matches!(world.updates.current_now(&service()), Err(ShelfError::Manifest(..))));
    fs::write(folder.join("8.json"), good.replace("\"signed\":\"", "\"signed\":\"ICAg")).unwrap();
    assert!(matches!(world.updates.current_now(&service()), Err(ShelfError::Manifest(..))));
}

#[test]
fn a_published_name_never_stands_for_something_else() {
    let world = World::new();
    let name = "a-0.2.0-linux-x86_64.tar.gz";
    let manifest = world.publish(7, &world.file(name, "x"));
    let other = world.file(name, "y");
    let package = other.describe(None).unwrap();
    assert!(matches!(world.updates.put(&package, Some(&other.path)), Err(ShelfError::Taken(_))));
    let offered = world.dir.path().join("downloads").join(name);
    assert_eq!(fs::read_to_string(&offered).unwrap(), "x");
    // What is there already need not be given again; what is not, must be, and be it.
    world.updates.put(&manifest.packages[0], None).unwrap();
    fs::remove_file(&offered).unwrap();
    let put = |from: Option<&Path>| world.updates.put(&manifest.packages[0], from);
    assert!(matches!(put(None), Err(ShelfError::Missing(_))));
    assert!(matches!(put(Some(&other.path)), Err(ShelfError::Differs(_))));
    assert_eq!(fs::read_dir(world.dir.path().join("downloads")).unwrap().count(), 0);
}

#[test]
fn an_end_within_a_week_and_a_missing_package_are_said() {
    let world = World::new();
    let manifest = world.publish(7, &world.file("a-0.2.0-linux-x86_64.tar.gz", "x"));
    let troubles = |before: SignedDuration| {
        world.updates.troubles(&world.current(), manifest.expires_at - before)
    };
    let second = SignedDuration::from_secs(1);
    assert!(troubles(WARNING + second).is_empty());
    assert!(troubles(WARNING)[0].contains("ends at"));
    assert!(troubles(second)[0].contains("ends at"));
    assert!(troubles(SignedDuration::ZERO)[0].contains("ended at"));
    fs::remove_dir_all(world.dir.path().join("downloads")).unwrap();
    assert!(troubles(WARNING + second)[0].contains("is not the package"));
}

#[test]
fn a_key_is_private_with_or_without_a_passphrase() {
    let dir = tempfile::tempdir().unwrap();
    let words = dir.path().join("words");
    fs::write(&words, "correct horse\n").unwrap();
    let passphrase = Passphrase::read_other(&words).unwrap();
    for (name, passphrase) in [("plain", None), ("encrypted", Some(&passphrase))] {
        let path = dir.path().join(name);
        let made = UpdateKey::create(&path, passphrase, &SystemEntropy).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(UpdateKey::open(&path, passphrase).unwrap().public(), made.public());
        assert!(UpdateKey::create(&path, passphrase, &SystemEntropy).is_err(), "never overwritten");
    }
    let open = |name: &str| UpdateKey::open(&dir.path().join(name), None).err().unwrap();
    assert!(matches!(open("encrypted"), KeyTrouble::Encrypted(_)));
    let plain = dir.path().join("plain");
    fs::set_permissions(&plain, fs::Permissions::from_mode(0o640)).unwrap();
    assert!(matches!(open("plain"), KeyTrouble::Readable(_)));
}

#[test]
fn two_keys_sign_one_manifest_and_openssl_agrees() {
    let world = World::new();
    let file = world.file("a-0.2.0-linux-x86_64.tar.gz", "x");
    let manifest = world.manifest(7, &file);
    let mut envelope = world.key.sign(&manifest).unwrap();
    let second = UpdateKey::create(&world.dir.path().join("key2"), None, &SystemEntropy).unwrap();
    second.add_to(&mut envelope).unwrap();
    second.add_to(&mut envelope).unwrap();
    assert_eq!(envelope.signatures.len(), 2, "each key once");
    let octets = serde_json::to_vec(&envelope).unwrap();
    assert_eq!(verify(&octets).unwrap().1, manifest);

    let path = |name: &str| world.dir.path().join(name);
    fs::write(path("message"), envelope.message()).unwrap();
    fs::write(path("signature"), &envelope.signatures[1].signature.0).unwrap();
    let judged = std::process::Command::new("openssl")
        .args(["pkeyutl", "-verify", "-rawin", "-inkey", "key2", "-in", "message", "-sigfile"])
        .arg("signature")
        .current_dir(world.dir.path())
        .output()
        .unwrap();
    assert!(judged.status.success(), "{judged:?}");

    envelope.signatures[0].signature.0[0] ^= 1;
    assert!(verify(&serde_json::to_vec(&envelope).unwrap()).is_err(), "every one has to be good");
}
