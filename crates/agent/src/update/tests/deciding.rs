use std::fs;
use std::os::unix::fs::PermissionsExt;

use jiff::SignedDuration;
use tegata_wire::update::{Form, MAX_ENVELOPE, Manifest};

use super::world::{World, enveloped, version};
use crate::testing::now;
use crate::update::{Decision, Refusal, UpdateError};
use crate::{Error, Exit, Fingerprint};

fn refused(world: &World) -> Refusal {
    match world.check().unwrap_err() {
        UpdateError::Refused(refusal) => refusal,
        other => panic!("{other:?}"),
    }
}

fn changed(world: &World, change: impl FnOnce(&mut Manifest)) -> Manifest {
    let mut manifest = world.manifest();
    change(&mut manifest);
    manifest
}

const SECOND: SignedDuration = SignedDuration::from_secs(1);

#[test]
fn what_the_operator_published_is_offered() {
    let world = World::with_update();
    let Decision::Optional(offer) = world.check().unwrap() else { panic!() };
    assert_eq!((offer.version(), offer.sequence()), (version("0.2.0"), 7));
    assert_eq!(offer.length(), world.package().len() as u64);
    assert!(!offer.is_required() && !offer.is_downgrade());
    assert!(world.asked().is_empty(), "a look downloads nothing");
}

#[test]
fn a_site_without_an_update_has_nothing_to_offer() {
    let world = World::new();
    assert!(matches!(world.check().unwrap(), Decision::UpToDate));
    world.wants("0.1.1");
    let Decision::TooOld { minimum } = world.check().unwrap() else { panic!() };
    assert_eq!(minimum, version("0.1.1"));
}

#[test]
fn without_update_keys_nothing_is_asked() {
    let mut world = World::with_update();
    world.brand.update_keys.clear();
    assert!(matches!(world.check().unwrap_err(), UpdateError::NoKeys));
}

#[test]
fn a_site_with_another_root_is_not_listened_to() {
    let mut world = World::with_update();
    world.brand.root = Fingerprint::of(b"another");
    let error = world.check().unwrap_err();
    assert!(matches!(error, UpdateError::Site(Error::Trust(_))), "{error:?}");
    assert_eq!(error.exit(), Exit::Refused);
}

#[test]
fn the_running_version_is_up_to_date() {
    let mut world = World::with_update();
    world.version = version("0.2.0");
    assert!(matches!(world.check().unwrap(), Decision::UpToDate));
}

#[test]
fn an_older_version_signed_correctly_is_not_offered() {
    let mut world = World::with_update();
    world.version = version("0.3.0");
    assert!(matches!(world.check().unwrap(), Decision::UpToDate));
    world.publish(changed(&world, |m| (m.sequence, m.mandatory) = (8, true)));
    assert!(matches!(world.check().unwrap(), Decision::UpToDate), "not even as mandatory");
}

#[test]
fn an_older_version_is_offered_when_a_new_manifest_says_so() {
    let mut world = World::with_update();
    world.version = version("0.3.0");
    world.check().unwrap();
    world.publish(changed(&world, |m| (m.sequence, m.allow_downgrade) = (8, true)));
    let Decision::Optional(offer) = world.check().unwrap() else { panic!() };
    assert!(offer.is_downgrade());
    world.publish(changed(&world, |m| {
        (m.sequence, m.allow_downgrade, m.mandatory) = (9, true, true);
    }));
    assert!(matches!(world.check().unwrap(), Decision::Required(_)));
}

#[test]
fn a_manifest_played_again_is_refused() {
    let world = World::with_update();
    world.check().unwrap();
    world.check().unwrap();
    world.publish(changed(&world, |m| m.sequence = 8));
    world.check().unwrap();
    world.publish(world.manifest());
    assert_eq!(refused(&world), Refusal::Replayed { seen: 8, found: 7 });
}

#[test]
fn two_manifests_under_one_number_are_refused() {
    let world = World::with_update();
    world.check().unwrap();
    world.publish(changed(&world, |m| m.mandatory = true));
    assert_eq!(refused(&world), Refusal::Ambiguous(7));
}

#[test]
fn a_manifest_ends_at_its_last_moment() {
    let world = World::with_update();
    let ends = world.manifest().expires_at;
    world.clock.turn(ends.duration_since(now()) - SECOND);
    world.check().unwrap();
    world.clock.turn(SECOND);
    assert_eq!(refused(&world), Refusal::Expired(ends));
}

#[test]
fn a_manifest_of_the_future_is_refused_but_for_ten_minutes() {
    let world = World::new();
    let ten_minutes = now() + SignedDuration::from_mins(10);
    world.publish(changed(&world, |m| m.issued_at = ten_minutes));
    world.check().unwrap();
    world.clock.turn(-SECOND);
    assert_eq!(refused(&world), Refusal::FromFuture(ten_minutes));
}

#[test]
fn the_manifest_of_another_service_is_refused() {
    let world = World::new();
    world.publish(changed(&world, |m| m.service = "0002/SB0001002C".parse().unwrap()));
    assert!(matches!(refused(&world), Refusal::OtherService(_)));
}

#[test]
fn a_manifest_signed_by_another_key_is_refused_whatever_it_says_of_itself() {
    let world = World::new();
    let other = World::new();
    let manifest = world.manifest();
    world.publish_octets(world.signed(&manifest, &[&other.keys[0]]));
    assert_eq!(refused(&world), Refusal::Unsigned);
    // The known key's name on the other key's signature.
    let octets = world.signed(&manifest, &[&other.keys[0]]);
    let mut envelope: serde_json::Value = serde_json::from_slice(&octets).unwrap();
    let own = world.signed(&manifest, &[&world.keys[0]]);
    let own: serde_json::Value = serde_json::from_slice(&own).unwrap();
    envelope["signatures"][0]["key"] = own["signatures"][0]["key"].clone();
    world.publish_octets(serde_json::to_vec(&envelope).unwrap());
    assert_eq!(refused(&world), Refusal::Unsigned);
}

#[test]
fn one_changed_octet_breaks_the_signature() {
    let world = World::new();
    let octets = serde_json::to_vec(&world.manifest()).unwrap();
    let good = enveloped(&octets, &[&world.keys[0]]);
    let mut envelope: tegata_wire::update::Envelope = serde_json::from_slice(&good).unwrap();
    let at = envelope.signed.0.iter().position(|octet| *octet == b'7').unwrap();
    envelope.signed.0[at] = b'8';
    world.publish_octets(serde_json::to_vec(&envelope).unwrap());
    assert_eq!(refused(&world), Refusal::Unsigned);
}

#[test]
fn a_signature_over_the_bare_octets_is_none() {
    use rcgen::SigningKey;
    let world = World::new();
    let octets = serde_json::to_vec(&world.manifest()).unwrap();
    let good = enveloped(&octets, &[&world.keys[0]]);
    let mut envelope: tegata_wire::update::Envelope = serde_json::from_slice(&good).unwrap();
    envelope.signatures[0].signature.0 = world.keys[0].sign(&octets).unwrap();
    world.publish_octets(serde_json::to_vec(&envelope).unwrap());
    assert_eq!(refused(&world), Refusal::Unsigned);
}

#[test]
fn each_of_two_keys_may_sign_alone_or_beside_others() {
    let other = World::new();
    for keys in [[0, 0], [1, 1], [0, 1]] {
        let world = World::new();
        let keys = keys.map(|nth| &world.keys[nth]);
        world.publish_octets(world.signed(&world.manifest(), &keys));
        world.offer();
        world.publish_octets(world.signed(&world.manifest(), &[&other.keys[0], keys[0]]));
        world.offer();
    }
}

#[test]
fn a_manifest_that_contradicts_itself_is_refused_although_signed() {
    let world = World::new();
    let wrong = changed(&world, |m| m.minimum_version = Some(version("0.3.0")));
    world.publish_octets(world.signed(&wrong, &[&world.keys[0]]));
    assert!(matches!(refused(&world), Refusal::Malformed(_)));
}

#[test]
fn a_huge_manifest_is_not_read() {
    let world = World::new();
    let mut octets = world.signed(&world.manifest(), &[&world.keys[0]]);
    octets.resize(MAX_ENVELOPE + 1, b' ');
    world.publish_octets(octets);
    assert!(matches!(refused(&world), Refusal::Malformed(_)));
    world.publish_octets(vec![b' '; 300 * 1024]);
    assert!(matches!(world.check().unwrap_err(), UpdateError::Site(Error::Unreachable(_))));
}

#[test]
fn packages_for_other_systems_and_in_other_forms_are_not_offered() {
    let world = World::new();
    world.publish(changed(&world, |m| {
        m.packages[0].platform = "windows-x86_64".parse().unwrap();
    }));
    assert!(matches!(world.check().unwrap(), Decision::UpToDate));
    world.publish(changed(&world, |m| (m.sequence, m.packages[0].form) = (8, Form::Deb)));
    assert!(matches!(world.check().unwrap(), Decision::UpToDate));
    world.publish(changed(&world, |m| {
        (m.sequence, m.packages[0].form) = (9, Form::Deb);
        m.minimum_version = Some(version("0.2.0"));
    }));
    let Decision::TooOld { minimum } = world.check().unwrap() else { panic!() };
    assert_eq!(minimum, version("0.2.0"));
}

#[test]
fn an_update_is_required_below_the_minimum_of_manifest_or_service_and_where_mandatory() {
    type Case = (fn(&mut Manifest), &'static str);
    let cases: [Case; 3] = [
        (|m| m.minimum_version = Some(version("0.1.1")), "0.1.0"),
        (|m| m.mandatory = true, "0.1.0"),
        (|_| (), "0.1.1"),
    ];
    for (change, minimum) in cases {
        let world = World::new();
        world.publish(changed(&world, change));
        world.wants(minimum);
        let Decision::Required(offer) = world.check().unwrap() else { panic!("{minimum}") };
        assert!(offer.is_required());
        world.later(&offer);
        assert!(matches!(world.check().unwrap(), Decision::Required(_)), "there is no later");
    }
}

#[test]
fn a_package_that_would_be_too_old_itself_is_not_offered() {
    let world = World::with_update();
    world.wants("0.3.0");
    let Decision::TooOld { minimum } = world.check().unwrap() else { panic!() };
    assert_eq!(minimum, version("0.3.0"));
}

#[test]
fn later_holds_for_exactly_a_day() {
    let world = World::with_update();
    world.later(&world.offer());
    assert!(matches!(world.check().unwrap(), Decision::Postponed(_)));
    world.clock.turn(SignedDuration::from_hours(24) - SECOND);
    assert!(matches!(world.check().unwrap(), Decision::Postponed(_)));
    world.clock.turn(SECOND);
    assert!(matches!(world.check().unwrap(), Decision::Optional(_)));
}

#[test]
fn a_newer_manifest_asks_again() {
    let world = World::with_update();
    world.later(&world.offer());
    world.publish(changed(&world, |m| m.sequence = 8));
    assert!(matches!(world.check().unwrap(), Decision::Optional(_)));
}

#[test]
fn a_clock_set_back_or_forward_does_not_keep_an_update_away() {
    let world = World::with_update();
    world.later(&world.offer());
    world.clock.turn(-SECOND);
    assert!(matches!(world.check().unwrap(), Decision::Optional(_)), "back");
    world.clock.turn(SignedDuration::from_hours(25));
    assert!(matches!(world.check().unwrap(), Decision::Optional(_)), "forward");
}

#[test]
fn a_clock_that_is_far_off_is_said_and_forgets_nothing() {
    let world = World::with_update();
    world.offer();
    world.clock.turn(SignedDuration::from_hours(-48));
    assert!(matches!(refused(&world), Refusal::FromFuture(_)));
    world.clock.turn(SignedDuration::from_hours(100 * 24));
    assert!(matches!(refused(&world), Refusal::Expired(_)));
    world.clock.turn(SignedDuration::from_hours(-98 * 24));
    world.publish(changed(&world, |m| m.sequence = 6));
    assert_eq!(refused(&world), Refusal::Replayed { seen: 7, found: 6 });
}

#[test]
fn without_its_memory_nothing_below_the_running_version_is_offered() {
    let mut world = World::with_update();
    world.publish(changed(&world, |m| m.sequence = 8));
    world.check().unwrap();
    fs::remove_file(world.memory()).unwrap();
    // The manifest before is good again, but what it brings is compared with what runs.
    world.publish(world.manifest());
    world.version = version("0.3.0");
    assert!(matches!(world.check().unwrap(), Decision::UpToDate));
}

#[test]
fn after_a_damaged_memory_only_a_later_manifest_leads_to_an_older_version() {
    let damage: [fn(&World); 4] = [
        |world| fs::write(world.memory(), "{\"sequence\":").unwrap(),
        |world| fs::write(world.memory(), "").unwrap(),
        |world| fs::write(world.memory(), vec![b' '; 5000]).unwrap(),
        // Others could have written it.
        |world| {
            fs::set_permissions(world.memory(), fs::Permissions::from_mode(0o666)).unwrap();
        },
    ];
    for damage in damage {
        let mut world = World::with_update();
        world.version = version("0.3.0");
        world.check().unwrap();
        damage(&world);
        world.publish(changed(&world, |m| (m.sequence, m.allow_downgrade) = (7, true)));
        for _ in 0..2 {
            assert!(matches!(world.check().unwrap(), Decision::UpToDate));
        }
        world.publish(changed(&world, |m| (m.sequence, m.allow_downgrade) = (8, true)));
        assert!(world.offer().is_downgrade());
    }
}

#[test]
fn the_memory_is_this_users_alone() {
    let world = World::with_update();
    world.offer();
    let mode = |path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(world.memory()), 0o600);
    assert_eq!(mode(world.folder()), 0o700);
}
