use std::fs;
use std::path::PathBuf;

use tegata_domain::{CredentialState, UserId};
use tegata_registrar::{Actor, NewSeat, Office, Service};
use tegata_server::installation::DataDir;
use tegata_server::keyfile::write_private;
use tegata_store::{StoreError, View};

use super::Failure;

/// The seat whose initial password the demo shows. Only the demo keeps a password, in a file
/// that its owner alone can read: elsewhere it is on the slip and nowhere else.
pub(super) struct FirstSeat {
    pub(super) user_id: UserId,
    pub(super) password: String,
    pub(super) password_file: PathBuf,
}

/// Seats that a new demo gets.
const SEATS: u16 = 10;

/// The seat of the last run while its password can still be used, else the next free one.
pub(super) async fn first_seat(
    office: &Office,
    dir: &DataDir,
    service: &Service,
) -> Result<FirstSeat, Failure> {
    let password_file = dir.path().join("secrets/initial-password");
    let user_file = dir.path().join("secrets/user-id");
    let shown = fs::read_to_string(&user_file).ok().zip(fs::read_to_string(&password_file).ok());
    if let Some((user_id, password)) = shown
        && let Ok(user_id) = user_id.parse::<UserId>()
        && unused(office, service, &user_id)?
    {
        let password = password.trim().to_owned();
        return Ok(FirstSeat { user_id, password, password_file });
    }
    let NewSeat { user_id, password } = next_seat(office, service).await?;
    let password = password.reveal();
    for (file, text) in [(&user_file, user_id.as_str()), (&password_file, password.as_str())] {
        let _ = fs::remove_file(file);
        write_private(file, format!("{text}\n").as_bytes())?;
    }
    Ok(FirstSeat { user_id, password, password_file })
}

/// Whether the seat's credential still permits an issuance, or would once it is unlocked.
fn unused(office: &Office, service: &Service, user_id: &UserId) -> Result<bool, StoreError> {
    let now = office.now();
    office.store().read(|view: View<'_>| {
        let Some(seat) = view.seat(service.id, user_id)? else { return Ok(false) };
        let credential = view.credential(seat.id)?.map(|record| record.credential);
        Ok(credential.is_some_and(|credential| {
            now < credential.lapses_at && matches!(credential.state, CredentialState::Ready { .. })
        }))
    })
}

async fn next_seat(office: &Office, service: &Service) -> Result<NewSeat, Failure> {
    let company = "CMSM950-006".parse()?;
    let actor = || Actor::Operator("demo".to_owned());
    let known = office.store().read(|view: View<'_>| view.companies(service.id))?;
    if !known.iter().any(|known| known.code == company) {
        let code: tegata_domain::BranchCode = "950".parse()?;
        // A run that was cut short may have got this far.
        let _ =
            office.add_branch(actor(), service.id, code.clone(), "Head Office".to_owned()).await;
        let branch = office.branch(service.id, &code)?;
        let name = "Sample Trading Co., Ltd.".to_owned();
        office.add_company(actor(), branch, company.clone(), name).await?;
    }
    let company = office.company(service.id, &company)?;
    let seats = office.store().read(|view: View<'_>| {
        let mut free = Vec::new();
        for seat in view.seats(service.id, Some(company.id))? {
            if view.certificates_of_seat(seat.id)?.is_empty() {
                free.push(seat.user_id);
            }
        }
        Ok::<_, StoreError>(free)
    })?;
    match seats.into_iter().next() {
        Some(user_id) => Ok(office.reset(actor(), service.id, user_id, service.credential).await?),
        None => {
            let added = office.add_seats(actor(), company, SEATS, service.credential).await?;
            added.into_iter().next().ok_or_else(|| "no seat was added".into())
        }
    }
}

/// Puts the application that was built beside this program where the site offers it.
pub(super) fn installers(dir: &DataDir) {
    let Ok(exe) = std::env::current_exe() else { return };
    let app = exe.with_file_name("tegata-app");
    let offered = dir.downloads().join("tegata-app-linux-x86_64");
    let newer = |a: &std::path::Path, b: &std::path::Path| {
        let modified = |path: &std::path::Path| fs::metadata(path).and_then(|m| m.modified()).ok();
        modified(a) > modified(b)
    };
    if app.exists() && newer(&app, &offered) {
        let partial = dir.downloads().join(".tegata-app.part");
        let placed = fs::copy(&app, &partial).and_then(|_| fs::rename(&partial, &offered));
        if let Err(error) = placed {
            tracing::warn!(%error, "the application is not offered for download");
        }
    }
}
