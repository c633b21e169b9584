//! Fork and exec, with one pipe for each thing that can go wrong: `failure`
//! carries the errno of execve(2), `life` the library's sign of life.

use std::ffi::{CStr, CString, OsStr};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;

use nix::errno::Errno;
use nix::fcntl::{fcntl, FcntlArg, FdFlag, OFlag};
use nix::unistd::{execve, fork, getpid, ForkResult, Pid};

use super::signals::Inherited;
use super::{c_string, target, Plan, Refusal};

/// A program that is being started.
#[derive(Debug)]
pub(super) struct Child {
    /// Its process.
    pub(super) pid: Pid,
    /// Errno of a failed start; end of file once the program runs.
    pub(super) failure: OwnedFd,
    /// One byte from the library's constructor.
    pub(super) life: OwnedFd,
}

/// Arguments of execve(2), complete but for the child's pid.
struct Image {
    program: CString,
    argv: Vec<CString>,
    shell: CString,
    shell_argv: Vec<CString>,
    environment: Vec<CString>,
}

/// Starts the program.
pub(super) fn start(plan: &Plan, inherited: &Inherited) -> Result<Child, Refusal> {
    let image = image(plan)?;
    let own = |errno: Errno| Refusal::own(format!("cannot start a process: {}", errno.desc()));
    let (failure, report) = pipe().map_err(own)?;
    let (life, live) = pipe().map_err(own)?;
    // SAFETY: the launcher has one thread, so the child may allocate and call
    // anything.
    match unsafe { fork() }.map_err(own)? {
        ForkResult::Parent { child } => Ok(Child { pid: child, failure, life }),
        ForkResult::Child => {
            let errno = become_program(image, inherited, &live);
            // Native byte order: both ends are the same program.
            let _ = nix::unistd::write(&report, &(errno as i32).to_ne_bytes());
            // SAFETY: ends the child without running the parent's exit
            // handlers a second time.
            unsafe { libc::_exit(i32::from(crate::exit::OWN_FAILURE)) }
        }
    }
}

/// Both ends close on exec, do not block, and stay clear of descriptors 0 to
/// 2, which the program may have been given closed.
fn pipe() -> Result<(OwnedFd, OwnedFd), Errno> {
    let (read, write) = nix::unistd::pipe2(OFlag::O_CLOEXEC | OFlag::O_NONBLOCK)?;
    Ok((above_standard(read)?, above_standard(write)?))
}

fn above_standard(fd: OwnedFd) -> Result<OwnedFd, Errno> {
    if fd.as_raw_fd() > libc::STDERR_FILENO {
        return Ok(fd);
    }
    let moved = fcntl(&fd, FcntlArg::F_DUPFD_CLOEXEC(libc::STDERR_FILENO + 1))?;
    // SAFETY: fcntl just made this descriptor; nothing else owns it.
    Ok(unsafe { OwnedFd::from_raw_fd(moved) })
}

fn image(plan: &Plan) -> Result<Image, Refusal> {
    let program = c_string(plan.program.as_os_str())?;
    let argv = plan.argv.iter().map(|a| c_string(a)).collect::<Result<Vec<_>, _>>()?;
    let shell = c_string(OsStr::new(target::SHELL))?;
    let mut shell_argv = vec![shell.clone(), program.clone()];
    shell_argv.extend(argv.iter().skip(1).cloned());
    let environment = plan
        .environment
        .entries()
        .map(|entry| c_string(OsStr::from_bytes(&entry)))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(Image { program, argv, shell, shell_argv, environment })
}

/// Runs in the child. Returns only why the program could not be started.
fn become_program(mut image: Image, inherited: &Inherited, live: &OwnedFd) -> Errno {
    let place = format!("{}={}:{}", pagesim_config::LIVE, live.as_raw_fd(), getpid());
    match CString::new(place) {
        Ok(entry) => image.environment.push(entry),
        Err(_) => return Errno::EINVAL,
    }
    let ready = fcntl(live, FcntlArg::F_SETFD(FdFlag::empty())).and(inherited.restore());
    if let Err(errno) = ready {
        return errno;
    }
    let run = |program: &CStr, argv: &[CString]| match execve(program, argv, &image.environment) {
        Ok(never) => match never {},
        Err(errno) => errno,
    };
    match run(&image.program, &image.argv) {
        // execvp(3): what the kernel does not recognise is a shell script.
        Errno::ENOEXEC => run(&image.shell, &image.shell_argv),
        errno => errno,
    }
}
