//! MAP_FIXED_NOREPLACE, and huge pages.

use crate::errno::Errno;
use crate::flags::MapFlags;
use crate::host::{FileInfo, FileKind, Host};
use crate::map::NodeSource;
use crate::ops::call::{Call, How};
use crate::page::{AddrRange, PageSize};
use crate::space::{MapRequest, Space};

/// Where mmap(2)'s flags carry log2 of the size of a huge page.
const HUGE_SHIFT: u32 = 26;
/// Its width.
const HUGE_MASK: u32 = 0x3f;

impl<H: Host, S: NodeSource> Space<H, S> {
    /// Maps `call` at `range`, where nothing may be (A13).
    pub(crate) fn map_exclusive(&mut self, call: &Call, range: AddrRange) -> Result<(), Errno> {
        let Some(hard) = self.hard_part(range) else {
            return self.map_span(call, range, How::Keep);
        };
        if !self.map.is_free(range) {
            return Err(self.taken(call, range));
        }
        // The reservation is no mapping to the program; beside it the host knows.
        let before = AddrRange::new(range.start(), hard.start()).filter(|r| !r.is_empty());
        let behind = AddrRange::new(hard.end(), range.end()).filter(|r| !r.is_empty());
        if let Some(part) = before {
            self.keep_place(part, MapFlags::FIXED_NOREPLACE)?;
        }
        if let Some(part) = behind {
            self.keep_place(part, MapFlags::FIXED_NOREPLACE).inspect_err(|_| {
                if let Some(part) = before {
                    self.undo(part);
                }
            })?;
        }
        self.map_span(call, range, How::Replace).inspect_err(|_| {
            self.undo(range);
        })
    }

    /// What the host says to an exclusive request for a range in use.
    pub(crate) fn taken(&mut self, call: &Call, range: AddrRange) -> Errno {
        let Some(pages) = range.round_out(self.config.host) else { return Errno::ENOMEM };
        let request = MapRequest {
            addr: pages.start(),
            len: pages.len(),
            prot: call.prot,
            flags: call.flags_at(How::Keep),
            fd: call.fd,
            offset: call.offset & !(self.config.host.mask() as u64),
            align: 0,
        };
        self.refusal(&request, pages.start(), Errno::EEXIST)
    }

    /// Why MAP_FIXED_NOREPLACE with MAP_SHARED_VALIDATE is refused: do_mmap()
    /// finds what is in the way before it looks at the flags.
    pub(crate) fn not_exclusive(&mut self, call: &Call, range: AddrRange) -> Errno {
        let errno = self.taken(call, range);
        // What the host found may be none of the program's.
        let beside = self.config.narrow() || self.hard_part(range).is_some();
        if errno == Errno::EEXIST && beside && self.map.is_free(range) {
            return Errno::EOPNOTSUPP;
        }
        errno
    }

    /// Whether addresses and lengths of the request count in huge pages.
    pub(crate) fn is_huge(&self, request: &MapRequest, file: Option<FileInfo>) -> bool {
        match file {
            Some(info) => matches!(info.kind, FileKind::Huge(_)),
            None => request.flags.contains(MapFlags::HUGETLB),
        }
    }

    /// Huge pages: the host places them, which is aligned enough for a target
    /// page, and rounds the length.
    pub(crate) fn map_huge(&mut self, call: &Call) -> Result<usize, Errno> {
        self.reserve(6)?;
        let fixed = call.flags.is_fixed();
        if fixed && !self.config.target.is_aligned(call.addr) {
            // as in mmap(): the host's order of errors
            let answer = self.host.mmap(
                call.addr | 1,
                call.asked,
                call.prot,
                call.flags,
                call.fd,
                call.offset,
            );
            return answer.and(Err(Errno::EINVAL));
        }
        let at = self.host.mmap(call.addr, call.len, call.prot, call.flags, call.fd, call.offset);
        let at = at.inspect_err(|_| {
            if let Some(range) = AddrRange::from_len(call.addr, call.len).filter(|_| fixed) {
                self.settle(range);
            }
        })?;
        let range = self.huge_extent(call, at);
        if !self.config.target.is_aligned(at) {
            self.host.munmap(at, range.len())?;
            return Err(Errno::ENOMEM);
        }
        self.map.remove(range);
        let mut vma = call.vma(range);
        vma.flags |= MapFlags::HUGETLB;
        self.map.insert(vma);
        Ok(at)
    }

    /// How far a mapping of huge pages that begins at `at` goes.
    fn huge_extent(&mut self, call: &Call, at: usize) -> AddrRange {
        let named = 1usize.checked_shl((call.flags.bits() >> HUGE_SHIFT) & HUGE_MASK).unwrap_or(0);
        let size = match call.file {
            Some(FileInfo { kind: FileKind::Huge(bytes), .. }) => PageSize::new(bytes),
            _ => PageSize::new(named),
        };
        if let Some(len) = size.and_then(|size| size.ceil(call.len)) {
            return AddrRange::from_len(at, len).unwrap_or_default();
        }
        // The default size is the host's secret; its list of mappings shows it.
        // A neighbour of ours may look like part of the same region.
        let region = self.host.region_from(at).ok().flatten();
        let end = region.map_or(0, |region| region.range.end());
        let next = self.map.first_from(at).map_or(usize::MAX, |vma| vma.range.start());
        let least = at.saturating_add(call.len);
        let end = if next >= least { end.min(next) } else { end };
        AddrRange::new(at, end.max(least)).unwrap_or_default()
    }
}
