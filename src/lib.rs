//! pagesim: shows unmodified C programs larger (or smaller) pages than the kernel
//! has. To be preloaded (`LD_PRELOAD`).
//!
//! The hooks in `hooks` take the calls; `calls` gives each its turn at the
//! one address space (`state`), which `pagesim-core` keeps; below it, `linux`
//! is the kernel, by raw system calls. Nothing in here uses malloc, the standard
//! library or thread-local storage, and nothing waits for anything but the one lock
//! (`lock`): a hook may be called by an allocator, in a signal handler, before any
//! constructor has run, in a child of vfork.
//!
//! What every exec pays for is the pages it touches first. So what the start needs lies
//! together: its variables, even those that begin as zero, in `.data`, where the
//! loader writes anyway, and its code in one section, `.text.start`.
#![no_std]

mod allowance;
mod arch;
mod arena;
mod brk;
mod cachestat;
mod calls;
mod direct;
mod dump;
mod eof;
mod exec;
mod filter;
mod flight;
mod fork;
mod hooks;
mod ioctl;
mod linux;
mod live;
mod lock;
mod log;
mod maps;
mod mincore;
mod other;
mod pending;
mod pipes;
mod procfs;
mod queries;
mod ranges;
mod real;
mod record;
mod rings;
mod shell;
mod shm;
mod signals;
mod startup;
mod stat;
mod state;
mod structures;
mod sys;
mod threads;
mod tmpfs;
mod userfaults;

/// Runs before other libraries' constructors (`-z initfirst`).
#[link_section = ".text.start"]
extern "C" fn constructor() {
    if state::config().is_some() {
        fork::register();
        eof::mask::begin();
        threads::defaults();
    }
    live::report();
}

#[link_section = ".text.start"]
extern "C" fn destructor() {
    record::forecast::end();
    dump::end();
}

#[used]
#[link_section = ".init_array"]
static CONSTRUCTOR: extern "C" fn() = constructor;

#[used]
#[link_section = ".fini_array"]
static DESTRUCTOR: extern "C" fn() = destructor;

/// Nothing here panics; if something did, going on would be worse than ending.
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    const SIGABRT_STATUS: i32 = 134;
    let _ = sys::write_all(2, b"pagesim: internal error\n");
    sys::exit(SIGABRT_STATUS)
}
