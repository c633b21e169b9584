//! `/proc/<pid>/pagemap`: an entry for each target page.
//!
//! The descriptor is the kernel's file with the position that the program gave
//! it; each read is made of reads of the host's entries.

use super::name::{Kind, Link};
use super::units;
use crate::other::{fetch, put};
use crate::sys;
use core::sync::atomic::{AtomicBool, Ordering};
use pagesim_core::counts::{pagemap_entry, Units};
use pagesim_core::errno::Errno;

const ENTRY: usize = size_of::<u64>();

/// Whether there was one ever.
static OPENED: AtomicBool = AtomicBool::new(false);

/// The program has opened one.
pub(super) fn opened() {
    OPENED.store(true, Ordering::Relaxed);
}

/// A read of `fd`, at `offset` or at its position; `None` where it is no pagemap.
#[inline]
pub(crate) fn read(
    fd: i32,
    buffer: *mut u8,
    len: usize,
    offset: Option<i64>,
) -> Option<Result<usize, Errno>> {
    if OPENED.load(Ordering::Relaxed) {
        translate(fd, buffer, len, offset)
    } else {
        None
    }
}

#[cold]
fn translate(
    fd: i32,
    buffer: *mut u8,
    len: usize,
    offset: Option<i64>,
) -> Option<Result<usize, Errno>> {
    let units = units()?;
    if Link::of(fd)?.kind()? != Kind::Pagemap {
        return None;
    }
    Some(match offset {
        Some(offset) if offset < 0 => Err(Errno::EINVAL),
        Some(offset) => entries(fd, buffer, len, offset as u64, units),
        None => at_position(fd, buffer, len, units),
    })
}

/// readv(2) and preadv(2): one read after the other, as `do_loop_readv_writev()` does
/// them. `None` where `fd` is no pagemap.
pub(super) fn read_vector(
    fd: i32,
    vector: usize,
    count: usize,
    offset: Option<i64>,
) -> Option<Result<usize, Errno>> {
    /// `UIO_MAXIOV`.
    const MOST: usize = 1024;
    // asks whether it is one
    read(fd, core::ptr::null_mut(), 0, offset)?.ok()?;
    if count > MOST {
        return Some(Err(Errno::EINVAL));
    }
    let mut done = 0;
    for index in 0..count {
        let part = vector.wrapping_add(index * size_of::<libc::iovec>());
        let at = offset.map(|offset| offset.saturating_add(done as i64));
        let part = fetch::<[usize; 2]>(part);
        let answer = part.and_then(|[to, len]| {
            let answer = read(fd, to as *mut u8, len, at).unwrap_or(Err(Errno::EINVAL));
            answer.map(|read| (read, read < len))
        });
        match answer {
            Ok((read, short)) => {
                done += read;
                if short {
                    break;
                }
            }
            Err(error) if done == 0 => return Some(Err(error)),
            Err(_) => break,
        }
    }
    Some(Ok(done))
}

fn seek(fd: i32, offset: u64, whence: i32) -> Result<usize, Errno> {
    // SAFETY: no pointers.
    unsafe { sys::own(libc::SYS_lseek, [fd as usize, offset as usize, whence as usize, 0, 0, 0]) }
}

fn at_position(fd: i32, buffer: *mut u8, len: usize, units: Units) -> Result<usize, Errno> {
    let offset = seek(fd, 0, libc::SEEK_CUR)? as u64;
    let done = entries(fd, buffer, len, offset, units)?;
    seek(fd, offset + done as u64, libc::SEEK_SET)?;
    Ok(done)
}

/// `pagemap_read()`.
fn entries(
    fd: i32,
    buffer: *mut u8,
    len: usize,
    offset: u64,
    units: Units,
) -> Result<usize, Errno> {
    if offset % ENTRY as u64 != 0 || len % ENTRY != 0 {
        return Err(Errno::EINVAL);
    }
    let mut done = 0;
    while done < len {
        let index = (offset + done as u64) / ENTRY as u64;
        let Some(entry) = entry(fd, index, units)? else { break };
        put(buffer.wrapping_add(done) as usize, &entry)?;
        done += ENTRY;
    }
    Ok(done)
}

/// Entry `index`; `None` behind the end of the address space.
fn entry(fd: i32, index: u64, units: Units) -> Result<Option<u64>, Errno> {
    let shift = units.target.shift().saturating_sub(units.real.shift());
    // where several target pages share a host page, they share its entry
    let shared = units.real.shift().saturating_sub(units.target.shift());
    let mut left = 1usize << shift;
    let Some(mut at) = (index >> shared).checked_mul((ENTRY << shift) as u64) else {
        return Ok(None);
    };
    let (mut whole, mut any) = (0, false);
    let mut host = [0u64; 16];
    while left != 0 {
        let len = left.min(host.len()) * ENTRY;
        let args = [fd as usize, host.as_mut_ptr() as usize, len, at as usize, 0, 0];
        // SAFETY: no more than the array has room for.
        let read = unsafe { sys::own(libc::SYS_pread64, args) }?;
        let seen = host.get(..read / ENTRY).unwrap_or(&[]);
        if seen.is_empty() {
            break;
        }
        any = true;
        whole = seen.iter().fold(whole, |whole, entry| pagemap_entry(units, whole, *entry));
        left -= seen.len();
        at += (seen.len() * ENTRY) as u64;
    }
    Ok(any.then_some(whole))
}
