//! When a process ends, by itself or by a fault: its memory now and on target pages, mapping by mapping,
//! from the pages that were touched (see `pagesim_record::forecast`).
//!
//! A mapping is counted in target pages of its own: on a system that has them,
//! no two mappings share one.

use super::touched;
use super::{program_path, recorder, Recorder};
use crate::log::Line;
use crate::procfs::resident::{scan, Pages, MOST};
use crate::state::{self, Turn};
use crate::sys;
use core::fmt::Write;
use pagesim_core::page::AddrRange;
use pagesim_core::space::Config;
use pagesim_record::FORECAST_SUFFIX;

/// The process ends. One that is killed by another leaves no forecast.
pub(crate) fn end() {
    if !super::on() {
        return;
    }
    let Turn::Open(mut guard) = state::enter() else { return };
    let Some(recorder) = recorder(&mut guard) else { return };
    let file = recorder.sink.as_ref().and_then(|sink| sink.create(FORECAST_SUFFIX).ok());
    let Some(file) = file else { return };
    write(recorder, file);
    sys::close(file);
}

fn write(recorder: &Recorder, file: i32) {
    let config = recorder.config;
    let mut path = [0u8; 256];
    let mut line = Line::new();
    let program = program_path(&mut path).escape_ascii();
    let (pid, target, real) = (sys::getpid(), config.target.bytes(), config.real.bytes());
    let _ = write!(line, "# {pid} {target:x} {real:x} {program}");
    let _ = sys::write_all(file, line.finish());
    let flags = libc::O_RDONLY | libc::O_CLOEXEC;
    let Ok(maps) = sys::open(c"/proc/self/maps", flags, 0) else { return };
    let mut input = [0u8; 1024];
    let mut text = [0u8; 512];
    let mut len = 0;
    while let Ok(read @ 1..) = sys::read(maps, &mut input) {
        for byte in input.get(..read).unwrap_or(&[]) {
            if *byte == b'\n' {
                mapping(recorder, file, text.get(..len).unwrap_or(&[]));
                len = 0;
            } else if let Some(place) = text.get_mut(len) {
                *place = *byte;
                len += 1;
            }
        }
    }
    sys::close(maps);
}

/// One line of the list: `start-end protection offset device inode name`.
fn mapping(recorder: &Recorder, file: i32, text: &[u8]) -> Option<()> {
    let text = core::str::from_utf8(text).ok()?;
    let mut fields = text.split_ascii_whitespace();
    let (start, end) = fields.next()?.split_once('-')?;
    let address = |hex| usize::from_str_radix(hex, 16).ok();
    let range = AddrRange::new(address(start)?, address(end)?)?;
    let prot = fields.next()?;
    let name = fields.nth(3).unwrap_or("");
    let (resident, forecast) = memory(recorder.config, range)?;
    let mut line = Line::new();
    let (start, end) = (range.start(), range.end());
    let _ = write!(line, "{start:x} {end:x} {prot} {resident:x} {forecast:x} {name}");
    sys::write_all(file, line.finish()).ok()
}

/// Bytes of a mapping that were touched, and of the target pages they are in.
fn memory(config: Config, range: AddrRange) -> Option<(usize, usize)> {
    let (mut resident, mut pages, mut behind) = (0usize, 0usize, 0usize);
    let mut add = |region: AddrRange| {
        resident += region.len();
        let first = config.target.floor(region.start()).max(behind);
        // the last page of an address space has no end
        let last = config.target.floor(region.end().saturating_sub(1));
        if first <= last {
            pages += (last - first) / config.target.bytes() + 1;
            behind = last.saturating_add(config.target.bytes());
        }
    };
    let flags = libc::O_RDONLY | libc::O_CLOEXEC;
    let pagemap = sys::open(c"/proc/self/pagemap", flags, 0).ok()?;
    let scanned = scan(pagemap, range, Pages::Used, &mut add);
    sys::close(pagemap);
    // An address space that is only reserved takes too long entry by entry.
    if scanned.is_none() && range.len() / config.real.bytes() <= MOST {
        touched::each(range, config.real, &mut |at, entry| {
            let page = AddrRange::from_len(at, config.real.bytes());
            page.filter(|_| touched::counts(entry)).into_iter().for_each(&mut add);
        })?;
    }
    Some((resident, pages.saturating_mul(config.target.bytes())))
}
