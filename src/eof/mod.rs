//! The end of a file in a large page: *tails*, the memory between the host page
//! in which a file ends and the end of the target page around it.
//!
//! A file's mapping is the host's own over its whole length, so growth by anybody
//! shows by itself and an access behind the last target page gets its SIGBUS. An
//! access to the tail gets one too; the handler (`bus`) finds out that it was one
//! and fills the tail with memory (`fill`). The part of the file's mapping that was
//! there waits elsewhere ("parked") and returns when the file has grown
//! over the tail or shrunk away from its page (`refresh`). Nothing here keeps a
//! descriptor: a mapping is its own handle on the file, and whether the file
//! reaches to a place is asked by reading there.
//!
//! Invariants between two operations:
//! * a live tail lies in one target page of a `Backing::File` entry of the table,
//!   and reaches to the end of that page or to the next live tail in it;
//! * shared tails of the same bytes of the same file are the same memory;
//! * parked mappings lie outside the table, can be read and nothing else.
//!
//! Lock order: everything here runs under the one lock, but for the questions
//! [`alive`] and [`concerned`], which any hook may ask.

mod bus;
mod changes;
mod fill;
mod front;
mod kernel;
mod list;
pub(crate) mod mask;
pub(crate) mod pinned;
mod private;
mod refresh;
mod remap;
mod size;
mod smaps;
pub(crate) mod strict;
pub(crate) mod transfer;

pub(crate) use front::{Front, KernelAction};
pub(crate) use kernel::{locking, readable};

use crate::arena::Arena;
use crate::hooks::growth;
use crate::linux::Linux;
use crate::state::{self, Guard, Turn};
use core::cell::UnsafeCell;
use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use list::List;
use pagesim_core::flags::MapFlags;
use pagesim_core::page::AddrRange;
use pagesim_core::space::Space;
use pagesim_core::vma::{Backing, FileId};

/// Live tails.
#[link_section = ".data"]
static ALIVE: AtomicUsize = AtomicUsize::new(0);

/// Lowest and highest address that a file mapping with a possible tail ever had.
#[link_section = ".data"]
static LOW: AtomicUsize = AtomicUsize::new(usize::MAX);
#[link_section = ".data"]
static HIGH: AtomicUsize = AtomicUsize::new(0);

/// Whether a shared mapping of a file was ever made.
#[link_section = ".data"]
static SHARED: AtomicBool = AtomicBool::new(false);

/// Whether a private one was.
static PRIVATE: AtomicBool = AtomicBool::new(false);

/// Parent and child share what is in shared tails, so these are filled before
/// they part.
pub(crate) fn before_fork(guard: &mut Guard) {
    if SHARED.load(Ordering::Relaxed) {
        let mut eof = Eof::of(guard);
        eof.fill_shared();
        eof.end_look();
    }
    if any_private() {
        Eof::of(guard).keep_written();
    }
    if strict::is_on() && alive() {
        Eof::of(guard).copy_private();
    }
}

/// A program is about to be started in a process of its own.
pub(crate) fn before_spawn() {
    if any_private() {
        if let Turn::Open(mut guard) = state::enter() {
            Eof::of(&mut guard).keep_written();
        }
    }
}

/// They have parted.
pub(crate) fn after_fork(guard: &mut Guard, child: bool) {
    if strict::is_on() && alive() {
        Eof::of(guard).use_copies(child);
    }
}

struct Tails(UnsafeCell<List>);
// SAFETY: only the owner of the lock gets at it (`Eof::new`).
unsafe impl Sync for Tails {}
static TAILS: Tails = Tails(UnsafeCell::new(List::new()));

/// Our handler of `signal`, if there is one by now.
#[inline]
pub(crate) fn front(signal: i32) -> Option<&'static Front> {
    let front = match signal {
        libc::SIGBUS => &bus::BUS,
        libc::SIGTRAP => &strict::TRAP,
        _ => return None,
    };
    front.is_installed().then_some(front)
}

/// Whether there is any live tail: one load.
#[inline]
pub(crate) fn alive() -> bool {
    ALIVE.load(Ordering::Relaxed) != 0
}

/// Whether `len` bytes from `addr` on may touch a file mapping that can have a
/// tail: two loads.
#[inline]
pub(crate) fn concerned(addr: usize, len: usize) -> bool {
    addr < HIGH.load(Ordering::Relaxed) && addr.saturating_add(len) > LOW.load(Ordering::Relaxed)
}

/// Whether there ever was a file mapping that can have a tail.
#[inline]
pub(crate) fn any_file() -> bool {
    HIGH.load(Ordering::Relaxed) != 0
}

/// Whether there ever was a private one.
#[inline]
pub(crate) fn any_private() -> bool {
    PRIVATE.load(Ordering::Relaxed)
}

/// The tails and the address space they are in, for the owner of the lock.
pub(crate) struct Eof<'a> {
    space: &'a mut Space<Linux, Arena>,
    list: &'a mut List,
}

impl<'a> Eof<'a> {
    /// With the lock held.
    pub(crate) fn of(guard: &'a mut Guard) -> Eof<'a> {
        Eof::new(guard.space())
    }

    /// The same for who has borrowed the space already.
    pub(crate) fn new(space: &'a mut Space<Linux, Arena>) -> Eof<'a> {
        // SAFETY: a borrowed space means that the lock is held, and the borrow
        // lasts as long as this one.
        Eof { space, list: unsafe { &mut *TAILS.0.get() } }
    }

    /// Tells everybody how many tails are left.
    fn publish(&self) {
        ALIVE.store(self.list.len(), Ordering::Relaxed);
    }

    /// `len` bytes were mapped at `addr`.
    pub(crate) fn mapped(&mut self, addr: usize, len: usize, flags: MapFlags) {
        if self.list.len() != 0 {
            self.forget(self.pages(addr, len));
        }
        if flags.contains(MapFlags::LOCKED) {
            kernel::locking();
        }
        if flags.contains(MapFlags::ANONYMOUS) || !self.space.config().has_tails() {
            return;
        }
        let Some(vma) = self.space.map().find(addr) else { return };
        if let Backing::File { .. } = vma.backing {
            bus::BUS.install();
            strict::install();
            let kind = if vma.flags.is_shared() { &SHARED } else { &PRIVATE };
            kind.store(true, Ordering::Relaxed);
            LOW.fetch_min(vma.range.start(), Ordering::Relaxed);
            if HIGH.fetch_max(vma.range.end(), Ordering::SeqCst) == 0 {
                growth::watch();
            }
            if mask::in_earnest() {
                self.fill_each(|other| other.range == vma.range);
            }
        }
    }

    /// `len` bytes from `addr` on in whole target pages.
    pub(crate) fn pages(&self, addr: usize, len: usize) -> AddrRange {
        let target = self.space.config().target;
        AddrRange::from_len(addr, len).and_then(|r| r.round_out(target)).unwrap_or_default()
    }
}

/// Runs an exec, before which the kernel is told what the program believes of SIGBUS
/// and SIGTRAP: what is started inherits blocked and ignored signals.
pub(crate) fn starting<T>(exec: impl FnOnce() -> T) -> T {
    let fronts = [&bus::BUS, &strict::TRAP];
    let blocked = mask::before_exec();
    fronts.iter().for_each(|front| front.step_aside());
    let failed = exec();
    fronts.iter().for_each(|front| front.step_back());
    mask::exec_failed(blocked);
    failed
}

/// Which file `fd` is.
pub(crate) fn file_of(fd: i32) -> Option<FileId> {
    crate::sys::fstat(fd).ok().map(|st| FileId { dev: st.st_dev, ino: st.st_ino })
}
