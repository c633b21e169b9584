//! Memory for the table: blocks from the kernel, never given back.

use crate::sys;
use pagesim_core::flags::{MapFlags, Prot};
use pagesim_core::map::{Node, NodeSource};
use pagesim_core::page::PageSize;

fn map(addr: usize, len: usize, how: MapFlags) -> Option<*mut u8> {
    let flags = MapFlags::PRIVATE | MapFlags::ANONYMOUS | how;
    // SAFETY: a new mapping where nothing was.
    let at = unsafe { sys::mmap(addr, len, Prot::RW.bits(), flags.bits(), -1, 0) };
    at.ok().map(|at| at as *mut u8)
}

/// `len` zeroed bytes, readable and writable, outside the guest window.
pub(crate) fn block(len: usize) -> Option<*mut u8> {
    map(0, len, MapFlags::empty())
}

/// The same at `addr`, if that is free.
pub(crate) fn block_at(addr: usize, len: usize) -> Option<*mut u8> {
    map(addr, len, MapFlags::FIXED_NOREPLACE).or_else(|| block(len))
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
