//! Which finding a call is: one function per call, in the order in which a kernel
//! looks at its arguments.

use super::{Call, Certainty, Class, Finding, Scene};
use crate::flags::{MapFlags, Prot};
use crate::page::AddrRange;
use crate::space::MapRequest;
use crate::vma::{Backing, FileId, Vma};

/// MADV_DONTNEED, MADV_FREE and MADV_REMOVE: what they name is lost.
const DROPPING: [i32; 3] = [4, 8, 9];
/// MREMAP_FIXED.
const MREMAP_FIXED: i32 = 2;
/// SHM_RND: the address is rounded down.
const SHM_RND: i32 = 0o20000;
/// How many mappings are looked at to find a file's other parts.
const SEARCHED: usize = 4096;

/// What is wrong with `call` on target pages that is right on the host's; `None`
/// for a call that is right or wrong on both.
#[must_use]
pub fn classify<S>(call: &Call, scene: &Scene<'_, S>) -> Option<Finding> {
    if scene.target <= scene.real {
        return None;
    }
    match *call {
        Call::Mmap(ref request, file) => scene.mmap(request, file),
        Call::PerfRing(ref request) => scene.perf_ring(request),
        Call::Munmap { addr, len } => scene.munmap(addr, len),
        Call::Mprotect { addr, len, prot } => scene.mprotect(addr, len, prot),
        Call::Msync { addr, len, .. } => scene.start(Class::MsyncAddress, addr, len),
        Call::Madvise { addr, len, advice } => scene.madvise(addr, len, advice),
        Call::Mremap { addr, old_len, flags, new_addr, .. } => {
            let moved = flags & MREMAP_FIXED != 0;
            let found = scene.start(Class::MremapAddress, addr, old_len);
            found.or_else(|| scene.refused(Class::MremapAddress, new_addr, 0).filter(|_| moved))
        }
        Call::Mincore { addr, len, .. } => scene.mincore(addr, len),
        Call::Munlock { addr, len } => scene.munlock(addr, len),
        Call::Shmat { addr, flags, .. } if flags & SHM_RND == 0 => {
            scene.refused(Class::ShmatAddress, addr, 0)
        }
        Call::Shmat { .. } => None,
        Call::StackSize { size, minimum, .. } => {
            let range = AddrRange::from_len(0, size)?;
            (size < minimum).then(|| certain(Class::StackMinimum, range))
        }
        Call::Complaint { text, len } => {
            Some(certain(Class::AllocatorPageSize, AddrRange::from_len(text, len)?))
        }
        Call::PacketRing { size, count, .. } => {
            let range = AddrRange::from_len(0, size as usize)?;
            let wrong = count != 0 && scene.is_between(size as usize);
            wrong.then(|| certain(Class::PacketRing, range))
        }
        Call::TailAccess { addr, write, handled, next } => {
            let at = AddrRange::from_len(addr, 1)?;
            match (handled, write) {
                // Else it may know the page size, and handle SIGBUS for another
                // reason.
                (true, _) if !next && scene.expects_fault(addr) => {
                    Some(certain(Class::SigbusExpected, at))
                }
                (true, _) => Some(Finding {
                    certainty: Certainty::Later,
                    ..certain(Class::SigbusExpected, at)
                }),
                (false, true) => Some(certain(Class::TailAccess, at)),
                (false, false) => None,
            }
        }
    }
}

/// A finding that the call itself shows.
fn certain(class: Class, range: AddrRange) -> Finding {
    Finding { class, certainty: Certainty::Certain, range, unnamed: AddrRange::default() }
}

impl<S> Scene<'_, S> {
    /// A multiple of the host's pages and not of the target's.
    fn is_between(&self, x: usize) -> bool {
        self.real.is_aligned(x) && !self.target.is_aligned(x)
    }

    /// The refusal of a start that only the target page makes misaligned.
    fn refused(&self, class: Class, addr: usize, len: usize) -> Option<Finding> {
        let range = AddrRange::from_len(addr, len)?;
        self.is_between(addr).then(|| certain(class, range))
    }

    /// The same for calls that do nothing where `len` is 0.
    fn start(&self, class: Class, addr: usize, len: usize) -> Option<Finding> {
        self.refused(class, addr, len).filter(|_| len != 0)
    }

    fn mmap(&self, request: &MapRequest, file: Option<FileId>) -> Option<Finding> {
        let len = request.len;
        if len == 0 {
            return None;
        }
        let offset = usize::try_from(request.offset).ok()?;
        let range = AddrRange::from_len(request.addr, len)?;
        if !self.target.is_aligned(offset) {
            let class =
                if self.is_apart(request, file) { Class::HeaderBody } else { Class::MmapOffset };
            return self.is_between(offset).then(|| certain(class, range));
        }
        if request.flags.is_fixed() {
            return self.mmap_fixed(request, range, file);
        }
        // a hint is rounded down: the answer is not the address that was named
        self.is_between(request.addr)
            .then(|| Finding { certainty: Certainty::Later, ..certain(Class::HintExact, range) })
    }

    /// Whether an access to a tail is to where a smaller page would begin, in a
    /// mapping that was asked for up to there and not just to the end of the page.
    fn expects_fault(&self, addr: usize) -> bool {
        let asked = self.map.find(addr).map(|vma| self.asked_end(&vma));
        let page = AddrRange::from_len(addr, 1).and_then(|at| at.round_out(self.target));
        let known = page.is_some_and(|page| asked == Some(page.end()));
        self.real.is_aligned(addr) && !known && asked.is_some_and(|end| end > addr)
    }

    /// 1 + 2^n small pages. Larger ones make another ring of that length, and its
    /// data begin elsewhere.
    fn perf_ring(&self, request: &MapRequest) -> Option<Finding> {
        let pages = request.len.checked_div(self.real.bytes())?;
        let ring = self.is_between(request.len) && pages.saturating_sub(1).is_power_of_two();
        if !ring || request.offset != 0 {
            return self.mmap(request, None);
        }
        Some(certain(Class::PerfRing, AddrRange::from_len(request.addr, request.len)?))
    }

    fn mmap_fixed(
        &self,
        request: &MapRequest,
        range: AddrRange,
        file: Option<FileId>,
    ) -> Option<Finding> {
        if !self.target.is_aligned(range.start()) {
            let class =
                if self.is_mirror(request, file) { Class::RingMirror } else { Class::FixedAddress };
            return self.refused(class, range.start(), range.len());
        }
        if request.flags.contains(MapFlags::FIXED_NOREPLACE) {
            return None;
        }
        let unnamed = self.unnamed(range, |_| true)?;
        self.rounded(Class::FixedRounding, range, unnamed)
    }

    /// Whether another part of the file that lies in the same target page of it
    /// is mapped already.
    fn is_apart(&self, request: &MapRequest, file: Option<FileId>) -> bool {
        let (Some(file), Ok(offset)) = (file, usize::try_from(request.offset)) else {
            return false;
        };
        let page = self.target.floor(offset) as u64;
        self.files().any(|(id, start, end)| id == file && start < request.offset && end > page)
    }

    /// File, first and last offset of the mappings.
    fn files(&self) -> impl Iterator<Item = (FileId, u64, u64)> + '_ {
        let all = AddrRange::new(0, usize::MAX).unwrap_or_default();
        self.map.overlapping(all).take(SEARCHED).filter_map(|vma| match vma.backing {
            Backing::File { id, offset } => {
                Some((id, offset, offset.saturating_add(vma.range.len() as u64)))
            }
            _ => None,
        })
    }

    /// Whether the mapping in the same target page shows the same part of the
    /// same file: the other half of a ring.
    fn is_mirror(&self, request: &MapRequest, file: Option<FileId>) -> bool {
        let before = self.map.find(self.target.floor(request.addr));
        before.is_some_and(|vma| match vma.backing {
            Backing::File { id, offset } => {
                let end = offset.saturating_add(vma.range.len() as u64);
                Some(id) == file && offset <= request.offset && request.offset < end
            }
            _ => false,
        })
    }

    fn munmap(&self, addr: usize, len: usize) -> Option<Finding> {
        if len == 0 {
            return None;
        }
        let range = AddrRange::from_len(addr, len)?;
        if !self.target.is_aligned(addr) {
            let page = self.map.find(addr);
            // what is cut off begins inside a mapping and ends with it
            let trims = page.is_some_and(|vma| range.end() >= self.asked_end(&vma));
            let class = if trims { Class::MunmapTrim } else { Class::MunmapAddress };
            return self.refused(class, addr, len);
        }
        // Harm shows as a fault. Without one, the program may know that the length
        // is rounded up and mean it (SQLite's index of the write-ahead log).
        let unnamed = self.unnamed(range, |_| true)?;
        let found = self.rounded(Class::MunmapRounding, range, unnamed)?;
        Some(Finding { certainty: Certainty::Later, ..found })
    }

    /// The end of a mapping as the program asked for it, in host pages.
    fn asked_end(&self, vma: &Vma) -> usize {
        let last =
            AddrRange::new(self.target.floor(vma.range.end().saturating_sub(1)), vma.range.end());
        let slack = last.and_then(|last| self.slack.overlapping(last).next());
        let asked = slack.map_or(vma.range.end(), |slack| slack.range.start());
        self.real.floor(asked)
    }

    fn mprotect(&self, addr: usize, len: usize, prot: Prot) -> Option<Finding> {
        if !self.target.is_aligned(addr) {
            return self.start(Class::MprotectAddress, addr, len);
        }
        let new = prot & Prot::RWX;
        let range = AddrRange::from_len(addr, len).filter(|range| !range.is_empty())?;
        let unnamed = self.unnamed(range, |vma| vma.prot != new)?;
        let old = self.map.find(unnamed.start()).map_or(Prot::NONE, |vma| vma.prot);
        let flips = |a: Prot, b: Prot| a.contains(Prot::WRITE) && b.contains(Prot::EXEC);
        if new.is_empty() {
            let found = self.rounded(Class::GuardSize, range, unnamed)?;
            // a guard is a part of a larger mapping and counted in host pages
            let guards = self.real.is_aligned(len) && self.goes_on(unnamed.end());
            let certainty = if guards { Certainty::Certain } else { found.certainty };
            return Some(Finding { certainty, ..found });
        }
        let class = if flips(old, new) || flips(new, old) {
            Class::WxHalves
        } else {
            Class::MprotectRounding
        };
        // as with munmap(2)
        let found = self.rounded(class, range, unnamed)?;
        Some(Finding { certainty: Certainty::Later, ..found })
    }

    /// Whether one mapping reaches from before `edge` to behind it.
    fn goes_on(&self, edge: usize) -> bool {
        let at = |addr: usize| self.map.find(addr).filter(Vma::is_plain);
        let (before, behind) = (at(edge.saturating_sub(1)), at(edge));
        matches!((before, behind), (Some(a), Some(b)) if a.backing.advanced(edge.saturating_sub(a.range.start()) as u64)
            == b.backing.advanced(edge.saturating_sub(b.range.start()) as u64))
    }

    fn madvise(&self, addr: usize, len: usize, advice: i32) -> Option<Finding> {
        if !self.target.is_aligned(addr) {
            return self.refused(Class::MadviseAddress, addr, len);
        }
        let range = AddrRange::from_len(addr, len).filter(|range| !range.is_empty())?;
        if !DROPPING.contains(&advice) {
            return None;
        }
        // shared memory keeps its contents
        let unnamed = self.unnamed(range, |vma| !vma.flags.is_shared())?;
        self.rounded(Class::MadviseRounding, range, unnamed)
    }

    fn mincore(&self, addr: usize, len: usize) -> Option<Finding> {
        if !self.target.is_aligned(addr) {
            return self.refused(Class::MincoreAddress, addr, len);
        }
        // for a part of a page the answer speaks of all of it
        let range = AddrRange::from_len(addr, len).filter(|range| !range.is_empty())?;
        let unnamed = self.unnamed(range, |_| true).filter(|_| self.real.is_aligned(len))?;
        self.rounded(Class::MincoreVector, range, unnamed)
    }

    /// munlock(2) rounds both ends outwards and never refuses.
    fn munlock(&self, addr: usize, len: usize) -> Option<Finding> {
        let counted = self.real.is_aligned(addr) && self.real.is_aligned(len) && len != 0;
        let range = AddrRange::from_len(addr, len).filter(|_| counted)?;
        let head = AddrRange::new(self.target.floor(addr), addr).filter(|head| !head.is_empty());
        let head = head.filter(|head| !self.map.is_free(*head));
        let unnamed = match head {
            Some(head) => head,
            None => self.unnamed(range, |_| true)?,
        };
        self.rounded(Class::MlockRounding, range, unnamed)
    }

    /// What lies between the end of `range` in host pages and its end in target
    /// pages, is mapped by the program in a mapping that `harmed` says yes to, and
    /// was asked for.
    fn unnamed(&self, range: AddrRange, harmed: impl Fn(&Vma) -> bool) -> Option<AddrRange> {
        let start = self.real.ceil(range.end())?;
        let end = self.target.ceil(range.end())?;
        let rest = AddrRange::new(start, end).filter(|rest| !rest.is_empty())?;
        // slack reaches to the end of its page: what is left is in front of it
        let slack = self.slack.overlapping(rest).next();
        let asked = AddrRange::new(start, slack.map_or(end, |slack| slack.range.start()))?;
        let mut parts = self.map.overlapping(asked).filter(|vma| vma.is_plain() && harmed(vma));
        let first = parts.next()?;
        let last = parts.last().unwrap_or(first);
        AddrRange::new(first.range.start(), last.range.end())
    }

    /// A hazard that stands or falls with the use of the bytes in `unnamed`. A
    /// length below every page size means the page, whatever that is.
    fn rounded(&self, class: Class, range: AddrRange, unnamed: AddrRange) -> Option<Finding> {
        let means_a_page = range.len() < self.real.bytes();
        let certainty = if means_a_page { Certainty::Later } else { Certainty::IfTouched };
        let range = range.round_out(self.target)?;
        Some(Finding { class, certainty, range, unnamed })
    }
}
