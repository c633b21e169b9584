//! Calls that are handed memory, which may be a tail (see `eof::transfer`), and calls
//! after which a program may know that another process has changed a file.

use super::{errno, hook, next};
use crate::eof::{self, mask, transfer};
use crate::other::at_most;
use crate::{procfs, sys, userfaults};
use core::ffi::{c_char, c_int, c_uint, c_void};
use libc::{clockid_t, off64_t, off_t, size_t, ssize_t, timespec};
use pagesim_core::errno::Errno;

fn missing() -> isize {
    errno::word(Err(Errno::ENOSYS))
}

/// Defines calls that fill or read a buffer given by address and length: both are
/// there before the call, since what a socket or a terminal once gave is gone.
macro_rules! buffer {
    ($($name:ident, $c_name:literal ($($arg:ident: $ty:ty),*) of $buffer:ident, $len:expr;)*) => {
        hook! {$(
            fn $name($($arg: $ty),*) -> ssize_t {
                let Some(next) = next!($c_name, fn($($ty),*) -> ssize_t) else { return missing() };
                transfer::prepare_args(&[$($arg as usize),*]);
                transfer::prepare($buffer as usize, $len);
                let answer = next($($arg),*);
                transfer::seen();
                answer
            }
        )*}
    };
}

/// Defines reads of files, which may be files of `/proc` that count in pages.
macro_rules! file {
    ($($name:ident, $c_name:literal ($($arg:ident: $ty:ty),*), $at:expr;)*) => {
        hook! {$(
            fn $name(fd: c_int, to: *mut c_void, len: size_t $(, $arg: $ty)*) -> ssize_t {
                let len = at_most(len);
                if let Some(answer) = procfs::read(fd, to.cast(), len, $at) {
                    return errno::word(answer);
                }
                let next = next!($c_name, fn(c_int, *mut c_void, size_t $(, $ty)*) -> ssize_t);
                let Some(next) = next else { return missing() };
                transfer::prepare(to as usize, len);
                let answer = next(fd, to, len $(, $arg)*);
                transfer::seen();
                mask::taken();
                userfaults::told(fd, to as usize, answer);
                answer
            }
        )*}
    };
}

file! {
    read, c"read"(), None;
    __read, c"__read"(), None;
    __read_chk, c"__read_chk"(size: size_t), None;
    pread, c"pread"(at: off_t), Some(at);
    pread64, c"pread64"(at: off64_t), Some(at);
    __pread64, c"__pread64"(at: off64_t), Some(at);
    __pread_chk, c"__pread_chk"(at: off_t, size: size_t), Some(at);
    __pread64_chk, c"__pread64_chk"(at: off64_t, size: size_t), Some(at);
}

buffer! {
    recv, c"recv"(fd: c_int, to: *mut c_void, len: size_t, flags: c_int) of to, len;
    __recv_chk, c"__recv_chk"(fd: c_int, to: *mut c_void, len: size_t, size: size_t, flags: c_int) of to, len;
    recvfrom, c"recvfrom"(
        fd: c_int, to: *mut c_void, len: size_t, flags: c_int, from: *mut c_void, from_len: *mut c_void
    ) of to, len;
    __recvfrom_chk, c"__recvfrom_chk"(
        fd: c_int, to: *mut c_void, len: size_t, size: size_t, flags: c_int, from: *mut c_void,
        from_len: *mut c_void
    ) of to, len;
    send, c"send"(fd: c_int, from: *const c_void, len: size_t, flags: c_int) of from, len;
    sendto, c"sendto"(
        fd: c_int, from: *const c_void, len: size_t, flags: c_int, to: *const c_void, to_len: c_uint
    ) of from, len;
    getrandom, c"getrandom"(to: *mut c_void, len: size_t, flags: c_uint) of to, len;
    getxattr, c"getxattr"(path: *const c_void, name: *const c_void, to: *mut c_void, len: size_t) of to, len;
    fgetxattr, c"fgetxattr"(fd: c_int, name: *const c_void, to: *mut c_void, len: size_t) of to, len;
    msgrcv, c"msgrcv"(id: c_int, to: *mut c_void, len: size_t, kind: isize, flags: c_int)
        of to, len.saturating_add(size_of::<isize>());
    mq_receive, c"mq_receive"(queue: c_int, to: *mut c_void, len: size_t, priority: *mut c_void) of to, len;
    mq_timedreceive, c"mq_timedreceive"(
        queue: c_int, to: *mut c_void, len: size_t, priority: *mut c_void, limit: *const c_void
    ) of to, len;
    getdents64, c"getdents64"(fd: c_int, to: *mut c_void, len: size_t) of to, len;
    getdirentries, c"getdirentries"(fd: c_int, to: *mut c_void, len: size_t, at: *mut c_void) of to, len;
    getdirentries64, c"getdirentries64"(fd: c_int, to: *mut c_void, len: size_t, at: *mut c_void) of to, len;
}

/// Defines reads of files into an array of iovec.
macro_rules! vector {
    ($($name:ident, $c_name:literal ($($arg:ident: $ty:ty),*), $at:expr;)*) => {
        hook! {$(
            fn $name(fd: c_int, vector: *const c_void, count: c_int $(, $arg: $ty)*) -> ssize_t {
                let parts = count.max(0) as usize;
                if let Some(answer) = procfs::read_vector(fd, vector as usize, parts, $at) {
                    return errno::word(answer);
                }
                let next = next!($c_name, fn(c_int, *const c_void, c_int $(, $ty)*) -> ssize_t);
                let Some(next) = next else { return missing() };
                transfer::prepare_vector(vector as usize, parts);
                let answer = next(fd, vector, count $(, $arg)*);
                transfer::seen();
                answer
            }
        )*}
    };
}

/// -1 is preadv2's for the position of the file.
fn place(at: off_t) -> Option<i64> {
    (at != -1).then_some(at)
}

vector! {
    readv, c"readv"(), None;
    preadv, c"preadv"(at: off_t), Some(at);
    preadv64, c"preadv64"(at: off64_t), Some(at);
    preadv2, c"preadv2"(at: off_t, flags: c_int), place(at);
    preadv64v2, c"preadv64v2"(at: off64_t, flags: c_int), place(at);
}

hook! {
    fn vmsplice(fd: c_int, vector: *const c_void, count: size_t, flags: c_uint) -> ssize_t {
        let next = next!(c"vmsplice", fn(c_int, *const c_void, size_t, c_uint) -> ssize_t);
        let Some(next) = next else { return missing() };
        transfer::prepare_vector(vector as usize, count);
        next(fd, vector, count, flags)
    }

    fn sendmsg(fd: c_int, message: *const c_void, flags: c_int) -> ssize_t {
        let next = next!(c"sendmsg", fn(c_int, *const c_void, c_int) -> ssize_t);
        let Some(next) = next else { return missing() };
        transfer::prepare_message(message as usize);
        next(fd, message, flags)
    }

    fn recvmsg(fd: c_int, message: *mut c_void, flags: c_int) -> ssize_t {
        let next = next!(c"recvmsg", fn(c_int, *mut c_void, c_int) -> ssize_t);
        let Some(next) = next else { return missing() };
        transfer::prepare_message(message as usize);
        let answer = next(fd, message, flags);
        transfer::seen();
        answer
    }

    fn sendmmsg(fd: c_int, messages: *mut c_void, count: c_uint, flags: c_int) -> c_int {
        let next = next!(c"sendmmsg", fn(c_int, *mut c_void, c_uint, c_int) -> c_int);
        let Some(next) = next else { return missing() as c_int };
        transfer::prepare_messages(messages as usize, count as usize);
        next(fd, messages, count, flags)
    }

    fn recvmmsg(
        fd: c_int, messages: *mut c_void, count: c_uint, flags: c_int, limit: *mut c_void,
    ) -> c_int {
        let next =
            next!(c"recvmmsg", fn(c_int, *mut c_void, c_uint, c_int, *mut c_void) -> c_int);
        let Some(next) = next else { return missing() as c_int };
        transfer::prepare_messages(messages as usize, count as usize);
        let answer = next(fd, messages, count, flags, limit);
        transfer::seen();
        answer
    }
}

/// Defines calls with up to six arguments, what these point to being looked at
/// before, that are done once whatever they answer.
///
/// Arguments are handed on as whole registers, which is what C does with integers
/// and pointers on both architectures.
macro_rules! once {
    ($($name:ident, $c_name:literal;)*) => {
        hook! {$(
            fn $name(a: usize, b: usize, c: usize, d: usize, e: usize, f: usize) -> isize {
                let next = next!($c_name, fn(usize, usize, usize, usize, usize, usize) -> isize);
                let Some(next) = next else { return missing() };
                transfer::prepare_args(&[a, b, c, d, e, f]);
                let answer = next(a, b, c, d, e, f);
                transfer::seen();
                answer
            }
        )*}
    };
}

/// Defines calls that have done nothing when they answer EFAULT: as [`once`], and done
/// again when a pointer that they found by themselves points to a tail.
macro_rules! again {
    ($($name:ident, $c_name:literal;)*) => {
        hook! {$(
            fn $name(a: usize, b: usize, c: usize, d: usize, e: usize, f: usize) -> isize {
                let next = next!($c_name, fn(usize, usize, usize, usize, usize, usize) -> isize);
                let Some(next) = next else { return missing() };
                let args = [a, b, c, d, e, f];
                transfer::prepare_args(&args);
                let before = transfer::errno_before();
                let answer = next(a, b, c, d, e, f);
                if answer as i32 != -1 && !eof::alive() {
                    return answer;
                }
                transfer::after(answer, before, &args, |[a, b, c, d, e, f]| {
                    next(*a, *b, *c, *d, *e, *f)
                })
            }
        )*}
    };
}

// Paths.
once! {
    access, c"access";
    euidaccess, c"euidaccess";
    eaccess, c"eaccess";
    faccessat, c"faccessat";
    chdir, c"chdir";
    chroot, c"chroot";
    chmod, c"chmod";
    lchmod, c"lchmod";
    fchmodat, c"fchmodat";
    chown, c"chown";
    lchown, c"lchown";
    fchownat, c"fchownat";
    link, c"link";
    linkat, c"linkat";
    symlink, c"symlink";
    symlinkat, c"symlinkat";
    mkdir, c"mkdir";
    mkdirat, c"mkdirat";
    mknodat, c"mknodat";
    rmdir, c"rmdir";
    unlink, c"unlink";
    unlinkat, c"unlinkat";
    remove, c"remove";
    rename, c"rename";
    renameat, c"renameat";
    renameat2, c"renameat2";
    utime, c"utime";
    utimes, c"utimes";
    lutimes, c"lutimes";
    futimes, c"futimes";
    futimesat, c"futimesat";
    utimensat, c"utimensat";
    futimens, c"futimens";
    opendir, c"opendir";
    shm_open, c"shm_open";
    mq_open, c"mq_open";
    listxattr, c"listxattr";
    llistxattr, c"llistxattr";
    flistxattr, c"flistxattr";
    lgetxattr, c"lgetxattr";
    setxattr, c"setxattr";
    lsetxattr, c"lsetxattr";
    fsetxattr, c"fsetxattr";
    removexattr, c"removexattr";
    lremovexattr, c"lremovexattr";
    fremovexattr, c"fremovexattr";
    mount, c"mount";
    umount, c"umount";
    umount2, c"umount2";
    pivot_root, c"pivot_root";
    swapon, c"swapon";
    swapoff, c"swapoff";
    acct, c"acct";
    quotactl, c"quotactl";
    mq_unlink, c"mq_unlink";
    fanotify_mark, c"fanotify_mark";
    name_to_handle_at, c"name_to_handle_at";
    open_by_handle_at, c"open_by_handle_at";
    memfd_create, c"memfd_create";
    ftok, c"ftok";
    setmntent, c"setmntent";
    __setmntent, c"__setmntent";
    scandir, c"scandir";
    scandir64, c"scandir64";
    scandirat, c"scandirat";
    scandirat64, c"scandirat64";
    mkdtemp, c"mkdtemp";
    mkstemp, c"mkstemp";
    mkstemp64, c"mkstemp64";
    mkostemp, c"mkostemp";
    mkostemp64, c"mkostemp64";
    mkstemps, c"mkstemps";
    mkstemps64, c"mkstemps64";
    mkostemps, c"mkostemps";
    mkostemps64, c"mkostemps64";
}

hook! {
    fn getcwd(to: *mut c_char, len: size_t) -> *mut c_char = libc::getcwd {
        let Some(next) = next!(c"getcwd", fn(*mut c_char, size_t) -> *mut c_char) else {
            missing();
            return core::ptr::null_mut();
        };
        transfer::prepare(to as usize, len);
        next(to, len)
    }

    fn __getcwd_chk(to: *mut c_char, len: size_t, size: size_t) -> *mut c_char {
        let Some(next) = next!(c"__getcwd_chk", fn(*mut c_char, size_t, size_t) -> *mut c_char) else {
            missing();
            return core::ptr::null_mut();
        };
        transfer::prepare(to as usize, len);
        next(to, len, size)
    }

    fn __getwd_chk(to: *mut c_char, size: size_t) -> *mut c_char {
        let Some(next) = next!(c"__getwd_chk", fn(*mut c_char, size_t) -> *mut c_char) else {
            missing();
            return core::ptr::null_mut();
        };
        transfer::prepare(to as usize, size);
        next(to, size)
    }

    /// The vdso stores into the program's memory by itself, but for the clocks that it
    /// leaves to the kernel.
    fn clock_gettime(clock: clockid_t, to: *mut timespec) -> c_int = libc::clock_gettime {
        transfer::prepare(to as usize, size_of::<timespec>());
        match next!(c"clock_gettime", fn(clockid_t, *mut timespec) -> c_int) {
            Some(next) => next(clock, to),
            None => missing() as c_int,
        }
    }

    fn process_vm_readv(
        pid: c_int, to: *const c_void, to_count: size_t, from: *const c_void, from_count: size_t,
        flags: size_t,
    ) -> ssize_t {
        let next = next!(
            c"process_vm_readv",
            fn(c_int, *const c_void, size_t, *const c_void, size_t, size_t) -> ssize_t
        );
        let Some(next) = next else { return missing() };
        let (local, remote) = ((to as usize, to_count), (from as usize, from_count));
        transfer::prepare_processes(pid as usize, local, remote);
        next(pid, to, to_count, from, from_count, flags)
    }

    fn process_vm_writev(
        pid: c_int, from: *const c_void, from_count: size_t, to: *const c_void, to_count: size_t,
        flags: size_t,
    ) -> ssize_t {
        let next = next!(
            c"process_vm_writev",
            fn(c_int, *const c_void, size_t, *const c_void, size_t, size_t) -> ssize_t
        );
        let Some(next) = next else { return missing() };
        let (local, remote) = ((from as usize, from_count), (to as usize, to_count));
        transfer::prepare_processes(pid as usize, local, remote);
        next(pid, from, from_count, to, to_count, flags)
    }
}

/// It ends the process when the kernel cannot reach the memory.
#[no_mangle]
extern "C" fn arc4random_buf(to: *mut c_void, len: size_t) {
    transfer::prepare(to as usize, len);
    match next!(c"arc4random_buf", fn(*mut c_void, size_t) -> ()) {
        Some(next) => next(to, len),
        None => random(to as usize, len),
    }
}

/// The same where the C library has no function of the name.
#[cold]
fn random(to: usize, len: usize) {
    let mut done = 0;
    while done < len {
        let args = [to + done, len - done, 0, 0, 0, 0];
        // SAFETY: memory that the program wants to have filled.
        match unsafe { sys::call(libc::SYS_getrandom, args) } {
            Ok(more) => done += more,
            Err(Errno(libc::EINTR)) => {}
            Err(_) => sys::exit(libc::EXIT_FAILURE),
        }
    }
}

// Structures and buffers.
once! {
    clock_getres, c"clock_getres";
    clock_settime, c"clock_settime";
    clock_nanosleep, c"clock_nanosleep";
    nanosleep, c"nanosleep";
    getitimer, c"getitimer";
    setitimer, c"setitimer";
    getrlimit, c"getrlimit";
    getrlimit64, c"getrlimit64";
    setrlimit, c"setrlimit";
    setrlimit64, c"setrlimit64";
    prlimit, c"prlimit";
    prlimit64, c"prlimit64";
    times, c"times";
    uname, c"uname";
    getgroups, c"getgroups";
    setgroups, c"setgroups";
    getresuid, c"getresuid";
    getresgid, c"getresgid";
    sigpending, c"sigpending";
    signalfd, c"signalfd";
    getsockname, c"getsockname";
    getpeername, c"getpeername";
    getsockopt, c"getsockopt";
    bind, c"bind";
    socketpair, c"socketpair";
    sched_getaffinity, c"sched_getaffinity";
    sched_setaffinity, c"sched_setaffinity";
    sched_getparam, c"sched_getparam";
    sched_setparam, c"sched_setparam";
    sched_setscheduler, c"sched_setscheduler";
    sched_rr_get_interval, c"sched_rr_get_interval";
    timer_gettime, c"timer_gettime";
    timer_settime, c"timer_settime";
    timerfd_settime, c"timerfd_settime";
    timerfd_gettime, c"timerfd_gettime";
    epoll_ctl, c"epoll_ctl";
    inotify_add_watch, c"inotify_add_watch";
    mq_send, c"mq_send";
    mq_timedsend, c"mq_timedsend";
    mq_notify, c"mq_notify";
    mq_getattr, c"mq_getattr";
    mq_setattr, c"mq_setattr";
    msgctl, c"msgctl";
    sethostname, c"sethostname";
    setdomainname, c"setdomainname";
    capget, c"capget";
    capset, c"capset";
    adjtimex, c"adjtimex";
    __adjtimex, c"__adjtimex";
    ntp_adjtime, c"ntp_adjtime";
    clock_adjtime, c"clock_adjtime";
    thrd_sleep, c"thrd_sleep";
    eventfd_read, c"eventfd_read";
    semctl, c"semctl";
    getentropy, c"getentropy";
    __getgroups_chk, c"__getgroups_chk";
    pthread_getaffinity_np, c"pthread_getaffinity_np";
    pthread_setaffinity_np, c"pthread_setaffinity_np";
    pthread_getname_np, c"pthread_getname_np";
    pthread_setname_np, c"pthread_setname_np";
    ttyname_r, c"ttyname_r";
    __ttyname_r_chk, c"__ttyname_r_chk";
    openpty, c"openpty";
    ptrace, c"ptrace";
}
again! {
    msgsnd, c"msgsnd";
    semop, c"semop";
    semtimedop, c"semtimedop";
}

// Waiting for another process, or for what it has written.
once! {
    wait, c"wait";
    waitpid, c"waitpid";
    wait3, c"wait3";
    wait4, c"wait4";
    waitid, c"waitid";
    epoll_wait, c"epoll_wait";
    accept, c"accept";
    accept4, c"accept4";
    connect, c"connect";
    flock, c"flock";
    lockf, c"lockf";
    lockf64, c"lockf64";
    sem_wait, c"sem_wait";
    sem_timedwait, c"sem_timedwait";
    sem_clockwait, c"sem_clockwait";
}
again! {
    poll, c"poll";
    __poll_chk, c"__poll_chk";
    __ppoll_chk, c"__ppoll_chk";
    select, c"select";
}
