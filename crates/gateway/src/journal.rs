//! What a gateway keeps of a feed over a restart: the signed pages as they came.
//!
//! A record is [`MARK`], the page's length (4 octets, big-endian) and the page. Nothing in the
//! file is trusted: each page is opened again when the file is read, so that a damaged or
//! tampered file can lose news but never invent any. Octets that belong to no record are
//! skipped up to the next mark: what can be verified is not forgotten because of damage before
//! it. A torn end, as after a power cut, is cut off.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use tegata_wire::feed::MAX_PAGE;

const MARK: &[u8; 8] = b"TGpage\r\n";
const HEAD: u64 = 12;

/// The file of one service, open for adding.
#[derive(Debug)]
pub(crate) struct Journal {
    path: PathBuf,
    file: File,
    len: u64,
}

/// A file that takes the place of a [`Journal`] once it holds everything.
#[derive(Debug)]
pub(crate) struct Rewrite {
    path: PathBuf,
    file: BufWriter<File>,
    len: u64,
}

impl Journal {
    /// Opens the file at `path`, creating it where there is none, and shows every page in it
    /// to `judge`, which says whether the page is genuine.
    ///
    /// When something in the middle is not, the genuine pages are written to a new file and
    /// the old one is kept beside it, ending in `.damaged`.
    ///
    /// # Errors
    /// When the file cannot be read or written.
    pub(crate) fn open(path: &Path, mut judge: impl FnMut(&[u8]) -> bool) -> io::Result<Self> {
        let mut file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        let size = file.metadata()?.len();
        let genuine = read(&mut file, size, &mut judge)?;
        let end = genuine.last().map_or(0, |record| record.end);
        let whole = genuine.iter().map(Record::size).sum::<u64>() == end;
        if !whole {
            tracing::error!(
                path = %path.display(),
                "the feed's journal is damaged; what could be verified is kept"
            );
            fs::copy(path, path.with_extension("damaged"))?;
            return salvage(path, &mut file, &genuine);
        }
        if end < size {
            tracing::warn!(path = %path.display(), octets = size - end, "a torn end was cut off");
            file.set_len(end)?;
            file.sync_all()?;
        }
        file.seek(SeekFrom::Start(end))?;
        sync_dir(path)?;
        Ok(Self { path: path.to_owned(), file, len: end })
    }

    /// Adds a page; it is on the disk when this returns.
    ///
    /// # Errors
    /// When it could not be written; the file is then as before.
    pub(crate) fn append(&mut self, page: &[u8]) -> io::Result<()> {
        let record = record(page)?;
        let written = self.file.write_all(&record).and_then(|()| self.file.sync_data());
        if let Err(error) = written {
            self.file.set_len(self.len)?;
            self.file.seek(SeekFrom::Start(self.len))?;
            return Err(error);
        }
        self.len += record.len() as u64;
        Ok(())
    }

    /// Length of the file in octets.
    pub(crate) fn len(&self) -> u64 {
        self.len
    }

    /// Begins a file that is to take this one's place.
    ///
    /// # Errors
    /// When it cannot be created.
    pub(crate) fn rewrite(&self) -> io::Result<Rewrite> {
        Rewrite::new(&self.path)
    }
}

impl Rewrite {
    fn new(path: &Path) -> io::Result<Self> {
        let file = File::create(path.with_extension("new"))?;
        Ok(Self { path: path.to_owned(), file: BufWriter::new(file), len: 0 })
    }

    /// Adds a page; it may not be on the disk yet.
    ///
    /// # Errors
    /// When it could not be written.
    pub(crate) fn append(&mut self, page: &[u8]) -> io::Result<()> {
        let record = record(page)?;
        self.len += record.len() as u64;
        self.file.write_all(&record)
    }

    /// Puts the file in place; everything is on the disk when this returns.
    ///
    /// # Errors
    /// When it could not be written or moved; the old file then still stands.
    pub(crate) fn finish(self) -> io::Result<Journal> {
        let file = self.file.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.sync_all()?;
        fs::rename(self.path.with_extension("new"), &self.path)?;
        sync_dir(&self.path)?;
        Ok(Journal { path: self.path, file, len: self.len })
    }
}

/// Where a genuine page stands: from its mark to its end.
struct Record {
    start: u64,
    end: u64,
}

impl Record {
    fn size(&self) -> u64 {
        self.end - self.start
    }
}

fn read(
    file: &mut File,
    size: u64,
    judge: &mut impl FnMut(&[u8]) -> bool,
) -> io::Result<Vec<Record>> {
    let mut reader = BufReader::with_capacity(256 * 1024, file);
    let mut genuine = Vec::new();
    let mut page = Vec::new();
    let mut at = 0;
    while let Some(start) = find_mark(&mut reader, at)? {
        let mut len = [0; 4];
        if size - start < HEAD {
            break;
        }
        reader.read_exact(&mut len)?;
        let len = u64::from(u32::from_be_bytes(len));
        let end = start + HEAD + len;
        if len <= MAX_PAGE as u64 && end <= size {
            page.resize(len as usize, 0);
            reader.read_exact(&mut page)?;
            if judge(&page) {
                genuine.push(Record { start, end });
                at = end;
                continue;
            }
        }
        // Not a record after all: the next one may begin anywhere behind this mark's start.
        at = start + 1;
        reader.seek(SeekFrom::Start(at))?;
    }
    Ok(genuine)
}

/// Moves to behind the next mark and returns where that mark begins.
fn find_mark(reader: &mut impl BufRead, at: u64) -> io::Result<Option<u64>> {
    let mut window = [0; MARK.len()];
    match reader.read_exact(&mut window) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        other => other?,
    }
    let mut start = at;
    let mut octets = reader.bytes();
    while &window != MARK {
        let Some(octet) = octets.next().transpose()? else { return Ok(None) };
        window.rotate_left(1);
        window[MARK.len() - 1] = octet;
        start += 1;
    }
    Ok(Some(start))
}

fn salvage(path: &Path, file: &mut File, genuine: &[Record]) -> io::Result<Journal> {
    let mut rewrite = Rewrite::new(path)?;
    for record in genuine {
        let mut page = Vec::new();
        file.seek(SeekFrom::Start(record.start + HEAD))?;
        file.take(record.size() - HEAD).read_to_end(&mut page)?;
        rewrite.append(&page)?;
    }
    rewrite.finish()
}

fn record(page: &[u8]) -> io::Result<Vec<u8>> {
    let len = u32::try_from(page.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
    Ok([&MARK[..], &len.to_be_bytes(), page].concat())
}

/// Makes a created or renamed file's name durable, where directories can be synced.
fn sync_dir(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(dir) if cfg!(unix) => File::open(dir)?.sync_all(),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGES: [&[u8]; 4] = [b"first", b"second", b"", b"fourth"];

    fn written(dir: &Path) -> PathBuf {
        let path = dir.join("service.feed");
        let mut journal = Journal::open(&path, |_| true).unwrap();
        for page in PAGES {
            journal.append(page).unwrap();
        }
        assert_eq!(journal.len(), fs::metadata(&path).unwrap().len());
        path
    }

    fn pages(path: &Path) -> Vec<Vec<u8>> {
        let mut pages = Vec::new();
        let genuine = |page: &[u8]| PAGES.contains(&page);
        let journal = Journal::open(path, |page| {
            if genuine(page) {
                pages.push(page.to_vec());
            }
            genuine(page)
        })
        .unwrap();
        assert_eq!(journal.len(), fs::metadata(path).unwrap().len());
        pages
    }

    #[test]
    fn pages_read_back_in_order() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(pages(&written(dir.path())), PAGES);
    }

    #[test]
    fn every_torn_end_keeps_the_pages_before_it_and_can_be_added_to() {
        let dir = tempfile::tempdir().unwrap();
        let path = written(dir.path());
        let whole = fs::read(&path).unwrap();
        for len in 0..whole.len() {
            fs::write(&path, &whole[..len]).unwrap();
            let kept = pages(&path);
            assert_eq!(kept, PAGES[..kept.len()], "cut at {len}");
            assert!(!path.with_extension("damaged").exists());
            Journal::open(&path, |_| true).unwrap().append(b"fourth").unwrap();
            assert_eq!(pages(&path).last().unwrap(), b"fourth");
        }
    }

    #[test]
    fn damage_anywhere_costs_at_most_one_page() {
        let dir = tempfile::tempdir().unwrap();
        let path = written(dir.path());
        let whole = fs::read(&path).unwrap();
        for place in 0..whole.len() {
            let mut damaged = whole.clone();
            damaged[place] ^= 0x55;
            fs::write(&path, &damaged).unwrap();
            let kept = pages(&path);
            assert_eq!(kept.len(), PAGES.len() - 1, "damage at {place}");
            assert!(kept.iter().all(|page| PAGES.contains(&page.as_slice())));
            assert_eq!(pages(&path), kept, "the salvaged file reads the same");
        }
        assert!(path.with_extension("damaged").exists());
    }

    #[test]
    fn garbage_and_foreign_files_give_nothing_and_do_not_panic() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("service.feed");
        for garbage in [&b"x"[..], b"TGpage\r\n", b"TGpage\r\n\xff\xff\xff\xff", &[0; 10_000]] {
            fs::write(&path, garbage).unwrap();
            assert_eq!(pages(&path), Vec::<Vec<u8>>::new());
        }
    }

    #[test]
    fn a_rewrite_takes_over_only_when_finished() {
        let dir = tempfile::tempdir().unwrap();
        let path = written(dir.path());
        let mut rewrite = Journal::open(&path, |_| true).unwrap().rewrite().unwrap();
        rewrite.append(b"second").unwrap();
        drop(rewrite);
        assert_eq!(pages(&path), PAGES);
        let mut rewrite = Journal::open(&path, |_| true).unwrap().rewrite().unwrap();
        rewrite.append(b"second").unwrap();
        let mut journal = rewrite.finish().unwrap();
        journal.append(b"fourth").unwrap();
        assert_eq!(pages(&path), [&b"second"[..], b"fourth"]);
    }
}
