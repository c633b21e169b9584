//! Where several target pages share a host page (T < H): A5, A11, A12.
//!
//! A mapping at a fixed address is cut in up to three parts:
//!
//! ```text
//!      |  host page  |  host page  |  host page  |
//!      |nnnn|########|#############|####|nnnnnnnn|    n: used by others
//!            head         span       tail
//! ```
//!
//! The span, which no other target page has a part in, is one mapping of the
//! host; it reaches into the first and the last host page when nothing else
//! lives there. Head and tail are fragments: see [`super::fragment`].
//!
//! Everything that can be refused is refused before the first change. A failure
//! after that leaves the whole range unmapped.

use crate::errno::Errno;
use crate::flags::{MapFlags, Prot};
use crate::host::Host;
use crate::map::NodeSource;
use crate::ops::call::{Call, How};
use crate::ops::fragment::{Beside, Fragment};
use crate::ops::mprotect::Change;
use crate::page::AddrRange;
use crate::space::Space;
use crate::vma::{Vma, COPIED};

/// How a mapping at a fixed address is carried out.
struct Plan {
    /// The host pages that it has for itself; may be empty.
    span: AddrRange,
    head: Option<Fragment>,
    tail: Option<Fragment>,
    /// File contents are read in: address and offset differ within a host page.
    copied: bool,
}

/// Flags with which an anonymous mapping cannot be refused for its arguments.
const HARMLESS: MapFlags = MapFlags::PRIVATE
    .union(MapFlags::ANONYMOUS)
    .union(MapFlags::FIXED)
    .union(MapFlags::FIXED_NOREPLACE)
    .union(MapFlags::NORESERVE)
    .union(MapFlags::STACK);

impl<H: Host, S: NodeSource> Space<H, S> {
    /// MAP_FIXED and MAP_FIXED_NOREPLACE at target pages that may be parts of
    /// host pages.
    pub(crate) fn map_fixed_narrow(
        &mut self,
        call: &Call,
        range: AddrRange,
    ) -> Result<usize, Errno> {
        self.reserve(16)?;
        if range.round_out(self.config.host).is_none() {
            return Err(Errno::ENOMEM);
        }
        let exclusive = call.flags.contains(MapFlags::FIXED_NOREPLACE);
        if exclusive && !self.map.is_free(range) {
            return Err(self.taken(call, range));
        }
        let plan = self.plan(call, range)?;
        if plan.copied || plan.head.is_some() || plan.tail.is_some() {
            self.probe(call)?;
        }
        self.map_own_pages(call, range, &plan)?;
        for fragment in [&plan.head, &plan.tail].into_iter().flatten() {
            self.map_fragment(call, range, fragment).inspect_err(|_| {
                let _ = self.munmap_narrow(range);
            })?;
        }
        self.rolling = range.end();
        Ok(range.start())
    }

    fn plan(&mut self, call: &Call, range: AddrRange) -> Result<Plan, Errno> {
        let congruent = call.file.is_none() || self.congruent(range.start(), call.offset);
        if !congruent && !call.can_be_copied() {
            return Err(Errno::EINVAL);
        }
        let first = self.host_page(range.start());
        let last = self.host_page(range.end() - 1);
        let head = self.fragment(call, range, first)?;
        let tail = if last == first { None } else { self.fragment(call, range, last)? };
        let start = if head.is_some() { first.end() } else { first.start() };
        let end = if tail.is_some() || (last == first && head.is_some()) {
            last.start().max(start)
        } else {
            last.end()
        };
        let span = AddrRange::new(start, end).ok_or(Errno::EINVAL)?;
        Ok(Plan { span, head, tail, copied: !congruent })
    }

    /// Whether a host page can hold a file's byte `offset` at `addr`.
    fn congruent(&self, addr: usize, offset: u64) -> bool {
        let mask = self.config.host.mask();
        addr & mask == (offset & mask as u64) as usize
    }

    pub(crate) fn host_page(&self, addr: usize) -> AddrRange {
        let start = self.config.host.floor(addr);
        AddrRange::from_len(start, self.config.host.bytes()).unwrap_or_default()
    }

    /// The part of `range` in the host page `page` as a fragment; `None` when
    /// nothing else lives in that page.
    fn fragment(
        &mut self,
        call: &Call,
        range: AddrRange,
        page: AddrRange,
    ) -> Result<Option<Fragment>, Errno> {
        let Some(part) = range.intersection(page).filter(|part| *part != page) else {
            return Ok(None);
        };
        if self.note_foreign(page, part)? && call.flags.contains(MapFlags::FIXED_NOREPLACE) {
            return Err(Errno::EEXIST);
        }
        let beside = self.beside(call, range, page);
        match beside {
            Beside::Nothing => Ok(None),
            Beside::SameFile { .. } => Ok(Some(Fragment { page, part, beside })),
            Beside::Memory { .. } if call.can_be_copied() => {
                Ok(Some(Fragment { page, part, beside }))
            }
            _ => Err(Errno::EINVAL),
        }
    }

    /// Has the host look at arguments of which no call of its own would carry
    /// all: whether the file may be mapped like that at all.
    fn probe(&mut self, call: &Call) -> Result<(), Errno> {
        let harmless = call.flags.difference(HARMLESS).is_empty() && call.flags.kind() == 2;
        if harmless && call.file.is_none() {
            return Ok(());
        }
        let host = self.config.host;
        let flags = call.flags_anywhere().difference(MapFlags::POPULATE);
        let offset = call.offset & !(host.mask() as u64);
        let at = self.host.mmap(0, host.bytes(), call.prot, flags, call.fd, offset)?;
        self.drop_scratch(at, host.bytes())
    }

    /// Unmaps what no table knows.
    pub(crate) fn drop_scratch(&mut self, at: usize, len: usize) -> Result<(), Errno> {
        self.host.munmap(at, len).or_else(|_| self.host.munmap(at, len))
    }

    /// The span of a plan: one mapping of the host.
    #[inline(never)] // keeps the frame of its caller small
    fn map_own_pages(&mut self, call: &Call, range: AddrRange, plan: &Plan) -> Result<(), Errno> {
        let span = plan.span;
        let Some(part) = span.intersection(range) else { return Ok(()) };
        let soft = self.hard_part(span).is_none();
        let exclusive = call.flags.contains(MapFlags::FIXED_NOREPLACE);
        let how = if exclusive && soft { How::Keep } else { How::Replace };
        let sub = Call {
            len: part.len(),
            lead: part.start() - span.start(),
            span: span.len(),
            offset: call.offset.wrapping_add((part.start() - range.start()) as u64),
            ..*call
        };
        if plan.copied {
            return self.map_copied(&sub, part, span, how);
        }
        self.map_span(&sub, span, how).inspect_err(|_| self.settle(span))?;
        self.map.remove(part);
        self.map.insert(sub.vma(part));
        Ok(())
    }

    /// Memory with the file's contents read in.
    fn map_copied(
        &mut self,
        call: &Call,
        part: AddrRange,
        span: AddrRange,
        how: How,
    ) -> Result<(), Errno> {
        let flags = MapFlags::PRIVATE | MapFlags::ANONYMOUS | how.flag();
        let at = self.host.mmap(span.start(), span.len(), Prot::RW, flags, -1, 0);
        let at = at.inspect_err(|_| self.settle(span))?;
        self.landed(at, span)?;
        self.map.remove(part);
        let vma = call.vma(part);
        self.map.insert(Vma { flags: vma.flags | COPIED, ..vma });
        let read = self.read_in(call.fd, part, call.offset);
        let done = read.and_then(|()| {
            if call.prot & Prot::RWX == Prot::RW {
                return Ok(());
            }
            self.host.mprotect(span.start(), span.len(), call.prot & Prot::RWX)
        });
        done.inspect_err(|_| {
            let _ = self.munmap_narrow(part);
        })
    }

    /// A place for a file whose offset no place of the wanted alignment agrees
    /// with: its contents are read in.
    pub(crate) fn map_copied_anywhere(&mut self, call: &Call) -> Result<usize, Errno> {
        if !call.can_be_copied() {
            return Err(Errno::EINVAL);
        }
        let flags = MapFlags::PRIVATE | MapFlags::ANONYMOUS | MapFlags::NORESERVE;
        let low = call.flags & MapFlags::BIT32;
        let claim = Call { prot: Prot::NONE, flags: flags | low, fd: -1, file: None, ..*call };
        let at = self.map_anywhere(&claim)?;
        let range = AddrRange::from_len(at, call.len).ok_or(Errno::ENOMEM)?;
        let fixed = Call { flags: call.flags_at(How::Replace), ..*call };
        self.map_fixed_narrow(&fixed, range).inspect_err(|_| {
            let _ = self.munmap_narrow(range);
        })
    }

    /// munmap(2): host pages that other target pages use stay.
    pub(crate) fn munmap_narrow(&mut self, range: AddrRange) -> Result<(), Errno> {
        self.reserve(3)?;
        let first = self.host_page(range.start());
        let last = self.host_page(range.end() - 1);
        let start = if self.dies(first, range) { first.start() } else { first.end() };
        let end = if self.dies(last, range) { last.end() } else { last.start() };
        if let Some(span) = AddrRange::new(start, end).filter(|span| !span.is_empty()) {
            self.unmap(span)?;
        }
        self.map.remove(range);
        Ok(())
    }

    /// Whether nothing is left of a host page when `range` is unmapped.
    fn dies(&self, page: AddrRange, range: AddrRange) -> bool {
        if range.covers(page) {
            return true;
        }
        let mut ours = false;
        for vma in self.map.overlapping(page) {
            if !range.covers(vma.range) {
                return false;
            }
            ours = ours || vma.is_ours();
        }
        ours
    }

    /// mprotect(2) of the part `vma` of an entry: host pages at the edges get the
    /// union of what their target pages may do.
    pub(crate) fn protect_narrow(&mut self, vma: &Vma, change: Change) -> Result<(), Errno> {
        let Change { prot, key } = change;
        let range = vma.range;
        // As for a shared mapping of a file that is open for reading only: what
        // is written to a copy would be lost.
        if vma.flags.contains(COPIED) && vma.flags.is_shared() && prot.contains(Prot::WRITE) {
            return Err(Errno::EACCES);
        }
        let mut at = range.start();
        while at < range.end() {
            let page = self.host_page(at);
            let whole = self.config.host.floor(range.end());
            let (span, union) = if at == page.start() && at < whole {
                (AddrRange::new(at, whole).unwrap_or(page), Prot::NONE)
            } else {
                (page, self.union(page, range))
            };
            self.change_host(span, Change { prot: prot | union, key })?;
            let done = span.intersection(range).unwrap_or(span);
            self.map.update(done, |vma| vma.prot = prot & Prot::RWX);
            at = span.end();
        }
        Ok(())
    }
}
