//! What the C library says of the page size.

use super::{errno, hook};
use crate::queries;
use core::ffi::{c_int, c_long, c_ulong};

hook! {
    fn getpagesize() -> c_int {
        queries::page_size() as c_int
    }

    /// glibc exports its own name for it as well.
    fn __getpagesize() -> c_int {
        queries::page_size() as c_int
    }

    fn sysconf(name: c_int) -> c_long = libc::sysconf {
        queries::sysconf(name)
    }

    /// glibc exports its own name for it as well.
    fn __sysconf(name: c_int) -> c_long {
        queries::sysconf(name)
    }

    fn get_phys_pages() -> c_long {
        queries::physical_pages()
    }

    fn get_avphys_pages() -> c_long {
        queries::available_pages()
    }

    fn sysinfo(info: *mut libc::sysinfo) -> c_int = libc::sysinfo {
        errno::status(queries::sysinfo(info))
    }

    fn getrusage(who: c_int, usage: *mut libc::rusage) -> c_int {
        errno::status(queries::usage(who, usage))
    }

    fn getauxval(kind: c_ulong) -> c_ulong = libc::getauxval {
        queries::getauxval(kind)
    }

    /// glibc's own name for it, used by compilers' run-time libraries.
    fn __getauxval(kind: c_ulong) -> c_ulong {
        queries::getauxval(kind)
    }
}
