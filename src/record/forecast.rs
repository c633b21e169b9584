//! When a process ends: its memory now and on target pages, mapping by mapping,
//! from the pages that were touched (see `pagesim_record::forecast`).
//!
//! A mapping is counted in target pages of its own: on a system that has them,
//! no two mappings share one.

use super::touched;
use super::{program_path, recorder, Recorder};
use crate::log::Line;
use crate::state::{self, Turn};
use crate::sys;
use core::fmt::Write;
use pagesim_core::page::AddrRange;
use pagesim_record::FORECAST_SUFFIX;

/// The process ends. One that is killed leaves no forecast.
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
    let config = recorder.config;
    let (mut resident, mut pages, mut last) = (0usize, 0usize, None);
    touched::each(range, config.real, &mut |at, entry| {
        if touched::counts(entry) {
            resident += config.real.bytes();
            let page = config.target.floor(at);
            if last != Some(page) {
                pages += 1;
                last = Some(page);
            }
        }
    })?;
    let forecast = pages.saturating_mul(config.target.bytes());
    let mut line = Line::new();
    let (start, end) = (range.start(), range.end());
    let _ = write!(line, "{start:x} {end:x} {prot} {resident:x} {forecast:x} {name}");
    sys::write_all(file, line.finish()).ok()
}
