//! Whether memory was ever used: `/proc/self/pagemap`.

use crate::sys;
use pagesim_core::page::{AddrRange, PageSize};

/// A page is in memory, or swapped out.
const PRESENT: u64 = 1 << 63;
const SWAPPED: u64 = 1 << 62;
/// It belongs to a file or to shared memory.
const OF_FILE: u64 = 1 << 61;

/// Which pages count.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Of {
    /// Every page.
    All,
    /// Those that hold what only this process has.
    Private,
}

/// Whether any page of `range` was touched; `None` where the kernel does not
/// say.
pub(crate) fn any(range: AddrRange, page: PageSize, of: Of) -> Option<bool> {
    let mut found = false;
    each(range, page, &mut |_, entry| {
        found |= counts(entry) && (of == Of::All || entry & OF_FILE == 0);
    })?;
    Some(found)
}

/// Whether a page's entry says that it takes memory or swap.
pub(crate) fn counts(entry: u64) -> bool {
    entry & (PRESENT | SWAPPED) != 0
}

/// Shows `visit` the entry of every page of `range`.
pub(crate) fn each(
    range: AddrRange,
    page: PageSize,
    visit: &mut dyn FnMut(usize, u64),
) -> Option<()> {
    const ENTRY: usize = size_of::<u64>();
    let flags = libc::O_RDONLY | libc::O_CLOEXEC;
    let fd = sys::open(c"/proc/self/pagemap", flags, 0).ok()?;
    let mut entries = [0u64; 64];
    let mut at = page.floor(range.start());
    let mut complete = true;
    while at < range.end() {
        let left = (range.end() - at).div_ceil(page.bytes()).min(entries.len());
        let place = (at >> page.shift()).wrapping_mul(ENTRY);
        let args = [fd as usize, entries.as_mut_ptr() as usize, left * ENTRY, place, 0, 0];
        // SAFETY: writes into the array, at most its length.
        let read = unsafe { sys::call(libc::SYS_pread64, args) }.unwrap_or(0) / ENTRY;
        let Some(seen) = entries.get(..read).filter(|seen| !seen.is_empty()) else {
            complete = false;
            break;
        };
        for entry in seen {
            visit(at, *entry);
            at = at.saturating_add(page.bytes());
        }
    }
    sys::close(fd);
    complete.then_some(())
}
