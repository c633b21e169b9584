//! fallocate(2) on tmpfs, whose files are kept in pages: a page is allocated as a whole, and
//! one of which a part is punched stays, with zeros there.
//!
//! For that, what the host punches leaves one of its pages where a target page had no other
//! data: a host page that is punched in two halves is zeroed and stays, too.

use crate::other::larger;
use crate::stat::{self, seek_to, Source};
use crate::sys;
use core::ops::Range;
use pagesim_core::errno::Errno;
use pagesim_core::page::PageSize;
use pagesim_core::space::Config;

const PUNCH: i32 = libc::FALLOC_FL_PUNCH_HOLE | libc::FALLOC_FL_KEEP_SIZE;

fn raw(fd: i32, mode: i32, range: &Range<i64>) -> Result<usize, Errno> {
    let (at, len) = (range.start as usize, (range.end - range.start) as usize);
    // SAFETY: no pointers.
    unsafe { sys::call(libc::SYS_fallocate, [fd as usize, mode as usize, at, len, 0, 0]) }
}

/// A range as the program gives it, where it has to be looked at: of a file on tmpfs, and
/// with an end inside a target page.
fn concerns(fd: i32, at: i64, len: i64) -> Option<(&'static Config, Range<i64>)> {
    let config = larger()?;
    let range = at..at.checked_add(len)?;
    let whole = |at: i64| config.target.is_aligned(at as usize);
    let inside = at >= 0 && len > 0 && !(whole(range.start) && whole(range.end));
    (inside && stat::is_tmpfs(fd)).then_some((config, range))
}

/// Memory for a range was allocated: the rest of its first and last page, too. Not what
/// the host has allocated already: at the second time it counts as written.
pub(crate) fn allocated(fd: i32, mode: i32, at: i64, len: i64) {
    if mode & !libc::FALLOC_FL_KEEP_SIZE != 0 {
        return;
    }
    let Some((config, range)) = concerns(fd, at, len) else { return };
    let (start, end) = (range.start as usize, range.end as usize);
    let floor = |page: PageSize| page.floor(start) as i64;
    let ceil = |page: PageSize| page.ceil(end).map_or(range.end, |end| end as i64);
    let front = floor(config.target)..floor(config.real);
    let back = ceil(config.real)..ceil(config.target);
    for rest in [front, back].iter().filter(|rest| !rest.is_empty()) {
        // without room for it the file has less blocks than it would have
        let _ = raw(fd, libc::FALLOC_FL_KEEP_SIZE, rest);
    }
}

/// Punches a hole; `None` where the host may do it as it is asked.
pub(crate) fn punch(fd: i32, mode: i32, at: i64, len: i64) -> Option<Result<usize, Errno>> {
    if mode != PUNCH {
        return None;
    }
    let (config, range) = concerns(fd, at, len)?;
    let reader = Source::Fd(fd).open(libc::O_RDONLY)?;
    let first = kept(config, reader, &range, range.start);
    let last = kept(config, reader, &range, range.end - 1).filter(|last| Some(*last) != first);
    sys::close(reader);
    let real = config.real.bytes() as i64;
    let mut from = range.start;
    let mut answer = Ok(0);
    for page in [first, last].into_iter().flatten() {
        for end in [page, page + real / 2, page + real] {
            let end = end.min(range.end);
            if answer.is_ok() && from < end {
                answer = raw(fd, mode, &(from..end));
                from = end;
            }
        }
    }
    if answer.is_ok() && from < range.end {
        answer = raw(fd, mode, &(from..range.end));
    }
    Some(answer)
}

/// The host page that has to stay of the target page of `at`, where that has data in `hole`
/// only and reaches out of it.
fn kept(config: &Config, fd: i32, hole: &Range<i64>, at: i64) -> Option<i64> {
    let start = config.target.floor(at as usize) as i64;
    let end = start.checked_add(config.target.bytes() as i64)?;
    if hole.start <= start && end <= hole.end {
        return None;
    }
    let data = |from: i64, to: i64| {
        let found = seek_to(fd, from, libc::SEEK_DATA).ok().filter(|at| *at < to);
        found.filter(|_| from < to)
    };
    let (first, last) = (hole.start.max(start), hole.end.min(end));
    if data(start, first).is_some() || data(last, end).is_some() {
        return None;
    }
    data(first, last).map(|at| config.real.floor(at as usize) as i64)
}
