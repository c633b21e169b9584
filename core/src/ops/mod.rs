//! The operations: what the emulated system calls do to table and host.
//!
//! Each asks the table for the entries it may need *before* its first call to
//! the host; after a success of the host the table is edited, which cannot
//! fail. Where several calls to the host are needed, the table is edited after
//! each, so that a failure leaves it as the host is.

mod advice;
pub mod apart;
mod call;
mod disown;
mod driver;
mod fixed;
mod foreign;
mod fragment;
mod locking;
mod mincore;
mod mmap;
mod mprotect;
mod mremap;
mod msync;
mod munmap;
mod narrow;
mod open;
mod others;
mod pieces;
mod place;
mod resize;
mod resync;
mod walk;
