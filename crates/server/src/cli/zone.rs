//! Moments as the people of a service read them. JSON has them in UTC.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use tegata_registrar::ServiceSettings;
use tegata_store::ServiceRecord;

use super::Failure;

/// The time zone of a service.
#[derive(Clone, Debug)]
pub(crate) struct Zone(TimeZone);

impl Zone {
    /// That of a service on record.
    pub(crate) fn of(service: &ServiceRecord) -> Result<Self, Failure> {
        Self::set(&ServiceSettings::on_record(&service.settings)?)
    }

    /// That which these settings name.
    pub(crate) fn set(settings: &ServiceSettings) -> Result<Self, Failure> {
        Ok(Self(TimeZone::get(&settings.time_zone)?))
    }

    /// A moment in a table or a sentence: `2027-01-03 03:53 JST`.
    pub(crate) fn moment(&self, at: Timestamp) -> String {
        at.to_zoned(self.0.clone()).strftime("%F %H:%M %Z").to_string()
    }

    /// One that there may be, else nothing.
    pub(crate) fn maybe(&self, at: Option<Timestamp>) -> String {
        at.map(|at| self.moment(at)).unwrap_or_default()
    }
}

#[cfg(test)]
impl Zone {
    pub(crate) fn tokyo() -> Self {
        Self(TimeZone::get("Asia/Tokyo").unwrap())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_has_the_day_of_the_services_zone() {
        let at: Timestamp = "2027-01-02T18:53:32.123456Z".parse().unwrap();
        let told = |name| Zone(TimeZone::get(name).unwrap()).moment(at);
        assert_eq!(told("Asia/Tokyo"), "2027-01-03 03:53 JST");
        assert_eq!(told("Europe/Berlin"), "2027-01-02 19:53 CET");
        assert_eq!(told("UTC"), "2027-01-02 18:53 UTC");
    }
}
