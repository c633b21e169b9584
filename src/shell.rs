//! system(3) and popen(3) where children are followed: the C library starts their
//! shell by itself, with the environment as it finds it. Here both are made of
//! posix_spawn(3), whose hook completes the environment.
//!
//! Streams of popen(3) are kept in a table; one that has no place in it any more, and
//! all of them where nobody is followed, are the C library's.

use crate::exec::{environ, Strings};
use crate::hooks::{errno, exec, next};
use crate::{pipes, sys};
use core::ffi::{c_char, c_int, c_void, CStr};
use core::mem::MaybeUninit;
use core::ptr::null_mut;
use core::sync::atomic::{AtomicBool, AtomicI32, AtomicPtr, AtomicUsize, Ordering};
use libc::{sigaction as Action, sigset_t, FILE};
use pagesim_core::errno::Errno;

/// `_PATH_BSHELL`, and what the C library calls it with.
const PATH: &CStr = c"/bin/sh";

fn arguments(command: *const c_char) -> [*const c_char; 5] {
    [c"sh".as_ptr(), c"-c".as_ptr(), c"--".as_ptr(), command, core::ptr::null()]
}

/// Starts the shell; `actions` and `attributes` as posix_spawn(3) takes them.
fn start(
    command: *const c_char,
    actions: *const c_void,
    attributes: *const c_void,
) -> Result<c_int, Errno> {
    let mut pid = 0;
    let arguments = arguments(command);
    let list: Strings = arguments.as_ptr();
    match exec::spawn_at(&raw mut pid, PATH.as_ptr(), actions, attributes, list, environ()) {
        0 => Ok(pid),
        error => Err(Errno(error)),
    }
}

/// Waits for the end of a child: its status.
fn wait(pid: c_int) -> Result<c_int, Errno> {
    let mut status = 0;
    let args = [pid as usize, &raw mut status as usize, 0, 0, 0, 0];
    loop {
        // SAFETY: wait4(2) with room for a status.
        match unsafe { sys::call(libc::SYS_wait4, args) } {
            Err(Errno(libc::EINTR)) => {}
            answer => return answer.map(|_| status),
        }
    }
}

/// How many threads are in system(3), which ignores SIGINT and SIGQUIT meanwhile, and
/// what the program does with these two.
static INSIDE: AtomicUsize = AtomicUsize::new(0);
static CHANGING: AtomicBool = AtomicBool::new(false);
static ACTIONS: [ActionCell; 2] = [const { ActionCell::new() }; 2];
const IGNORED: [c_int; 2] = [libc::SIGINT, libc::SIGQUIT];

/// An action that is only looked at while [`CHANGING`] is held.
struct ActionCell(core::cell::UnsafeCell<MaybeUninit<Action>>);

// SAFETY: reached by one thread at a time, see `with_actions`.
unsafe impl Sync for ActionCell {}

impl ActionCell {
    const fn new() -> ActionCell {
        ActionCell(core::cell::UnsafeCell::new(MaybeUninit::zeroed()))
    }
}

/// Runs `change` alone. Neither system(3) nor what is done here may happen in a
/// signal handler.
fn with_actions<T>(change: impl FnOnce() -> T) -> T {
    while CHANGING.swap(true, Ordering::Acquire) {
        core::hint::spin_loop();
    }
    let answer = change();
    CHANGING.store(false, Ordering::Release);
    answer
}

fn sigaction(signal: c_int, new: *const Action, old: *mut Action) {
    if let Some(next) = next!(c"sigaction", fn(c_int, *const Action, *mut Action) -> c_int) {
        next(signal, new, old);
    }
}

fn mask(how: c_int, new: *const sigset_t, old: *mut sigset_t) {
    if let Some(next) =
        next!(c"pthread_sigmask", fn(c_int, *const sigset_t, *mut sigset_t) -> c_int)
    {
        next(how, new, old);
    }
}

fn only(signals: &[c_int]) -> sigset_t {
    let mut set = MaybeUninit::<sigset_t>::zeroed();
    let words = set.as_mut_ptr().cast::<u64>();
    for signal in signals {
        // SAFETY: the first word of a set, which is all zero, holds signals 1 to 64.
        unsafe { *words |= 1 << (signal - 1) };
    }
    // SAFETY: any bits are a set.
    unsafe { set.assume_init() }
}

/// Ignores both signals; those that the child is to have back.
fn ignore() -> sigset_t {
    with_actions(|| {
        // SAFETY: all zero but the handler is an action without flags.
        let mut ignoring: Action = unsafe { MaybeUninit::zeroed().assume_init() };
        ignoring.sa_sigaction = libc::SIG_IGN;
        let first = INSIDE.fetch_add(1, Ordering::Relaxed) == 0;
        let mut back = [0; 2];
        for ((signal, cell), back) in IGNORED.iter().zip(&ACTIONS).zip(&mut back) {
            let old = cell.0.get().cast::<Action>();
            if first {
                sigaction(*signal, &raw const ignoring, old);
            }
            // SAFETY: alone here, and filled by the first.
            if unsafe { (*old).sa_sigaction } != libc::SIG_IGN {
                *back = *signal;
            }
        }
        match back {
            [0, 0] => only(&[]),
            [0, one] | [one, 0] => only(&[one]),
            both => only(&both),
        }
    })
}

fn unignore() {
    with_actions(|| {
        if INSIDE.fetch_sub(1, Ordering::Relaxed) == 1 {
            for (signal, cell) in IGNORED.iter().zip(&ACTIONS) {
                sigaction(*signal, cell.0.get().cast(), null_mut());
            }
        }
    });
}

/// What _pthread_cleanup_push(3) keeps, of the longer kind.
#[repr(C)]
#[derive(Default)]
struct Cleanup([usize; 4]);

/// The thread is cancelled in system(3): its shell does not go on either.
extern "C" fn cancelled(pid: *mut c_void) {
    let pid = pid as usize;
    // SAFETY: a child that was not waited for yet.
    let _ = unsafe { sys::call(libc::SYS_kill, [pid, libc::SIGKILL as usize, 0, 0, 0, 0]) };
    let _ = wait(pid as c_int);
    unignore();
}

/// Waits for the shell of system(3), which is a cancellation point. No lock is held, and
/// no frame of ours has anything to be dropped.
fn wait_cancellably(pid: c_int) -> Result<c_int, Errno> {
    type Routine = extern "C" fn(*mut c_void);
    let push = next!(c"_pthread_cleanup_push", fn(*mut Cleanup, Routine, *mut c_void) -> ());
    let pop = next!(c"_pthread_cleanup_pop", fn(*mut Cleanup, c_int) -> ());
    let waitpid = next!(c"waitpid", fn(c_int, *mut c_int, c_int) -> c_int);
    let (Some(push), Some(pop), Some(waitpid)) = (push, pop, waitpid) else { return wait(pid) };
    let mut cleanup = Cleanup::default();
    let mut status = 0;
    push(&raw mut cleanup, cancelled, pid as usize as *mut c_void);
    let answer = loop {
        match waitpid(pid, &raw mut status, 0) {
            -1 if errno::get() == Errno(libc::EINTR) => {}
            -1 => break Err(errno::get()),
            _ => break Ok(status),
        }
    };
    pop(&raw mut cleanup, 0);
    answer
}

/// system(3) with a command.
pub(crate) fn system(command: *const c_char) -> c_int {
    /// What a shell that cannot be started ends with.
    const CANNOT: c_int = 127 << 8;
    let back = ignore();
    let mut before = only(&[]);
    let children = only(&[libc::SIGCHLD]);
    mask(libc::SIG_BLOCK, &raw const children, &raw mut before);
    let started =
        with_attributes(&before, &back, |attributes| start(command, core::ptr::null(), attributes));
    let answer = match started {
        Ok(pid) => wait_cancellably(pid),
        Err(error) => {
            errno::set(error);
            Ok(CANNOT)
        }
    };
    unignore();
    mask(libc::SIG_SETMASK, &raw const before, null_mut());
    answer.unwrap_or_else(|error| {
        errno::set(error);
        -1
    })
}

type Attributes = libc::posix_spawnattr_t;
type Actions = libc::posix_spawn_file_actions_t;

/// Attributes of a child with this mask, and `back` as they are by default.
fn with_attributes(
    mask: &sigset_t,
    back: &sigset_t,
    run: impl FnOnce(*const c_void) -> Result<c_int, Errno>,
) -> Result<c_int, Errno> {
    let mut room = MaybeUninit::<Attributes>::zeroed();
    let attributes = room.as_mut_ptr();
    type Set = extern "C" fn(*mut Attributes, *const sigset_t) -> c_int;
    let set_mask: Option<Set> =
        next!(c"posix_spawnattr_setsigmask", fn(*mut Attributes, *const sigset_t) -> c_int);
    let set_default: Option<Set> =
        next!(c"posix_spawnattr_setsigdefault", fn(*mut Attributes, *const sigset_t) -> c_int);
    let set_flags = next!(c"posix_spawnattr_setflags", fn(*mut Attributes, i16) -> c_int);
    let init = next!(c"posix_spawnattr_init", fn(*mut Attributes) -> c_int);
    let (Some(init), Some(set_mask), Some(set_default), Some(set_flags)) =
        (init, set_mask, set_default, set_flags)
    else {
        return Err(Errno::ENOSYS);
    };
    init(attributes);
    set_mask(attributes, mask);
    set_default(attributes, back);
    set_flags(attributes, (libc::POSIX_SPAWN_SETSIGMASK | libc::POSIX_SPAWN_SETSIGDEF) as i16);
    let answer = run(attributes.cast_const().cast());
    if let Some(destroy) = next!(c"posix_spawnattr_destroy", fn(*mut Attributes) -> c_int) {
        destroy(attributes);
    }
    answer
}

/// A stream of popen(3).
struct Piped {
    stream: AtomicPtr<FILE>,
    fd: AtomicI32,
    pid: AtomicI32,
}

static PIPED: [Piped; 256] = [const {
    Piped { stream: AtomicPtr::new(null_mut()), fd: AtomicI32::new(-1), pid: AtomicI32::new(0) }
}; 256];
/// Whether there was one ever.
static ANY: AtomicBool = AtomicBool::new(false);
/// In a place that is being filled.
const TAKEN: *mut FILE = core::ptr::dangling_mut();

/// popen(3); `None` where the C library has to do it.
pub(crate) fn popen(command: *const c_char, kind: *const c_char) -> Option<*mut FILE> {
    let place = PIPED.iter().find(|piped| {
        let taken = &piped.stream;
        taken.compare_exchange(null_mut(), TAKEN, Ordering::Acquire, Ordering::Relaxed).is_ok()
    })?;
    ANY.store(true, Ordering::Relaxed);
    // SAFETY: the program's string.
    let kind = unsafe { CStr::from_ptr(kind) }.to_bytes();
    let stream = open(command, kind, place).unwrap_or_else(|error| {
        errno::set(error);
        null_mut()
    });
    place.stream.store(stream, Ordering::Release);
    Some(stream)
}

fn open(command: *const c_char, kind: &[u8], place: &Piped) -> Result<*mut FILE, Errno> {
    let (reads, writes) = (kind.contains(&b'r'), kind.contains(&b'w'));
    if reads == writes || kind.iter().any(|letter| !b"rwe".contains(letter)) {
        return Err(Errno::EINVAL);
    }
    let fdopen = next!(c"fdopen", fn(c_int, *const c_char) -> *mut FILE).ok_or(Errno::ENOSYS)?;
    let mut ends = [0; 2];
    pipes::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC)?;
    let [read, write] = ends;
    let (own, child, as_fd, mode) =
        if reads { (read, write, 1, c"r") } else { (write, read, 0, c"w") };
    let started =
        with_actions_of(child, as_fd, |actions| start(command, actions, core::ptr::null()));
    sys::close(child);
    let stream = started.and_then(|pid| {
        place.pid.store(pid, Ordering::Relaxed);
        place.fd.store(own, Ordering::Relaxed);
        let stream = fdopen(own, mode.as_ptr());
        // without memory for a stream the child sees the end of its pipe
        if stream.is_null() {
            Err(Errno::ENOMEM)
        } else {
            Ok(stream)
        }
    });
    if stream.is_err() {
        sys::close(own);
    } else if !kind.contains(&b'e') {
        let args = [own as usize, libc::F_SETFD as usize, 0, 0, 0, 0];
        // SAFETY: no pointers.
        let _ = unsafe { sys::call(libc::SYS_fcntl, args) };
    }
    stream
}

/// What the child does to its descriptors: `child` becomes `as_fd`, and the streams
/// of other children are closed.
fn with_actions_of(
    child: c_int,
    as_fd: c_int,
    run: impl FnOnce(*const c_void) -> Result<c_int, Errno>,
) -> Result<c_int, Errno> {
    let mut room = MaybeUninit::<Actions>::zeroed();
    let actions = room.as_mut_ptr();
    let init = next!(c"posix_spawn_file_actions_init", fn(*mut Actions) -> c_int);
    let dup = next!(c"posix_spawn_file_actions_adddup2", fn(*mut Actions, c_int, c_int) -> c_int);
    let close = next!(c"posix_spawn_file_actions_addclose", fn(*mut Actions, c_int) -> c_int);
    let destroy = next!(c"posix_spawn_file_actions_destroy", fn(*mut Actions) -> c_int);
    let (Some(init), Some(dup), Some(close), Some(destroy)) = (init, dup, close, destroy) else {
        return Err(Errno::ENOSYS);
    };
    init(actions);
    let mut error = dup(actions, child, as_fd);
    for other in open_streams().filter(|fd| *fd != as_fd) {
        error |= close(actions, other);
    }
    let answer = if error == 0 { run(actions.cast_const().cast()) } else { Err(Errno::ENOMEM) };
    destroy(actions);
    answer
}

fn open_streams() -> impl Iterator<Item = c_int> {
    let open = PIPED.iter().filter(|piped| {
        let stream = piped.stream.load(Ordering::Acquire);
        !stream.is_null() && stream != TAKEN
    });
    open.map(|piped| piped.fd.load(Ordering::Relaxed))
}

/// The end of a stream of [`popen`], closed by pclose(3) or fclose(3): the child's
/// status. `None` for other streams.
#[inline]
pub(crate) fn close(stream: *mut FILE, fclose: impl FnOnce(*mut FILE) -> c_int) -> Option<c_int> {
    if !ANY.load(Ordering::Relaxed) || stream.is_null() {
        return None;
    }
    let place = PIPED.iter().find(|piped| piped.stream.load(Ordering::Acquire) == stream)?;
    let pid = place.pid.load(Ordering::Relaxed);
    // from here on the place may be another's, and so may the stream's address
    let claimed =
        place.stream.compare_exchange(stream, null_mut(), Ordering::AcqRel, Ordering::Relaxed);
    claimed.ok()?;
    fclose(stream);
    Some(wait(pid).unwrap_or_else(|error| {
        errno::set(error);
        -1
    }))
}
