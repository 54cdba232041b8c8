//! Between columns and the types of the domain.

use jiff::Timestamp;
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use tegata_domain::{KeyHash, Serial};

/// A column of a domain type.
pub(crate) struct Column<T>(pub(crate) T);

impl FromSql for Column<Timestamp> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        Timestamp::from_second(value.as_i64()?).map(Self).map_err(|_| FromSqlError::InvalidType)
    }
}

impl ToSql for Column<Timestamp> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.0.as_second().into())
    }
}

impl FromSql for Column<Serial> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        Serial::from_octets(value.as_blob()?).map(Self).map_err(|_| FromSqlError::InvalidType)
    }
}

impl ToSql for Column<Serial> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(ValueRef::Blob(self.0.octets())))
    }
}

impl FromSql for Column<KeyHash> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let octets = value.as_blob()?.try_into().map_err(|_| FromSqlError::InvalidType)?;
        Ok(Self(KeyHash(octets)))
    }
}

impl ToSql for Column<KeyHash> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(ValueRef::Blob(&self.0.0)))
    }
}

/// Reads a column whose text is the canonical form of a domain name.
pub(crate) fn parsed<T: std::str::FromStr>(
    row: &rusqlite::Row<'_>,
    column: &str,
) -> rusqlite::Result<T> {
    let text: String = row.get(column)?;
    text.parse().map_err(|_| {
        rusqlite::Error::InvalidColumnType(0, column.to_owned(), rusqlite::types::Type::Text)
    })
}

pub(crate) fn at(row: &rusqlite::Row<'_>, column: &str) -> rusqlite::Result<Timestamp> {
    row.get::<_, Column<Timestamp>>(column).map(|column| column.0)
}

pub(crate) fn optional_at(
    row: &rusqlite::Row<'_>,
    column: &str,
) -> rusqlite::Result<Option<Timestamp>> {
    Ok(row.get::<_, Option<Column<Timestamp>>>(column)?.map(|column| column.0))
}
