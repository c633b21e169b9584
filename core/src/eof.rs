//! The end of a file inside a large page: which host pages are past it.
//!
//! With target pages larger than the host's (`T > R`), a file's mapping is the
//! host's own over its whole rounded length. What differs is the target page in
//! which the file ends: with pages of that size all of it can be accessed (the
//! kernel's `filemap_fault()` compares page indices, not bytes), on the host
//! nothing behind the host page in which the file ends. That rest is the *tail*.
//!
//! Pure arithmetic. Where the file ends is not asked by its size, for which a
//! descriptor would be needed, but by `readable`: whether the host page at an
//! address can be read. Inside one mapping of a file everything in front of the end
//! can and nothing behind it, so the end is found by halving.

use crate::errno::Errno;
use crate::host::Host;
use crate::map::NodeSource;
use crate::page::{AddrRange, PageSize};
use crate::space::{Config, Space};
use crate::vma::{Backing, FileId, Vma};

impl Config {
    /// Whether files end inside a target page and not at the end of one: host
    /// pages smaller than target pages are in use.
    #[must_use]
    pub fn has_tails(&self) -> bool {
        self.target > self.real && !self.narrow()
    }
}

/// The target page of `vma` that holds `addr`; `None` where `vma` is no file
/// mapping around it.
#[must_use]
pub fn page_of(vma: &Vma, addr: usize, target: PageSize) -> Option<AddrRange> {
    let Backing::File { .. } = vma.backing else { return None };
    let page = AddrRange::from_len(target.floor(addr), target.bytes())?;
    vma.range.contains(addr).then(|| page.intersection(vma.range)).flatten()
}

/// The first host page of `range` that is past the end of the file, or the end
/// of `range` when none is.
pub fn first_beyond(
    range: AddrRange,
    host: PageSize,
    mut readable: impl FnMut(usize) -> bool,
) -> usize {
    let unit = host.bytes();
    // invariant: what is in front of `low` is readable, from `high` on nothing is
    let (mut low, mut high) = (0, range.len() / unit);
    while low < high {
        let middle = low + (high - low) / 2;
        if readable(range.start() + middle * unit) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    (range.start() + low * unit).min(range.end())
}

/// The one target page of `range` that may have a tail: the last whose first
/// host page is inside the file, unless all of `range` is. `range` is in
/// target pages of one file mapping.
pub fn last_page(
    range: AddrRange,
    target: PageSize,
    host: PageSize,
    mut readable: impl FnMut(usize) -> bool,
) -> Option<AddrRange> {
    if range.is_empty() || readable(range.end() - host.bytes()) {
        return None;
    }
    let beyond = first_beyond(range, target, readable);
    let start = beyond.checked_sub(target.bytes()).filter(|start| *start >= range.start())?;
    AddrRange::new(start, beyond)
}

/// The tail of the mapping `vma` of a file of `size` bytes: from the host page
/// behind its end to the end of the target page. `None` where the file does not
/// end in the mapping, or ends with a target page.
#[must_use]
pub fn tail_of(vma: &Vma, size: u64, target: PageSize, host: PageSize) -> Option<AddrRange> {
    let Backing::File { offset, .. } = vma.backing else { return None };
    let inside = usize::try_from(size.checked_sub(offset)?).ok().filter(|len| *len != 0)?;
    let start = vma.range.start().checked_add(host.ceil(inside)?)?;
    let end = vma.range.start().checked_add(target.ceil(inside)?)?;
    AddrRange::new(start, end)?.intersection(vma.range)
}

impl<H: Host, S: NodeSource> Space<H, S> {
    /// Takes `range` into the table as the part from `offset` on of a mapping of
    /// file `id`. The host shows other memory there: a tail that is filled, which
    /// [`Space::rebuild_from_nothing`] cannot tell from other mappings.
    ///
    /// # Errors
    /// ENOMEM when there is no memory for the table.
    pub fn adopt_tail(&mut self, range: AddrRange, id: FileId, offset: u64) -> Result<(), Errno> {
        self.reserve(6)?;
        let Some(seen) = self.map.find(range.start()).and_then(|vma| vma.clipped(range)) else {
            return Ok(());
        };
        // what ends inside a target page was taken for a special file
        let front = range.start().checked_sub(1).and_then(|addr| self.map.find(addr));
        if let Some(front) = front {
            self.map.update(front.range, |vma| {
                if let Backing::Special { id: other, offset } = vma.backing {
                    if other == id {
                        vma.backing = Backing::File { id, offset };
                    }
                }
            });
        }
        self.map.remove(seen.range);
        self.map.insert(Vma { backing: Backing::File { id, offset }, ..seen });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flags::{MapFlags, Prot};

    const K4: usize = 1 << 12;
    const K16: usize = 1 << 14;
    const BASE: usize = 1 << 32;

    fn size(bytes: usize) -> PageSize {
        PageSize::new(bytes).unwrap()
    }

    fn range(start: usize, len: usize) -> AddrRange {
        AddrRange::from_len(start, len).unwrap()
    }

    /// As a host answers for a file of `len` bytes mapped at BASE.
    fn file(len: usize) -> impl FnMut(usize) -> bool {
        move |addr| addr < BASE + size(K4).ceil(len).unwrap()
    }

    #[test]
    fn tail_is_told_by_the_size_of_the_file() {
        let backing = Backing::File { id: FileId::default(), offset: K16 as u64 };
        let range = range(BASE, 4 * K16);
        let vma = Vma { range, prot: Prot::RW, flags: MapFlags::SHARED, backing };
        let tail = |size: usize| tail_of(&vma, size as u64, self::size(K16), self::size(K4));
        for (size, expected) in [
            (0, None),
            (K16, None),
            (K16 + 1, AddrRange::new(BASE + K4, BASE + K16)),
            (2 * K16 - 1, None),
            (2 * K16, None),
            (4 * K16 + K4, AddrRange::new(BASE + 3 * K16 + K4, BASE + 4 * K16)),
            (5 * K16 + K4, None),
            (usize::MAX, None),
        ] {
            assert_eq!(tail(size), expected, "{size:#x}");
        }
    }

    #[test]
    fn tail_begins_behind_the_host_page_in_which_the_file_ends() {
        for (len, expected) in [(0, 0), (1, K4), (K4, K4), (K4 + 1, 2 * K4), (3 * K4, 3 * K4)] {
            assert_eq!(
                first_beyond(range(BASE, K16), size(K4), file(len)),
                BASE + expected,
                "{len}"
            );
        }
        assert_eq!(first_beyond(range(BASE, K16), size(K4), file(K16)), BASE + K16);
        assert_eq!(first_beyond(range(BASE, 0), size(K4), file(K16)), BASE);
    }

    #[test]
    fn only_the_page_that_holds_the_end_has_a_tail() {
        let all = range(BASE, 4 * K16);
        let page = |len| last_page(all, size(K16), size(K4), file(len));
        assert_eq!(page(0), None);
        assert_eq!(page(1), Some(range(BASE, K16)));
        assert_eq!(page(K16 - 1), Some(range(BASE, K16)));
        assert_eq!(page(K16 + 1), Some(range(BASE + K16, K16)));
        assert_eq!(page(4 * K16 - K4), Some(range(BASE + 3 * K16, K16)));
        assert_eq!(page(4 * K16 - 1), None);
        assert_eq!(page(9 * K16), None);
    }

    #[test]
    fn every_size_is_found_with_few_questions() {
        for len in (0..=256 * K4).step_by(1000) {
            let mut asked = 0;
            let mut answer = file(len);
            let found = first_beyond(range(BASE, 256 * K4), size(K4), |addr| {
                asked += 1;
                answer(addr)
            });
            assert_eq!(found, BASE + size(K4).ceil(len).unwrap());
            assert!(asked <= 9, "{asked}");
        }
    }

    #[test]
    fn anonymous_memory_has_no_tail() {
        let mut vma = Vma {
            range: range(BASE, 2 * K16),
            prot: Prot::RW,
            flags: MapFlags::PRIVATE,
            backing: Backing::Anonymous,
        };
        assert_eq!(page_of(&vma, BASE, size(K16)), None);
        vma.backing = Backing::File { id: FileId { dev: 1, ino: 2 }, offset: 0 };
        assert_eq!(page_of(&vma, BASE + K16 + 5, size(K16)), Some(range(BASE + K16, K16)));
        assert_eq!(page_of(&vma, BASE + 2 * K16, size(K16)), None);
    }
}
