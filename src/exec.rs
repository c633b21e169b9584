//! Programs that the program starts: with PAGESIM_FOLLOW=1 the library stays loaded
//! in them, whatever the program does to its environment.
//!
//! What this process was started with is kept: its own entry of LD_PRELOAD and its
//! PAGESIM variables. An environment that is handed to exec and lacks them gets
//! them; a PAGESIM variable that the program has set to something else stays. The
//! new environment is an array on the stack: a child of vfork may do this, and a
//! program that has many variables gets a mapping of its own, which is gone with
//! the exec or given back after it has failed (in a child of vfork whose exec succeeds
//! it stays with the parent).

use crate::startup::Startup;
use crate::{arena, real, sys};
use core::ffi::{c_char, CStr};
use core::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};
use pagesim_config::{LIVE, VARIABLES};
use pagesim_core::flags::{MapFlags, Prot};

/// An environment, or a list of arguments: strings up to a null pointer.
pub(crate) type Strings = *const *const c_char;

const PRELOAD: &str = "LD_PRELOAD";

/// Variables that are kept: LD_PRELOAD first, without what is not ours in it.
const MOST: usize = VARIABLES.len() + 1;
static KEPT: [AtomicPtr<c_char>; MOST] = [const { AtomicPtr::new(core::ptr::null_mut()) }; MOST];
static COUNT: AtomicUsize = AtomicUsize::new(0);

/// Keeps what `startup` shows, when the program's children are to be followed.
/// Once, before there are threads.
pub(crate) fn follow(startup: &Startup) {
    let Some(library) = startup.variable(PRELOAD).and_then(own_entry) else { return };
    let Some(block) = arena::block(BLOCK) else { return };
    // SAFETY: a new block of zero bytes.
    let mut room = unsafe { core::slice::from_raw_parts_mut(block, BLOCK) };
    let values = VARIABLES.iter().filter(|name| **name != LIVE);
    let values = values.filter_map(|name| startup.variable(name).map(|value| (*name, value)));
    for (place, (name, value)) in KEPT.iter().zip([(PRELOAD, library)].into_iter().chain(values)) {
        let Some((string, rest)) = assignment(room, name, value) else { return };
        place.store(string, Ordering::Relaxed);
        COUNT.fetch_add(1, Ordering::Relaxed);
        room = rest;
    }
}

/// Room for the kept strings, some of which are file names.
const BLOCK: usize = 1 << 16;

/// Writes `name=value` with its end, which is zero already.
fn assignment<'a>(
    room: &'a mut [u8],
    name: &str,
    value: &[u8],
) -> Option<(*mut c_char, &'a mut [u8])> {
    let len = name.len() + 1 + value.len();
    let (string, rest) = room.split_at_mut_checked(len + 1)?;
    let parts = name.as_bytes().iter().chain(b"=").chain(value);
    string.iter_mut().zip(parts).for_each(|(place, byte)| *place = *byte);
    Some((string.as_mut_ptr().cast(), rest))
}

fn last_component(path: &[u8]) -> &[u8] {
    path.rsplit(|b| *b == b'/').next().unwrap_or(path)
}

/// The entry of LD_PRELOAD that names this library.
fn own_entry(list: &[u8]) -> Option<&[u8]> {
    let name = last_component(real::own_name()?.to_bytes());
    list.split(|b| *b == b':' || *b == b' ').find(|entry| last_component(entry) == name)
}

/// The value of the kept string `index`, with its name in front.
fn kept(index: usize) -> Option<&'static CStr> {
    let string = KEPT.get(index)?.load(Ordering::Relaxed);
    // SAFETY: null, or a string of our own that stays.
    (!string.is_null()).then(|| unsafe { CStr::from_ptr(string) })
}

fn name_of(assignment: &[u8]) -> &[u8] {
    assignment.split(|b| *b == b'=').next().unwrap_or(assignment)
}

/// Entries of an environment on the stack.
const ON_STACK: usize = 512;
/// The longest LD_PRELOAD that gets our entry in front.
const LONGEST: usize = 2048;

/// Whether the program's children are followed.
#[inline]
pub(crate) fn follows() -> bool {
    COUNT.load(Ordering::Relaxed) != 0
}

/// Calls `exec` with `environment`, completed where children are followed.
pub(crate) fn with_environment<T>(environment: Strings, exec: impl FnOnce(Strings) -> T) -> T {
    match COUNT.load(Ordering::Relaxed) {
        0 => exec(environment),
        count => with_completed(environment, count, exec),
    }
}

/// Apart, so that its arrays take no stack where nobody is followed: exec may be
/// called on a small one.
#[cold]
#[inline(never)]
fn with_completed<T>(environment: Strings, count: usize, exec: impl FnOnce(Strings) -> T) -> T {
    let mut preload = [0u8; LONGEST];
    // SAFETY: the program's environment, or null.
    let len = unsafe { length(environment) };
    let room = len + count + 1;
    if room <= ON_STACK {
        let mut array = [core::ptr::null(); ON_STACK];
        // SAFETY: `len` strings, which outlive the call.
        unsafe { complete(environment, len, &mut array, &mut preload) };
        return exec(array.as_ptr());
    }
    let bytes = room * size_of::<*const c_char>();
    let flags = (MapFlags::PRIVATE | MapFlags::ANONYMOUS).bits();
    // SAFETY: a new mapping where nothing was, given back below; its slice is of
    // null pointers.
    unsafe {
        let Ok(block) = sys::mmap(0, bytes, Prot::RW.bits(), flags, -1, 0) else {
            return exec(environment);
        };
        let array = core::slice::from_raw_parts_mut(block as *mut *const c_char, room);
        complete(environment, len, array, &mut preload);
        let answer = exec(array.as_ptr());
        let _ = sys::munmap(block, bytes);
        answer
    }
}

/// # Safety
/// `strings` is null or ends with a null pointer.
pub(crate) unsafe fn length(strings: Strings) -> usize {
    let mut len = 0;
    // SAFETY: the caller's promise.
    while !strings.is_null() && !unsafe { *strings.add(len) }.is_null() {
        len += 1;
    }
    len
}

/// Fills `array`, which is null all over and long enough, with the environment and
/// what it lacks.
///
/// # Safety
/// `environment` has `len` strings.
unsafe fn complete(
    environment: Strings,
    len: usize,
    array: &mut [*const c_char],
    preload: &mut [u8],
) {
    let mut present = [false; MOST];
    let mut filled = 0;
    for index in 0..len {
        // SAFETY: the caller's promise.
        let (string, text) = unsafe {
            let string = *environment.add(index);
            (string, CStr::from_ptr(string).to_bytes())
        };
        let matching = (0..MOST)
            .find(|at| kept(*at).is_some_and(|own| name_of(own.to_bytes()) == name_of(text)));
        let string = match matching {
            Some(0) => with_own_entry(string, text, preload),
            _ => string,
        };
        if let Some(seen) = matching.and_then(|at| present.get_mut(at)) {
            *seen = true;
        }
        if let Some(place) = array.get_mut(filled) {
            *place = string;
            filled += 1;
        }
    }
    let missing = present.iter().enumerate().filter(|(_, seen)| !**seen);
    for (own, place) in missing.filter_map(|(at, _)| kept(at)).zip(array.iter_mut().skip(filled)) {
        *place = own.as_ptr();
    }
}

/// The program's LD_PRELOAD with our entry, in front where it lacks it.
fn with_own_entry(string: *const c_char, text: &[u8], preload: &mut [u8]) -> *const c_char {
    let Some(own) = kept(0).map(CStr::to_bytes) else { return string };
    let value = text.get(PRELOAD.len() + 1..).unwrap_or(&[]);
    if own_entry(value).is_some() {
        return string;
    }
    if own.len() + 1 + value.len() >= preload.len() {
        log::warn!("a child's LD_PRELOAD is too long to be followed");
        return string;
    }
    let separator: &[u8] = if value.is_empty() { b"" } else { b":" };
    let parts = own.iter().chain(separator).chain(value).chain(b"\0");
    preload.iter_mut().zip(parts).for_each(|(place, byte)| *place = *byte);
    preload.as_ptr().cast()
}

/// The program's environment as the C library keeps it.
pub(crate) fn environ() -> Strings {
    let symbol = crate::arch::weak_symbol!("environ") as *const Strings;
    // SAFETY: the C library's variable, or null.
    unsafe { symbol.as_ref() }.copied().unwrap_or(core::ptr::null())
}
