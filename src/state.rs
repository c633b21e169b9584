//! The process's one address space, and how a call gets at it.
//!
//! Lock order: there is only the one lock. Whoever holds it calls nothing but the
//! kernel.

use crate::arch::weak_symbol;
use crate::arena::Arena;
use crate::eof::{self, Eof};
use crate::linux::Linux;
use crate::startup::Startup;
use crate::{dump, exec, fork, lock, log, pending, record, signals, sys, threads};
use core::cell::UnsafeCell;
use core::fmt::Write;
use core::mem::MaybeUninit;
use core::sync::atomic::{AtomicU8, Ordering};
use pagesim_config::{Error, Settings, Window, EOF, HOST_PAGE_SIZE, MAX_PAGE};
use pagesim_core::page::{AddrRange, PageSize};
use pagesim_core::space::{Config, Reserve, Space};

/// What a call finds.
pub(crate) enum Turn {
    /// The library has nothing to do in this process.
    Inert,
    /// This thread is inside an operation already; work without the table.
    Nested(&'static Config),
    /// The address space, until it goes out of scope.
    Open(Guard),
}

const UNKNOWN: u8 = 0;
const INERT: u8 = 1;
const ACTIVE: u8 = 2;

#[link_section = ".data"]
static MODE: AtomicU8 = AtomicU8::new(UNKNOWN);

/// Set once, before MODE leaves UNKNOWN.
struct Process {
    space: UnsafeCell<MaybeUninit<Space<Linux, Arena>>>,
    config: UnsafeCell<MaybeUninit<Config>>,
    startup: UnsafeCell<Option<Startup>>,
}

// SAFETY: `space` belongs to the owner of the lock; all are written by `set_up`,
// which runs in one thread, before MODE says so, and the others only read afterwards.
unsafe impl Sync for Process {}

#[link_section = ".data"]
static PROCESS: Process = Process {
    space: UnsafeCell::new(MaybeUninit::uninit()),
    config: UnsafeCell::new(MaybeUninit::uninit()),
    startup: UnsafeCell::new(None),
};

/// The configuration; `None` while the library is inert.
pub(crate) fn config() -> Option<&'static Config> {
    if mode() == ACTIVE {
        // SAFETY: written before MODE became ACTIVE.
        Some(unsafe { (*PROCESS.config.get()).assume_init_ref() })
    } else {
        None
    }
}

/// T, when the library is at work.
pub(crate) fn target() -> Option<PageSize> {
    config().map(|c| c.target)
}

/// The first stack's contents.
pub(crate) fn startup() -> Option<&'static Startup> {
    mode();
    // SAFETY: written before MODE left UNKNOWN.
    unsafe { (*PROCESS.startup.get()).as_ref() }
}

#[inline]
fn mode() -> u8 {
    match MODE.load(Ordering::Acquire) {
        UNKNOWN => begin(),
        known => known,
    }
}

/// Before the lock is taken for the first time.
#[inline(always)]
fn settle_lock(config: &Config) {
    if !lock::is_settled() {
        fork::wipe_lock_in_children(config);
    }
}

/// Begins a call, after a look at the tails of files.
#[inline]
pub(crate) fn enter() -> Turn {
    let mut turn = enter_for_tails();
    if let Turn::Open(guard) = &mut turn {
        guard.look_at_tails();
    }
    turn
}

/// Begins something for which the tails that matter are looked at anyway.
#[inline]
pub(crate) fn enter_for_tails() -> Turn {
    // Without the table, target pages smaller than host pages cannot be
    // handled at all: there, no handler may come in between.
    begin_turn(|config| {
        (signals::may_interrupt() || config.target < config.host).then(signals::block)
    })
}

/// The same in a handler of ours, which no signal interrupts.
#[inline]
pub(crate) fn enter_in_handler() -> Turn {
    begin_turn(|_| None)
}

#[inline(always)]
fn begin_turn(block: impl FnOnce(&Config) -> Option<sys::SignalSet>) -> Turn {
    if mode() != ACTIVE {
        return Turn::Inert;
    }
    let Some(config) = config() else { return Turn::Inert };
    settle_lock(config);
    let mask = block(config);
    match Guard::take(mask) {
        Some(guard) => Turn::Open(guard),
        None => {
            if let Some(mask) = mask {
                signals::restore(mask);
            }
            signals::handled_unseen();
            Turn::Nested(config)
        }
    }
}

/// The right to use the address space.
pub(crate) struct Guard {
    mask: Option<sys::SignalSet>,
}

impl Guard {
    fn take(mask: Option<sys::SignalSet>) -> Option<Guard> {
        let taken = lock::take();
        if taken == lock::Taken::Nested {
            return None;
        }
        let mut guard = Guard { mask };
        if taken == lock::Taken::Orphaned {
            guard.start_over();
        }
        if pending::any() {
            guard.catch_up();
        }
        Some(guard)
    }

    #[inline]
    fn look_at_tails(&mut self) {
        if eof::alive() {
            Eof::of(self).recheck_some();
        }
    }

    /// The address space.
    pub(crate) fn space(&mut self) -> &mut Space<Linux, Arena> {
        // SAFETY: the lock is held as long as the guard lives, and it was
        // initialised before there was a guard.
        unsafe { (*PROCESS.space.get()).assume_init_mut() }
    }

    /// Makes the table anew. Not inline: calls are made on small signal stacks, which
    /// the frames of what seldom happens must not be taken from.
    #[cold]
    #[inline(never)]
    fn start_over(&mut self) {
        // where the host cannot be read, the table stays empty: the
        // mappings are there all the same
        let _ = self.space().rebuild_from_nothing();
        Eof::of(self).restore_table();
        record::start_over(self);
    }

    #[cold]
    #[inline(never)]
    fn catch_up(&mut self) {
        lock::skip_turn();
        let space: *mut Space<Linux, Arena> = self.space();
        // Where the host cannot be read, the table keeps what it knew.
        pending::drain(
            |range| {
                // SAFETY: the two closures run one after the other, under the lock.
                let space = unsafe { &mut *space };
                let _ = space.resync(range);
                // whatever is there now, it need not be the tail
                Eof::new(space).forget(range);
            },
            || {
                // SAFETY: as above.
                let _ = unsafe { &mut *space }.rebuild();
            },
        );
    }

    /// Keeps the lock beyond the guard's life; see `fork`.
    pub(crate) fn keep(mut self) -> Option<sys::SignalSet> {
        let mask = self.mask.take();
        core::mem::forget(self);
        mask
    }

    /// Takes up what [`Guard::keep`] left.
    pub(crate) fn resume(mask: Option<sys::SignalSet>) -> Guard {
        Guard { mask }
    }

    /// Ends in a child of a fork: the lock is free, whatever its word says.
    pub(crate) fn end_in_child(mut self) {
        if pending::any() {
            self.catch_up();
        }
        // Without memory for it the table keeps what is not there: only places
        // that could have been given again are lost.
        let _ = self.space().forked();
        let mask = self.keep();
        lock::start_free_in_child();
        if let Some(mask) = mask {
            signals::restore(mask);
        }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        lock::give_back();
        if let Some(mask) = self.mask.take() {
            signals::restore(mask);
        }
    }
}

/// The address space for one half of an operation that has two (see `flight`).
///
/// # Safety
/// The caller holds the lock, without a guard, and keeps no other borrow.
pub(crate) unsafe fn space_for_half() -> &'static mut Space<Linux, Arena> {
    // SAFETY: the caller's promise; it is initialised before anybody takes the lock.
    unsafe { (*PROCESS.space.get()).assume_init_mut() }
}

/// Whether the library is at work, and forks are covered.
#[inline]
pub(crate) fn is_under_way() -> bool {
    MODE.load(Ordering::Acquire) == ACTIVE && lock::is_wiped_by_fork()
}

/// Takes the space for as long as a fork lasts, always with signals blocked.
pub(crate) fn enter_for_fork() -> Option<Guard> {
    if mode() != ACTIVE {
        return None;
    }
    settle_lock(config()?);
    let mask = signals::block();
    let mut guard = Guard::take(Some(mask));
    match &mut guard {
        Some(guard) => guard.look_at_tails(),
        None => signals::restore(mask),
    }
    guard
}

/// The first call of all, or the constructor: finds out what is wanted.
#[cold]
#[link_section = ".text.start"]
fn begin() -> u8 {
    let mask = signals::may_interrupt().then(signals::block);
    let mode = lock::alone(|| {
        if MODE.load(Ordering::Relaxed) == UNKNOWN {
            let mode = set_up();
            MODE.store(mode, Ordering::Release);
        }
        MODE.load(Ordering::Relaxed)
    });
    if let Some(mask) = mask {
        signals::restore(mask);
    }
    mode.unwrap_or(INERT)
}

#[link_section = ".text.start"]
#[inline(never)]
fn set_up() -> u8 {
    let Some(startup) = Startup::find() else { return INERT };
    // SAFETY: by one thread, before anybody is told.
    unsafe { *PROCESS.startup.get() = Some(startup) };
    if startup.aux(libc::AT_SECURE).unwrap_or(0) != 0 {
        return INERT;
    }
    let settings = match Settings::parse(|name| startup.variable(name)) {
        Ok(settings) => settings,
        Err(error) => refuse(format_args!("{error}")),
    };
    let names = startup.program_names();
    let Some(config) = configure(&startup, &settings) else { return INERT };
    threads::set_stack_min(settings.stack_min);
    if settings.follow {
        exec::follow(&startup);
    }
    if !settings.selects(&names) || (config.target == config.real && config.host == config.real) {
        return INERT;
    }
    if settings.eof_strict && !eof::strict::choose() {
        let error = Error { variable: EOF, value: b"strict", accepted: "lazy on this processor" };
        refuse(format_args!("{error}"));
    }
    log::open(&settings);
    dump::at_end(settings.dump_file);
    activate(config);
    record::open(&settings, config);
    startup.set_aux(libc::AT_PAGESZ, config.target.bytes());
    ACTIVE
}

fn configure(startup: &Startup, settings: &Settings<'static>) -> Option<Config> {
    let real = startup.aux(libc::AT_PAGESZ).and_then(PageSize::new)?;
    let host = settings.host.unwrap_or(real);
    if host < real {
        let value = startup.variable(HOST_PAGE_SIZE).unwrap_or(b"");
        let accepted = "at least the page size of this machine";
        refuse(format_args!("{}", Error { variable: HOST_PAGE_SIZE, value, accepted }));
    }
    Some(Config {
        target: settings.target,
        host,
        real,
        window: window(settings.window, settings.reserve, startup.stack_address())?,
        placement: settings.placement,
        reserve: settings.reserve,
        min_addr: MIN_ADDR,
    })
}

/// The usual vm.mmap_min_addr.
const MIN_ADDR: usize = 1 << 16;

const TIB: usize = 1 << 40;

/// Free in all three layouts of Linux's address space, and outside what
/// AddressSanitizer takes.
const BASE: usize = 22 * TIB;
const TOP: usize = 42 * TIB;

/// The window in a program with ThreadSanitizer or MemorySanitizer, who end it when it
/// has memory anywhere but in a few places: in all their versions this is one of
/// them, below what the kernel fills with libraries from the top.
const SANITIZED: (usize, usize) = (0x7e80_0000_0000, 0x70_0000_0000);

fn is_sanitized() -> bool {
    cfg!(target_arch = "x86_64")
        && (weak_symbol!("__tsan_init") != 0 || weak_symbol!("__msan_init") != 0)
}

/// The guest window; the megabyte behind it is kept for the table.
fn window(asked: Option<Window>, reserve: Reserve, stack: usize) -> Option<AddrRange> {
    let usual = match reserve {
        Reserve::Soft => TOP - BASE,
        Reserve::Hard => TIB,
    };
    let (base, size) = match asked {
        Some(Window { base, size }) => (base, size.unwrap_or(TIB)),
        None if is_sanitized() && stack > SANITIZED.0 + SANITIZED.1 => SANITIZED,
        None if stack > TOP + 2 * TIB => (BASE, usual),
        // a smaller address space (39 or 42 bits): its second quarter
        None => {
            let quarter = PageSize::new(MAX_PAGE)?.floor(stack / 4);
            (quarter, quarter.min(usual))
        }
    };
    AddrRange::from_len(base, size.checked_sub(MAX_PAGE)?)
}

fn activate(config: Config) {
    let space = Space::new(config, Linux { page: config.real }, Arena);
    // SAFETY: by one thread, before anybody is told.
    unsafe {
        (*PROCESS.space.get()).write(space);
        (*PROCESS.config.get()).write(config);
    }
    // SAFETY: just written.
    let space = unsafe { (*PROCESS.space.get()).assume_init_mut() };
    if let Err(error) = space.claim_window() {
        refuse(format_args!(
            "pagesim: cannot reserve the window {:?}: {error:?} (PAGESIM_RESERVE=soft needs none)",
            config.window
        ));
    }
}

/// Exit status for a configuration that cannot be honoured.
const BAD_CONFIGURATION: i32 = 125;

/// Says why and ends the process: it must not run on pages of another size than
/// it was asked to.
fn refuse(reason: core::fmt::Arguments<'_>) -> ! {
    let mut line = log::Line::new();
    let _ = line.write_fmt(reason);
    let _ = sys::write_all(2, line.finish());
    sys::exit(BAD_CONFIGURATION)
}
