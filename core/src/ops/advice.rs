//! madvise(2).

use crate::errno::Errno;
use crate::flags::Prot;
use crate::host::Host;
use crate::map::NodeSource;
use crate::ops::walk::Holes;
use crate::page::AddrRange;
use crate::space::Space;
use crate::vma::{Backing, Vma};

/// MADV_DONTFORK.
const DONTFORK: i32 = 10;

/// What becomes of a host page of which the advice names a part only.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reach {
    /// The advice may be given for all of it.
    Whole,
    /// The advice may be left away.
    None,
    /// The part is filled with zeros: what the advice does.
    Zeros,
    /// The advice cannot be followed, and must not be left away.
    Refused,
}

/// Of the advice that changes contents or inheritance, what may happen to less
/// than a host page; all other advice is about speed.
fn reach(advice: i32) -> Reach {
    const DONTNEED: i32 = 4;
    const FREE: i32 = 8;
    const REMOVE: i32 = 9;
    const DONTDUMP: i32 = 16;
    const WIPEONFORK: i32 = 18;
    const COLD: i32 = 20;
    const PAGEOUT: i32 = 21;
    const DONTNEED_LOCKED: i32 = 24;
    const GUARD_INSTALL: i32 = 102;
    const GUARD_REMOVE: i32 = 103;
    const HWPOISON: i32 = 100;
    const SOFT_OFFLINE: i32 = 101;
    match advice {
        DONTNEED | DONTNEED_LOCKED => Reach::Zeros,
        FREE | DONTFORK | DONTDUMP | COLD | PAGEOUT => Reach::None,
        REMOVE | WIPEONFORK | GUARD_INSTALL | GUARD_REMOVE | HWPOISON | SOFT_OFFLINE => {
            Reach::Refused
        }
        _ => Reach::Whole,
    }
}

/// MADV_POPULATE_READ and _WRITE: madvise_populate() ends at a hole.
fn populates(advice: i32) -> bool {
    matches!(advice, 22 | 23)
}

impl<H: Host, S: NodeSource> Space<H, S> {
    /// madvise(2).
    ///
    /// # Errors
    /// EINVAL for a misaligned start and a range that is none, ENOMEM when the
    /// range has a hole, after the rest was done; whatever the host answers.
    pub fn madvise(&mut self, addr: usize, len: usize, advice: i32) -> Result<(), Errno> {
        if !self.config.target.is_aligned(addr) {
            return Err(Errno::EINVAL);
        }
        let range = self.target_range(addr, len).ok_or(Errno::EINVAL)?;
        self.left_behind |= advice == DONTFORK;
        if range.is_empty() {
            // Only whether there is such advice is to be found out.
            return self.host.madvise(self.config.host.floor(addr), 0, advice);
        }
        // One entry, whole host pages: the usual case.
        if let Some(vma) = self.map.find(addr) {
            if vma.range.covers(range) && vma.is_plain() && !self.config.narrow() {
                return self.host.madvise(addr, range.len(), advice);
            }
        }
        let named = addr.saturating_add(len);
        let holes = if populates(advice) { Holes::Stop } else { Holes::Skip };
        let answer = self.over_mapped(range, holes, |space, part| {
            let part = space.advised_part(part, named);
            if part.is_empty() {
                return Ok(());
            }
            if space.config.narrow() {
                return space.advise_narrow(part, advice);
            }
            space.host.madvise(part.start(), part.len(), advice)
        });
        if answer == Err(Errno::ENOMEM) {
            // madvise_behavior_valid() comes before the look for holes.
            self.host.madvise(self.config.host.floor(addr), 0, advice)?;
        }
        answer
    }

    /// Of memory of others in the last target page only what the program named:
    /// what follows there would not be in that page on a system that has such.
    fn advised_part(&self, part: AddrRange, named: usize) -> AddrRange {
        let foreign = self.map.find(part.start()).is_none_or(|vma| !vma.is_ours());
        if foreign && part.start() >= named {
            return AddrRange::default();
        }
        part
    }

    /// The host pages of which `part` has all that is used.
    pub(crate) fn own_pages(&self, part: AddrRange) -> AddrRange {
        if !self.config.narrow() {
            return part;
        }
        let inside = part.round_in(self.config.host);
        let first = self.host_page(part.start());
        let last = self.host_page(part.end().saturating_sub(1));
        let start = if self.is_sole(first, part) { first.start() } else { inside.start() };
        let end = if self.is_sole(last, part) { last.end() } else { inside.end() };
        AddrRange::new(start, end).unwrap_or_default()
    }

    /// Whether no entry reaches out of `part` in the host page `page`.
    fn is_sole(&self, page: AddrRange, part: AddrRange) -> bool {
        self.map.overlapping(page).all(|vma| part.covers(vma.range)) && !self.map.is_free(page)
    }

    fn advise_narrow(&mut self, part: AddrRange, advice: i32) -> Result<(), Errno> {
        let own = self.own_pages(part);
        let reach = reach(advice);
        let span = if reach == Reach::Whole {
            part.round_out(self.config.host).ok_or(Errno::EINVAL)?
        } else {
            own
        };
        let (start, end) =
            if own.is_empty() { (part.end(), part.end()) } else { (own.start(), own.end()) };
        let head = AddrRange::new(part.start(), start.min(part.end()));
        let tail = AddrRange::new(end.max(part.start()), part.end());
        let edges = [head, tail].into_iter().flatten().filter(|edge| !edge.is_empty());
        if reach == Reach::Refused && edges.clone().next().is_some() {
            return Err(Errno::EINVAL);
        }
        if !span.is_empty() {
            self.host.madvise(span.start(), span.len(), advice)?;
        }
        if reach == Reach::Zeros {
            for edge in edges {
                self.zero_memory(edge)?;
            }
        }
        Ok(())
    }

    /// What MADV_DONTNEED leaves of private memory. What was read from a file
    /// stays: there is no descriptor to read it from again.
    pub(crate) fn zero_memory(&mut self, edge: AddrRange) -> Result<(), Errno> {
        let mut at = edge.start();
        while let Some(rest) = AddrRange::new(at, edge.end()).filter(|rest| !rest.is_empty()) {
            let Some(vma) = self.map.first_from(at).and_then(|vma| vma.clipped(rest)) else {
                break;
            };
            at = vma.range.end();
            if vma.backing == Backing::Anonymous && !vma.flags.is_shared() {
                self.zero_part(&vma)?;
            }
        }
        Ok(())
    }

    /// `vma` may reach over several host pages.
    fn zero_part(&mut self, vma: &Vma) -> Result<(), Errno> {
        let mut at = vma.range.start();
        while at < vma.range.end() {
            let page = self.host_page(at);
            let Some(part) = page.intersection(vma.range) else { break };
            let union = self.union(page, AddrRange::default()) & Prot::RWX;
            let raised = !union.contains(Prot::RW);
            if raised {
                self.host.mprotect(page.start(), page.len(), union | Prot::RW)?;
            }
            self.host.zero(part);
            if raised {
                self.host.mprotect(page.start(), page.len(), union)?;
            }
            at = page.end();
        }
        Ok(())
    }
}
