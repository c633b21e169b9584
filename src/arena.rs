//! Memory for the table: blocks from the kernel, never given back.

use crate::sys;
use core::sync::atomic::{AtomicUsize, Ordering};
use pagesim_core::flags::{MapFlags, Prot};
use pagesim_core::map::{Node, NodeSource};
use pagesim_core::page::PageSize;

/// Where the first block should lie; 0 for anywhere.
///
/// Right behind the guest window: as long as something is mapped and touched
/// there, the kernel keeps the page tables of the window's upper end, where
/// mappings come and go. Without a neighbour each munmap frees them and each mmap
/// makes them anew, which doubles the cost of the pair.
static NEAR: AtomicUsize = AtomicUsize::new(0);

/// Wants the next block at `addr`, if that is free.
pub(crate) fn place_next_at(addr: usize) {
    NEAR.store(addr, Ordering::Relaxed);
}

/// `len` zeroed bytes, readable and writable, outside the guest window.
pub(crate) fn block(len: usize) -> Option<*mut u8> {
    let anonymous = MapFlags::PRIVATE | MapFlags::ANONYMOUS;
    let near = NEAR.swap(0, Ordering::Relaxed);
    let map = |addr, flags: MapFlags| {
        // SAFETY: a new mapping where nothing was.
        unsafe { sys::mmap(addr, len, Prot::RW.bits(), flags.bits(), -1, 0) }
    };
    if near != 0 {
        if let Ok(addr) = map(near, anonymous | MapFlags::FIXED_NOREPLACE) {
            return Some(addr as *mut u8);
        }
    }
    map(0, anonymous).ok().map(|addr| addr as *mut u8)
}

/// The table's entries, by the block.
pub(crate) struct Arena;

impl NodeSource for Arena {
    fn grow(&mut self, count: usize) -> Option<&'static mut [Node]> {
        let bytes = count.checked_mul(size_of::<Node>())?;
        let len = PageSize::MIN.ceil(bytes)?;
        let block = block(len)?;
        // SAFETY: a new block of zero bytes, which are valid nodes, page-aligned,
        // never unmapped and handed out once.
        Some(unsafe { core::slice::from_raw_parts_mut(block.cast::<Node>(), count) })
    }
}
