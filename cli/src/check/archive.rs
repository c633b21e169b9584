//! Files inside files: static libraries, packages, wheels, archives in
//! archives.
//!
//! Streams are read once, front to back; only a member that is an ELF file, or
//! an archive that must be read out of order, is kept: small ones in memory, large
//! ones in a file without a name. What is inside an archive comes from strangers:
//! depth, sizes and the sum of all that is unpacked are limited, and a damaged
//! member is noted, not fatal.

use std::cell::Cell;
use std::fs::File;
use std::io::{self, BufReader, Cursor, Read, Seek};
use std::rc::Rc;

use object::read::archive::ArchiveFile;
use object::read::{ReadCache, ReadRef};

use super::kind::{Kind, HEAD};
use super::{rules, Question};
use crate::elf;
use crate::findings::Report;

/// Archives in archives in archives.
const MAX_DEPTH: u32 = 4;
/// The largest member that is kept.
const MAX_MEMBER: u64 = 1 << 30;
/// The largest that is kept in memory.
const MAX_MEMORY: usize = 16 << 20;
/// What is unpacked of one file at most, and for each of its bytes.
const MAX_UNPACKED: u64 = 16 << 30;
const MAX_RATIO: u64 = 64;

/// Collects what is found in one file and everything inside it.
pub(super) struct Examiner<'q> {
    question: &'q Question,
    report: Report,
    /// What may still be unpacked, in bytes.
    left: Rc<Cell<u64>>,
}

/// A stream out of an archive, which ends with an error when too much was unpacked.
struct Counted<R> {
    from: R,
    left: Rc<Cell<u64>>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.from.read(buffer)?;
        let left = self.left.get().checked_sub(u64::try_from(read).unwrap_or(u64::MAX));
        self.left.set(left.unwrap_or(0));
        left.map(|_| read).ok_or_else(|| io::Error::other("holds too much to be examined"))
    }
}

/// A stream whose beginning was looked at and put back.
type Stream<'r> = io::Chain<Cursor<Vec<u8>>, Box<dyn Read + 'r>>;

impl<'q> Examiner<'q> {
    pub(super) fn new(question: &'q Question) -> Self {
        let report = Report::new(question.page_sizes.clone());
        Self { question, report, left: Rc::new(Cell::new(MAX_UNPACKED)) }
    }

    pub(super) fn into_report(self) -> Report {
        self.report
    }

    /// Says why something could not be examined.
    pub(super) fn note(&mut self, name: &str, reason: &str) {
        self.report.notes.push(format!("{name}: {reason}"));
    }

    /// A file on disk.
    pub(super) fn file(&mut self, file: File, name: &str) {
        let length = file.metadata().map_or(0, |data| data.len());
        self.left.set(MAX_UNPACKED.saturating_add(length.saturating_mul(MAX_RATIO)));
        if let Err(error) = self.seekable(file, name, 0) {
            self.note(name, &error.to_string());
        }
    }

    fn counted<R: Read>(&self, from: R) -> Counted<R> {
        Counted { from, left: Rc::clone(&self.left) }
    }

    /// Anything that can be read in any order.
    fn seekable<R: Read + Seek>(&mut self, mut from: R, name: &str, depth: u32) -> io::Result<()> {
        let head = head(&mut from)?;
        from.rewind()?;
        match Kind::of(&head) {
            Kind::Other => Ok(()),
            Kind::Elf => {
                self.elf(&ReadCache::new(from), name);
                Ok(())
            }
            _ if depth >= MAX_DEPTH => Err(io::Error::other("too many archives in archives")),
            Kind::Zip => self.zip(from, name, depth),
            Kind::Ar => self.ar(&ReadCache::new(from), name, depth),
            Kind::Tar => self.tar(from, name, depth),
            kind => self.compressed(kind, BufReader::new(from), name, depth),
        }
    }

    /// Anything that can be read once.
    fn stream<'r>(&mut self, from: Box<dyn Read + 'r>, name: &str, depth: u32) -> io::Result<()> {
        let mut from = from;
        let head = head(&mut from)?;
        let kind = Kind::of(&head);
        let stream: Stream<'r> = Cursor::new(head).chain(from);
        match kind {
            Kind::Other => Ok(()),
            Kind::Elf | Kind::Zip | Kind::Ar => {
                let content = kept(stream)?;
                self.seekable(content, name, depth)
            }
            _ if depth >= MAX_DEPTH => Err(io::Error::other("too many archives in archives")),
            Kind::Tar => self.tar(stream, name, depth),
            kind => self.compressed(kind, BufReader::new(stream), name, depth),
        }
    }

    fn elf<'d, R: ReadRef<'d>>(&mut self, data: R, name: &str) {
        match elf::read(data) {
            Ok(Some(facts)) if rules::concerns(&facts, self.question.include_32bit) => {
                self.report.subjects.push(name.to_owned());
                self.report.findings.extend(rules::elf(&facts, name, &self.question.page_sizes));
            }
            Ok(_) => {}
            Err(error) => self.note(name, &format!("damaged ELF file: {error}")),
        }
    }

    fn zip<R: Read + Seek>(&mut self, from: R, name: &str, depth: u32) -> io::Result<()> {
        let mut zip = zip::ZipArchive::new(from)?;
        let is_package = zip.index_for_name("AndroidManifest.xml").is_some();
        for index in 0..zip.len() {
            if self.left.get() == 0 {
                break;
            }
            let member = match zip.by_index(index) {
                Ok(member) => member,
                Err(error) => {
                    self.note(&format!("{name}!/#{index}"), &error.to_string());
                    continue;
                }
            };
            if !member.is_file() {
                continue;
            }
            let path = format!("{name}!/{}", member.name());
            let stored = member.compression() == zip::CompressionMethod::Stored;
            let is_mapped = is_package && stored && member.name().ends_with(".so");
            let start = member.data_start().filter(|_| is_mapped);
            if let Err(error) = self.stream(Box::new(self.counted(member)), &path, depth + 1) {
                self.note(&path, &error.to_string());
            }
            // Of the libraries, those that were examined themselves.
            if let Some(start) = start.filter(|_| self.report.subjects.last() == Some(&path)) {
                let sizes = &self.question.page_sizes;
                self.report.findings.extend(rules::stored_library(&path, start, sizes));
            }
        }
        Ok(())
    }

    fn ar<'d, R: ReadRef<'d>>(&mut self, data: R, name: &str, depth: u32) -> io::Result<()> {
        let archive = ArchiveFile::parse(data).map_err(io::Error::other)?;
        if archive.is_thin() {
            // Its members are files of their own.
            return Ok(());
        }
        for member in archive.members() {
            let member = member.map_err(io::Error::other)?;
            let path = format!("{name}!/{}", String::from_utf8_lossy(member.name()));
            let content = member.data(data).map_err(io::Error::other)?;
            if let Err(error) = self.seekable(Cursor::new(content), &path, depth + 1) {
                self.note(&path, &error.to_string());
            }
        }
        Ok(())
    }

    fn tar(&mut self, from: impl Read, name: &str, depth: u32) -> io::Result<()> {
        for member in tar::Archive::new(from).entries()? {
            let member = member?;
            if !member.header().entry_type().is_file() {
                continue;
            }
            let path = format!("{name}!/{}", String::from_utf8_lossy(&member.path_bytes()));
            // A stream that ends here ends for the rest of the archive too,
            // and then it is the next step that fails.
            if let Err(error) = self.stream(Box::new(member), &path, depth + 1) {
                self.note(&path, &error.to_string());
            }
        }
        Ok(())
    }

    /// A compressed stream is not a step down by itself: the tar in it is.
    fn compressed<R: io::BufRead>(
        &mut self,
        kind: Kind,
        from: R,
        name: &str,
        depth: u32,
    ) -> io::Result<()> {
        let plain: Box<dyn Read + '_> = match kind {
            Kind::Gzip => Box::new(flate2::bufread::MultiGzDecoder::new(from)),
            Kind::Xz => Box::new(lzma_rust2::XzReader::new(from, true)),
            Kind::Bzip2 => Box::new(bzip2::bufread::MultiBzDecoder::new(from)),
            Kind::Zstd => {
                Box::new(ruzstd::decoding::StreamingDecoder::new(from).map_err(io::Error::other)?)
            }
            _ => return Ok(()),
        };
        self.stream(Box::new(self.counted(plain)), name, depth + 1)
    }
}

/// The first bytes.
fn head(from: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut head = Vec::with_capacity(HEAD);
    let limit = u64::try_from(HEAD).unwrap_or(u64::MAX);
    from.by_ref().take(limit).read_to_end(&mut head)?;
    Ok(head)
}

/// All of a member, to be read in any order.
fn kept(from: impl Read) -> io::Result<tempfile::SpooledTempFile> {
    let mut content = tempfile::spooled_tempfile(MAX_MEMORY);
    if io::copy(&mut from.take(MAX_MEMBER + 1), &mut content)? > MAX_MEMBER {
        return Err(io::Error::other("too large to be examined inside an archive"));
    }
    content.rewind()?;
    Ok(content)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_unpacked_is_limited_in_sum() {
        let left = Rc::new(Cell::new(10));
        let stream = |bytes| Counted { from: io::repeat(7).take(bytes), left: Rc::clone(&left) };
        assert!(stream(8).read_to_end(&mut Vec::new()).is_ok());
        assert!(stream(3).read_to_end(&mut Vec::new()).is_err());
        assert_eq!(left.get(), 0);
    }
}
