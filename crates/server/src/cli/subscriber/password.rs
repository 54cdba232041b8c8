//! What a command answers that gives a seat a new initial password.

use jiff::Timestamp;
use serde::Serialize;
use tegata_domain::{Serial, UserId, standing};
use tegata_registrar::{NewSeat, Office, ServiceSettings};
use tegata_store::{ServiceId, StoreError, View};

use super::super::Failure;
use super::super::output::counted;
use super::super::zone::Zone;

#[derive(Serialize)]
pub(super) struct Answer {
    pub(super) user_id: UserId,
    pub(super) password: String,
    pub(super) lapses_at: Timestamp,
    /// Good until something is issued with this password.
    pub(super) standing: Vec<Serial>,
    /// Revoked now.
    pub(super) revoked: Vec<Serial>,
    /// Whom the user is told to call.
    pub(super) help: String,
}

impl Answer {
    /// That to a seat which has its new password, and lost nothing by it.
    pub(super) fn of(
        office: &Office,
        service: ServiceId,
        seat: NewSeat,
        settings: &ServiceSettings,
    ) -> Result<Self, Failure> {
        let NewSeat { user_id, password } = seat;
        let id = office.seat(service, &user_id)?.id;
        let now = office.now();
        let (lapses_at, standing) = office.store().read(|view: View<'_>| {
            let lapses_at = view.credential(id)?.map_or(now, |record| record.credential.lapses_at);
            let all: Vec<_> =
                view.certificates_of_seat(id)?.into_iter().map(|one| one.certificate).collect();
            let standing = standing(&all, now).map(|one| one.serial).collect();
            Ok::<_, StoreError>((lapses_at, standing))
        })?;
        let (password, help) = (password.reveal(), settings.help.en.clone());
        Ok(Self { user_id, password, lapses_at, standing, revoked: Vec::new(), help })
    }

    /// In words; `older` is what becomes of the certificates that the seat has.
    pub(super) fn sentence(&self, zone: &Zone, older: &str) -> String {
        let Self { user_id, password, help, .. } = self;
        let until = zone.moment(self.lapses_at);
        format!(
            "user ID           {user_id}\ninitial password  {password}\n\nThe password is shown \
             once and works once, until {until}. {older}\nThe user issues as the first \
             time; if it fails, they are told to call: {help}"
        )
    }

    /// In words, after a reset.
    pub(super) fn after_reset(&self, zone: &Zone) -> String {
        let user_id = &self.user_id;
        match self.standing() {
            None => self.sentence(zone, "It has no certificate that is good now."),
            Some(standing) => self.sentence(zone, &format!(
                "{standing}\nIf the key is lost or in other hands, revoke at once instead: tegata \
                 subscriber reissue {user_id} --lost-key or --compromised"
            )),
        }
    }

    /// In words, after a seat was opened again.
    pub(super) fn after_reopening(&self, zone: &Zone) -> String {
        self.sentence(zone, "It is open again; what was revoked stays revoked.")
    }

    /// What becomes of certificates that are good now.
    pub(super) fn standing(&self) -> Option<String> {
        let count = self.standing.len() as u64;
        (count > 0).then(|| {
            format!(
                "{} good until a new one is issued with this password, and revoked by that very \
                 issuance.",
                counted(count, "certificate")
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(standing: Vec<Serial>) -> Answer {
        Answer {
            user_id: "CMSM950-006-401".parse().unwrap(),
            password: "ABCD-EFGH".to_owned(),
            lapses_at: "2027-01-02T18:53:32Z".parse().unwrap(),
            standing,
            revoked: Vec::new(),
            help: "03-0000-0000".to_owned(),
        }
    }

    #[test]
    fn a_reset_says_how_long_and_whom_to_call() {
        let told = answer(Vec::new()).after_reset(&Zone::tokyo());
        for part in
            ["CMSM950-006-401", "ABCD-EFGH", "until 2027-01-03 03:53 JST", "call: 03-0000-0000"]
        {
            assert!(told.contains(part), "{part}: {told}");
        }
        assert!(!told.contains("reissue") && !told.contains("revoked"), "{told}");
    }

    #[test]
    fn a_reset_beside_a_live_certificate_says_that_its_issuance_revokes_it() {
        let told = answer(vec!["00a1".parse().unwrap()]).after_reset(&Zone::tokyo());
        assert!(told.contains("1 certificate good until a new one is issued"), "{told}");
        assert!(told.contains("revoked by that very issuance"), "{told}");
        assert!(told.contains("tegata subscriber reissue CMSM950-006-401"), "{told}");
    }

    #[test]
    fn json_has_the_members_of_a_reissue() {
        let json = serde_json::to_value(answer(Vec::new())).unwrap();
        assert_eq!(json["lapses_at"], "2027-01-02T18:53:32Z");
        assert_eq!(json["help"], "03-0000-0000");
        assert_eq!(json["standing"], serde_json::json!([]));
    }
}
