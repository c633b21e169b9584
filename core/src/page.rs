//! Page sizes and half-open address ranges.

/// A page size: a power of two, at least 4096 bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct PageSize {
    shift: u32,
}

impl PageSize {
    /// The smallest page size there is.
    pub const MIN: PageSize = PageSize { shift: 12 };

    /// A page size of `bytes`, or `None` unless it is a power of two of at
    /// least 4096 and less than half of the address space.
    #[must_use]
    pub const fn new(bytes: usize) -> Option<PageSize> {
        let shift = bytes.trailing_zeros();
        if bytes.is_power_of_two() && shift >= 12 && shift < usize::BITS - 1 {
            Some(PageSize { shift })
        } else {
            None
        }
    }

    /// In bytes.
    #[must_use]
    pub const fn bytes(self) -> usize {
        1 << self.shift
    }

    /// log2 of the size in bytes.
    #[must_use]
    pub const fn shift(self) -> u32 {
        self.shift
    }

    /// The bits of an address that lie inside a page.
    #[must_use]
    pub const fn mask(self) -> usize {
        self.bytes() - 1
    }

    /// Whether `x` is a multiple of the page size.
    #[must_use]
    pub const fn is_aligned(self, x: usize) -> bool {
        x & self.mask() == 0
    }

    /// `x` rounded down to a multiple of the page size.
    #[must_use]
    pub const fn floor(self, x: usize) -> usize {
        x & !self.mask()
    }

    /// `x` rounded up to a multiple of the page size; `None` on overflow.
    #[must_use]
    pub const fn ceil(self, x: usize) -> Option<usize> {
        match x.checked_add(self.mask()) {
            Some(y) => Some(y & !self.mask()),
            None => None,
        }
    }
}

/// The addresses from `start` up to but not including `end`.
///
/// Invariant: `start <= end`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct AddrRange {
    start: usize,
    end: usize,
}

impl AddrRange {
    /// The range from `start` to `end`; `None` when `end < start`.
    #[must_use]
    pub const fn new(start: usize, end: usize) -> Option<AddrRange> {
        if start <= end {
            Some(AddrRange { start, end })
        } else {
            None
        }
    }

    /// `len` bytes from `start`; `None` on overflow.
    #[must_use]
    pub const fn from_len(start: usize, len: usize) -> Option<AddrRange> {
        match start.checked_add(len) {
            Some(end) => Some(AddrRange { start, end }),
            None => None,
        }
    }

    /// First address.
    #[must_use]
    pub const fn start(self) -> usize {
        self.start
    }

    /// First address behind the range.
    #[must_use]
    pub const fn end(self) -> usize {
        self.end
    }

    /// Length in bytes.
    #[must_use]
    pub const fn len(self) -> usize {
        self.end - self.start
    }

    /// Whether there is no address in it.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.start == self.end
    }

    /// Whether `addr` lies in it.
    #[must_use]
    pub const fn contains(self, addr: usize) -> bool {
        self.start <= addr && addr < self.end
    }

    /// Whether all of `other` lies in it.
    #[must_use]
    pub const fn covers(self, other: AddrRange) -> bool {
        self.start <= other.start && other.end <= self.end
    }

    /// Whether the two share an address.
    #[must_use]
    pub const fn overlaps(self, other: AddrRange) -> bool {
        self.start < other.end && other.start < self.end
    }

    /// What the two share; `None` when that is nothing.
    #[must_use]
    pub fn intersection(self, other: AddrRange) -> Option<AddrRange> {
        let start = self.start.max(other.start);
        let end = self.end.min(other.end);
        (start < end).then_some(AddrRange { start, end })
    }

    /// The smallest range of whole pages that holds this one; `None` on
    /// overflow.
    #[must_use]
    pub const fn round_out(self, page: PageSize) -> Option<AddrRange> {
        match page.ceil(self.end) {
            Some(end) => Some(AddrRange { start: page.floor(self.start), end }),
            None => None,
        }
    }

    /// The largest range of whole pages inside this one; empty when there is
    /// none.
    #[must_use]
    pub fn round_in(self, page: PageSize) -> AddrRange {
        let end = page.floor(self.end);
        let start = page.ceil(self.start).unwrap_or(end).min(end);
        AddrRange { start, end: end.max(start) }
    }
}

impl core::fmt::Debug for AddrRange {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{:#x}-{:#x}", self.start, self.end)
    }
}
