//! cachestat(2): how much of a file is in the page cache.
//!
//! A target page is in the cache, or dirty, when any of its host pages is. Which target
//! pages the host's pages lie in is found by asking for halves of the range, as
//! long as that is less than all or nothing.

use crate::other::{fetch, larger};
use crate::sys;
use libc::c_long;
use pagesim_core::errno::Errno;
use pagesim_core::space::Config;

/// Linux 6.5, of one number on all architectures.
pub(crate) const NUMBER: c_long = 451;

/// `struct cachestat`: in the cache, dirty, being written, evicted, evicted lately.
type Counts = [u64; 5];

/// Questions to the kernel; with so many pieces the rest is rounded up.
const MOST: usize = 4096;

/// cachestat(2).
pub(crate) fn cachestat(args: [usize; 6]) -> Result<usize, Errno> {
    let [fd, range, place, ..] = args;
    // SAFETY: the program's own request; the kernel checks the pointers.
    let done = unsafe { sys::call(NUMBER, args) }?;
    let Some(config) = larger() else { return Ok(done) };
    // SAFETY: filled by the kernel.
    let counts = unsafe { &mut *(place as *mut Counts) };
    let [offset, len] = fetch::<[u64; 2]>(range)?;
    let size = sys::fstat(fd as i32).map_or(u64::MAX, |st| st.st_size as u64);
    let end = if len == 0 { size } else { offset.saturating_add(len).min(size) };
    let page = config.target.bytes() as u64;
    let mut count = Count { config, fd, asked: 0, found: Counts::default() };
    count.pages(offset / page, end.div_ceil(page));
    *counts = count.found;
    Ok(done)
}

struct Count<'a> {
    config: &'a Config,
    fd: usize,
    asked: usize,
    found: Counts,
}

impl Count<'_> {
    /// Counts target pages `first` up to `end`.
    fn pages(&mut self, first: u64, end: u64) {
        if first >= end {
            return;
        }
        let (pages, host) = (end - first, self.config.target.bytes() / self.config.real.bytes());
        let parts = self.ask(first, end);
        let full = pages.saturating_mul(host as u64);
        if pages > 1 && self.asked < MOST && parts.iter().any(|part| *part != 0 && *part != full) {
            let middle = first + pages / 2;
            self.pages(first, middle);
            self.pages(middle, end);
            return;
        }
        for (found, part) in self.found.iter_mut().zip(parts) {
            *found += part.div_ceil(host as u64);
        }
    }

    /// The host's counts.
    fn ask(&mut self, first: u64, end: u64) -> Counts {
        self.asked += 1;
        let page = self.config.target.bytes() as u64;
        let range = [first.saturating_mul(page), (end - first).saturating_mul(page)];
        let mut counts = Counts::default();
        let (range, place) = (range.as_ptr() as usize, counts.as_mut_ptr() as usize);
        // SAFETY: structures as the kernel knows them.
        match unsafe { sys::call(NUMBER, [self.fd, range, place, 0, 0, 0]) } {
            Ok(_) => counts,
            Err(_) => Counts::default(),
        }
    }
}
