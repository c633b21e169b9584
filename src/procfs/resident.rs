//! Which memory of a process is resident, from its `pagemap`.

use super::name::Link;
use crate::{arch, sys};
use pagesim_core::counts::{Resident, Seen, Tally, Units};
use pagesim_core::page::AddrRange;

/// A process's `pagemap`.
pub(super) struct Scan {
    fd: Option<i32>,
    units: Units,
    /// Whether the kernel knows PAGEMAP_SCAN.
    asks: bool,
}

impl Scan {
    /// Of the process that the file at `link` belongs to.
    pub(super) fn new(link: &Link, units: Units) -> Scan {
        let fd = link
            .sibling("pagemap")
            .and_then(|path| sys::open(path.as_c_str(), libc::O_RDONLY | libc::O_CLOEXEC, 0).ok());
        Scan { fd, units, asks: true }
    }
}

impl Drop for Scan {
    fn drop(&mut self) {
        if let Some(fd) = self.fd {
            sys::close(fd);
        }
    }
}

impl Resident for Scan {
    fn resident(&mut self, range: AddrRange, kib: u64) -> Option<u64> {
        if kib == 0 {
            return Some(0);
        }
        let fd = self.fd?;
        if self.asks {
            if let Some(seen) = ask(fd, range, Tally::new(self.units.target, range), Pages::All) {
                return Some(seen.kib());
            }
            self.asks = false;
        }
        let tally = Tally::new(self.units.target, range);
        read(fd, range, kib, self.units, tally).map(|seen| seen.kib())
    }
}

/// `struct page_region` of <linux/fs.h>.
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub(super) struct Region {
    pub(super) start: u64,
    pub(super) end: u64,
    pub(super) categories: u64,
}

/// `struct pm_scan_arg` of <linux/fs.h> (Linux 6.7).
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub(super) struct Arguments {
    pub(super) size: u64,
    pub(super) flags: u64,
    pub(super) start: u64,
    pub(super) end: u64,
    pub(super) walk_end: u64,
    pub(super) vec: u64,
    pub(super) vec_len: u64,
    pub(super) max_pages: u64,
    pub(super) category_inverted: u64,
    pub(super) category_mask: u64,
    pub(super) category_anyof_mask: u64,
    pub(super) return_mask: u64,
}

/// All that is resident of the process that the file at `link` belongs to; `None` where
/// the kernel cannot be asked so, or not by this process.
pub(super) fn all(link: &Link, units: Units) -> Option<Seen> {
    let path = link.sibling("pagemap")?;
    let fd = sys::open(path.as_c_str(), libc::O_RDONLY | libc::O_CLOEXEC, 0).ok()?;
    let range = AddrRange::new(0, arch::END);
    let count = |present: Pages| {
        let range = range?;
        // the last target page counts as a whole
        let whole = range.round_out(units.target).unwrap_or(range);
        ask(fd, range, Tally::new(units.target, whole), present).map(|seen| seen.kib())
    };
    let seen = count(Pages::Own).zip(count(Pages::OfFiles));
    sys::close(fd);
    seen.map(|(anon, file)| Seen { anon, file })
}

/// Which pages are asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pages {
    /// All that are present.
    All,
    /// Present, and the process's own.
    Own,
    /// Present, of files and shared memory.
    OfFiles,
    /// Present or swapped out.
    Used,
    /// The same, and the process's own.
    OwnUsed,
}

impl Pages {
    /// Categories that are all wanted, those of them that are wanted not to be, and
    /// those of which one is.
    fn categories(self) -> (u64, u64, u64) {
        match self {
            Pages::All => (IS_PRESENT, 0, 0),
            Pages::Own => (IS_PRESENT | IS_FILE, IS_FILE, 0),
            Pages::OfFiles => (IS_PRESENT | IS_FILE, 0, 0),
            Pages::Used => (0, 0, IS_PRESENT | IS_SWAPPED),
            Pages::OwnUsed => (IS_FILE, IS_FILE, IS_PRESENT | IS_SWAPPED),
        }
    }

    /// A question for such pages in `range`, with room for the answer.
    fn arguments(self, range: AddrRange, regions: &mut [Region]) -> Arguments {
        let (category_mask, category_inverted, category_anyof_mask) = self.categories();
        Arguments {
            size: size_of::<Arguments>() as u64,
            start: range.start() as u64,
            end: range.end() as u64,
            vec: regions.as_mut_ptr() as u64,
            vec_len: regions.len() as u64,
            category_inverted,
            category_mask,
            category_anyof_mask,
            return_mask: IS_PRESENT,
            ..Arguments::default()
        }
    }
}

/// `_IOWR('f', 16, struct pm_scan_arg)`.
pub(crate) const PAGEMAP_SCAN: usize = 0xc000_0000 | size_of::<Arguments>() << 16 | 0x66 << 8 | 16;
/// `PAGE_IS_FILE`, `PAGE_IS_PRESENT` and `PAGE_IS_SWAPPED`.
const IS_FILE: u64 = 4;
const IS_PRESENT: u64 = 8;
const IS_SWAPPED: u64 = 16;

/// Asks for the present pages; `None` where the kernel cannot be asked so.
fn ask(fd: i32, range: AddrRange, mut tally: Tally, pages: Pages) -> Option<Tally> {
    scan(fd, range, pages, &mut |region| tally.add(region))?;
    Some(tally)
}

/// Shows `visit`, in order of address, the regions of `range` that are such pages, by a
/// `pagemap`; `None` where the kernel cannot be asked so.
pub(crate) fn scan(
    fd: i32,
    range: AddrRange,
    pages: Pages,
    visit: &mut dyn FnMut(AddrRange),
) -> Option<()> {
    let mut regions = [Region::default(); 32];
    let mut at = range.start();
    while at < range.end() {
        let rest = AddrRange::new(at, range.end())?;
        let mut arguments = pages.arguments(rest, &mut regions);
        let count = request(fd, &mut arguments)?;
        for region in regions.get(..count).unwrap_or(&[]) {
            visit(AddrRange::new(region.start as usize, region.end as usize)?);
        }
        let walked = arguments.walk_end as usize;
        if walked <= at {
            return None;
        }
        at = walked;
    }
    Some(())
}

/// The first of such pages in `range`; `None` where the kernel cannot be asked so.
pub(crate) fn first(fd: i32, range: AddrRange, pages: Pages) -> Option<Option<usize>> {
    let mut found = [Region::default()];
    let mut arguments = Arguments { max_pages: 1, ..pages.arguments(range, &mut found) };
    let count = request(fd, &mut arguments)?;
    Some(found.first().filter(|_| count != 0).map(|region| region.start as usize))
}

/// How many regions the kernel has told.
fn request(fd: i32, arguments: &mut Arguments) -> Option<usize> {
    let args = [fd as usize, PAGEMAP_SCAN, core::ptr::from_mut(arguments) as usize, 0, 0, 0];
    // SAFETY: structures as the kernel knows them, vec_len regions long.
    unsafe { sys::own(libc::SYS_ioctl, args) }.ok()
}

/// Entries read at once.
const CHUNK: usize = 128;
/// More host pages than this are not looked at one by one: 16 GiB of 4K.
pub(crate) const MOST: usize = 1 << 22;
/// Bit of an entry: the page is in memory.
const PRESENT: u64 = 1 << 63;

/// Reads the entries one by one, until as many are present as the mapping has
/// resident.
fn read(fd: i32, range: AddrRange, kib: u64, units: Units, mut tally: Tally) -> Option<Tally> {
    let page = units.real.bytes();
    let mut left = (kib << 10) / page as u64;
    let mut entries = [0u64; CHUNK];
    if range.len() / page > MOST {
        return None;
    }
    let mut at = range.start();
    while at < range.end() && left != 0 {
        let count = ((range.end() - at) / page).clamp(1, CHUNK);
        let offset = at / page * size_of::<u64>();
        let to = entries.as_mut_ptr() as usize;
        let args = [fd as usize, to, count * size_of::<u64>(), offset, 0, 0];
        // SAFETY: at most as many entries as there is room for.
        let len = unsafe { sys::own(libc::SYS_pread64, args) }.ok()?;
        let seen = entries.get(..len / size_of::<u64>()).filter(|seen| !seen.is_empty())?;
        for (index, _) in seen.iter().enumerate().filter(|(_, entry)| *entry & PRESENT != 0) {
            tally.add(AddrRange::from_len(at + index * page, page)?);
            left = left.saturating_sub(1);
        }
        at += seen.len() * page;
    }
    Some(tally)
}
