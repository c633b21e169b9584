//! pipe(2), fcntl(2) on pipes, popen(3), named pipes.

use super::errno::{status, word};
use super::{hook, next};
use crate::eof::{self, transfer};
use crate::{exec, pipes, shell, sys};
use core::ffi::{c_char, c_int};
use libc::{dev_t, mode_t};
use pagesim_core::errno::Errno;

hook! {
    fn pipe(fds: *mut c_int) -> c_int = libc::pipe {
        status(pipes::pipe2(fds, 0))
    }

    /// glibc exports its own name for it as well.
    fn __pipe(fds: *mut c_int) -> c_int {
        status(pipes::pipe2(fds, 0))
    }

    fn pipe2(fds: *mut c_int, flags: c_int) -> c_int = libc::pipe2 {
        status(pipes::pipe2(fds, flags))
    }

    /// Variadic in C; an argument that is not there is not looked at.
    fn fcntl(fd: c_int, command: c_int, argument: usize) -> c_int {
        let next = next!(c"fcntl", fn(c_int, c_int, usize) -> c_int);
        control(fd, command, argument, next)
    }

    fn fcntl64(fd: c_int, command: c_int, argument: usize) -> c_int {
        let next = next!(c"fcntl64", fn(c_int, c_int, usize) -> c_int);
        control(fd, command, argument, next)
    }

    /// glibc exports its own name for it as well.
    fn __fcntl(fd: c_int, command: c_int, argument: usize) -> c_int {
        let next = next!(c"__fcntl", fn(c_int, c_int, usize) -> c_int);
        control(fd, command, argument, next)
    }

    fn mkfifo(path: *const c_char, mode: mode_t) -> c_int = libc::mkfifo {
        pipes::made_named();
        transfer::prepare_args(&[path as usize]);
        match next!(c"mkfifo", fn(*const c_char, mode_t) -> c_int) {
            Some(next) => next(path, mode),
            None => status(Err(Errno::ENOSYS)),
        }
    }

    fn mkfifoat(dir: c_int, path: *const c_char, mode: mode_t) -> c_int = libc::mkfifoat {
        pipes::made_named();
        transfer::prepare_args(&[path as usize]);
        match next!(c"mkfifoat", fn(c_int, *const c_char, mode_t) -> c_int) {
            Some(next) => next(dir, path, mode),
            None => status(Err(Errno::ENOSYS)),
        }
    }

    fn mknod(path: *const c_char, mode: mode_t, device: dev_t) -> c_int = libc::mknod {
        if mode & libc::S_IFMT == libc::S_IFIFO {
            pipes::made_named();
        }
        transfer::prepare_args(&[path as usize]);
        match next!(c"mknod", fn(*const c_char, mode_t, dev_t) -> c_int) {
            Some(next) => next(path, mode, device),
            None => status(Err(Errno::ENOSYS)),
        }
    }

    fn popen(command: *const c_char, kind: *const c_char) -> *mut libc::FILE = libc::popen {
        transfer::prepare_string(command as usize);
        if let Some(stream) = exec::follows().then(|| shell::popen(command, kind)).flatten() {
            return stream;
        }
        match next!(c"popen", fn(*const c_char, *const c_char) -> *mut libc::FILE) {
            Some(next) => {
                eof::before_spawn();
                with_pipe(next(command, kind))
            }
            None => {
                super::errno::set(Errno::ENOSYS);
                core::ptr::null_mut()
            }
        }
    }
}

hook! {
    fn pclose(stream: *mut libc::FILE) -> c_int = libc::pclose {
        let fclose = next!(c"fclose", fn(*mut libc::FILE) -> c_int);
        let close = |stream| fclose.map_or(0, |fclose| fclose(stream));
        let ended = shell::close(stream, close).unwrap_or_else(|| {
            match next!(c"pclose", fn(*mut libc::FILE) -> c_int) {
                Some(next) => next(stream),
                None => status(Err(Errno::ENOSYS)),
            }
        });
        transfer::seen();
        ended
    }

    fn system(command: *const c_char) -> c_int = libc::system {
        transfer::prepare_string(command as usize);
        // without a command it is only a question
        let ended = if !command.is_null() && exec::follows() {
            shell::system(command)
        } else {
            match next!(c"system", fn(*const c_char) -> c_int) {
                Some(next) => {
                    eof::before_spawn();
                    next(command)
                }
                None => status(Err(Errno::ENOSYS)),
            }
        };
        transfer::seen();
        ended
    }
}

/// fcntl(2): only the size of a pipe concerns the page size.
#[inline]
fn control(
    fd: c_int,
    command: c_int,
    argument: usize,
    next: Option<extern "C" fn(c_int, c_int, usize) -> c_int>,
) -> c_int {
    if command == libc::F_SETPIPE_SZ {
        return word(pipes::set_size(fd, argument)) as c_int;
    }
    if command == libc::F_GETPIPE_SZ {
        return word(pipes::size(fd)) as c_int;
    }
    transfer::prepare_args(&[argument]);
    match next {
        Some(next) => next(fd, command, argument),
        None => {
            let args = [fd as usize, command as usize, argument, 0, 0, 0];
            // SAFETY: the program's own request.
            word(unsafe { sys::call(libc::SYS_fcntl, args) }) as c_int
        }
    }
}

/// The stream of popen(3), whose pipe the C library made by itself.
fn with_pipe(stream: *mut libc::FILE) -> *mut libc::FILE {
    let fileno = next!(c"fileno", fn(*mut libc::FILE) -> c_int).filter(|_| !stream.is_null());
    if let Some(fileno) = fileno {
        pipes::enlarge([fileno(stream), -1]);
    }
    stream
}
