//! syscall(2): the system calls that are emulated, reached by number.
//!
//! The entry point is in `arch`; it comes here only for numbers that
//! [`EMULATED`] names.

use super::files::{self, open_raw, SYS_OPENAT2};
use super::{errno, exec, growth, stat};
use crate::other::{
    self, SYS_HOME_NODE, SYS_IO_URING_REGISTER, SYS_IO_URING_SETUP, SYS_PROCESS_MADVISE,
};
use crate::ranges::{self, Remap, SYS_MSEAL};
use crate::structures::{self, SYS_LANDLOCK_CREATE_RULESET, SYS_MOUNT_SETATTR};
use crate::{
    brk, cachestat, calls, eof, filter, fork, ioctl, pipes, procfs, queries, shm, signals, sys,
    userfaults,
};
use core::ffi::{c_char, c_long};
use pagesim_core::errno::Errno;

#[cfg(target_arch = "x86_64")]
const CWD: i32 = libc::AT_FDCWD;

/// Numbers from here on are never emulated.
pub(crate) const LIMIT: usize = 512;

/// [`ALWAYS`] for each system call that is emulated, [`FORKS`] for those that are
/// when they fork.
pub(crate) static EMULATED: [u8; LIMIT] = table();

const ALWAYS: u8 = 1;
/// [`copies_memory`] has to be asked: what shares its parent's memory returns twice on
/// one stack, or on another, and goes to the kernel from a leaf.
pub(crate) const FORKS: u8 = 2;

const NUMBERS: &[c_long] = &[
    libc::SYS_mmap,
    libc::SYS_munmap,
    libc::SYS_mprotect,
    libc::SYS_msync,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_mremap,
    libc::SYS_madvise,
    libc::SYS_mincore,
    libc::SYS_mlock,
    libc::SYS_mlock2,
    libc::SYS_munlock,
    libc::SYS_mlockall,
    libc::SYS_remap_file_pages,
    libc::SYS_pkey_mprotect,
    libc::SYS_mbind,
    libc::SYS_move_pages,
    libc::SYS_ioctl,
    libc::SYS_setsockopt,
    SYS_IO_URING_SETUP,
    SYS_IO_URING_REGISTER,
    libc::SYS_prctl,
    libc::SYS_seccomp,
    SYS_MSEAL,
    SYS_PROCESS_MADVISE,
    SYS_HOME_NODE,
    // what is said to be longer than a page
    SYS_MOUNT_SETATTR,
    SYS_LANDLOCK_CREATE_RULESET,
    libc::SYS_bpf,
    libc::SYS_sched_getattr,
    libc::SYS_sched_setattr,
    libc::SYS_perf_event_open,
    libc::SYS_set_mempolicy,
    libc::SYS_get_mempolicy,
    libc::SYS_migrate_pages,
    cachestat::NUMBER,
    libc::SYS_execve,
    libc::SYS_execveat,
    libc::SYS_brk,
    libc::SYS_sysinfo,
    libc::SYS_getrusage,
    libc::SYS_shmget,
    libc::SYS_shmat,
    libc::SYS_shmdt,
    libc::SYS_shmctl,
    libc::SYS_fcntl,
    libc::SYS_openat,
    SYS_OPENAT2,
    libc::SYS_readlinkat,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_readlink,
    libc::SYS_lseek,
    libc::SYS_fstat,
    libc::SYS_newfstatat,
    libc::SYS_statx,
    libc::SYS_statfs,
    libc::SYS_fstatfs,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_open,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_stat,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_lstat,
    libc::SYS_pipe2,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_pipe,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_fork,
    // what changes files and what loses data when it cannot reach memory
    libc::SYS_write,
    libc::SYS_pwrite64,
    libc::SYS_writev,
    libc::SYS_pwritev,
    libc::SYS_pwritev2,
    libc::SYS_ftruncate,
    libc::SYS_truncate,
    libc::SYS_fallocate,
    libc::SYS_sendfile,
    libc::SYS_splice,
    libc::SYS_copy_file_range,
    libc::SYS_fsync,
    libc::SYS_fdatasync,
    libc::SYS_sync_file_range,
    libc::SYS_fadvise64,
    libc::SYS_syncfs,
    libc::SYS_sync,
    libc::SYS_read,
    libc::SYS_pread64,
    libc::SYS_readv,
    libc::SYS_preadv,
    libc::SYS_preadv2,
    libc::SYS_recvfrom,
    libc::SYS_recvmsg,
    libc::SYS_sendto,
    libc::SYS_sendmsg,
    libc::SYS_recvmmsg,
    libc::SYS_sendmmsg,
    libc::SYS_vmsplice,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_msgrcv,
    libc::SYS_mq_timedreceive,
    libc::SYS_getdents64,
    // what has had its effect when it answers EFAULT
    libc::SYS_wait4,
    libc::SYS_waitid,
    libc::SYS_accept,
    libc::SYS_accept4,
    libc::SYS_getsockopt,
    libc::SYS_setitimer,
    libc::SYS_timer_settime,
    libc::SYS_timerfd_settime,
    libc::SYS_nanosleep,
    libc::SYS_clock_nanosleep,
    libc::SYS_sigaltstack,
    libc::SYS_rt_sigtimedwait,
];

const fn table() -> [u8; LIMIT] {
    let mut table = [0; LIMIT];
    mark(&mut table, NUMBERS, ALWAYS);
    mark(&mut table, &[libc::SYS_clone, libc::SYS_clone3], FORKS);
    table
}

const fn mark(table: &mut [u8; LIMIT], numbers: &[c_long], how: u8) {
    let mut i = 0;
    while i < numbers.len() {
        // evaluated by the compiler, which reports an index out of bounds
        #[allow(clippy::indexing_slicing)]
        {
            table[numbers[i] as usize] = how;
        }
        i += 1;
    }
}

/// Whether clone(2), or clone3(2), makes a process with a copy of this one's memory
/// that goes on in this very frame.
pub(crate) extern "C" fn copies_memory(number: c_long, a: usize, b: usize) -> bool {
    let (flags, stack) = if number == libc::SYS_clone3 {
        // struct clone_args: flags first, the stack sixth
        const STACK: usize = 5 * size_of::<u64>();
        let known = a % size_of::<u64>() == 0 && b >= STACK + size_of::<u64>();
        if !known || !eof::readable(a) || !eof::readable(a + STACK) {
            return false;
        }
        // SAFETY: aligned words that can be read.
        unsafe { ((a as *const usize).read(), ((a + STACK) as *const usize).read()) }
    } else {
        (a, b)
    };
    flags & libc::CLONE_VM as usize == 0 && stack == 0
}

/// syscall(2) itself. Only what Rust defines is exported, and what it does has to
/// be done without a frame: see `arch`.
#[no_mangle]
extern "C" fn syscall() {
    crate::arch::tail_to_syscall!();
}

/// A call in a frame of its own: together in one, they would need more stack than
/// a small signal stack has.
#[inline(never)]
fn apart(call: impl FnOnce() -> Result<usize, Errno>) -> Result<usize, Errno> {
    call()
}

/// The program's call, with its arguments as C passes them.
pub(crate) extern "C" fn emulated_syscall(
    number: c_long,
    a: usize,
    b: usize,
    c: usize,
    d: usize,
    e: usize,
    f: usize,
) -> isize {
    let (c, d) = match number {
        libc::SYS_read | libc::SYS_write | libc::SYS_pread64 | libc::SYS_pwrite64 => {
            (other::at_most(c), d)
        }
        libc::SYS_sendfile => (c, other::at_most(d)),
        _ => (c, d),
    };
    let (c32, d32, e32) = (c as i32, d as i32, e as i32);
    if number == libc::SYS_write {
        crate::record::message(a, b, c);
    }
    errno::word(match number {
        libc::SYS_mmap => apart(|| calls::mmap(a, b, c32, d32, e32, f as u64)),
        libc::SYS_munmap => apart(|| calls::munmap(a, b).map(|()| 0)),
        libc::SYS_mprotect => apart(|| calls::mprotect(a, b, c32).map(|()| 0)),
        libc::SYS_msync => apart(|| calls::msync(a, b, c32).map(|()| 0)),
        libc::SYS_rt_sigaction => apart(|| sigaction(a, [a, b, c, d, e, f])),
        libc::SYS_rt_sigprocmask => apart(|| eof::mask::system_call([a, b, c, d, e, f])),
        libc::SYS_mremap => {
            let remap = Remap { addr: a, old_len: b, new_len: c, flags: d32, new_addr: e };
            apart(|| ranges::mremap(&remap))
        }
        libc::SYS_madvise => apart(|| ranges::madvise(a, b, c32).map(|()| 0)),
        libc::SYS_mincore => apart(|| ranges::mincore(a, b, c).map(|()| 0)),
        libc::SYS_mlock => apart(|| ranges::mlock(a, b, None).map(|()| 0)),
        libc::SYS_mlock2 => apart(|| ranges::mlock(a, b, Some(c as u32)).map(|()| 0)),
        libc::SYS_munlock => apart(|| ranges::munlock(a, b).map(|()| 0)),
        libc::SYS_mlockall => apart(|| {
            eof::locking();
            eof::transfer::system_call(number, [a, b, c, d, e, f])
        }),
        libc::SYS_remap_file_pages => apart(|| ranges::remap_file_pages(a, b, c, d, e).map(|()| 0)),
        libc::SYS_pkey_mprotect => apart(|| ranges::pkey_mprotect(a, b, c32, d32).map(|()| 0)),
        libc::SYS_mbind => apart(|| ranges::mbind(a, b, [c, d, e, f]).map(|()| 0)),
        SYS_MSEAL => apart(|| ranges::mseal(a, b, c).map(|()| 0)),
        libc::SYS_move_pages => apart(|| other::move_pages([a, b, c, d, e, f])),
        SYS_PROCESS_MADVISE => apart(|| other::process_madvise([a, b, c, d, e, f])),
        SYS_HOME_NODE => apart(|| other::home_node([a, b, c, d, e, f])),
        cachestat::NUMBER => apart(|| cachestat::cachestat([a, b, c, d, e, f])),
        libc::SYS_ioctl if userfaults::refuses(a as i32, b, c) => Err(Errno::EINVAL),
        SYS_MOUNT_SETATTR
        | SYS_LANDLOCK_CREATE_RULESET
        | libc::SYS_bpf
        | libc::SYS_sched_getattr
        | libc::SYS_sched_setattr
        | libc::SYS_perf_event_open
        | libc::SYS_set_mempolicy
        | libc::SYS_get_mempolicy
        | libc::SYS_migrate_pages => apart(|| structures::call(number, [a, b, c, d, e, f])),
        // SAFETY: the program's own request.
        libc::SYS_ioctl if userfaults::is_request(b) => unsafe {
            sys::call(number, [a, b, c, d, e, f])
        },
        libc::SYS_ioctl => apart(|| {
            ioctl::counted(a as i32, b, c)
                .unwrap_or_else(|| eof::transfer::system_call(number, [a, b, c, d, e, f]))
        }),
        libc::SYS_prctl => apart(|| {
            let coming = filter::by_prctl(a as i32, b, c);
            let answer = filter::install(number, [a, b, c, d, e, f], &coming)?;
            queries::vector_told(a as i32, b, c, answer);
            Ok(answer)
        }),
        libc::SYS_seccomp => {
            apart(|| filter::install(number, [a, b, c, d, e, f], &filter::by_seccomp(a, c)))
        }
        libc::SYS_setsockopt if other::refuses_option(a as i32, b as i32, c32, d, e) => {
            Err(Errno::EINVAL)
        }
        SYS_IO_URING_SETUP if other::refuses_rings(b) => Err(Errno::EINVAL),
        SYS_IO_URING_REGISTER if other::refuses_buffers(b, c) => Err(Errno::EINVAL),
        libc::SYS_execve | libc::SYS_execveat => {
            apart(|| exec::by_number(number, [a, b, c, d, e, f]))
        }
        libc::SYS_clone => forked(number, [a, b, c, d, e, f]),
        libc::SYS_clone3 => apart(|| {
            let len = structures::shortened(a, b)?;
            forked(number, [a, len, c, d, e, f])
        }),
        #[cfg(target_arch = "x86_64")]
        libc::SYS_fork => forked(number, [a, b, c, d, e, f]),
        libc::SYS_brk => apart(|| Ok(brk::system_call(a))),
        libc::SYS_sysinfo => apart(|| queries::sysinfo(a as *mut libc::sysinfo).map(|()| 0)),
        libc::SYS_getrusage => {
            apart(|| queries::usage(a as i32, b as *mut libc::rusage).map(|()| 0))
        }
        libc::SYS_pipe2 => apart(|| pipes::pipe2(a as *mut i32, b as i32).map(|()| 0)),
        #[cfg(target_arch = "x86_64")]
        libc::SYS_pipe => apart(|| pipes::pipe2(a as *mut i32, 0).map(|()| 0)),
        libc::SYS_openat => {
            apart(|| open_raw(a as i32, b as *const c_char, c32, d as libc::mode_t))
        }
        #[cfg(target_arch = "x86_64")]
        libc::SYS_open => apart(|| open_raw(CWD, a as *const c_char, b as i32, c as libc::mode_t)),
        SYS_OPENAT2 => apart(|| files::open_how([a, b, c, d, e, f])),
        libc::SYS_readlinkat => {
            apart(|| files::link_at(a as i32, b as *const c_char, c as *mut c_char, d))
        }
        #[cfg(target_arch = "x86_64")]
        libc::SYS_readlink => {
            apart(|| files::link_at(CWD, a as *const c_char, b as *mut c_char, c))
        }
        libc::SYS_fallocate => apart(|| growth::allocate([a, b, c, d, e, f])),
        libc::SYS_lseek => apart(|| stat::seek(a as i32, b as i64, c32)),
        libc::SYS_fstat => apart(|| stat::by_fd(a as i32, b as *mut libc::stat)),
        libc::SYS_newfstatat => {
            apart(|| stat::at(a as i32, b as *const c_char, c as *mut libc::stat, d32))
        }
        #[cfg(target_arch = "x86_64")]
        libc::SYS_stat => apart(|| stat::at(CWD, a as *const c_char, b as *mut libc::stat, 0)),
        #[cfg(target_arch = "x86_64")]
        libc::SYS_lstat => {
            let flags = libc::AT_SYMLINK_NOFOLLOW;
            apart(|| stat::at(CWD, a as *const c_char, b as *mut libc::stat, flags))
        }
        libc::SYS_statx => apart(|| stat::extended([a, b, c, d, e, f])),
        libc::SYS_statfs | libc::SYS_fstatfs => apart(|| stat::totals(number, [a, b, c, d, e, f])),
        libc::SYS_shmget => apart(|| shm::get(a as i32, b, c32).map(|id| id as usize)),
        libc::SYS_shmat => apart(|| shm::attach(a as i32, b, c32)),
        libc::SYS_shmdt => apart(|| shm::detach(a).map(|()| 0)),
        libc::SYS_shmctl => apart(|| shm::control(a as i32, b as i32, c)),
        libc::SYS_read | libc::SYS_pread64 if procfs::any() => {
            let at = (number == libc::SYS_pread64).then_some(d as i64);
            apart(|| {
                if let Some(answer) = procfs::read(a as i32, b as *mut u8, c, at) {
                    return answer;
                }
                let got = eof::transfer::system_call(number, [a, b, c, d, e, f])?;
                userfaults::told(a as i32, b, got as isize);
                Ok(got)
            })
        }
        libc::SYS_readv | libc::SYS_preadv | libc::SYS_preadv2 if procfs::any() => {
            let at = match number {
                libc::SYS_readv => None,
                libc::SYS_preadv => Some(d as i64),
                _ => (d != usize::MAX).then_some(d as i64),
            };
            apart(|| {
                procfs::read_vector(a as i32, b, c, at)
                    .unwrap_or_else(|| eof::transfer::system_call(number, [a, b, c, d, e, f]))
            })
        }
        libc::SYS_read if userfaults::any() => apart(|| {
            let got = eof::transfer::system_call(number, [a, b, c, d, e, f])?;
            userfaults::told(a as i32, b, got as isize);
            Ok(got)
        }),
        libc::SYS_fcntl if b as i32 == libc::F_SETPIPE_SZ => apart(|| pipes::set_size(a as i32, c)),
        libc::SYS_fcntl if b as i32 == libc::F_GETPIPE_SZ => apart(|| pipes::size(a as i32)),
        _ => apart(|| eof::transfer::system_call(number, [a, b, c, d, e, f])),
    })
}

/// A system call that forks, in a frame of which the child has a copy.
fn forked(number: c_long, args: [usize; 6]) -> Result<usize, Errno> {
    apart(|| {
        let mut done = Err(Errno::EAGAIN);
        fork::around(|| {
            // SAFETY: the program's own request.
            done = unsafe { sys::call(number, args) };
            done.map_or(-1, |pid| pid as isize)
        });
        done
    })
}

/// A call that the kernel answered with EFAULT.
pub(crate) extern "C" fn refused_syscall(
    number: c_long,
    a: usize,
    b: usize,
    c: usize,
    d: usize,
    e: usize,
    f: usize,
) -> isize {
    errno::word(eof::transfer::refused_system_call(number, [a, b, c, d, e, f]))
}

/// Whether the kernel can read an action: without a signal it does nothing else.
fn readable_action(new: usize) -> bool {
    let args = [0, new, 0, size_of::<sys::SignalSet>(), 0, 0];
    // SAFETY: changes nothing, whatever the address.
    let answer = unsafe { sys::call(libc::SYS_rt_sigaction, args) };
    answer != Err(Errno::EFAULT)
}

/// rt_sigaction(2), by the kernel's own structure.
fn sigaction(signal: usize, args: [usize; 6]) -> Result<usize, Errno> {
    let [_, new, old, size, ..] = args;
    eof::transfer::prepare_args(&args);
    if size != size_of::<sys::SignalSet>() {
        // SAFETY: the program's own request, which the kernel refuses.
        return unsafe { sys::call(libc::SYS_rt_sigaction, args) };
    }
    if new != 0 && !readable_action(new) {
        return Err(Errno::EFAULT);
    }
    // SAFETY: the kernel could read it a moment ago.
    let action = (new != 0).then(|| unsafe { (new as *const eof::KernelAction).read_unaligned() });
    if let Some(front) = eof::front(signal as i32) {
        let before = front.program_action();
        if let Some(new) = &action {
            front.set_action(new);
        }
        return if old == 0 { Ok(0) } else { other::put(old, &before).map(|()| 0) };
    }
    // a handler must not block SIGBUS in earnest
    let told =
        action.map(|action| eof::KernelAction { mask: eof::mask::told(action.mask), ..action });
    let new = told.as_ref().map_or(0, |told| core::ptr::from_ref(told) as usize);
    let args = [signal, new, old, size, 0, 0];
    // SAFETY: the program's request, its action in this frame.
    let answer = unsafe { sys::call(libc::SYS_rt_sigaction, args) }?;
    if let Some(action) = told {
        if action.handler != libc::SIG_DFL && action.handler != libc::SIG_IGN {
            signals::handled(signal as i32);
        }
    }
    if let Some(old) = core::ptr::NonNull::new(old as *mut eof::KernelAction) {
        // SAFETY: the kernel has just written there.
        unsafe {
            let seen = old.read_unaligned();
            let mask = eof::mask::reported(seen.mask);
            old.write_unaligned(eof::KernelAction { mask, ..seen });
        }
    }
    Ok(answer)
}
