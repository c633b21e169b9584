//! exec in all its forms and posix_spawn: they hand on an environment.

use super::errno::{status, word};
use super::{hook, next};
use crate::eof::{self, mask, transfer};
use crate::exec::{self, environ, with_environment, Strings};
use crate::sys;
use core::ffi::{c_char, c_int, c_void};
use pagesim_core::errno::Errno;

type Path = *const c_char;

fn missing() -> c_int {
    status(Err(Errno::ENOSYS))
}

/// What the kernel reads is there.
fn ready(path: Path, arguments: Strings, environment: Strings) {
    transfer::prepare_args(&[path as usize]);
    transfer::prepare_strings(arguments as usize);
    transfer::prepare_strings(environment as usize);
}

/// execve(2) by the C library's, which may do more than the call.
fn run(path: Path, arguments: Strings, environment: Strings) -> c_int {
    let Some(next) = next!(c"execve", fn(Path, Strings, Strings) -> c_int) else {
        return missing();
    };
    ready(path, arguments, environment);
    eof::starting(|| {
        with_environment(environment, |environment| next(path, arguments, environment))
    })
}

/// execvpe(3): looks along PATH.
fn search(file: Path, arguments: Strings, environment: Strings) -> c_int {
    let Some(next) = next!(c"execvpe", fn(Path, Strings, Strings) -> c_int) else {
        return missing();
    };
    ready(file, arguments, environment);
    eof::starting(|| {
        with_environment(environment, |environment| next(file, arguments, environment))
    })
}

type Spawn =
    extern "C" fn(*mut c_int, Path, *const c_void, *const c_void, Strings, Strings) -> c_int;

fn spawn(
    next: Option<Spawn>,
    (pid, path): (*mut c_int, Path),
    (actions, attributes): (*const c_void, *const c_void),
    (arguments, environment): (Strings, Strings),
) -> c_int {
    let Some(next) = next else { return libc::ENOSYS };
    ready(path, arguments, environment);
    eof::before_spawn();
    // looked at and stored into while all signals are blocked
    transfer::prepare_args(&[pid as usize, actions as usize, attributes as usize]);
    // the child gets this thread's mask; dispositions are the process's
    let blocked = mask::before_exec();
    let answer = with_environment(environment, |environment| {
        next(pid, path, actions, attributes, arguments, environment)
    });
    mask::exec_failed(blocked);
    transfer::seen();
    answer
}

/// posix_spawn(3), for those that start a shell.
pub(crate) fn spawn_at(
    pid: *mut c_int,
    path: Path,
    actions: *const c_void,
    attributes: *const c_void,
    arguments: Strings,
    environment: Strings,
) -> c_int {
    posix_spawn(pid, path, actions, attributes, arguments, environment)
}

hook! {
    fn execve(path: Path, arguments: Strings, environment: Strings) -> c_int = libc::execve {
        run(path, arguments, environment)
    }

    fn execv(path: Path, arguments: Strings) -> c_int = libc::execv {
        run(path, arguments, environ())
    }

    fn execvp(file: Path, arguments: Strings) -> c_int = libc::execvp {
        search(file, arguments, environ())
    }

    fn execvpe(file: Path, arguments: Strings, environment: Strings) -> c_int = libc::execvpe {
        search(file, arguments, environment)
    }

    fn fexecve(fd: c_int, arguments: Strings, environment: Strings) -> c_int = libc::fexecve {
        let Some(next) = next!(c"fexecve", fn(c_int, Strings, Strings) -> c_int) else {
            return missing();
        };
        ready(core::ptr::null(), arguments, environment);
        eof::starting(|| {
            with_environment(environment, |environment| next(fd, arguments, environment))
        })
    }

    fn execveat(dir: c_int, path: Path, arguments: Strings, environment: Strings, flags: c_int)
        -> c_int {
        let args =
            [dir as usize, path as usize, arguments as usize, environment as usize, flags as usize, 0];
        word(by_number(libc::SYS_execveat, args)) as c_int
    }

    fn posix_spawn(
        pid: *mut c_int,
        path: Path,
        actions: *const c_void,
        attributes: *const c_void,
        arguments: Strings,
        environment: Strings,
    ) -> c_int {
        let next = next!(
            c"posix_spawn",
            fn(*mut c_int, Path, *const c_void, *const c_void, Strings, Strings) -> c_int
        );
        spawn(next, (pid, path), (actions, attributes), (arguments, environment))
    }

    fn posix_spawnp(
        pid: *mut c_int,
        file: Path,
        actions: *const c_void,
        attributes: *const c_void,
        arguments: Strings,
        environment: Strings,
    ) -> c_int {
        let next = next!(
            c"posix_spawnp",
            fn(*mut c_int, Path, *const c_void, *const c_void, Strings, Strings) -> c_int
        );
        spawn(next, (pid, file), (actions, attributes), (arguments, environment))
    }
}

/// execve(2) and execveat(2) by their numbers.
pub(crate) fn by_number(number: libc::c_long, args: [usize; 6]) -> Result<usize, Errno> {
    let [a, b, c, d, e, f] = args;
    if number == libc::SYS_execve {
        ready(a as Path, b as Strings, c as Strings);
        return eof::starting(|| {
            with_environment(c as Strings, |environment| {
                // SAFETY: the program's own request.
                unsafe { sys::call(number, [a, b, environment as usize, d, e, f]) }
            })
        });
    }
    ready(b as Path, c as Strings, d as Strings);
    eof::starting(|| {
        with_environment(d as Strings, |environment| {
            // SAFETY: the program's own request.
            unsafe { sys::call(number, [a, b, c, environment as usize, e, f]) }
        })
    })
}

/// execl(3) and its relatives take their arguments one by one; `arch` makes an
/// array of them and calls these.
#[no_mangle]
extern "C" fn execl() {
    crate::arch::tail_to!("pagesim_execl");
}

#[no_mangle]
extern "C" fn execlp() {
    crate::arch::tail_to!("pagesim_execlp");
}

#[no_mangle]
extern "C" fn execle() {
    crate::arch::tail_to!("pagesim_execle");
}

/// execl(3) with its arguments as an array.
pub(crate) extern "C" fn with_list(path: Path, arguments: Strings) -> c_int {
    run(path, arguments, environ())
}

/// execlp(3).
pub(crate) extern "C" fn with_list_searched(file: Path, arguments: Strings) -> c_int {
    search(file, arguments, environ())
}

/// execle(3): the environment follows the null pointer.
pub(crate) extern "C" fn with_list_and_environment(path: Path, arguments: Strings) -> c_int {
    // SAFETY: a null pointer ends the arguments, the environment is the next one.
    let environment = unsafe { *arguments.add(exec::length(arguments) + 1) };
    run(path, arguments, environment.cast())
}
