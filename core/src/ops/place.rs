//! Where a mapping without a fixed address goes (A6, B's hints).
//!
//! The table knows what is free, the host has the last word: every place is
//! taken with a call that cannot replace anything. What turns out to be in use
//! is written down as foreign, so that it is met once.

use crate::errno::Errno;
use crate::flags::{MapFlags, Prot};
use crate::host::Host;
use crate::map::{GapQuery, NodeSource};
use crate::ops::call::{Call, How};
use crate::page::AddrRange;
use crate::space::{Placement, Space};
use crate::vma::{Backing, Vma};

/// How many places in the window may turn out to be in use before the host is
/// asked for one.
const TRIES: usize = 64;

/// Where x86-64 puts MAP_32BIT ends here.
pub(crate) const LOW_END: usize = 1 << 31;

impl<H: Host, S: NodeSource> Space<H, S> {
    /// mmap(2) where the address is a hint or nothing.
    pub(crate) fn map_anywhere(&mut self, call: &Call) -> Result<usize, Errno> {
        self.reserve(6)?;
        if call.file.is_some() && call.lead as u64 != call.offset & self.host_mask() {
            return self.map_copied_anywhere(call);
        }
        if let Some(at) = self.map_at_hint(call) {
            return Ok(at);
        }
        if !call.flags.contains(MapFlags::BIT32) {
            match self.map_in_window(call) {
                // Any address may be one too many for the driver.
                Err(Errno::EINVAL) if call.is_special() && !self.config.narrow() => {
                    return self.map_by_driver(call);
                }
                Ok(None) => {}
                Ok(Some(at)) => return Ok(at),
                Err(errno) => return Err(errno),
            }
        }
        self.map_open(call)
    }

    /// The bits of a file offset that its address has to agree with; none where
    /// target pages are whole host pages.
    fn host_mask(&self) -> u64 {
        if self.config.narrow() {
            self.config.host.mask() as u64
        } else {
            0
        }
    }

    /// `None` when the window is full.
    fn map_in_window(&mut self, call: &Call) -> Result<Option<usize>, Errno> {
        let mut forgotten = !self.foreign;
        for _ in 0..TRIES {
            let Some(base) = self.find_place(call) else {
                if forgotten {
                    return Ok(None);
                }
                forgotten = true;
                self.forget_foreign();
                continue;
            };
            match self.map_at(call, base) {
                Err(Errno::EEXIST) => self.learn(base, call.span)?,
                Err(errno) => return Err(errno),
                Ok(at) => return Ok(Some(at)),
            }
        }
        Ok(None)
    }

    /// Maps the host's range of `call` at `base`, where the table has nothing.
    pub(crate) fn map_at(&mut self, call: &Call, base: usize) -> Result<usize, Errno> {
        let span = AddrRange::from_len(base, call.span).ok_or(Errno::ENOMEM)?;
        let how = match self.hard_part(span) {
            Some(part) if part == span => How::Replace,
            _ => How::Keep,
        };
        self.map_span(call, span, how).inspect_err(|_| {
            if how == How::Replace {
                self.settle(span);
            }
        })?;
        self.enter_span(call, base)
    }

    /// Writes down the mapping of `call` whose host range begins at `base`.
    pub(crate) fn enter_span(&mut self, call: &Call, base: usize) -> Result<usize, Errno> {
        let start = base.checked_add(call.lead).ok_or(Errno::ENOMEM)?;
        let range = AddrRange::from_len(start, call.len).ok_or(Errno::ENOMEM)?;
        self.enter(call, range);
        Ok(start)
    }

    /// The hint, if it can be had. Any failure means that it cannot: the error
    /// of a request that is wrong anywhere comes from the next place tried.
    fn map_at_hint(&mut self, call: &Call) -> Option<usize> {
        let target = self.config.target;
        // round_hint_to_min()
        let mut hint = target.floor(call.addr);
        if hint == 0 {
            return None;
        }
        if hint < self.config.min_addr {
            hint = target.ceil(self.config.min_addr)?;
        }
        let range = AddrRange::from_len(hint, call.len)?;
        if call.flags.contains(MapFlags::BIT32) && range.end() > LOW_END {
            return None;
        }
        let span = range.round_out(self.config.unit())?;
        let lead = hint - span.start();
        let congruent = call.file.is_none() || lead == call.lead;
        let aligned = hint & (call.wanted - 1) == 0;
        if !congruent || !aligned || !self.map.is_free(span) {
            return None;
        }
        let partly = self.hard_part(span).is_some_and(|part| part != span);
        if partly || self.is_below_growing(span) {
            return None;
        }
        let call = Call { lead, span: span.len(), ..*call };
        self.map_at(&call, span.start()).ok()
    }

    pub(crate) fn find_place(&self, call: &Call) -> Option<usize> {
        let within = self.config.window;
        let query = GapQuery { len: call.span, align: call.align, skew: 0, within };
        let found = self.find_gap(&query, self.rolling);
        if self.growing {
            return self.find_beside_growing(query, found);
        }
        found
    }

    fn find_gap(&self, query: &GapQuery, from: usize) -> Option<usize> {
        if self.config.placement == Placement::TopDown {
            return self.map.highest_gap(query);
        }
        self.map.rolling_gap(query, from)
    }

    /// The place that was found, or the next one that leaves the mappings which grow
    /// down their room. Of these there are few.
    #[cold]
    #[inline(never)] // keeps the frames of its callers small
    fn find_beside_growing(&self, mut query: GapQuery, found: Option<usize>) -> Option<usize> {
        let mut base = found?;
        for _ in 0..TRIES {
            let range = AddrRange::from_len(base, query.len)?;
            let Some(above) = self.growing_above(range) else { return Some(base) };
            let within = query.within;
            let next = if self.config.placement == Placement::TopDown {
                query.within = AddrRange::new(within.start(), self.room_below(above.start()))?;
                self.find_gap(&query, 0)?
            } else {
                self.find_gap(&query, above.end())?
            };
            if next == base {
                return None;
            }
            base = next;
        }
        None
    }

    /// Where the room ends that may be used below a mapping that grows down and begins
    /// at `start`.
    fn room_below(&self, start: usize) -> usize {
        /// `stack_guard_gap` of the kernel's mm/mmap.c, in pages.
        const PAGES: usize = 256;
        start.saturating_sub(PAGES.saturating_mul(self.config.target.bytes()))
    }

    /// The mapping above `range` that grows down and would have no room for it.
    fn growing_above(&self, range: AddrRange) -> Option<AddrRange> {
        let next = self.map.first_from(range.end())?;
        let close = self.room_below(next.range.start()) < range.end();
        (next.flags.contains(MapFlags::GROWSDOWN) && close).then_some(next.range)
    }

    /// The same for where that mapping has grown to by now, which the host knows.
    fn is_below_growing(&mut self, span: AddrRange) -> bool {
        self.growing && self.is_below_grown(span)
    }

    #[cold]
    #[inline(never)] // keeps the frames of its callers small
    fn is_below_grown(&mut self, span: AddrRange) -> bool {
        let Some(next) = self.map.first_from(span.end()) else { return false };
        if !next.flags.contains(MapFlags::GROWSDOWN) {
            return false;
        }
        let seen = self.host.region_from(next.range.start()).ok().flatten();
        let start = seen.map_or(next.range.start(), |seen| seen.range.start());
        self.room_below(self.config.target.floor(start)) < span.end()
    }

    /// Writes down what is in the way at a place that the table took for free.
    fn learn(&mut self, base: usize, len: usize) -> Result<(), Errno> {
        let place = AddrRange::from_len(base, len).ok_or(Errno::ENOMEM)?;
        let mut at = place.start();
        let mut found = false;
        while at < place.end() {
            let region = match self.host.region_from(at) {
                Ok(Some(region)) if region.range.start() < place.end() => region,
                Ok(_) => break,
                Err(_) => {
                    found = false;
                    break;
                }
            };
            found = true;
            let seen = region.range.round_out(self.config.unit()).unwrap_or(place);
            self.insert_foreign(self.free_part(seen, place), region.prot)?;
            at = region.range.end().max(at.saturating_add(1));
        }
        if !found {
            self.insert_foreign(place, Prot::NONE)?;
        }
        Ok(())
    }

    /// As much of `seen` as the table has nothing in, around `place`, which is
    /// free and shares addresses with it.
    fn free_part(&self, seen: AddrRange, place: AddrRange) -> AddrRange {
        let below = self.map.last_before(place.start()).map_or(0, |vma| vma.range.end());
        let above = self.map.first_from(place.start());
        let above = above.map_or(usize::MAX, |vma| vma.range.start()).max(place.end());
        AddrRange::new(below, above).and_then(|free| free.intersection(seen)).unwrap_or(place)
    }

    /// Needs no entries reserved.
    pub(crate) fn insert_foreign(&mut self, range: AddrRange, prot: Prot) -> Result<(), Errno> {
        self.reserve(6)?;
        let vma = Vma { range, prot, flags: MapFlags::empty(), backing: Backing::Foreign };
        self.map.insert(vma);
        self.foreign = true;
        Ok(())
    }

    /// Foreign memory in the window may be gone by now: the host will tell.
    fn forget_foreign(&mut self) {
        self.foreign = false;
        let window = self.config.window;
        let mut at = window.start();
        while let Some(vma) = self.map.first_from(at) {
            if vma.range.start() >= window.end() {
                return;
            }
            at = vma.range.end();
            if vma.backing == Backing::Foreign {
                self.map.remove(vma.range);
            }
        }
    }
}
