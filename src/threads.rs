//! Threads: guards are whole target pages, and stacks have a minimum.
//!
//! The C library allocates stacks by itself, on host pages; it is told a guard
//! of whole target pages, so that what it reports and what it maps agree. The base
//! of such a stack need not lie on a target page; the part below the first
//! one is kept from the program.

use crate::eof::{pinned, transfer};
use crate::hooks::next;
use crate::record;
use crate::state::{self, Turn};
use core::ffi::{c_int, c_void};
use core::mem::MaybeUninit;
use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use libc::{pthread_attr_t, pthread_t};
use pagesim_core::finding::Call;
use pagesim_core::page::PageSize;

/// The smallest stack that a program may ask for, in bytes; 0 for the C library's
/// own minimum.
#[link_section = ".data"]
static STACK_MIN: AtomicUsize = AtomicUsize::new(0);

/// Whether the program has made a thread. One that was made behind the hooks' back does
/// not count: nothing but speed depends on it.
#[link_section = ".data"]
static SEVERAL: AtomicBool = AtomicBool::new(false);

/// See [`SEVERAL`].
#[inline]
pub(crate) fn several() -> bool {
    SEVERAL.load(Ordering::Relaxed)
}

/// What PAGESIM_STACK_MIN says.
pub(crate) fn set_stack_min(bytes: usize) {
    STACK_MIN.store(bytes, Ordering::Relaxed);
}

/// The answer to sysconf(_SC_THREAD_STACK_MIN), given the C library's.
pub(crate) fn stack_min(own: i64) -> i64 {
    own.max(STACK_MIN.load(Ordering::Relaxed) as i64)
}

/// Whether a stack of `size` bytes, at `place` if one was chosen, is to be refused.
pub(crate) fn stack_too_small(size: usize, place: Option<usize>) -> bool {
    let minimum = STACK_MIN.load(Ordering::Relaxed);
    size < minimum && record::refuses(|| Call::StackSize { size, minimum, place })
}

/// pthread_attr_t of glibc and musl on 64-bit systems, without the bytes that
/// some versions of it only keep in reserve.
type Attributes = [u64; 7];

/// Room for one, reserve included.
#[repr(C)]
#[derive(Default)]
struct Room {
    used: Attributes,
    reserve: u64,
}

pub(crate) type Start = extern "C" fn(*mut c_void) -> *mut c_void;
type Create = extern "C" fn(*mut pthread_t, *const pthread_attr_t, Start, *mut c_void) -> c_int;

/// Makes a guard of one target page the default, and a stack of whole ones: of threads
/// without attributes and of thrd_create(3), which the C library starts by itself.
#[link_section = ".text.start"]
pub(crate) fn defaults() {
    let Some(target) = state::target() else { return };
    let set_default = next!(c"pthread_setattr_default_np", fn(*const pthread_attr_t) -> c_int);
    let init = next!(c"pthread_attr_init", fn(*mut pthread_attr_t) -> c_int);
    let (Some(set_default), Some(init)) = (set_default, init) else { return };
    let mut attributes = MaybeUninit::<pthread_attr_t>::zeroed();
    if init(attributes.as_mut_ptr()) == 0 && set_guard(attributes.as_mut_ptr(), target.bytes()) {
        // the C library's default is RLIMIT_STACK in whole pages
        if let Some(size) = stack_size(attributes.as_ptr()) {
            if let Some(whole) = target.ceil(size).filter(|whole| *whole != size) {
                set_stack_size(attributes.as_mut_ptr(), whole);
            }
        }
        set_default(attributes.as_ptr());
    }
}

#[link_section = ".text.start"]
fn stack_size(attributes: *const pthread_attr_t) -> Option<usize> {
    let get = next!(c"pthread_attr_getstacksize", fn(*const pthread_attr_t, *mut usize) -> c_int)?;
    let mut size = 0;
    (get(attributes, &raw mut size) == 0).then_some(size)
}

#[link_section = ".text.start"]
fn set_stack_size(attributes: *mut pthread_attr_t, size: usize) {
    let set = next!(c"pthread_attr_setstacksize", fn(*mut pthread_attr_t, usize) -> c_int);
    set.map(|set| set(attributes, size));
}

#[link_section = ".text.start"]
fn set_guard(attributes: *mut pthread_attr_t, size: usize) -> bool {
    next!(c"pthread_attr_setguardsize", fn(*mut pthread_attr_t, usize) -> c_int)
        .is_some_and(|set| set(attributes, size) == 0)
}

fn guard(attributes: *const pthread_attr_t) -> Option<usize> {
    let get = next!(c"pthread_attr_getguardsize", fn(*const pthread_attr_t, *mut usize) -> c_int)?;
    let mut size = 0;
    (get(attributes, &raw mut size) == 0).then_some(size)
}

/// New attributes: where the C library's default is one page of its own, it is one
/// target page.
pub(crate) fn initialised(attributes: *mut pthread_attr_t) {
    let Some(config) = state::config() else { return };
    if guard(attributes) == Some(config.real.bytes()) {
        set_guard(attributes, config.target.bytes());
    }
}

/// Lowest address and size of the stack that these attributes name.
fn stack(attributes: *const pthread_attr_t) -> Option<(usize, usize)> {
    let get = next!(
        c"pthread_attr_getstack",
        fn(*const pthread_attr_t, *mut usize, *mut usize) -> c_int
    )?;
    let (mut base, mut size) = (0usize, 0usize);
    (get(attributes, &raw mut base, &raw mut size) == 0).then_some((base, size))
}

/// The stack that the program brings itself. Without one glibc names an end of 0 and
/// musl nothing at all.
fn own_stack(attributes: *const pthread_attr_t) -> Option<(usize, usize)> {
    stack(attributes).filter(|(base, size)| base.wrapping_add(*size) != 0)
}

/// pthread_create(3) by way of the C library's.
pub(crate) fn create(
    next: Create,
    thread: *mut pthread_t,
    attributes: *const pthread_attr_t,
    start: Start,
    argument: *mut c_void,
) -> c_int {
    let Some(config) = state::config() else { return next(thread, attributes, start, argument) };
    SEVERAL.store(true, Ordering::Relaxed);
    transfer::prepare_args(&[thread as usize, attributes as usize]);
    let init = next!(c"pthread_attr_init", fn(*mut pthread_attr_t) -> c_int);
    let mut copy = Room::default();
    let own = (&raw mut copy).cast::<pthread_attr_t>();
    // The program's attributes are not ours to change: another thread may use them.
    if attributes.is_null() {
        if init.is_none_or(|init| init(own) != 0) {
            return next(thread, attributes, start, argument);
        }
    } else {
        // SAFETY: pthread_attr_t is at least this long, and plain data.
        unsafe { own.cast::<Attributes>().write(attributes.cast::<Attributes>().read()) };
    }
    if let Some(size) = rounded_guard(config.target, own) {
        set_guard(own, size);
    }
    if let Some((base, size)) = own_stack(own) {
        transfer::prepare(base, size);
        pinned::stack(base, size);
    } else {
        widen(own, config.target.bytes() - config.real.bytes().min(config.target.bytes()));
    }
    next(thread, own, start, argument)
}

/// Makes the stack larger: what [`reported`] takes off its lower end was never asked
/// for.
fn widen(attributes: *mut pthread_attr_t, bytes: usize) {
    let wider = stack_size(attributes).and_then(|size| size.checked_add(bytes));
    if let Some(wider) = wider.filter(|_| bytes != 0) {
        set_stack_size(attributes, wider);
    }
}

/// The attributes of a running thread: the lower end of a stack that the C library
/// made is said to be the first target page boundary in it, since that is
/// where programs put guards of their own.
pub(crate) fn reported(attributes: *mut pthread_attr_t) {
    let Some(target) = state::target() else { return };
    let Some((base, size)) = stack(attributes) else { return };
    let (Some(first), Some(end)) = (target.ceil(base), base.checked_add(size)) else { return };
    if first == base || first >= end || is_programs(base) {
        return;
    }
    let set = next!(c"pthread_attr_setstack", fn(*mut pthread_attr_t, usize, usize) -> c_int);
    if let Some(set) = set {
        set(attributes, first, end - first);
    }
}

/// Whether the program itself mapped the memory at `addr`.
fn is_programs(addr: usize) -> bool {
    match state::enter() {
        Turn::Open(mut guard) => guard.space().map().find(addr).is_some(),
        Turn::Inert | Turn::Nested(_) => false,
    }
}

/// The guard that a thread with these attributes gets, where that is not what they
/// say.
fn rounded_guard(target: PageSize, attributes: *const pthread_attr_t) -> Option<usize> {
    let asked = guard(attributes)?;
    target.ceil(asked).filter(|rounded| *rounded != asked)
}
