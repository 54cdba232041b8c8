use std::sync::Arc;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use tegata_ca::{CaKey, KeyKind, Signer, SoftwareKey, stand_in};
use tegata_domain::{CertificateState, Clock, Entropy};
use tegata_registrar::{
    Cost, GATEWAY_GONE, MAIL_PURPOSE, Office, Passwords, Registrar, ServiceSettings,
};
use tegata_store::{
    CertificateFilter, CertificateRecord, OwnCertificate, ServiceId, Store, StoreError, View,
};

use super::clock::HandClock;
use super::folder::Folder;
use super::mailbox::Mailbox;
use super::{Simulation, SimulationError};
use crate::installation::{DataDir, InstallationError};
use crate::keeper::Keeper;
use crate::keyfile::{self, Home, Passphrase};
use crate::post::mark::MarkKey;
use crate::post::signer::{Signers, own_key};
use crate::post::{Composer, PostConfig};

/// Stand-ins that are put in place with one commit.
const BATCH: usize = 1_000;

/// The copy that lives through the simulated time. It is removed when this is dropped.
pub(super) struct Copy {
    pub(super) registrar: Arc<Registrar>,
    pub(super) clock: Arc<HandClock>,
    pub(super) keeper: Keeper,
    pub(super) mailbox: Mailbox,
    /// The key of every stand-in for a subscriber's certificate.
    pub(super) holder: Arc<SoftwareKey>,
    /// The certificates that live, as they were at the beginning.
    pub(super) certificates: Vec<CertificateRecord>,
    /// The gateways that report, whose certificates have stand-ins on the holders' key as well.
    pub(super) gateways: Vec<(ServiceId, OwnCertificate)>,
    /// From when it lives.
    pub(super) from: Timestamp,
    /// Until when.
    pub(super) until: Timestamp,
    _folder: Folder,
}

impl Copy {
    pub(super) async fn of(
        plan: &Simulation,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self, SimulationError> {
        let original = DataDir::new(&plan.original);
        if !original.database().exists() {
            return Err(InstallationError::Missing(plan.original.clone()).into());
        }
        let failed = |error| SimulationError::Io(std::env::temp_dir(), error);
        let folder = Folder::below(&std::env::temp_dir()).map_err(failed)?;
        let dir = DataDir::new(folder.path());
        dir.create()?;
        Store::copy_of(&original.database(), &dir.database())?;
        Passphrase::ensure(&dir.passphrase(), &*entropy)?;
        let passphrase = Arc::new(Passphrase::read(&dir.passphrase())?);
        let store = Arc::new(Store::open_volatile(&dir.database())?);
        let (from, until) = span(plan, &zone(&store)?)?;
        let clock = Arc::new(HandClock::at(from));
        let passwords = Passwords::new(Cost::default(), 1);
        let office = Office::new(store, clock.clone(), entropy.clone(), passwords);
        give_keys(&original, &dir, &office, &passphrase, &*entropy).await?;
        let holder = Arc::new(throwaway(KeyKind::EcP256)?);
        let certificates = give_holders(&office, holder.public_key(), clock.now()).await?;
        let gateways = give_gateways(&office, holder.public_key(), clock.now()).await?;
        let registrar = Registrar::new(office.clone(), dir.keyring(&office, &passphrase)?);
        give_mail_keys(&dir, &registrar, &passphrase, &*entropy).await?;
        let composer =
            composer(plan, &dir, (&passphrase, &entropy), registrar.clone(), clock.clone())?;
        let mailbox = Mailbox::open(plan, composer, clock.clone())?;
        let keeper = Keeper {
            dir,
            passphrase,
            entropy,
            automatic: plan.automatic_rollover,
            site_names: plan.site_names.clone(),
        };
        Ok(Self {
            registrar,
            clock,
            keeper,
            mailbox,
            holder,
            certificates,
            gateways,
            from,
            until,
            _folder: folder,
        })
    }
}

/// The zone of the first service.
fn zone(store: &Store) -> Result<TimeZone, SimulationError> {
    let services = store.read(|view: View<'_>| view.services())?;
    let settings = services.first().map(|first| ServiceSettings::on_record(&first.settings));
    let zone = settings.transpose().map_err(InstallationError::from)?;
    Ok(zone.and_then(|one| TimeZone::get(&one.time_zone).ok()).unwrap_or(TimeZone::UTC))
}

/// From when until when.
fn span(plan: &Simulation, zone: &TimeZone) -> Result<(Timestamp, Timestamp), SimulationError> {
    let too_far = |_| SimulationError::TooFar(plan.from, plan.days);
    let from = plan.from.moment(zone).map_err(too_far)?;
    let until = from.checked_add(SignedDuration::from_hours(24 * plan.days)).map_err(too_far)?;
    Ok((from, until))
}

/// A key for this simulation.
pub(super) fn throwaway(kind: KeyKind) -> Result<SoftwareKey, SimulationError> {
    let named = |error: tegata_ca::KeyError| SimulationError::Unreadable(error.to_string());
    SoftwareKey::generate(kind).map_err(named)
}

/// Every CA whose key the original has at hand gets one here, P-256 whatever the real one is; of
/// the others nothing can be signed here either.
async fn give_keys(
    original: &DataDir,
    dir: &DataDir,
    office: &Office,
    passphrase: &Passphrase,
    entropy: &dyn Entropy,
) -> Result<(), SimulationError> {
    for ca in office.authorities()? {
        if !original.has_ca_key(&ca.name) {
            continue;
        }
        let home = Home::File(passphrase);
        let key = keyfile::create_for_ca(&dir.key(&ca.name), CaKey::P256, home, entropy)?;
        let der = stand_in(&ca.certificate, key.public_key())
            .ok_or_else(|| SimulationError::Unreadable(ca.name.to_string()))?;
        office.store().write(move |tx| tx.replace_authority_certificate(ca.id, &der)).await?;
    }
    keyfile::create(&dir.key("feed"), KeyKind::Ed25519, passphrase, entropy)?;
    Ok(())
}

/// Every gateway that reported as lately as others did goes on doing so, on a key that is at hand.
async fn give_gateways(
    office: &Office,
    public_key: &[u8],
    now: Timestamp,
) -> Result<Vec<(ServiceId, OwnCertificate)>, SimulationError> {
    let mut found = office.store().read(|view: View<'_>| {
        let mut all = Vec::new();
        for service in view.services()? {
            let gateways = view.gateways(service.id, now)?;
            let newest = gateways.iter().filter_map(|gateway| gateway.reported_at).max();
            for gateway in gateways {
                let reports = gateway.reported_at.zip(newest);
                if reports.is_some_and(|(at, newest)| newest.duration_since(at) <= GATEWAY_GONE) {
                    let own = view.gateway_certificate(service.id, gateway.serial)?;
                    all.extend(own.map(|own| (service.id, own)));
                }
            }
        }
        Ok::<_, StoreError>(all)
    })?;
    for (_, own) in &mut found {
        own.der = stand_in(&own.der, public_key)
            .ok_or_else(|| SimulationError::Unreadable(own.purpose.clone()))?;
    }
    let made = found.clone();
    office
        .store()
        .write(move |tx| made.iter().try_for_each(|(_, own)| tx.stand_in_own(own.serial, &own.der)))
        .await?;
    Ok(found)
}

/// Every service that signs its mails itself gets a key to its certificate.
async fn give_mail_keys(
    dir: &DataDir,
    registrar: &Registrar,
    passphrase: &Passphrase,
    entropy: &dyn Entropy,
) -> Result<(), SimulationError> {
    let (store, keyring) = (registrar.store(), registrar.keyring());
    for service in keyring.services() {
        let on_record =
            store.read(|view: View<'_>| view.own_certificate_of(service.id, MAIL_PURPOSE))?;
        let Some((own, _)) = on_record else { continue };
        // Of the kind that its profile wants: it is renewed on this key.
        let path = own_key(dir, &service.key);
        let key = keyfile::create(&path, service.mail_key_kind(), passphrase, entropy)?;
        let der = stand_in(&own.der, key.public_key())
            .ok_or_else(|| SimulationError::Unreadable(format!("{} for mail", service.key)))?;
        store.write(move |tx| tx.stand_in_own(own.serial, &der)).await?;
    }
    Ok(())
}

/// Who writes the mails, as the server would.
fn composer(
    plan: &Simulation,
    dir: &DataDir,
    (passphrase, entropy): (&Arc<Passphrase>, &Arc<dyn Entropy>),
    registrar: Arc<Registrar>,
    clock: Arc<HandClock>,
) -> Result<Composer, SimulationError> {
    let config = PostConfig {
        url: "",
        authorities: None,
        from: &plan.mail_from,
        bounces_to: None,
        unsigned: plan.mail_unsigned,
    };
    let (place, dir) = (plan.mail_signer.clone(), dir.clone());
    let mark = MarkKey::of(&dir, &**entropy)?;
    let signers = Signers::new(place, dir, passphrase.clone(), entropy.clone(), registrar);
    Ok(Composer::new(&config, Arc::new(signers.standing_in()), Arc::new(mark), clock)?)
}

/// Every certificate that lives gets a stand-in on a key that the simulated subscribers have.
async fn give_holders(
    office: &Office,
    public_key: &[u8],
    now: Timestamp,
) -> Result<Vec<CertificateRecord>, SimulationError> {
    let mut living = office.store().read(|view: View<'_>| {
        let filter = CertificateFilter { ends_from: Some(now), ..CertificateFilter::default() };
        let mut all = Vec::new();
        for service in view.services()? {
            all.extend(view.certificates(service.id, &filter)?);
        }
        Ok::<_, StoreError>(all)
    })?;
    living.retain(|record| {
        matches!(
            record.certificate.state,
            CertificateState::Issued { .. }
                | CertificateState::Superseded { .. }
                | CertificateState::Held { .. }
        )
    });
    let mut made = Vec::new();
    for record in &mut living {
        // What moved in by a list has no certificate here, and cannot be renewed in truth either.
        let Some(der) = record.der.take() else { continue };
        let stand_in = stand_in(&der, public_key)
            .ok_or_else(|| SimulationError::Unreadable(record.user_id.to_string()))?;
        made.push((record.certificate.serial, stand_in));
    }
    while !made.is_empty() {
        let batch = made.split_off(made.len().saturating_sub(BATCH));
        office
            .store()
            .write(move |tx| batch.iter().try_for_each(|(serial, der)| tx.stand_in(*serial, der)))
            .await?;
    }
    office.store().write(|tx| tx.index_reminders()).await?;
    Ok(living)
}
