use tegata_domain::{
    CompanyCode, Credential, CredentialPolicy, InitialPassword, SeatState, UserId,
};
use tegata_store::{CompanyRecord, CredentialRecord, StoreError};

use crate::office::entry;
use crate::{Actor, Office};

/// A new seat and the initial password that goes on its slip, shown once.
#[derive(Debug)]
pub struct NewSeat {
    /// User ID.
    pub user_id: UserId,
    /// Initial password.
    pub password: InitialPassword,
}

/// Why seats could not be added.
#[derive(Debug, thiserror::Error)]
pub enum SeatsError {
    /// A run of user IDs is made for 1 to 1000 seats at a time.
    #[error("1 to 1000 seats can be added at a time")]
    Count,
    /// The company's code and number together are too long.
    #[error("the company has no user IDs left")]
    UserId,
    /// A closed company gets no seats.
    #[error("company {0} is closed; open it again with `tegata company reopen {0}`")]
    CompanyClosed(CompanyCode),
    /// The database could not.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Office {
    /// Adds `count` seats to a company, with user IDs `{company}-{number}` and new credentials,
    /// all of them or none.
    ///
    /// # Errors
    /// When the count is out of range or the database refuses.
    pub async fn add_seats(
        &self,
        actor: Actor,
        company: CompanyRecord,
        count: u16,
        policy: CredentialPolicy,
    ) -> Result<Vec<NewSeat>, SeatsError> {
        if !(1..=1000).contains(&count) {
            return Err(SeatsError::Count);
        }
        let now = self.clock.now();
        let new: Vec<_> = (0..count)
            .map(|_| {
                let password = InitialPassword::random(&*self.entropy);
                let hash = self.passwords.hash(&password, &*self.entropy);
                (password, CredentialRecord { hash, credential: Credential::new(now, &policy) })
            })
            .collect();
        self.store
            .write(move |tx| {
                if tx.company_state(company.id)? == SeatState::Closed {
                    return Err(SeatsError::CompanyClosed(company.code));
                }
                new.into_iter()
                    .map(|(password, credential)| {
                        let number = tx.next_seat_number(company.id)?;
                        let user_id: UserId = format!("{}-{number:03}", company.code)
                            .parse()
                            .map_err(|_| SeatsError::UserId)?;
                        let seat = tx.insert_seat(&company, &user_id)?;
                        tx.put_credential(seat, &credential)?;
                        tx.audit(&entry(now, &actor, "seat.created", &user_id))?;
                        Ok(NewSeat { user_id, password })
                    })
                    .collect()
            })
            .await
    }
}
