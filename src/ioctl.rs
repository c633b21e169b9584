//! ioctl(2) requests that are answered in pages, or with a page size.

use crate::eof::transfer;
use crate::other::larger;
use crate::procfs::resident::PAGEMAP_SCAN;
use crate::procfs::{origin, scan};
use crate::stat::{self, Seen, Source};
use crate::sys;
use pagesim_core::errno::Errno;
use pagesim_core::space::Config;

/// `FIGETBSZ` of <linux/fs.h>: the block size of a file system.
const BLOCK_SIZE: usize = 2;
/// `FIOQSIZE`: the bytes in the blocks of a file.
const QUERY_SIZE: usize = 0x5460;
/// `PROCMAP_QUERY` of <linux/fs.h> (Linux 6.11): one line of `maps`.
const MAPPING: usize = 0xc068_6611;
/// Where `struct procmap_query` has the page size.
const MAPPING_PAGE: usize = 48;

/// The answer to such a request; `None` for all others.
#[inline]
pub(crate) fn counted(fd: i32, request: usize, argument: usize) -> Option<Result<usize, Errno>> {
    match request as u32 as usize {
        BLOCK_SIZE | QUERY_SIZE | MAPPING | PAGEMAP_SCAN => ask(fd, request, argument),
        _ => None,
    }
}

#[cold]
#[inline(never)]
fn ask(fd: i32, request: usize, argument: usize) -> Option<Result<usize, Errno>> {
    let config = larger()?;
    Some(if request as u32 as usize == PAGEMAP_SCAN {
        scan::scan(config, fd, argument)
    } else {
        origin::ask(fd, libc::O_RDONLY, |fd| answered(config, fd, request, argument))
    })
}

fn answered(config: &Config, fd: i32, request: usize, argument: usize) -> Result<usize, Errno> {
    let done = transfer::system_call(libc::SYS_ioctl, [fd as usize, request, argument, 0, 0, 0])?;
    let (real, target) = (config.real.bytes(), config.target.bytes());
    // SAFETY: the kernel has just written its answers to these places.
    unsafe {
        match request as u32 as usize {
            BLOCK_SIZE => {
                let place = argument as *mut i32;
                if place.read_unaligned() as usize == real
                    && stat::page_of(Source::Fd(fd)).is_some()
                {
                    place.write_unaligned(target as i32);
                }
            }
            QUERY_SIZE => {
                if let Some(bytes) = bytes_of(fd) {
                    (argument as *mut u64).write_unaligned(bytes);
                }
            }
            // the structure begins with its length, and may be shorter
            _ if (argument as *const u64).read_unaligned() as usize <= MAPPING_PAGE => {}
            _ => {
                let place = argument.wrapping_add(MAPPING_PAGE) as *mut u64;
                if place.read_unaligned() as usize == real {
                    place.write_unaligned(target as u64);
                }
            }
        }
    }
    Ok(done)
}

/// The bytes in the blocks of a file, where they are counted in pages.
fn bytes_of(fd: i32) -> Option<u64> {
    let seen = Seen::new(&sys::fstat(fd).ok()?);
    stat::translate(seen, Source::Fd(fd)).map(|new| new.blocks.saturating_mul(stat::BLOCK))
}
