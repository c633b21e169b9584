//! mremap(2) across a tail: to the host the mapping is several, so the tail becomes
//! file again for the moment of the call, and what it held is put where the
//! mapping then is.

use super::list::Tail;
use super::{kernel, strict, Eof};
use pagesim_core::eof;
use pagesim_core::flags::{MapFlags, Prot};
use pagesim_core::page::AddrRange;
use pagesim_core::vma::{Backing, Vma};

/// Tails that one call takes along: a mapping of one file has one page with an
/// end, and that rarely more than one tail.
const PLACES: usize = 4;

/// What tails held.
#[derive(Default)]
pub(crate) struct Lifted {
    tails: [Option<(Tail, AddrRange)>; PLACES],
}

impl Eof<'_> {
    /// `range` is about to be moved as one mapping.
    pub(crate) fn lift(&mut self, range: AddrRange) -> Lifted {
        let mut lifted = Lifted::default();
        for number in 0..self.list.numbers() {
            let Some(tail) = self.list.get(number).filter(|t| t.range.overlaps(range)) else {
                continue;
            };
            // it is about to go, whatever the program has forbidden
            let _ = kernel::protect(tail.memory(), Prot::READ);
            let Some(vma) = self.vma_of(&tail) else {
                self.drop_parked(number, &tail);
                continue;
            };
            let Some(tail) = self.settle(number, &tail, &vma) else { continue };
            let memory = contents(&tail);
            self.put_back(number, &tail, &vma, tail.range.len());
            let free = lifted.tails.iter_mut().find(|place| place.is_none());
            match (free, memory) {
                (Some(place), Some(memory)) => *place = Some((tail, memory)),
                (None, Some(memory)) => kernel::unmap(memory),
                (_, None) => {}
            }
        }
        self.publish();
        lifted
    }

    /// Gives the file's mapping what a tail of the program's own holds in front of the end
    /// of the file: the rest, which is still a tail.
    fn settle(&mut self, number: usize, tail: &Tail, vma: &Vma) -> Option<Tail> {
        let file = tail.file();
        let inside = eof::first_beyond(file, self.space.config().real, kernel::readable);
        let len = if tail.own { inside - file.start() } else { 0 };
        let part = AddrRange::from_len(file.start(), len).filter(|part| !part.is_empty());
        let Some(part) = part else { return Some(*tail) };
        if kernel::protect(part, Prot::RW).is_err() {
            return Some(*tail);
        }
        kernel::copy_to(tail.memory(), part);
        self.put_back(number, tail, vma, len);
        self.list.get(number)
    }

    /// What began at `from` begins at `to` now.
    pub(crate) fn put_down(&mut self, lifted: Lifted, from: usize, to: usize) {
        for (tail, memory) in lifted.tails.into_iter().flatten() {
            let start = tail.range.start().wrapping_sub(from).wrapping_add(to);
            let place = AddrRange::from_len(start, tail.range.len()).unwrap_or_default();
            if !self.put_memory(&tail, place, memory) {
                kernel::unmap(memory);
            }
        }
        self.publish();
    }

    /// Makes `memory` the tail at `place`, if that is the same part of the same file
    /// and still past its end.
    fn put_memory(&mut self, tail: &Tail, place: AddrRange, memory: AddrRange) -> bool {
        let vma = self.space.map().find(place.start()).and_then(|vma| vma.clipped(place));
        let Some(vma) = vma.filter(|vma| vma.range == place) else { return false };
        let same = vma.backing == Backing::File { id: tail.id, offset: tail.offset };
        if !same || (!tail.own && kernel::readable(place.start())) {
            return false;
        }
        self.install_memory(Tail { range: place, ..*tail }, &vma, memory);
        true
    }
}

/// The memory of a tail at another place: shared the same, private a copy.
pub(super) fn contents(tail: &Tail) -> Option<AddrRange> {
    let memory = tail.memory();
    if strict::memory_kind(tail.shared) == MapFlags::SHARED {
        return kernel::duplicate(memory).ok();
    }
    if !kernel::readable(memory.start()) {
        return None;
    }
    kernel::copy(memory, MapFlags::PRIVATE).ok()
}
