//! A kernel in memory, for the operations to run on and to be compared with.
//!
//! [`Machine`] is Linux's memory calls page by page, for any page size. One with
//! the host's page size lies below the emulation; one with the target page size
//! is the model that the emulation must not be told from.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(clippy::indexing_slicing)]

pub(crate) mod calls;
pub(crate) mod check;
pub(crate) mod expect;
pub(crate) mod machine;
pub(crate) mod moves;
pub(crate) mod others;
pub(crate) mod rig;
pub(crate) mod steps;

use pagesim_core::flags::{MapFlags, Prot};
use pagesim_core::map::{Node, NodeSource};
use pagesim_core::page::{AddrRange, PageSize};
use pagesim_core::space::MapRequest;

/// Memory for the table from the test's heap, at most `limit` entries of it.
#[derive(Clone, Copy)]
pub(crate) struct Heap {
    pub(crate) limit: usize,
}

impl NodeSource for Heap {
    fn grow(&mut self, count: usize) -> Option<&'static mut [Node]> {
        self.limit = self.limit.checked_sub(count)?;
        Some(Box::leak(vec![Node::default(); count].into_boxed_slice()))
    }
}

pub(crate) const K: usize = 1024;

pub(crate) fn size(bytes: usize) -> PageSize {
    PageSize::new(bytes).expect("a page size")
}

pub(crate) fn range(start: usize, len: usize) -> AddrRange {
    AddrRange::from_len(start, len).expect("a range")
}

/// mmap(2) of anonymous private memory, for what a test is not about.
pub(crate) fn anonymous(addr: usize, len: usize, how: MapFlags) -> MapRequest {
    MapRequest {
        addr,
        len,
        prot: Prot::RW,
        flags: MapFlags::PRIVATE | MapFlags::ANONYMOUS | how,
        fd: -1,
        offset: 0,
        align: 0,
    }
}

/// mmap(2) of a file.
pub(crate) fn of_file(fd: i32, addr: usize, len: usize, how: MapFlags) -> MapRequest {
    let flags = anonymous(addr, len, how).flags.difference(MapFlags::ANONYMOUS);
    let flags =
        if how.contains(MapFlags::SHARED) { flags.difference(MapFlags::PRIVATE) } else { flags };
    MapRequest { flags, fd, ..anonymous(addr, len, how) }
}
