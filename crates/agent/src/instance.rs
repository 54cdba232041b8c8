//! One window a person: a second start hands its link to the first and ends.
//!
//! On Linux a socket in the user's own folder of state, on Windows a named pipe with the user's
//! name in it. Whoever can write there is this user anyway; all that can be said through it is
//! *show yourself* and a link, which the first one judges as it would its own.
//!
//! On Windows another user of the same PC can make a pipe of that name before the first window
//! does: nothing is said into a pipe that is not this user's own, and a window opens as if nobody
//! were there.
//!
//! Nobody waits for the other side longer than three seconds: it may hang, or never have been one of
//! ours.

use std::io::{self, Read, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use interprocess::local_socket::traits::ListenerExt;
#[cfg(unix)]
use interprocess::local_socket::traits::Stream as _;
use interprocess::local_socket::{Listener, ListenerOptions, Name, Stream};

use crate::files::make_private_folder;
use crate::link::Link;

/// Longest wait for the other side.
const PATIENCE: Duration = Duration::from_secs(3);
/// Most later starts that are heard at once. Windows knows no time limit for a pipe: there, whoever
/// knocks and says nothing keeps one of these places.
const MAX_KNOCKS: usize = 16;

const ACKNOWLEDGED: &[u8] = b"ok\n";
const SHOW: &str = "show";
/// Longest line from another instance, in octets.
const MAX_LINE: usize = 2048;

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
pub struct Door(Receiver<Knock>);

/// Finds out whether this is the first instance of the user whose folder of state is `state`;
/// hands `knock` to the first one when it is not. Makes the folder, for this user alone.
///
/// # Errors
/// When the place cannot be used, or who is there says nothing for three seconds. Two windows are
/// then better than none.
pub fn claim(state: &Path, knock: &Knock) -> io::Result<Instance> {
    // Asked before anything is made: not every Windows refuses the name of a pipe to a second owner.
    make_private_folder(state)?;
    if is_handed_over(state, knock)? {
        return Ok(Instance::Second);
    }
    for _ in 0..3 {
        match options(state)?.try_overwrite(false).create_sync() {
            Ok(listener) => return Ok(Instance::First(Door::of(listener)?)),
            Err(error) if is_taken(&error) => {}
            Err(error) => return Err(error),
        }
        if is_handed_over(state, knock)? {
            return Ok(Instance::Second);
        }
        // The one who was there is gone, and left its socket behind.
        #[cfg(unix)]
        std::fs::remove_file(state.join(SOCKET))?;
    }
    Err(io::ErrorKind::AddrInUse.into())
}

impl Door {
    /// Opens the door: whoever knocks is answered from now on.
    fn of(listener: Listener) -> io::Result<Self> {
        let (says, said) = channel();
        let thread = std::thread::Builder::new().name("knocks".to_owned());
        thread.spawn(move || answer(&listener, &says))?;
        Ok(Self(said))
    }

    /// Waits for the next start. `None` when nothing can arrive any more.
    pub fn next(&self) -> Option<Knock> {
        self.0.recv().ok()
    }
}

/// Hears each knock on a thread of its own, so that none has to wait for another.
fn answer(listener: &Listener, says: &Sender<Knock>) {
    let places = Arc::new(());
    for stream in listener.incoming().filter_map(Result::ok) {
        if Arc::strong_count(&places) > MAX_KNOCKS {
            continue;
        }
        let (place, says) = (Arc::clone(&places), says.clone());
        // Without a thread the knock is not heard, and says so by closing.
        let _ = std::thread::Builder::new().name("knock".to_owned()).spawn(move || {
            // Whoever talks nonsense is passed over; the window may be gone.
            let _ = hear(stream).map(|knock| says.send(knock));
            drop(place);
        });
    }
}

fn hear(mut stream: Stream) -> io::Result<Knock> {
    let until = Instant::now() + PATIENCE;
    let mut line = Vec::new();
    while line.len() < MAX_LINE && line.last() != Some(&b'\n') {
        limit(&stream, until)?;
        let mut octet = [0];
        if stream.read(&mut octet)? == 0 {
            break;
        }
        line.extend(octet);
    }
    let line = std::str::from_utf8(&line).map_err(|_| io::ErrorKind::InvalidData)?;
    let knock = match line.trim_end_matches('\n') {
        SHOW => Knock::Show,
        link => Knock::Follow(link.parse().map_err(|_| io::ErrorKind::InvalidData)?),
    };
    limit(&stream, until)?;
    stream.write_all(ACKNOWLEDGED)?;
    Ok(knock)
}

/// Whether another instance took the knock over.
///
/// # Errors
/// When there is one, and it does not answer in time.
fn is_handed_over(state: &Path, knock: &Knock) -> io::Result<bool> {
    let (place, knock) = (state.to_owned(), knock.clone());
    let (says, said) = channel();
    // On a thread, since not every system limits the time of connecting and reading.
    let thread = std::thread::Builder::new().name("hand over".to_owned());
    thread.spawn(move || {
        // Nobody listens any more when it took too long.
        let _ = says.send(hand_over(&place, &knock));
    })?;
    match said.recv_timeout(PATIENCE) {
        Ok(Ok(())) => Ok(true),
        Ok(Err(error)) if !is_too_late(&error) => Ok(false),
        Ok(Err(_)) | Err(_) => Err(io::ErrorKind::TimedOut.into()),
    }
}

fn hand_over(state: &Path, knock: &Knock) -> io::Result<()> {
    let mut stream = connect(state)?;
    let line = match knock {
        Knock::Show => SHOW.to_owned(),
        Knock::Follow(link) => link.to_string(),
    };
    stream.write_all(format!("{line}\n").as_bytes())?;
    let mut answer = [0; ACKNOWLEDGED.len()];
    stream.read_exact(&mut answer)?;
    if answer == ACKNOWLEDGED { Ok(()) } else { Err(io::ErrorKind::InvalidData.into()) }
}

/// To the first instance, whose answer is waited for at most three seconds.
#[cfg(unix)]
fn connect(state: &Path) -> io::Result<Stream> {
    let stream = Stream::connect(name(state)?)?;
    limit(&stream, Instant::now() + PATIENCE)?;
    Ok(stream)
}

/// To the first instance of this user: what another one made hears nothing.
#[cfg(windows)]
fn connect(state: &Path) -> io::Result<std::fs::File> {
    let stream = tegata_windows::pipe::open(&label(state))?;
    let ours = tegata_windows::pipe::is_ours(&stream).map_err(io::Error::other)?;
    if ours { Ok(stream) } else { Err(io::ErrorKind::PermissionDenied.into()) }
}

fn is_too_late(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock)
}

/// Lets nothing wait beyond this time.
#[cfg(unix)]
fn limit(stream: &Stream, until: Instant) -> io::Result<()> {
    let left = until.saturating_duration_since(Instant::now());
    if left.is_zero() {
        return Err(io::ErrorKind::TimedOut.into());
    }
    stream.set_recv_timeout(Some(left))?;
    stream.set_send_timeout(Some(left))
}

/// Pipes know no time limits; between two octets the time is looked at.
#[cfg(windows)]
fn limit(_: &Stream, until: Instant) -> io::Result<()> {
    if Instant::now() < until { Ok(()) } else { Err(io::ErrorKind::TimedOut.into()) }
}

fn is_taken(error: &io::Error) -> bool {
    // On Windows the second owner of a pipe's name is told that access is denied.
    matches!(error.kind(), io::ErrorKind::AddrInUse | io::ErrorKind::PermissionDenied)
}

#[cfg(unix)]
const SOCKET: &str = "window.sock";

/// For this user alone, whatever the umask says.
#[cfg(unix)]
fn options(state: &Path) -> io::Result<ListenerOptions<'static>> {
    use interprocess::os::unix::local_socket::ListenerOptionsExt;
    Ok(ListenerOptions::new().name(name(state)?).mode(0o600))
}

/// For this user alone: others would take up the places of those who knock.
#[cfg(windows)]
fn options(state: &Path) -> io::Result<ListenerOptions<'static>> {
    use interprocess::os::windows::local_socket::ListenerOptionsExt;
    use interprocess::os::windows::security_descriptor::SecurityDescriptor;
    use tegata_windows::pipe::FOR_ITS_OWNER;
    let access = widestring::U16CString::from_str_truncate(FOR_ITS_OWNER);
    let access = SecurityDescriptor::deserialize(&access)?;
    Ok(ListenerOptions::new().name(name(state)?).security_descriptor(access))
}

#[cfg(unix)]
fn name(state: &Path) -> io::Result<Name<'static>> {
    use interprocess::local_socket::{GenericFilePath, ToFsName};
    state.join(SOCKET).to_fs_name::<GenericFilePath>()
}

#[cfg(windows)]
fn name(state: &Path) -> io::Result<Name<'static>> {
    use interprocess::local_socket::{GenericNamespaced, ToNsName};
    label(state).to_ns_name::<GenericNamespaced>()
}

/// The folder lies below the user's profile, so its name tells users apart.
#[cfg(windows)]
fn label(state: &Path) -> String {
    use sha2::{Digest, Sha256};
    let digest = Sha256::digest(state.as_os_str().as_encoded_bytes());
    let tag: String = digest.iter().take(16).map(|octet| format!("{octet:02x}")).collect();
    format!("tegata-app-{tag}")
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

    /// Windows lets nobody make what belongs to somebody else; Wine does, where this test runs.
    #[cfg(windows)]
    #[test]
    fn a_pipe_of_somebody_else_hears_nothing() {
        use interprocess::os::windows::local_socket::ListenerOptionsExt;
        use interprocess::os::windows::security_descriptor::SecurityDescriptor;
        let state = tempfile::tempdir().unwrap();
        let access = widestring::U16CString::from_str_truncate("O:WDD:(A;;FA;;;WD)");
        let _foreign = ListenerOptions::new()
            .name(name(state.path()).unwrap())
            .security_descriptor(SecurityDescriptor::deserialize(&access).unwrap())
            .create_sync()
            .unwrap();
        let error = hand_over(state.path(), &Knock::Show).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::PermissionDenied);
        assert!(!matches!(claim(state.path(), &Knock::Show), Ok(Instance::Second)));
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
    fn who_knocks_and_says_nothing_keeps_nobody_out() {
        use std::os::unix::net::UnixStream;
        let state = tempfile::tempdir().unwrap();
        let Instance::First(door) = claim(state.path(), &Knock::Show).unwrap() else {
            panic!("somebody is there")
        };
        let mut silent = UnixStream::connect(state.path().join(SOCKET)).unwrap();
        silent.write_all(b"sho").unwrap();
        assert!(matches!(claim(state.path(), &Knock::Show), Ok(Instance::Second)));
        assert_eq!(door.next(), Some(Knock::Show));
        // And it does not stay for ever.
        assert_eq!(silent.read(&mut [0; 8]).unwrap(), 0);
    }

    #[cfg(unix)]
    #[test]
    fn a_first_one_that_hangs_holds_no_second_one_up() {
        let state = tempfile::tempdir().unwrap();
        let hangs = std::os::unix::net::UnixListener::bind(state.path().join(SOCKET)).unwrap();
        let error = claim(state.path(), &Knock::Show).err().unwrap();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert!(hangs.accept().is_ok(), "it was asked");
        assert!(state.path().join(SOCKET).exists(), "its socket stays its own");
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_reaches_the_socket() {
        use std::os::unix::fs::PermissionsExt;
        let home = tempfile::tempdir().unwrap();
        let state = home.path().join("state");
        let _first = claim(&state, &Knock::Show).unwrap();
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&state), mode(&state.join(SOCKET)) & 0o077), (0o700, 0));
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
