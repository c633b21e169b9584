//! mmap(2) and munmap(2) in two halves, between which the caller makes the call to
//! the host and others may use the table. For callers with threads: the host's call is
//! what takes time.
//!
//! Between the halves the range is the caller's alone: it has to keep every other
//! operation that touches it from beginning, but for the first halves of others, whose
//! ranges it compares with its own ([`Space::find_coming`], [`Space::check_leaving`]).
//! In the table the range is occupied all the while, so that nothing is placed there.
//!
//! Only the simplest kinds, which are the most frequent too: memory placed in a soft
//! window, and whatever is unmapped in whole host pages. Everything else is done at a
//! stretch.

use crate::errno::Errno;
use crate::flags::{MapFlags, Prot};
use crate::host::Host;
use crate::map::NodeSource;
use crate::ops::call::{Call, How};
use crate::page::AddrRange;
use crate::space::{MapRequest, Reserve, Space};

/// As many may be between their halves at the same time: each may need entries of
/// the table in the second one, which must not fail.
pub const MOST_APART: usize = 32;

/// A split at each end.
const ENTRIES: usize = 2;

/// A mapping of memory that the host has yet to make.
#[derive(Clone, Copy)]
pub struct Coming {
    call: Call,
    range: AddrRange,
}

impl Coming {
    /// Where it is to be.
    #[must_use]
    pub fn range(&self) -> AddrRange {
        self.range
    }

    /// The protection that the host is to be asked for.
    #[must_use]
    pub fn prot(&self) -> Prot {
        self.call.prot
    }

    /// The flags that the host is to be asked with.
    #[must_use]
    pub fn flags(&self) -> MapFlags {
        self.call.flags_at(How::Keep)
    }
}

impl<H: Host, S: NodeSource> Space<H, S> {
    fn allows_halves(&self) -> bool {
        self.config.reserve == Reserve::Soft && !self.config.narrow()
    }

    /// A place for a mapping of memory without an address. `None` where it has to be
    /// made at a stretch.
    #[must_use]
    pub fn find_coming(&self, request: &MapRequest) -> Option<Coming> {
        const PLACED: MapFlags = MapFlags::FIXED
            .union(MapFlags::FIXED_NOREPLACE)
            .union(MapFlags::BIT32)
            .union(MapFlags::HUGETLB);
        let memory = request.flags.contains(MapFlags::ANONYMOUS);
        let simple = request.addr == 0 && request.align <= 1 && request.offset == 0;
        if !memory || !simple || request.flags.intersects(PLACED) || !self.allows_halves() {
            return None;
        }
        let len = self.config.target.ceil(request.len).filter(|len| *len != 0)?;
        let call = Call { align: self.config.unit().bytes(), ..Call::new(request, len, None) };
        let range = AddrRange::from_len(self.find_place(&call)?, len)?;
        Some(Coming { call, range })
    }

    /// The first half of the mmap(2): the place is taken.
    ///
    /// # Errors
    /// ENOMEM when there is no memory for the table; nothing has changed then.
    pub fn begin_coming(&mut self, coming: &Coming) -> Result<(), Errno> {
        self.reserve(5 + ENTRIES * MOST_APART)?;
        self.enter(&coming.call, coming.range);
        Ok(())
    }

    /// Both halves at once, where no one else uses the table.
    ///
    /// # Errors
    /// The host's; EEXIST when something that the table does not know is in the way.
    pub(crate) fn make_coming(&mut self, coming: &Coming) -> Result<usize, Errno> {
        self.reserve(6)?;
        let (range, prot) = (coming.range, coming.prot());
        let at = self.host.mmap(range.start(), range.len(), prot, coming.flags(), -1, 0)?;
        self.landed(at, range)?;
        self.enter(&coming.call, range);
        Ok(at)
    }

    /// The second half where the host has refused. Where it has not, there is none.
    pub fn take_back(&mut self, coming: &Coming) {
        self.map.remove(coming.range);
    }

    /// What a munmap(2) is to unmap on the host; `None` where it has to be done at a
    /// stretch.
    ///
    /// # Errors
    /// As [`Space::munmap`], before the host is asked.
    pub fn check_leaving(&mut self, addr: usize, len: usize) -> Result<Option<AddrRange>, Errno> {
        let range = self.unmapped_range(addr, len)?;
        if !self.allows_halves() {
            return Ok(None);
        }
        self.reserve(ENTRIES * (MOST_APART + 1))?;
        Ok(Some(range))
    }

    /// The second half of the munmap(2) after the host has done it. Where it has not,
    /// there is none.
    pub fn end_leaving(&mut self, range: AddrRange) {
        self.map.remove(range);
    }
}
