//! Threads: guards are whole target pages, and stacks have a minimum.
//!
//! The C library allocates stacks by itself, on host pages; it is told a guard
//! of whole target pages, so that what it reports and what it maps agree. The base
//! of such a stack need not lie on a target page.

use crate::arch::weak_symbol;
use crate::hooks::next;
use crate::state;
use core::ffi::{c_int, c_void};
use core::mem::MaybeUninit;
use core::sync::atomic::{AtomicUsize, Ordering};
use libc::{pthread_attr_t, pthread_t};
use pagesim_core::page::PageSize;

/// The smallest stack that a program may ask for, in bytes; 0 for the C library's
/// own minimum.
static STACK_MIN: AtomicUsize = AtomicUsize::new(0);

/// What PAGESIM_STACK_MIN says.
pub(crate) fn set_stack_min(bytes: usize) {
    STACK_MIN.store(bytes, Ordering::Relaxed);
}

/// The answer to sysconf(_SC_THREAD_STACK_MIN), given the C library's.
pub(crate) fn stack_min(own: i64) -> i64 {
    own.max(STACK_MIN.load(Ordering::Relaxed) as i64)
}

/// Whether a stack of `size` bytes is to be refused.
pub(crate) fn stack_too_small(size: usize) -> bool {
    size < STACK_MIN.load(Ordering::Relaxed)
}

/// pthread_attr_t of glibc and musl on 64-bit systems, without the bytes that
/// some versions of it only keep in reserve.
type Attributes = [u64; 7];

pub(crate) type Start = extern "C" fn(*mut c_void) -> *mut c_void;
type Create =
    extern "C" fn(*mut pthread_t, *const pthread_attr_t, Start, *mut c_void) -> c_int;

/// Makes a guard of one target page the default: of threads without attributes and
/// of thrd_create(3), which the C library starts by itself.
pub(crate) fn default_guard() {
    let Some(target) = state::target() else { return };
    let set_default = weak_symbol!("pthread_setattr_default_np");
    let Some(init) = next!(c"pthread_attr_init", fn(*mut pthread_attr_t) -> c_int) else { return };
    if set_default == 0 {
        return;
    }
    let mut attributes = MaybeUninit::<pthread_attr_t>::zeroed();
    if init(attributes.as_mut_ptr()) == 0 && set_guard(attributes.as_mut_ptr(), target.bytes()) {
        // SAFETY: int pthread_setattr_default_np(const pthread_attr_t *).
        unsafe {
            let set_default: extern "C" fn(*const pthread_attr_t) -> c_int =
                core::mem::transmute(set_default);
            set_default(attributes.as_ptr());
        }
    }
}

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

/// pthread_create(3) by way of the C library's.
pub(crate) fn create(
    next: Create,
    thread: *mut pthread_t,
    attributes: *const pthread_attr_t,
    start: Start,
    argument: *mut c_void,
) -> c_int {
    let rounded = state::target().and_then(|target| rounded_guard(target, attributes));
    let Some(size) = rounded else { return next(thread, attributes, start, argument) };
    // The program's attributes are not ours to change: another thread may use them.
    // SAFETY: pthread_attr_t is at least this long, and plain data.
    let mut copy: Attributes = unsafe { attributes.cast::<Attributes>().read() };
    let copy = (&raw mut copy).cast::<pthread_attr_t>();
    if set_guard(copy, size) {
        next(thread, copy, start, argument)
    } else {
        next(thread, attributes, start, argument)
    }
}

/// The guard that a thread with these attributes gets, where that is not what they
/// say.
fn rounded_guard(target: PageSize, attributes: *const pthread_attr_t) -> Option<usize> {
    if attributes.is_null() {
        return None;
    }
    let asked = guard(attributes)?;
    target.ceil(asked).filter(|rounded| *rounded != asked)
}
