//! One window a person: a second start hands its link to the first and ends.
//!
//! On Linux a socket in the user's own folder of state, on Windows a named pipe with the user's
//! name in it. Whoever can write there is this user anyway; all that can be said through it is
//! *show yourself* and a link, which the first one judges as it would its own.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::Path;

use interprocess::local_socket::traits::{ListenerExt, Stream as _};
use interprocess::local_socket::{Listener, ListenerOptions, Name, Stream};

use crate::link::Link;

const ACKNOWLEDGED: &[u8] = b"ok\n";
const SHOW: &str = "show";
/// Longest line from another instance, in octets.
const MAX_LINE: u64 = 2048;

/// The outcome of a start.
pub enum Instance {
    /// Nobody was there: this one shows the window, and hears of later starts.
    First(Door),
    /// Another took the message over and shows itself.
    Second,
}

/// What a later start wants of the first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Knock {
    /// Come to the front.
    Show,
    /// Come to the front, and follow this link.
    Follow(Link),
}

/// Where later starts knock.
pub struct Door(Listener);

/// Finds out whether this is the first instance of the user whose folder of state is `state`;
/// hands `knock` to the first one when it is not.
///
/// # Errors
/// When the place cannot be used. Two windows are then better than none.
pub fn claim(state: &Path, knock: &Knock) -> io::Result<Instance> {
    // Asked before anything is made: not every Windows refuses the name of a pipe to a second owner.
    if hand_over(state, knock).is_ok() {
        return Ok(Instance::Second);
    }
    for _ in 0..3 {
        match ListenerOptions::new().name(name(state)?).try_overwrite(false).create_sync() {
            Ok(listener) => return Ok(Instance::First(Door(listener))),
            Err(error) if is_taken(&error) => {}
            Err(error) => return Err(error),
        }
        if hand_over(state, knock).is_ok() {
            return Ok(Instance::Second);
        }
        // The one who was there is gone, and left its socket behind.
        #[cfg(unix)]
        std::fs::remove_file(state.join(SOCKET))?;
    }
    Err(io::ErrorKind::AddrInUse.into())
}

impl Door {
    /// Waits for the next start. `None` when nothing can arrive any more.
    pub fn next(&self) -> Option<Knock> {
        loop {
            let Ok(stream) = self.0.incoming().next()? else { continue };
            if let Ok(knock) = hear(stream) {
                return Some(knock);
            }
        }
    }
}

fn hear(stream: Stream) -> io::Result<Knock> {
    let mut reader = BufReader::new(stream.take(MAX_LINE));
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let knock = match line.trim_end_matches('\n') {
        SHOW => Knock::Show,
        link => Knock::Follow(link.parse().map_err(|_| io::ErrorKind::InvalidData)?),
    };
    reader.into_inner().into_inner().write_all(ACKNOWLEDGED)?;
    Ok(knock)
}

fn hand_over(state: &Path, knock: &Knock) -> io::Result<()> {
    let mut stream = Stream::connect(name(state)?)?;
    let line = match knock {
        Knock::Show => SHOW.to_owned(),
        Knock::Follow(link) => link.to_string(),
    };
    stream.write_all(format!("{line}\n").as_bytes())?;
    let mut answer = [0; ACKNOWLEDGED.len()];
    stream.read_exact(&mut answer)?;
    if answer == ACKNOWLEDGED { Ok(()) } else { Err(io::ErrorKind::InvalidData.into()) }
}

fn is_taken(error: &io::Error) -> bool {
    // On Windows the second owner of a pipe's name is told that access is denied.
    matches!(error.kind(), io::ErrorKind::AddrInUse | io::ErrorKind::PermissionDenied)
}

#[cfg(unix)]
const SOCKET: &str = "window.sock";

#[cfg(unix)]
fn name(state: &Path) -> io::Result<Name<'static>> {
    use interprocess::local_socket::{GenericFilePath, ToFsName};
    state.join(SOCKET).to_fs_name::<GenericFilePath>()
}

/// The folder lies below the user's profile, so its name tells users apart.
#[cfg(not(unix))]
fn name(state: &Path) -> io::Result<Name<'static>> {
    use interprocess::local_socket::{GenericNamespaced, ToNsName};
    use sha2::{Digest, Sha256};
    let digest = Sha256::digest(state.as_os_str().as_encoded_bytes());
    let tag: String = digest.iter().take(16).map(|octet| format!("{octet:02x}")).collect();
    format!("tegata-app-{tag}").to_ns_name::<GenericNamespaced>()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link() -> Link {
        "tegata:issue?site=https%3A%2F%2Fcert.example.jp%2Fissueweb%2F0001%2FSB0001002C%2F&nonce=A"
            .parse()
            .unwrap()
    }

    #[test]
    fn a_second_start_hands_its_link_to_the_first() {
        let state = tempfile::tempdir().unwrap();
        let Instance::First(door) = claim(state.path(), &Knock::Show).unwrap() else {
            panic!("somebody is there")
        };
        for knock in [Knock::Follow(link()), Knock::Show] {
            let (place, said) = (state.path().to_owned(), knock.clone());
            let second = std::thread::spawn(move || claim(&place, &said).unwrap());
            assert_eq!(door.next(), Some(knock));
            assert!(matches!(second.join().unwrap(), Instance::Second));
        }
    }

    #[cfg(unix)]
    #[test]
    fn what_a_crash_left_behind_is_no_first_instance() {
        let state = tempfile::tempdir().unwrap();
        drop(std::os::unix::net::UnixListener::bind(state.path().join(SOCKET)).unwrap());
        assert!(state.path().join(SOCKET).exists());
        assert!(matches!(claim(state.path(), &Knock::Show), Ok(Instance::First(_))));
    }

    #[cfg(unix)]
    #[test]
    fn nonsense_at_the_door_is_passed_over() {
        use std::os::unix::net::UnixStream;
        let state = tempfile::tempdir().unwrap();
        let Instance::First(door) = claim(state.path(), &Knock::Show).unwrap() else {
            panic!("somebody is there")
        };
        let place = state.path().to_owned();
        let other = std::thread::spawn(move || {
            for nonsense in [&b""[..], b"rm -rf\n", b"tegata:issue?site=x\n", &[b'x'; 5000]] {
                let mut stream = UnixStream::connect(place.join(SOCKET)).unwrap();
                // The door may be shut before all of it is said.
                let _ = stream.write_all(nonsense);
                let _ = stream.shutdown(std::net::Shutdown::Write);
                assert_eq!(stream.read(&mut [0; 8]).unwrap_or(0), 0);
            }
            claim(&place, &Knock::Show).unwrap()
        });
        assert_eq!(door.next(), Some(Knock::Show));
        assert!(matches!(other.join().unwrap(), Instance::Second));
    }
}
