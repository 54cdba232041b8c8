//! A company that leaves: all its seats close, in stretches, so that others are not kept waiting.

use tegata_domain::{ClosingError, CompanyCode, SeatState};
use tegata_store::{CompanyRecord, Revocable, RevocableFilter, ServiceId, StoreError, View};

use crate::close::close;
use crate::office::entry;
use crate::status::Remark;
use crate::{Actor, CloseError, Office};

/// Seats to a transaction.
const STRETCH: usize = 100;

/// What closing a company would do.
#[derive(Clone, Debug)]
pub struct CompanyClosing {
    /// Which.
    pub company: CompanyRecord,
    /// How many of its seats are open.
    pub seats: usize,
    /// Their certificates that stand.
    pub certificates: Vec<Revocable>,
}

/// What went with a company.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClosedCompany {
    /// Seats closed.
    pub seats: usize,
    /// Certificates revoked.
    pub certificates: usize,
}

impl Office {
    /// What closing a company would do. Nothing is changed.
    ///
    /// # Errors
    /// When there is no such company, or it is closed with all its seats.
    pub fn company_closing(
        &self,
        service: ServiceId,
        code: &CompanyCode,
    ) -> Result<CompanyClosing, CloseError> {
        let (company, now) = (self.company(service, code)?, self.clock.now());
        let filter = RevocableFilter { company: Some(company.id), ..RevocableFilter::default() };
        let (seats, certificates) = self.store.read(|view: View<'_>| {
            let seats = view.seats(service, Some(company.id))?;
            let open = seats.iter().filter(|seat| seat.state == SeatState::Open).count();
            Ok::<_, StoreError>((open, view.revocable(service, &filter, now)?))
        })?;
        if company.state() == SeatState::Closed && seats == 0 {
            return Err(CloseError::state(code, ClosingError::Closed));
        }
        Ok(CompanyClosing { company, seats, certificates })
    }

    /// Closes a company: from the first commit on it gets no seats, and each of its seats closes
    /// as [`Self::close_seat`] does it. Cut short, the same order goes on where it ended.
    ///
    /// # Errors
    /// When there is no such company, or it is closed with all its seats.
    pub async fn close_company(
        &self,
        actor: Actor,
        service: ServiceId,
        code: &CompanyCode,
    ) -> Result<ClosedCompany, CloseError> {
        let CompanyClosing { company, seats, .. } = self.company_closing(service, code)?;
        let order = self.reference().to_string();
        let (now, by, told) = (self.clock.now(), actor.clone(), order.clone());
        let (id, begun) = (company.id, company.closed_at.is_none());
        let mut begin = entry(now, &by, "company.closed", code);
        begin.detail = serde_json::json!({ "order": told, "open_seats": seats });
        self.store
            .write(move |tx| {
                if begun {
                    tx.set_company_closed(id, Some(now))?;
                }
                tx.audit(&begin)
            })
            .await?;
        let open: Vec<_> = self
            .store
            .read(|view: View<'_>| view.seats(service, Some(company.id)))?
            .into_iter()
            .filter(|seat| seat.state == SeatState::Open)
            .map(|seat| seat.user_id)
            .collect();
        let mut done = ClosedCompany { seats: 0, certificates: 0 };
        for stretch in open.chunks(STRETCH) {
            let (stretch, actor, now) = (stretch.to_vec(), actor.clone(), self.clock.now());
            let because = Some("company closed");
            let remark = Remark { order: Some(order.clone()), because, ..Remark::default() };
            let closed = self
                .store
                .write(move |tx| {
                    let mut closed = Vec::new();
                    for user_id in stretch {
                        let found = tx.seat(service, &user_id)?;
                        // Someone else may have closed it meanwhile.
                        if let Some(seat) = found.filter(|seat| seat.state == SeatState::Open) {
                            closed.push(close(tx, &actor, &seat, &remark, now)?);
                        }
                    }
                    Ok::<_, StoreError>(closed)
                })
                .await?;
            done.seats += closed.len();
            done.certificates += closed.iter().map(|seat| seat.revoked.len()).sum::<usize>();
        }
        Ok(done)
    }

    /// Opens a closed company again. Its seats stay closed: each is a decision of its own.
    ///
    /// # Errors
    /// When there is no such company, or it is open.
    pub async fn reopen_company(
        &self,
        actor: Actor,
        service: ServiceId,
        code: &CompanyCode,
    ) -> Result<(), CloseError> {
        let (company, now) = (self.company(service, code)?, self.clock.now());
        let entry = entry(now, &actor, "company.reopened", code);
        let name = code.clone();
        self.store
            .write(move |tx| {
                if tx.company_state(company.id)? == SeatState::Open {
                    return Err(CloseError::state(name, ClosingError::Open));
                }
                tx.set_company_closed(company.id, None)?;
                Ok(tx.audit(&entry)?)
            })
            .await
    }
}
