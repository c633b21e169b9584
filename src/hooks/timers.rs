//! timer_create(2) with SIGEV_THREAD: glibc's thread that calls the program's function has
//! every signal blocked in earnest, and could touch no tail (see `eof::mask`). So it calls a
//! function of ours first.

use super::{errno, hook, next};
use crate::eof::{mask, transfer};
use core::ffi::{c_int, c_void};
use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use libc::{clockid_t, timer_t};
use pagesim_core::errno::Errno;

/// `struct sigevent` as far as it is looked at; the kernel's has 64 bytes.
#[repr(C)]
#[derive(Clone, Copy)]
struct Event {
    value: usize,
    signal: c_int,
    notify: c_int,
    function: usize,
    rest: [usize; 5],
}

type Notify = extern "C" fn(usize);

/// What a timer calls. A timer may be deleted while its last thread begins, so a
/// place is given again as late as possible; when all are taken, the C library's thread calls
/// the program.
struct Place {
    taken: AtomicBool,
    function: AtomicUsize,
    value: AtomicUsize,
    timer: AtomicUsize,
}

static PLACES: [Place; 512] = [const {
    Place {
        taken: AtomicBool::new(false),
        function: AtomicUsize::new(0),
        value: AtomicUsize::new(0),
        timer: AtomicUsize::new(NO_TIMER),
    }
}; 512];
static NEXT: AtomicUsize = AtomicUsize::new(0);
const NO_TIMER: usize = usize::MAX;

fn take(event: &Event) -> Option<(usize, &'static Place)> {
    let first = NEXT.load(Ordering::Relaxed);
    (first..first + PLACES.len()).find_map(|number| {
        let number = number % PLACES.len();
        let place = PLACES.get(number)?;
        let taken = &place.taken;
        taken.compare_exchange(false, true, Ordering::Acquire, Ordering::Relaxed).ok()?;
        place.value.store(event.value, Ordering::Relaxed);
        place.function.store(event.function, Ordering::Release);
        NEXT.store(number + 1, Ordering::Relaxed);
        Some((number, place))
    })
}

fn free(place: &Place) {
    place.timer.store(NO_TIMER, Ordering::Relaxed);
    place.taken.store(false, Ordering::Release);
}

extern "C" fn notified(number: usize) {
    let Some(place) = PLACES.get(number) else { return };
    let function = place.function.load(Ordering::Acquire);
    let value = place.value.load(Ordering::Relaxed);
    if function != 0 {
        mask::begin();
        // SAFETY: the program's function.
        let function: Notify = unsafe { core::mem::transmute(function) };
        function(value);
    }
}

hook! {
    fn timer_create(clock: clockid_t, event: *mut c_void, timer: *mut timer_t) -> c_int {
        let next = next!(c"timer_create", fn(clockid_t, *mut c_void, *mut timer_t) -> c_int);
        let Some(next) = next else { return errno::status(Err(Errno::ENOSYS)) };
        transfer::prepare_args(&[event as usize, timer as usize]);
        // SAFETY: null or the program's structure.
        let asked = unsafe { event.cast::<Event>().as_ref() }.copied();
        let asked = asked.filter(|event| event.notify == libc::SIGEV_THREAD && event.function != 0);
        let Some((mut asked, (number, place))) = asked.and_then(|event| Some((event, take(&event)?)))
        else {
            return next(clock, event, timer);
        };
        asked.function = notified as *const () as usize;
        asked.value = number;
        let answer = next(clock, (&raw mut asked).cast(), timer);
        if answer == 0 {
            // SAFETY: the C library has just stored it.
            place.timer.store(unsafe { *timer } as usize, Ordering::Relaxed);
        } else {
            free(place);
        }
        answer
    }

    fn timer_delete(timer: timer_t) -> c_int = libc::timer_delete {
        let Some(next) = next!(c"timer_delete", fn(timer_t) -> c_int) else {
            return errno::status(Err(Errno::ENOSYS));
        };
        // once it is deleted, another thread's timer may get the same name
        let own = |place: &&Place| {
            let (name, order) = (timer as usize, Ordering::Relaxed);
            name != NO_TIMER && place.timer.compare_exchange(name, NO_TIMER, order, order).is_ok()
        };
        let place = PLACES.iter().find(own);
        let answer = next(timer);
        match place {
            Some(place) if answer == 0 => free(place),
            Some(place) => place.timer.store(timer as usize, Ordering::Relaxed),
            None => {}
        }
        answer
    }
}
