//! mincore(2) told in pieces that are not the host's pages.
//!
//! The kernel writes one byte for each of its pages. Where several make a piece,
//! the program's vector, as far as it is still to be filled, serves as the buffer:
//! what the kernel writes there is folded to its beginning, until less is left
//! than one piece has pages. No memory of our own is needed, and a vector that
//! cannot be written to is the kernel's finding.

use crate::sys;
use pagesim_core::errno::Errno;
use pagesim_core::page::{AddrRange, PageSize};

/// Pages of the largest piece: 1 MiB of 4 KiB.
const MOST: usize = 256;

/// See `Host::mincore`.
pub(crate) fn tell(
    page: PageSize,
    range: AddrRange,
    group: usize,
    vec: usize,
) -> Result<(), Errno> {
    let each = group >> page.shift();
    let groups = range.len().div_ceil(group);
    let mut done = 0;
    while done < groups {
        let at = range.start() + done * group;
        let here = vec.wrapping_add(done);
        let left = groups - done;
        if each <= 1 && group >= page.bytes() {
            // a piece is a page
            return mincore(at, range.end() - at, here);
        }
        let fits = left / each.max(1);
        if each == 0 {
            // a page is several pieces: its byte for each of them
            mincore(page.floor(at), page.bytes(), here)?;
            done += 1;
        } else if fits == 0 {
            let end = range.end().min(at + group);
            tell_one(page, AddrRange::new(at, end).unwrap_or_default(), here)?;
            done += 1;
        } else {
            let end = range.end().min(at + fits * group);
            mincore(at, end - at, here)?;
            fold(here, fits, each, (end - at).div_ceil(page.bytes()));
            done += fits;
        }
    }
    Ok(())
}

fn mincore(addr: usize, len: usize, vec: usize) -> Result<(), Errno> {
    // SAFETY: the kernel checks the vector.
    unsafe { sys::call(libc::SYS_mincore, [addr, len, vec, 0, 0, 0]) }.map(|_| ())
}

/// One piece, told by its pages on the stack.
fn tell_one(page: PageSize, piece: AddrRange, vec: usize) -> Result<(), Errno> {
    let mut bytes = [0u8; MOST];
    let len = piece.len().min(MOST << page.shift());
    mincore(piece.start(), len, bytes.as_mut_ptr() as usize)?;
    // The kernel writes a byte there first: it finds out whether one can.
    mincore(piece.start(), page.bytes().min(len), vec)?;
    let any = u8::from(bytes.iter().any(|byte| byte & 1 != 0));
    // SAFETY: the kernel has just written to it.
    unsafe { (vec as *mut u8).write_volatile(any) };
    Ok(())
}

/// Makes of `pages` bytes at `vec` `groups`, at its beginning.
fn fold(vec: usize, groups: usize, each: usize, pages: usize) {
    for group in 0..groups {
        let mut any = 0;
        for page in group * each..pages.min((group + 1) * each) {
            // SAFETY: the kernel has just written `pages` bytes there; what is
            // written here lies in front of what is still to be read.
            any |= unsafe { (vec as *const u8).add(page).read_volatile() };
        }
        // SAFETY: as above.
        unsafe { (vec as *mut u8).add(group).write_volatile(any & 1) };
    }
}
