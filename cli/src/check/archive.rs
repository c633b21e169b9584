//! Files inside files: static libraries, packages, wheels, archives in
//! archives.
//!
//! Streams are read once, front to back; only a member that is an ELF file, or
//! an archive that must be read out of order, is held in memory. What is
//! inside an archive comes from strangers: depth and sizes are limited, and a
//! damaged member is noted, not fatal.

use std::fs::File;
use std::io::{self, BufReader, Cursor, Read, Seek};

use object::read::archive::ArchiveFile;
use object::read::{ReadCache, ReadRef};

use super::kind::{Kind, HEAD};
use super::{rules, Question};
use crate::elf;
use crate::findings::Report;

/// Archives in archives in archives.
const MAX_DEPTH: u32 = 4;
/// The largest member that is held in memory.
const MAX_MEMBER: u64 = 1 << 30;

/// Collects what is found in one file and everything inside it.
pub(super) struct Examiner<'q> {
    question: &'q Question,
    report: Report,
}

/// A stream whose beginning was looked at and put back.
type Stream<'r> = io::Chain<Cursor<Vec<u8>>, Box<dyn Read + 'r>>;

impl<'q> Examiner<'q> {
    pub(super) fn new(question: &'q Question) -> Self {
        Self { question, report: Report::new(question.page_sizes.clone()) }
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
        if let Err(error) = self.seekable(file, name, 0) {
            self.note(name, &error.to_string());
        }
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
                let content = held(stream)?;
                self.seekable(Cursor::new(content), name, depth)
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
            if let Err(error) = self.stream(Box::new(member), &path, depth + 1) {
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
        self.stream(plain, name, depth + 1)
    }
}

/// The first bytes.
fn head(from: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut head = Vec::with_capacity(HEAD);
    let limit = u64::try_from(HEAD).unwrap_or(u64::MAX);
    from.by_ref().take(limit).read_to_end(&mut head)?;
    Ok(head)
}

/// All of a member.
fn held(from: impl Read) -> io::Result<Vec<u8>> {
    let mut content = Vec::new();
    from.take(MAX_MEMBER + 1).read_to_end(&mut content)?;
    if u64::try_from(content.len()).is_ok_and(|length| length <= MAX_MEMBER) {
        Ok(content)
    } else {
        Err(io::Error::other("too large to be examined inside an archive"))
    }
}
