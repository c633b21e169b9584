//! Filling a tail with memory.
//!
//! ```text
//!            target page                       elsewhere
//!   | in the file | past its end |
//!   |  host page  | page .. page |     ->      | parked mapping |
//!                 |     tail     |  memory
//! ```
//!
//! The file's mapping is duplicated first, then memory is mapped over the tail in
//! one step: a thread that touches the tail meanwhile finds the end of the
//! file (and waits for the lock in the handler) or the memory.

use super::list::Tail;
use super::{kernel, size, smaps, strict, Eof};
use pagesim_core::eof;
use pagesim_core::errno::Errno;
use pagesim_core::flags::{MapFlags, Prot};
use pagesim_core::page::AddrRange;
use pagesim_core::vma::{Backing, FileId, Vma};

/// What became of a page.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Filled {
    /// All of it can be accessed now, and some could not before.
    Yes,
    /// All of it is in the file, or filled already.
    Already,
    /// It has no tail: the file ends elsewhere, or not here but with an error.
    No,
}

/// One stretch of a tail to be filled: with what a tail of another mapping holds,
/// or with zeros.
struct Piece {
    range: AddrRange,
    offset: u64,
    donor: Option<AddrRange>,
}

impl Eof<'_> {
    /// The file mapping around `addr` that can have a tail.
    pub(super) fn file_vma(&self, addr: usize) -> Option<Vma> {
        let vma = self.space.map().find(addr)?;
        let accessible = vma.prot.intersects(Prot::RWX);
        (matches!(vma.backing, Backing::File { .. }) && accessible).then_some(vma)
    }

    /// Whether the byte at `addr` is the first behind the end of the file; also
    /// where nobody knows.
    pub(super) fn ends_at(&mut self, vma: &Vma, addr: usize) -> bool {
        let Backing::File { id, offset } = vma.backing else { return true };
        let size = size::of_file_at(self.space, vma, id);
        let at = offset.saturating_add(addr.saturating_sub(vma.range.start()) as u64);
        size.is_none_or(|size| size == at)
    }

    /// Fills the tail of the target page around `addr`, if it has one.
    pub(crate) fn fill_at(&mut self, addr: usize) -> Filled {
        let target = self.space.config().target;
        let vma = self.file_vma(addr);
        match vma.and_then(|vma| Some((vma, eof::page_of(&vma, addr, target)?))) {
            Some((vma, page)) => self.fill_page(&vma, page),
            None => Filled::No,
        }
    }

    /// Fills every tail that `len` bytes from `addr` on reach into; whether there was
    /// one.
    pub(crate) fn fill_range(&mut self, addr: usize, len: usize) -> bool {
        let end = addr.saturating_add(len);
        AddrRange::new(addr, end).is_some_and(|range| self.fill_in(range))
    }

    /// The same for whole target pages.
    pub(crate) fn fill_pages(&mut self, addr: usize, len: usize) -> bool {
        self.fill_in(self.pages(addr, len))
    }

    fn fill_in(&mut self, range: AddrRange) -> bool {
        let mut filled = false;
        let mut at = range.start();
        while let Some(vma) = self.space.map().first_from(at) {
            let Some(part) = vma.range.intersection(range) else { break };
            at = vma.range.end();
            if self.file_vma(part.start()).is_none() || self.is_inside(part) {
                continue;
            }
            let pages = self.pages(part.start(), part.len());
            let page = pages.intersection(vma.range).and_then(|pages| self.last_page(pages));
            filled |= page.is_some_and(|page| self.fill_page(&vma, page) == Filled::Yes);
        }
        filled
    }

    /// Whether a part of a file's mapping ends inside the file: then all of it does.
    fn is_inside(&self, part: AddrRange) -> bool {
        self.file_reaches(part.end().saturating_sub(1) & !(size_of::<u64>() - 1))
    }

    /// Whether the file reaches to the place `addr` of its mapping, 8 bytes that may be a
    /// tail.
    fn file_reaches(&self, addr: usize) -> bool {
        let waiting = |tail: Tail| tail.file().start() + (addr - tail.range.start());
        kernel::readable(self.live_at(addr).map_or(addr, waiting))
    }

    /// Fills the tails of all shared mappings that can be written.
    pub(super) fn fill_shared(&mut self) {
        self.fill_each(|vma| vma.flags.is_shared() && vma.prot.contains(Prot::WRITE));
    }

    /// Fills all tails.
    pub(super) fn fill_all(&mut self) {
        self.fill_each(|vma| vma.prot.intersects(Prot::RWX));
    }

    pub(super) fn fill_each(&mut self, wanted: impl Fn(&Vma) -> bool) {
        let mut at = 0;
        while let Some(vma) = self.space.map().first_from(at) {
            at = vma.range.end();
            if matches!(vma.backing, Backing::File { .. }) && wanted(&vma) {
                if let Some(page) = self.page_of_end(&vma) {
                    self.fill_page(&vma, page);
                }
            }
        }
    }

    /// The target page of `vma` that may have a tail, of a mapping that nobody has
    /// touched. Where the size of the file can be had, it is not looked for by
    /// reading: a hole that is read becomes a page of the file, and where user faults
    /// are handled nobody may be there to answer.
    fn page_of_end(&mut self, vma: &Vma) -> Option<AddrRange> {
        let Backing::File { id, .. } = vma.backing else { return None };
        let config = *self.space.config();
        let (target, real) = (config.target, config.real);
        match size::of_file_at(self.space, vma, id) {
            Some(size) => {
                let tail = eof::tail_of(vma, size, target, real)?;
                eof::page_of(vma, tail.start(), target)
            }
            None => self.last_page(vma.range),
        }
    }

    /// The one target page of `range` that may have a tail to be filled.
    fn last_page(&self, range: AddrRange) -> Option<AddrRange> {
        let config = self.space.config();
        eof::last_page(range, config.target, config.real, |addr| self.file_reaches(addr))
    }

    /// The tail whose memory is at `addr`.
    fn live_at(&self, addr: usize) -> Option<Tail> {
        let live = self.list.iter().map(|(_, tail)| tail).filter(|tail| !tail.hidden);
        live.filter(|tail| tail.range.contains(addr)).last()
    }

    pub(super) fn fill_page(&mut self, vma: &Vma, page: AddrRange) -> Filled {
        if !kernel::readable(page.start()) {
            return Filled::No;
        }
        let mut filled = Filled::Already;
        let mut at = page.start();
        while at < page.end() {
            if let Some(tail) = self.live_at(at) {
                at = tail.range.end();
                continue;
            }
            let end = self.first_live(at, page.end());
            let part = AddrRange::new(at, end).unwrap_or_default();
            match self.fill_part(vma, part) {
                Filled::No => return Filled::No,
                Filled::Yes => filled = Filled::Yes,
                Filled::Already => {}
            }
            at = end;
        }
        filled
    }

    /// Fills what is past the end of the file in a part of a target page that has no
    /// tail yet.
    fn fill_part(&mut self, vma: &Vma, part: AddrRange) -> Filled {
        let real = self.space.config().real;
        let start = eof::first_beyond(part, real, kernel::readable);
        let Some(tail) = AddrRange::new(start, part.end()).filter(|tail| !tail.is_empty()) else {
            return Filled::Already;
        };
        let (Backing::File { id, offset }, Some(delta)) =
            (vma.backing, start.checked_sub(vma.range.start()))
        else {
            return Filled::No;
        };
        let offset = offset.saturating_add(delta as u64);
        if size::of_file_at(self.space, vma, id).is_some_and(|size| size > offset) {
            // Inside the file: a disk error, or no room for the page; or it has
            // grown this very moment.
            return if kernel::readable(start) { Filled::Already } else { Filled::No };
        }
        match self.fill_pieces(vma, tail, id, offset) {
            Ok(()) => Filled::Yes,
            Err(_) => Filled::No,
        }
    }

    /// Where the first tail behind `from` begins; `end` when that comes first.
    pub(super) fn first_live(&self, from: usize, end: usize) -> usize {
        let live = self.list.iter().filter(|(_, tail)| !tail.hidden);
        let starts = live.map(|(_, tail)| tail.range.start());
        starts.filter(|start| (from..end).contains(start)).min().unwrap_or(end)
    }

    fn fill_pieces(
        &mut self,
        vma: &Vma,
        tail: AddrRange,
        id: FileId,
        offset: u64,
    ) -> Result<(), Errno> {
        let mut at = tail.start();
        while at < tail.end() {
            let rest = AddrRange::new(at, tail.end()).ok_or(Errno::ENOMEM)?;
            if let Some((number, hidden)) = self.hidden_at(at) {
                self.reveal(number, &hidden, vma)?;
                at = hidden.range.end();
                continue;
            }
            let from = offset.saturating_add((at - tail.start()) as u64);
            let piece = self.next_piece(id, rest, from);
            self.place(vma, id, &piece)?;
            at = piece.range.end();
        }
        Ok(())
    }

    /// The longest first part of `rest` that comes from one place.
    fn next_piece(&self, id: FileId, rest: AddrRange, offset: u64) -> Piece {
        let hidden = self.list.iter().filter(|(_, tail)| tail.hidden);
        let hidden = hidden.map(|(_, tail)| tail.range.start());
        let mut end = hidden.filter(|start| rest.contains(*start)).min().unwrap_or(rest.end());
        let mut donor = None;
        for (_, tail) in self.list.iter() {
            if !tail.shared || tail.id != id {
                continue;
            }
            if tail.offset <= offset && offset < tail.end_offset() {
                let start = tail.memory().start() + (offset - tail.offset) as usize;
                end = end.min(rest.start() + (tail.memory().end() - start));
                donor = AddrRange::new(start, start + (end - rest.start()));
                break;
            }
            if tail.offset > offset {
                let gap = usize::try_from(tail.offset - offset).unwrap_or(usize::MAX);
                end = end.min(rest.start().saturating_add(gap));
            }
        }
        // a donor found late may be longer than what is left in front of others
        let range = AddrRange::new(rest.start(), end).unwrap_or(rest);
        let donor = donor.and_then(|d| AddrRange::from_len(d.start(), range.len()));
        Piece { range, offset, donor }
    }

    /// Maps memory over a piece and keeps the file's mapping.
    fn place(&mut self, vma: &Vma, id: FileId, piece: &Piece) -> Result<(), Errno> {
        let shared = vma.flags.is_shared();
        let (range, offset) = (piece.range, piece.offset);
        let tail = Tail {
            range,
            parked: 0,
            id,
            offset,
            shared,
            hidden: false,
            own: false,
            sum: 0,
            copy: 0,
            growing: false,
        };
        let mut sum = 0;
        self.install(tail, vma, || {
            sum = place_memory(vma, piece, shared)?;
            Ok(())
        })?;
        let placed = self.list.iter().find(|(_, tail)| tail.range == range);
        if let Some((number, tail)) = placed {
            self.list.set(number, Some(Tail { sum, ..tail }));
        }
        Ok(())
    }

    /// Parks the file's mapping at `tail` and has `put` put memory over it.
    pub(super) fn install(
        &mut self,
        tail: Tail,
        vma: &Vma,
        put: impl FnOnce() -> Result<(), Errno>,
    ) -> Result<(), Errno> {
        if !self.list.reserve() {
            return Err(Errno::ENOMEM);
        }
        if !tail.shared {
            self.space.tear();
        }
        let range = tail.range;
        let stays_behind = self.stays_behind(range);
        let kernel::Parked { range: parked, moved, locked } = kernel::park(range, tail.shared)?;
        // listed before it is there, so that a child forked in between can tell
        let number = self.list.add(Tail { parked: parked.start(), hidden: false, ..tail });
        let placed = kernel::protect(parked, Prot::READ).and_then(|()| put());
        if placed.is_err() {
            if let Some(number) = number {
                self.list.set(number, None);
            }
            if moved {
                let _ = kernel::protect(parked, vma.prot);
                let _ = kernel::move_over(parked, range.start());
            } else {
                kernel::unmap(parked);
            }
        }
        if locked {
            kernel::lock(range);
        }
        if self.space.leaves_behind() {
            // the same memory in another mapping may have brought that one's answer
            kernel::leave_behind(range, stays_behind);
        }
        self.publish();
        placed
    }

    /// Whether the program has a child not get what is at `range`.
    pub(super) fn stays_behind(&self, range: AddrRange) -> bool {
        self.space.leaves_behind() && smaps::stays_behind(range.start())
    }

    /// [`Eof::install`] of memory that is there; it is gone when that fails.
    pub(super) fn install_memory(&mut self, tail: Tail, vma: &Vma, memory: AddrRange) -> bool {
        let mut memory = Some(memory);
        // `land` takes the memory, whether or not it succeeds
        let put = || memory.take().map_or(Ok(()), |memory| land(memory, vma.prot, tail.range));
        let installed = self.install(tail, vma, put).is_ok();
        if let Some(memory) = memory {
            kernel::unmap(memory);
        }
        installed
    }
}

/// The sum of what is there then.
fn place_memory(vma: &Vma, piece: &Piece, shared: bool) -> Result<u64, Errno> {
    let Some(donor) = piece.donor else {
        let flags = strict::memory_kind(shared) | (vma.flags & MapFlags::NORESERVE);
        return kernel::zeroed_over(piece.range, vma.prot, flags).map(|()| 0);
    };
    let same = kernel::duplicate(donor)?;
    if shared {
        return land(same, vma.prot, piece.range).map(|()| 0);
    }
    // the page that a private mapping shows is the shared one's until it is written
    let copied = kernel::protect(same, Prot::READ).and_then(|()| {
        let kind = strict::memory_kind(false) | (vma.flags & MapFlags::NORESERVE);
        let copy = kernel::copy(same, kind)?;
        let sum = kernel::sum(copy);
        land(copy, vma.prot, piece.range).map(|()| sum)
    });
    kernel::unmap(same);
    copied
}

/// Gives a mapping its protection and then its place.
pub(super) fn land(mapping: AddrRange, prot: Prot, place: AddrRange) -> Result<(), Errno> {
    let protected = kernel::protect(mapping, prot);
    if protected.is_err() {
        kernel::unmap(mapping);
    }
    protected.and_then(|()| move_into(mapping, place))
}

/// Gives a mapping its place.
pub(super) fn move_into(mapping: AddrRange, place: AddrRange) -> Result<(), Errno> {
    let moved = kernel::move_over(mapping, place.start());
    if moved.is_err() {
        kernel::unmap(mapping);
    }
    moved
}
