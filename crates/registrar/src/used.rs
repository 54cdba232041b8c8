//! What gateways report: which certificates they admitted, and when.

use jiff::{SignedDuration, Timestamp};
use tegata_ca::verify_by_certificate;
use tegata_store::{CertificateUse, GATEWAY_FAST, GatewayReport, Noted, StoreError, View};

use crate::{Office, Service};

/// A report as it came: who says it is theirs, what it says, and what was signed.
#[derive(Clone, Debug)]
pub struct SignedReport {
    /// What the gateway says of itself.
    pub gateway: GatewayReport,
    /// What it saw.
    pub uses: Vec<CertificateUse>,
    /// The octets that were signed.
    pub message: Vec<u8>,
    /// By the key of the gateway's certificate.
    pub signature: Vec<u8>,
}

/// What became of a report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Taken {
    /// Certificates that were used for the first time.
    pub first: usize,
    /// Certificates whose last use is later now.
    pub later: usize,
}

/// Why a report is not believed.
#[derive(Debug, thiserror::Error)]
pub enum GatewayRefused {
    /// Not signed by a certificate that this service's CA gave to one of its gateways and that is
    /// good now; which of these is missing, whoever asks does not learn.
    #[error("the report is not signed by a gateway of this service")]
    Stranger,
    /// By a gateway whose clock is more than [`GATEWAY_FAST`] fast. It would count as a sign of life
    /// again whenever somebody sends it again.
    #[error("the gateway's clock is {} minutes fast", ahead.as_mins())]
    Clock {
        /// By how much.
        ahead: SignedDuration,
    },
    /// The database could not.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Office {
    /// Puts on record what a gateway of `service` saw, as one transaction. The same report taken
    /// twice changes nothing, whenever, and no time is later than now.
    ///
    /// # Errors
    /// See [`GatewayRefused`].
    pub async fn take_report(
        &self,
        service: &Service,
        report: SignedReport,
    ) -> Result<Taken, GatewayRefused> {
        let (now, id) = (self.now(), service.id);
        let certificate = self
            .store()
            .read(|view: View<'_>| view.gateway_certificate(id, report.gateway.gateway))?
            .filter(|own| now <= own.not_after)
            .ok_or(GatewayRefused::Stranger)?;
        if !verify_by_certificate(&certificate.der, &report.message, &report.signature) {
            return Err(GatewayRefused::Stranger);
        }
        let ahead = latest(&report.gateway).duration_since(now);
        if ahead > GATEWAY_FAST {
            return Err(GatewayRefused::Clock { ahead });
        }
        self.store
            .write(move |tx| {
                let mut taken = Taken::default();
                for seen in &report.uses {
                    let seen = CertificateUse {
                        first: seen.first.min(now),
                        last: seen.last.min(now),
                        ..*seen
                    };
                    match tx.note_use(id, &seen)? {
                        Noted::First => taken.first += 1,
                        Noted::Later => taken.later += 1,
                        Noted::Known => {}
                    }
                }
                tx.note_gateway(id, &report.gateway, now)?;
                Ok(taken)
            })
            .await
    }
}

/// The later of the times that a report is from: its number is the time in microseconds.
fn latest(report: &GatewayReport) -> Timestamp {
    let number = i64::try_from(report.sequence).unwrap_or(i64::MAX);
    report.sent_at.max(Timestamp::from_microsecond(number).unwrap_or(Timestamp::MAX))
}
