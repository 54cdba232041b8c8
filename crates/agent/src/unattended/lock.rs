use std::fs::{File, TryLockError};
use std::io;
use std::path::Path;

use super::LOCK;
use crate::files;

/// The right to be the one that runs, until it is dropped. The system takes it back from a process
/// that ends in any way.
pub struct Lock(#[expect(dead_code, reason = "held for as long as the file is open")] File);

/// Claims the right to run for the user whose folder of state is `state`; `None` while another has
/// it.
///
/// # Errors
/// When the folder cannot be written.
pub fn claim(state: &Path) -> io::Result<Option<Lock>> {
    files::make_private_folder(state)?;
    let file = File::options().create(true).truncate(false).write(true).open(state.join(LOCK))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(Lock(file))),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_at_a_time() {
        let state = tempfile::tempdir().unwrap();
        let first = claim(state.path()).unwrap();
        assert!(first.is_some());
        assert!(claim(state.path()).unwrap().is_none());
        drop(first);
        assert!(claim(state.path()).unwrap().is_some());
    }
}
