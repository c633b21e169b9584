//! PAGEMAP_SCAN: which pages of a range are of a kind, as ranges of target pages.
//!
//! The host is asked for all of its pages in the range and their categories; what
//! matches is then found by target pages, as `pagemap_scan_output()` does it by pages. A
//! scan that protects what it finds (PM_SCAN_WP_MATCHING) has to be one step and is the
//! host's.

use super::resident::{Arguments, Region, PAGEMAP_SCAN};
use crate::eof::transfer;
use crate::other::{fetch, put};
use crate::sys;
use pagesim_core::counts::page_categories;
use pagesim_core::errno::Errno;
use pagesim_core::space::Config;

/// `PM_SCAN_WP_MATCHING`.
const PROTECTS: u64 = 1;
/// The categories of Linux 6.7, in which this began.
const CATEGORIES: u64 = 0xff;

/// ioctl(PAGEMAP_SCAN) of `fd` with the program's arguments at `place`.
pub(crate) fn scan(config: &Config, fd: i32, place: usize) -> Result<usize, Errno> {
    let known = |asked: &Arguments| {
        let whole = asked.size == size_of::<Arguments>() as u64;
        whole && asked.flags & PROTECTS == 0 && asked.vec != 0 && asked.vec_len != 0
    };
    let Some(asked) = fetch::<Arguments>(place).ok().filter(known) else {
        return transfer::system_call(libc::SYS_ioctl, [fd as usize, PAGEMAP_SCAN, place, 0, 0, 0]);
    };
    // whatever is wrong with them, or the file, the host says; a misaligned start stays one
    let aligned = config.target.is_aligned(asked.start as usize);
    let start = if aligned { asked.start } else { asked.start | 1 };
    let mut first = [Region::default()];
    ask(fd, &mut Arguments { start, max_pages: 1, ..asked }, &mut first)?;
    let end = config.target.ceil(asked.end as usize).ok_or(Errno::EINVAL)?;
    let mut found = Found { config, asked, page: None, last: None, count: 0, pages: 0, stop: None };
    found.walk(fd, asked.start as usize, end)?;
    let stop = found.stop.unwrap_or(end) as u64;
    put(place + core::mem::offset_of!(Arguments, walk_end), &stop)?;
    Ok(found.count)
}

/// Asks the host; how many regions it has told.
fn ask(fd: i32, arguments: &mut Arguments, regions: &mut [Region]) -> Result<usize, Errno> {
    arguments.vec = regions.as_mut_ptr() as u64;
    arguments.vec_len = regions.len() as u64;
    let args = [fd as usize, PAGEMAP_SCAN, core::ptr::from_mut(arguments) as usize, 0, 0, 0];
    // SAFETY: structures as the kernel knows them, vec_len regions long.
    unsafe { sys::own(libc::SYS_ioctl, args) }
}

/// What was found so far.
struct Found<'a> {
    config: &'a Config,
    asked: Arguments,
    /// A target page of which not all has been seen, and its categories.
    page: Option<(usize, u64)>,
    /// The last range, which may go on.
    last: Option<Region>,
    /// Ranges in the program's array, with the last one.
    count: usize,
    pages: u64,
    /// Where there was no room for more.
    stop: Option<usize>,
}

impl Found<'_> {
    fn walk(&mut self, fd: i32, start: usize, end: usize) -> Result<(), Errno> {
        let Arguments { category_inverted, category_mask, category_anyof_mask, .. } = self.asked;
        let named = category_inverted | category_mask | category_anyof_mask;
        let mut regions = [Region::default(); 32];
        let mut at = start;
        while at < end && self.stop.is_none() {
            let mut arguments = Arguments {
                size: size_of::<Arguments>() as u64,
                flags: self.asked.flags,
                start: at as u64,
                end: end as u64,
                return_mask: CATEGORIES | named | self.asked.return_mask,
                ..Arguments::default()
            };
            let count = ask(fd, &mut arguments, &mut regions)?;
            for region in regions.get(..count).unwrap_or(&[]) {
                self.seen(region)?;
            }
            let walked = arguments.walk_end as usize;
            if walked <= at {
                break;
            }
            at = walked;
        }
        self.page_ends()?;
        self.store()
    }

    /// Takes in what the host tells, in ascending order.
    fn seen(&mut self, region: &Region) -> Result<(), Errno> {
        let target = self.config.target;
        let (mut at, end) = (region.start as usize, region.end as usize);
        while at < end {
            let page = target.floor(at);
            let whole = target.floor(end);
            if at == page && whole > at {
                self.page_ends()?;
                self.add(at, whole, region.categories)?;
                at = whole;
                continue;
            }
            let before = match self.page {
                Some((known, categories)) if known == page => categories,
                _ => {
                    self.page_ends()?;
                    0
                }
            };
            self.page = Some((page, page_categories(before, region.categories)));
            at = end.min(page.saturating_add(target.bytes()));
        }
        Ok(())
    }

    fn page_ends(&mut self) -> Result<(), Errno> {
        match self.page.take() {
            Some((page, categories)) => {
                self.add(page, page.saturating_add(self.config.target.bytes()), categories)
            }
            None => Ok(()),
        }
    }

    /// `pagemap_scan_is_interesting_page()` and `pagemap_scan_output()`.
    fn add(&mut self, start: usize, end: usize, categories: u64) -> Result<(), Errno> {
        let asked = self.asked;
        let wanted = categories ^ asked.category_inverted;
        let fits = wanted & asked.category_mask == asked.category_mask
            && (asked.category_anyof_mask == 0 || wanted & asked.category_anyof_mask != 0);
        if !fits || self.stop.is_some() {
            return Ok(());
        }
        let most = if asked.max_pages == 0 { u64::MAX } else { asked.max_pages };
        let shift = self.config.target.shift();
        let pages = ((end - start) >> shift) as u64;
        let left = pages.min(most - self.pages);
        let upto = start + ((left as usize) << shift);
        if left < pages {
            self.stop = Some(upto);
        }
        if left == 0 {
            return Ok(());
        }
        let categories = categories & asked.return_mask;
        match &mut self.last {
            Some(last) if last.end == start as u64 && last.categories == categories => {
                last.end = upto as u64;
            }
            _ if self.count as u64 >= asked.vec_len => {
                self.stop = Some(start);
                return Ok(());
            }
            _ => {
                self.store()?;
                self.last = Some(Region { start: start as u64, end: upto as u64, categories });
                self.count += 1;
            }
        }
        self.pages += left;
        Ok(())
    }

    /// The last range is whole.
    fn store(&mut self) -> Result<(), Errno> {
        let Some(last) = self.last else { return Ok(()) };
        let offset = (self.count - 1) * size_of::<Region>();
        put((self.asked.vec as usize).wrapping_add(offset), &last)
    }
}
