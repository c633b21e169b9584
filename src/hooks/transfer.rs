//! Calls that are handed memory, which may be a tail (see `eof::transfer`), and calls
//! after which a program may know that another process has changed a file.

use super::{errno, hook, next};
use crate::eof::{self, transfer};
use crate::procfs;
use core::ffi::{c_char, c_int, c_uint, c_void};
use libc::{off64_t, off_t, size_t, ssize_t};
use pagesim_core::errno::Errno;

fn missing() -> isize {
    errno::word(Err(Errno::ENOSYS))
}

/// Defines calls that fill or read a buffer given by address and length: both are
/// there before the call, since what a socket or a terminal once gave is gone.
macro_rules! buffer {
    ($($name:ident, $c_name:literal ($($arg:ident: $ty:ty),*) of $buffer:ident, $len:ident;)*) => {
        hook! {$(
            fn $name($($arg: $ty),*) -> ssize_t {
                let Some(next) = next!($c_name, fn($($ty),*) -> ssize_t) else { return missing() };
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
                if let Some(answer) = procfs::read(fd, to.cast(), len, $at) {
                    return errno::word(answer);
                }
                let next = next!($c_name, fn(c_int, *mut c_void, size_t $(, $ty)*) -> ssize_t);
                let Some(next) = next else { return missing() };
                transfer::prepare(to as usize, len);
                let answer = next(fd, to, len $(, $arg)*);
                transfer::seen();
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
    msgrcv, c"msgrcv"(id: c_int, to: *mut c_void, len: size_t, kind: isize, flags: c_int) of to, len;
}

/// Defines calls with an array of iovec.
macro_rules! vector {
    ($($name:ident, $c_name:literal ($($arg:ident: $ty:ty),*);)*) => {
        hook! {$(
            fn $name(fd: c_int, vector: *const c_void, count: c_int $(, $arg: $ty)*) -> ssize_t {
                let next = next!($c_name, fn(c_int, *const c_void, c_int $(, $ty)*) -> ssize_t);
                let Some(next) = next else { return missing() };
                transfer::prepare_vector(vector as usize, count.max(0) as usize);
                let answer = next(fd, vector, count $(, $arg)*);
                transfer::seen();
                answer
            }
        )*}
    };
}

vector! {
    readv, c"readv"();
    preadv, c"preadv"(at: off_t);
    preadv64, c"preadv64"(at: off64_t);
    preadv2, c"preadv2"(at: off_t, flags: c_int);
    preadv64v2, c"preadv64v2"(at: off64_t, flags: c_int);
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

/// Defines calls that have done nothing when they answer EFAULT, with up to six
/// arguments: done again when one of those points to a tail.
///
/// Arguments are handed on as whole registers, which is what C does with integers
/// and pointers on both architectures.
macro_rules! again {
    ($($name:ident, $c_name:literal;)*) => {
        hook! {$(
            fn $name(a: usize, b: usize, c: usize, d: usize, e: usize, f: usize) -> isize {
                let next = next!($c_name, fn(usize, usize, usize, usize, usize, usize) -> isize);
                let Some(next) = next else { return missing() };
                let answer = next(a, b, c, d, e, f);
                if answer as i32 != -1 && !eof::alive() {
                    return answer;
                }
                transfer::after(answer, &[a, b, c, d, e, f], |[a, b, c, d, e, f]| {
                    next(*a, *b, *c, *d, *e, *f)
                })
            }
        )*}
    };
}

// Paths.
again! {
    access, c"access";
    faccessat, c"faccessat";
    chdir, c"chdir";
    chmod, c"chmod";
    fchmodat, c"fchmodat";
    chown, c"chown";
    lchown, c"lchown";
    fchownat, c"fchownat";
    link, c"link";
    linkat, c"linkat";
    symlink, c"symlink";
    symlinkat, c"symlinkat";
    readlink, c"readlink";
    readlinkat, c"readlinkat";
    mkdir, c"mkdir";
    mkdirat, c"mkdirat";
    rmdir, c"rmdir";
    unlink, c"unlink";
    unlinkat, c"unlinkat";
    rename, c"rename";
    renameat, c"renameat";
    renameat2, c"renameat2";
    utimensat, c"utimensat";
    futimens, c"futimens";
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
}

// Structures and buffers that come back.
again! {
    clock_getres, c"clock_getres";
    clock_nanosleep, c"clock_nanosleep";
    nanosleep, c"nanosleep";
    getitimer, c"getitimer";
    setitimer, c"setitimer";
    getrusage, c"getrusage";
    times, c"times";
    uname, c"uname";
    getgroups, c"getgroups";
    setgroups, c"setgroups";
    sigaltstack, c"sigaltstack";
    getsockname, c"getsockname";
    getpeername, c"getpeername";
    getsockopt, c"getsockopt";
    bind, c"bind";
    socketpair, c"socketpair";
    prctl, c"prctl";
    sched_getaffinity, c"sched_getaffinity";
    sched_setaffinity, c"sched_setaffinity";
    sched_getparam, c"sched_getparam";
    sched_setscheduler, c"sched_setscheduler";
    timer_gettime, c"timer_gettime";
    timer_settime, c"timer_settime";
    timerfd_settime, c"timerfd_settime";
    timerfd_gettime, c"timerfd_gettime";
    epoll_ctl, c"epoll_ctl";
    process_vm_readv, c"process_vm_readv";
    process_vm_writev, c"process_vm_writev";
    msgsnd, c"msgsnd";
    semop, c"semop";
    semtimedop, c"semtimedop";
    inotify_add_watch, c"inotify_add_watch";
}

// Waiting for another process, or for what it has written.
again! {
    wait, c"wait";
    waitpid, c"waitpid";
    wait3, c"wait3";
    wait4, c"wait4";
    waitid, c"waitid";
    poll, c"poll";
    __poll_chk, c"__poll_chk";
    ppoll, c"ppoll";
    select, c"select";
    pselect, c"pselect";
    epoll_wait, c"epoll_wait";
    epoll_pwait, c"epoll_pwait";
    accept, c"accept";
    accept4, c"accept4";
    connect, c"connect";
    flock, c"flock";
    lockf, c"lockf";
    lockf64, c"lockf64";
    fsync, c"fsync";
    fdatasync, c"fdatasync";
    sem_wait, c"sem_wait";
    sem_timedwait, c"sem_timedwait";
}
