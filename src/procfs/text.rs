//! Copies a file of `/proc` into a memory file, a line at a time.

use super::name::{Kind, Link};
use super::resident::{self, Scan};
use crate::other::larger;
use crate::shm::listing;
use crate::sys;
use pagesim_core::counts::{self, Field, Residence, Resident, Smaps, Units};
use pagesim_core::errno::Errno;
use pagesim_core::page::AddrRange;

/// Copies `from` to `to`, its numbers in target pages.
pub(super) fn copy(from: i32, to: i32, units: Units, link: &Link, kind: Kind) -> Result<(), Errno> {
    let mut out = Out::new(to);
    let residence = || {
        let larger = units.target > units.real;
        Residence::new(units, larger.then(|| resident::all(link, units)).flatten())
    };
    match kind {
        Kind::Statm | Kind::Stat => {
            let statm = kind == Kind::Statm;
            each_line(from, |line, _| {
                let mut put = |part: &[u8]| out.put(part);
                if statm {
                    counts::statm(residence(), line, &mut put);
                } else {
                    counts::stat(residence(), line, &mut put);
                }
            })?;
        }
        Kind::Status => {
            let mut residence = residence();
            each_line(from, |line, begins| {
                if let Some(field) = Field::parse(line).filter(|_| begins) {
                    counts::status_before(&mut residence, &field);
                }
            })?;
            // SAFETY: no pointers.
            unsafe {
                sys::own(libc::SYS_lseek, [from as usize, 0, libc::SEEK_SET as usize, 0, 0, 0])
            }?;
            fields(from, &mut out, |line| counts::status(&mut residence, &Field::parse(line)?))?;
        }
        Kind::Meminfo => {
            fields(from, &mut out, |line| counts::meminfo(units, &Field::parse(line)?))?;
        }
        Kind::Vmstat => {
            each_line(from, |line, _| counts::vmstat(units, line, &mut |part| out.put(part)))?;
        }
        Kind::Smaps => {
            let mut smaps = Smaps::new(units, Scan::new(link, units));
            fields(from, &mut out, |line| smaps.line(line))?;
        }
        Kind::Rollup => {
            let all = resident::all(link, units).filter(|_| units.target > units.real);
            let sum = all.map(|seen| seen.anon.saturating_add(seen.file));
            let mut smaps = Smaps::new(units, Sum(sum.or_else(|| total(link, units))));
            fields(from, &mut out, |line| smaps.line(line))?;
        }
        Kind::Auxv => auxv(from, units, &mut out)?,
        Kind::NumaMaps => {
            each_line(from, |line, begins| {
                let mut put = |part: &[u8]| out.put(part);
                if begins {
                    counts::numa_maps(units, line, &mut put);
                } else {
                    put(line);
                }
            })?;
        }
        Kind::Segments => {
            each_line(from, |line, _| match larger() {
                Some(config) => listing::line(config, line, &mut |part: &[u8]| out.put(part)),
                None => out.put(line),
            })?;
        }
        Kind::Pagemap => {}
    }
    out.finish()
}

/// Copies lines, with another number in those that `new` has one for.
fn fields(
    from: i32,
    out: &mut Out,
    mut new: impl FnMut(&[u8]) -> Option<u64>,
) -> Result<(), Errno> {
    each_line(from, |line, begins| {
        let value = if begins { new(line) } else { None };
        match (value, Field::parse(line)) {
            (Some(value), Some(field)) => field.write(value, &mut |part| out.put(part)),
            _ => out.put(line),
        }
    })
}

/// The sum of all mappings' resident target pages, found beforehand.
struct Sum(Option<u64>);

impl Resident for Sum {
    fn resident(&mut self, _: AddrRange, _: u64) -> Option<u64> {
        self.0
    }
}

fn total(link: &Link, units: Units) -> Option<u64> {
    let path = link.sibling("smaps")?;
    let fd = sys::open(path.as_c_str(), libc::O_RDONLY | libc::O_CLOEXEC, 0).ok()?;
    let mut smaps = Smaps::new(units, Scan::new(link, units));
    let read = each_line(fd, |line, begins| {
        if begins {
            smaps.line(line);
        }
    });
    sys::close(fd);
    read.ok().map(|()| smaps.total().next_multiple_of(units.target_kib()))
}

/// The vector: pairs of words.
fn auxv(from: i32, units: Units, out: &mut Out) -> Result<(), Errno> {
    let mut bytes = [0u8; 1024];
    loop {
        let len = sys::read(from, &mut bytes)?;
        let words = bytes.get_mut(..len).unwrap_or(&mut []);
        if words.is_empty() {
            return Ok(());
        }
        for pair in words.chunks_exact_mut(2 * size_of::<usize>()) {
            let (kind, value) = pair.split_at_mut(size_of::<usize>());
            if *kind == (libc::AT_PAGESZ as usize).to_ne_bytes() {
                value.copy_from_slice(&units.target.bytes().to_ne_bytes());
            }
        }
        out.put(words);
    }
}

/// Longer lines than this hold a file name; they are handed on in pieces.
const LINE: usize = 1024;

/// Shows `visit` every line of a file; of a long one piece after piece, the first
/// of them as the one that begins it.
fn each_line(fd: i32, mut visit: impl FnMut(&[u8], bool)) -> Result<(), Errno> {
    let mut buffer = [0u8; LINE];
    let (mut filled, mut begins) = (0, true);
    loop {
        let len = sys::read(fd, buffer.get_mut(filled..).unwrap_or(&mut []))?;
        let end = filled + len;
        let mut start = 0;
        while let Some(text) = buffer.get(start..end).filter(|text| !text.is_empty()) {
            let newline = text.iter().position(|b| *b == b'\n');
            let whole = newline.is_some() || len == 0 || text.len() == LINE;
            if !whole {
                break;
            }
            let line = newline.and_then(|at| text.get(..=at)).unwrap_or(text);
            visit(line, begins);
            begins = newline.is_some();
            start += line.len();
        }
        if len == 0 {
            return Ok(());
        }
        buffer.copy_within(start..end, 0);
        filled = end - start;
    }
}

/// Collects what is written to a file.
struct Out {
    fd: i32,
    buffer: [u8; LINE],
    len: usize,
    failed: Option<Errno>,
}

impl Out {
    fn new(fd: i32) -> Out {
        Out { fd, buffer: [0; LINE], len: 0, failed: None }
    }

    fn put(&mut self, part: &[u8]) {
        if part.len() > LINE - self.len {
            self.flush();
        }
        match self.buffer.get_mut(self.len..self.len + part.len()) {
            Some(place) => {
                place.copy_from_slice(part);
                self.len += part.len();
            }
            None => self.write(part),
        }
    }

    fn write(&mut self, part: &[u8]) {
        if let Err(error) = sys::write_all(self.fd, part) {
            self.failed = Some(error);
        }
    }

    fn flush(&mut self) {
        let bytes = self.buffer;
        self.write(bytes.get(..self.len).unwrap_or(&[]));
        self.len = 0;
    }

    fn finish(mut self) -> Result<(), Errno> {
        self.flush();
        match self.failed {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }
}
