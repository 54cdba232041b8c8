use std::fs;
use std::sync::atomic::Ordering;

use jiff::SignedDuration;

use super::world::{FILE, Net, OLD, World, names};
use crate::transport::TransportError;
use crate::update::machine::Fetching;
use crate::update::{Progress, Refusal, UpdateError};
use crate::{Error, Exit};

const NOTHING_BUT_MEMORY: [&str; 2] = ["0001-SB0001002C.json", "lock"];

#[test]
fn a_package_comes_whole_and_only_for_its_user() {
    use std::os::unix::fs::PermissionsExt;
    let world = World::with_update();
    let fetched = world.fetch(&world.offer()).unwrap();
    assert_eq!(fs::read(&fetched.path).unwrap(), world.package());
    assert_eq!(fs::metadata(&fetched.path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(world.asked(), [None]);
    let last = *world
        .progress
        .borrow()
        .iter()
        .rfind(|one| matches!(one, Progress::Octets { .. }))
        .unwrap();
    let length = world.package().len() as u64;
    assert_eq!(last, Progress::Octets { done: length, of: length });
    assert_eq!(world.program(), OLD, "fetching changes nothing");
}

#[test]
fn truncated_longer_and_other_packages_are_thrown_away() {
    type Change = fn(&mut Vec<u8>);
    let changes: [(&str, Change); 3] = [
        ("truncated", |octets| octets.truncate(octets.len() - 1)),
        ("longer", |octets| octets.push(0)),
        ("swapped", |octets| octets[50] ^= 1),
    ];
    for (what, change) in changes {
        let world = World::with_update();
        let mut octets = world.package();
        change(&mut octets);
        world.net([Net::Instead(octets)]);
        let error = world.fetch(&world.offer()).unwrap_err();
        assert!(matches!(error, UpdateError::PackageDiffers(_)), "{what}: {error:?}");
        assert_eq!(error.exit(), Exit::Refused);
        assert_eq!(names(&world.folder()), NOTHING_BUT_MEMORY, "{what}");
        world.fetch(&world.offer()).unwrap();
    }
}

#[test]
fn a_program_that_cannot_be_replaced_is_said_before_anything_is_downloaded() {
    let mut world = World::with_update();
    // Where not even root makes a file.
    world.place.program = "/sys/tegata-app".into();
    let error = world.fetch(&world.offer()).unwrap_err();
    assert!(matches!(error, UpdateError::NotWritable(_)), "{error:?}");
    assert_eq!(error.exit(), Exit::Store);
    assert!(world.asked().is_empty());
}

#[test]
fn a_download_cut_midway_goes_on_where_it_was() {
    let world = World::with_update();
    let length = world.package().len();
    world.net([Net::Cut(100), Net::Cut(50), Net::Cut(0)]);
    world.fetch(&world.offer()).unwrap();
    let range = |from: usize| Some(format!("bytes={from}-"));
    assert_eq!(world.asked(), [None, range(100), range(150), range(150)]);
    assert!(length > 150);
    assert_eq!(world.waits(), 1, "only where nothing came");
}

#[test]
fn a_server_that_knows_no_parts_is_taken_from_the_beginning() {
    let world = World::with_update();
    world.net([Net::Cut(100), Net::NoRange]);
    world.fetch(&world.offer()).unwrap();
}

#[test]
fn a_network_that_stays_away_is_said_and_the_next_try_goes_on() {
    let world = World::with_update();
    world.net([Net::Cut(100), Net::Cut(0), Net::Cut(0), Net::Cut(0)]);
    let error = world.fetch(&world.offer()).unwrap_err();
    let lost =
        matches!(&error, UpdateError::Site(Error::Unreachable(TransportError::LostReply(_))));
    assert!(lost, "{error:?}");
    assert_eq!(error.exit(), Exit::Unreachable);
    assert_eq!(fs::metadata(world.part()).unwrap().len(), 100);
    world.progress.borrow_mut().clear();
    world.fetch(&world.offer()).unwrap();
    assert!(world.progress.borrow().contains(&Progress::Resumed(100)));
    assert_eq!(world.asked().last().unwrap().as_deref(), Some("bytes=100-"));
}

#[test]
fn a_part_that_was_tampered_with_is_noticed_and_begun_again() {
    let world = World::with_update();
    world.net([Net::Cut(100), Net::Cut(0), Net::Cut(0), Net::Cut(0)]);
    world.fetch(&world.offer()).unwrap_err();
    let mut octets = fs::read(world.part()).unwrap();
    octets[0] ^= 1;
    fs::write(world.part(), octets).unwrap();
    let error = world.fetch(&world.offer()).unwrap_err();
    assert!(matches!(error, UpdateError::PackageDiffers(_)), "{error:?}");
    world.fetch(&world.offer()).unwrap();
    assert_eq!(*world.asked().last().unwrap(), None);
}

#[test]
fn a_part_that_is_too_long_or_open_to_others_is_begun_again() {
    use std::os::unix::fs::PermissionsExt;
    let world = World::with_update();
    world.offer();
    fs::write(world.part(), vec![0; world.package().len() + 1]).unwrap();
    fs::set_permissions(world.part(), fs::Permissions::from_mode(0o600)).unwrap();
    world.fetch(&world.offer()).unwrap();
    let world = World::with_update();
    world.offer();
    fs::write(world.part(), vec![0; 10]).unwrap();
    fs::set_permissions(world.part(), fs::Permissions::from_mode(0o644)).unwrap();
    world.fetch(&world.offer()).unwrap();
    assert_eq!(world.asked(), [None]);
}

#[test]
fn a_link_in_the_place_of_the_part_is_not_followed() {
    let world = World::with_update();
    world.offer();
    let target = world.home.path().join("precious");
    fs::write(&target, "precious").unwrap();
    std::os::unix::fs::symlink(&target, world.part()).unwrap();
    world.fetch(&world.offer()).unwrap();
    assert_eq!(fs::read_to_string(target).unwrap(), "precious");
}

#[test]
fn a_cancelled_download_is_kept_for_the_next_time() {
    let world = World::with_update();
    let offer = world.offer();
    world.cancel.store(true, Ordering::Relaxed);
    assert!(matches!(world.fetch(&offer).unwrap_err(), UpdateError::Cancelled));
    assert!(world.asked().is_empty());
    assert!(world.part().exists());
    world.cancel.store(false, Ordering::Relaxed);
    world.fetch(&offer).unwrap();
}

#[test]
fn an_offer_that_has_ended_is_not_downloaded() {
    let world = World::with_update();
    let offer = world.offer();
    world.clock.turn(SignedDuration::from_hours(30 * 24));
    let error = world.fetch(&offer).unwrap_err();
    assert!(matches!(error, UpdateError::Refused(Refusal::Expired(_))), "{error:?}");
    assert!(world.asked().is_empty());
}

#[test]
fn one_update_at_a_time() {
    let world = World::with_update();
    let offer = world.offer();
    let first = world.fetch(&offer).unwrap();
    assert!(matches!(world.fetch(&offer).unwrap_err(), UpdateError::UnderWay));
    drop(first);
    world.fetch(&offer).unwrap();
}

#[test]
fn a_package_that_is_not_there_is_said_at_once() {
    let world = World::with_update();
    world.net([Net::Status(404)]);
    let error = world.fetch(&world.offer()).unwrap_err();
    assert!(matches!(error, UpdateError::Site(Error::NotTegata(404))), "{error:?}");
}

#[test]
fn what_is_left_of_other_packages_goes_away() {
    let world = World::with_update();
    let offer = world.offer();
    for name in ["0000.part", "tegata-app-0.1.9-linux-x86_64.tar.gz"] {
        fs::write(world.folder().join(name), "x").unwrap();
    }
    fs::write(world.folder().join("0002-OTHER.json"), "{}").unwrap();
    world.fetch(&offer).unwrap();
    assert_eq!(names(&world.folder()), ["0001-SB0001002C.json", "0002-OTHER.json", "lock", FILE]);
}

#[test]
fn a_server_that_always_cuts_is_given_up() {
    let world = World::with_update();
    let package = world.manifest().packages.remove(0);
    let mut state = Fetching::start(&package, 0);
    let mut tries = 0;
    // One octet at a time: never in vain, and yet not for ever.
    let error = loop {
        tries += 1;
        let Fetching::Open(open) = state else { panic!("{state:?}") };
        let at = open.at;
        let Fetching::Receive(receive) = open.answered(206, at).unwrap() else { panic!() };
        let cut = TransportError::LostReply("cut".into());
        match receive.received(1).ended(Some(cut)) {
            Ok(next) => state = next,
            Err(error) => break error,
        }
    };
    assert!(matches!(error, UpdateError::Site(Error::Unreachable(_))));
    assert_eq!(tries, 100);
}
