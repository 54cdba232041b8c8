//! Tables as large as nobody waits for, for the load driver alone.

use std::path::Path;

use jiff::Timestamp;
use rusqlite::Connection;

use crate::column::Column;
use crate::{SeatId, StoreError};

/// Puts `count` live certificates of a seat into the database at `path`, by one statement: they
/// end evenly over the year after `now`, and the next reminder of each is 30 days before, or 7,
/// or never. Indices that no reminder needs are not kept up. Good for measuring only.
///
/// # Errors
/// When the database refuses.
pub fn fill_certificates(
    path: &Path,
    seat: SeatId,
    count: u64,
    now: Timestamp,
) -> Result<(), StoreError> {
    let connection = Connection::open(path)?;
    connection.execute_batch(
        "PRAGMA synchronous = off; PRAGMA cache_size = -262144;
         DROP INDEX certificate_by_seat; DROP INDEX certificate_by_key;
         DROP INDEX certificate_on_crl; DROP INDEX certificate_expiry;",
    )?;
    connection.execute(
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?2)
         INSERT INTO certificate (serial, authority_id, seat_id, key_hash, tbs_hash, not_before,
             not_after, state, state_at, issued_at, next_notice_at, shard)
         SELECT unhex('4141414141414141' || printf('%016x', i)), a.id, ?1, zeroblob(32),
             zeroblob(32), ends - 31536000, ends, 1, ends - 31536000, ends - 31536000,
             CASE WHEN ends - 2592000 > ?3 - 60 THEN ends - 2592000
                  WHEN ends - 604800 > ?3 - 60 THEN ends - 604800 END, 1
         FROM (SELECT i, ?3 + 31536000 * i / ?2 AS ends FROM n),
             (SELECT max(id) AS id FROM authority) a",
        (seat.0, count, Column(now)),
    )?;
    connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE);")?;
    Ok(())
}
