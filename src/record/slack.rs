//! The ends of mappings that nobody asked for: between the length as asked and
//! the end of its last target page. What reaches only into them harms nobody.

use crate::arena::Arena;
use pagesim_core::finding::Call;
use pagesim_core::map::VmaMap;
use pagesim_core::page::{AddrRange, PageSize};
use pagesim_core::vma::Vma;

pub(super) struct Slack {
    target: PageSize,
    map: VmaMap<Arena>,
}

impl Slack {
    pub(super) const fn new(target: PageSize) -> Slack {
        Slack { target, map: VmaMap::new(Arena) }
    }

    pub(super) const fn map(&self) -> &VmaMap<Arena> {
        &self.map
    }

    /// A call that succeeded with this answer.
    pub(super) fn follow(&mut self, call: &Call, answer: usize) {
        match *call {
            Call::Mmap(request, _) | Call::PerfRing(request) => self.made(answer, request.len),
            Call::Munmap { addr, len } => self.gone(addr, len),
            Call::Mremap { addr, old_len, new_len, .. } => {
                self.gone(addr, old_len);
                self.made(answer, new_len);
            }
            _ => {}
        }
    }

    fn gone(&mut self, addr: usize, len: usize) {
        if self.map.is_empty() {
            return;
        }
        let range = AddrRange::from_len(addr, len).and_then(|range| range.round_out(self.target));
        if let (Some(range), Ok(())) = (range, self.map.reserve(2)) {
            self.map.remove(range);
        }
    }

    fn made(&mut self, addr: usize, len: usize) {
        self.gone(addr, len);
        let asked = addr.checked_add(len);
        let rest = asked.and_then(|end| AddrRange::new(end, self.target.ceil(end)?));
        let Some(range) = rest.filter(|rest| !rest.is_empty()) else { return };
        if self.map.reserve(2).is_ok() {
            self.map.insert(Vma { range, ..Vma::default() });
        }
    }
}
