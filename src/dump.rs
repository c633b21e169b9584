//! The table as text: when the program ends, and on request.

use crate::linux::Linux;
use crate::log::{self, Line, Names};
use crate::state::{self, Turn};
use crate::{arena::Arena, sys};
use core::ffi::c_int;
use core::fmt::Write;
use core::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};
use pagesim_core::errno::Errno;
use pagesim_core::page::AddrRange;
use pagesim_core::space::Space;
use pagesim_core::vma::{Backing, Vma};

/// The file's name, a string of the environment; length 0 for none.
#[link_section = ".data"]
static PATH: AtomicPtr<u8> = AtomicPtr::new(core::ptr::null_mut());
#[link_section = ".data"]
static PATH_LEN: AtomicUsize = AtomicUsize::new(0);

/// Wants a dump in `path` when the program ends.
pub(crate) fn at_end(path: Option<&'static [u8]>) {
    if let Some(path) = path {
        PATH.store(path.as_ptr().cast_mut(), Ordering::Relaxed);
        PATH_LEN.store(path.len(), Ordering::Relaxed);
    }
}

/// The program ends: writes what [`at_end`] asked for.
#[link_section = ".text.start"]
pub(crate) fn end() {
    let len = PATH_LEN.load(Ordering::Relaxed);
    if len == 0 {
        return;
    }
    // SAFETY: the parts of a slice that lives as long as the process.
    let path = unsafe { core::slice::from_raw_parts(PATH.load(Ordering::Relaxed), len) };
    let written = log::create(path).and_then(|fd| {
        let written = table(fd);
        sys::close(fd);
        written
    });
    if let Err(error) = written {
        log::complain("dump", path, error);
    }
}

/// Writes the table to a file descriptor. For debuggers and programs that know
/// they run under this library; returns 0, or -1 when it could not be written.
#[no_mangle]
extern "C" fn pagesim_dump(fd: c_int) -> c_int {
    table(fd).map_or(-1, |()| 0)
}

fn table(fd: i32) -> Result<(), Errno> {
    match state::enter() {
        Turn::Open(mut guard) => write_table(fd, guard.space()),
        Turn::Inert => Ok(()),
        Turn::Nested(_) => Err(Errno::EBUSY),
    }
}

fn write_table(fd: i32, space: &Space<Linux, Arena>) -> Result<(), Errno> {
    let config = space.config();
    let mut line = Line::new();
    let _ = write!(
        line,
        "# pagesim table of {}: target page {}, host page {}, window {:?}",
        sys::getpid(),
        config.target.bytes(),
        config.host.bytes(),
        config.window
    );
    sys::write_all(fd, line.finish())?;
    for vma in space.map().overlapping(AddrRange::from_len(0, usize::MAX).unwrap_or_default()) {
        let mut line = Line::new();
        let _ = describe(&mut line, &vma);
        sys::write_all(fd, line.finish())?;
    }
    Ok(())
}

fn describe(line: &mut Line, vma: &Vma) -> core::fmt::Result {
    write!(line, "{:?} {} {}", vma.range, Names(vma.prot), Names(vma.flags))?;
    match vma.backing {
        Backing::Anonymous => Ok(()),
        Backing::File { id, offset } => {
            write!(line, " file {:x}:{} offset {offset:#x}", id.dev, id.ino)
        }
        Backing::Special { id, offset } => {
            write!(line, " special {:x}:{} offset {offset:#x}", id.dev, id.ino)
        }
        Backing::Filler => line.write_str(" filler"),
        Backing::Foreign => line.write_str(" foreign"),
    }
}
