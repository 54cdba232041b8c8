//! A screen that can be read while it is drawn on: Xvfb keeps it in a file.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::process::Command;

use super::super::program::Program;
use crate::Failure;

/// Different colours from which on there is text on the screen: its smoothed edges have as many
/// shades. An empty screen, an empty window and a pointer have three together.
const TEXT: usize = 12;

/// Of so many rows one is read: no text is lower.
const STRIDE: usize = 4;

/// Xvfb. Ends with this value.
pub(super) struct Screen {
    /// What `DISPLAY` says.
    pub(super) display: String,
    image: File,
    layout: Layout,
    _server: Program,
}

/// Where in the file the picture is (X11/XWDFile.h, version 7).
struct Layout {
    offset: u64,
    row: usize,
    rows: usize,
}

impl Screen {
    pub(super) fn start(dir: &Path) -> Result<Self, Failure> {
        let mut command = Command::new("Xvfb");
        // It chooses a free display and says which: a number, which is JSON, too. Black, and not
        // started anew when the last program goes.
        command.args(["-displayfd", "1", "-screen", "0", "1280x800x24", "-nolisten", "tcp"]);
        command.args(["-br", "-noreset", "-fbdir"]).arg(dir);
        let (server, number) = Program::start(command, &dir.join("xvfb.log"))?;
        let mut image = File::open(dir.join("Xvfb_screen0"))?;
        let mut header = [0; 100];
        image.read_exact(&mut header)?;
        let layout = Layout::of(&header).ok_or("Xvfb draws in a form that is not known here")?;
        Ok(Self { display: format!(":{number}"), image, layout, _server: server })
    }

    /// Whether text stands on it.
    pub(super) fn shows_text(&self) -> Result<bool, Failure> {
        Ok(self.colours()? >= TEXT)
    }

    /// Whether nothing is on it, apart from a pointer.
    pub(super) fn is_empty(&self) -> Result<bool, Failure> {
        Ok(self.colours()? <= 2)
    }

    /// Different colours on it now, up to as many as text has.
    fn colours(&self) -> Result<usize, Failure> {
        let Layout { offset, row, rows } = self.layout;
        let (mut octets, mut found) = (vec![0; row], Vec::with_capacity(TEXT));
        for at in (0..rows).step_by(STRIDE) {
            self.image.read_exact_at(&mut octets, offset + (at * row) as u64)?;
            let mut last = None;
            for pixel in octets.as_chunks::<4>().0 {
                // Most are like the one before.
                if last.replace(pixel) != Some(pixel) && !found.contains(pixel) {
                    found.push(*pixel);
                    if found.len() == TEXT {
                        return Ok(TEXT);
                    }
                }
            }
        }
        Ok(found.len())
    }
}

impl Layout {
    /// Of a header; `None` unless each pixel has four octets.
    fn of(header: &[u8; 100]) -> Option<Self> {
        // Numbers of four octets, the first one first.
        let fields = header.as_chunks::<4>().0;
        let field = |at: usize| fields.get(at).map(|octets| u32::from_be_bytes(*octets));
        let (size, version, rows) = (field(0)?, field(1)?, field(5)?);
        let (bits, row, colours) = (field(11)?, field(12)?, field(19)?);
        (version == 7 && bits == 32).then_some(Self {
            // Twelve octets for each colour of a palette that nothing uses.
            offset: u64::from(size) + 12 * u64::from(colours),
            row: row as usize,
            rows: rows as usize,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_picture_begins_behind_the_palette() {
        let mut header = [0; 100];
        let mut put = |at: usize, value: u32| {
            header[4 * at..4 * at + 4].copy_from_slice(&value.to_be_bytes());
        };
        put(0, 160);
        put(1, 7);
        put(5, 800);
        put(11, 32);
        put(12, 5120);
        put(19, 256);
        let layout = Layout::of(&header).unwrap();
        assert_eq!((layout.offset, layout.row, layout.rows), (160 + 3072, 5120, 800));
        header[47] = 16;
        assert!(Layout::of(&header).is_none(), "two octets a pixel");
    }
}
