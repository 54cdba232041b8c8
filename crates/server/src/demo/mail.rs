//! A mail server for the demo: takes every mail and keeps it as a file. Speaks just enough of
//! RFC 5321 for a client on this machine.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// Largest mail, and longest line of a command, in octets.
const MAX_MAIL: usize = 10 * 1024 * 1024;
const MAX_LINE: u64 = 1000;

/// Serves until it is dropped.
pub(super) async fn serve(listener: TcpListener, dir: PathBuf) {
    let taken = std::fs::read_dir(&dir).map_or(0, |entries| entries.count() as u64);
    let next = Arc::new(AtomicU64::new(taken + 1));
    while let Ok((stream, _)) = listener.accept().await {
        let (dir, next) = (dir.clone(), next.clone());
        tokio::spawn(async move {
            if let Err(error) = converse(stream, &dir, &next).await {
                tracing::debug!(%error, "a mail client went away");
            }
        });
    }
}

async fn converse(stream: TcpStream, dir: &Path, next: &AtomicU64) -> std::io::Result<()> {
    let (read, mut write) = stream.into_split();
    let mut read = BufReader::new(read);
    write.write_all(b"220 localhost demo mail sink\r\n").await?;
    loop {
        let mut line = String::new();
        if (&mut read).take(MAX_LINE).read_line(&mut line).await? == 0 {
            return Ok(());
        }
        let verb = line.get(..4).unwrap_or_default().to_ascii_uppercase();
        let answer: &[u8] = match verb.as_str() {
            "EHLO" => b"250-localhost\r\n250 8BITMIME\r\n",
            "HELO" | "MAIL" | "RCPT" | "RSET" | "NOOP" => b"250 OK\r\n",
            "DATA" => {
                write.write_all(b"354 end with a line of one dot\r\n").await?;
                match data(&mut read).await? {
                    Some(mail) => {
                        keep(dir, next, &mail)?;
                        b"250 kept\r\n"
                    }
                    None => b"552 too large\r\n",
                }
            }
            "QUIT" => {
                write.write_all(b"221 bye\r\n").await?;
                return Ok(());
            }
            _ => b"502 not here\r\n",
        };
        write.write_all(answer).await?;
    }
}

/// Reads a mail up to its final dot, with dots unstuffed (RFC 5321 §4.5.2).
async fn data(read: &mut (impl AsyncBufReadExt + Unpin)) -> std::io::Result<Option<Vec<u8>>> {
    let mut mail = Vec::new();
    let mut too_large = false;
    loop {
        let mut line = Vec::new();
        if read.take(MAX_MAIL as u64).read_until(b'\n', &mut line).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        if line == b".\r\n" {
            return Ok((!too_large).then_some(mail));
        }
        too_large |= mail.len() + line.len() > MAX_MAIL;
        if !too_large {
            mail.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
        }
    }
}

fn keep(dir: &Path, next: &AtomicU64, mail: &[u8]) -> std::io::Result<()> {
    let number = next.fetch_add(1, Ordering::SeqCst);
    let partial = dir.join(format!(".{number:04}.part"));
    std::fs::write(&partial, mail)?;
    std::fs::rename(partial, dir.join(format!("{number:04}.eml")))
}
