//! From the start of the program to its end: checks that the library came to
//! life in it, passes signals on, stops when it stops, and ends as it ends.

use std::fs;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;

use nix::errno::Errno;
use nix::poll::{poll, PollFd, PollFlags, PollTimeout};
use nix::sys::signal::{kill, raise, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::unistd::{read, Pid};

use super::child::{self, Child};
use super::signals::{self, Inherited};
use super::{lookup, preload, shown, Plan, Refusal};
use crate::exit::Exit;

/// How far the program has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// execve(2) has not returned.
    Starting,
    /// The loader is at work.
    Loading,
    /// As before, and the library was seen among its mappings.
    Mapped,
    /// The library said so.
    Live,
}

/// What waitpid(2) tells of the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Change {
    Ended(Exit),
    Stopped(i32),
    Nothing,
}

struct Watch<'a> {
    plan: &'a Plan,
    child: Child,
    signals: SignalFd,
    stage: Stage,
    /// Milliseconds until the mappings are looked at the next time.
    patience: u16,
    /// How it ended; from then on its pid is not ours to signal.
    end: Option<Exit>,
}

/// Starts the program and stays until it has ended.
pub(super) fn supervise(plan: &Plan) -> Result<Exit, Refusal> {
    let own = |errno: Errno| Refusal::own(format!("cannot wait for signals: {}", errno.desc()));
    let inherited = Inherited::take().map_err(own)?;
    let flags = SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC;
    let signals = SignalFd::with_flags(&signals::watched(), flags).map_err(own)?;
    let child = child::start(plan, &inherited)?;
    let mut watch = Watch { plan, child, signals, stage: Stage::Starting, patience: 4, end: None };
    let result = watch.until_end();
    if result.is_err() {
        // Nothing runs on unwatched.
        watch.put_down();
    }
    result
}

impl Watch<'_> {
    fn until_end(&mut self) -> Result<Exit, Refusal> {
        loop {
            let change = change(self.child.pid, libc::WNOHANG | libc::WUNTRACED)
                .map_err(|errno| Refusal::own(format!("waiting: {}", errno.desc())))?;
            if let Change::Ended(exit) = change {
                self.end = Some(exit);
            }
            let is_open = self.follow_start()?;
            match change {
                Change::Ended(exit) if self.stage == Stage::Live => return Ok(exit),
                Change::Ended(exit) => return Err(self.not_loaded(exit)),
                // Closed without a word: what runs now, if it still runs,
                // runs without the library.
                _ if !is_open => return Err(self.stop_unloaded()),
                Change::Stopped(signal) => stop_too(signal),
                Change::Nothing => self.sleep()?,
            }
            self.pass_signals();
        }
    }

    /// Reads what the two pipes have to say; false if the library can no
    /// longer give its sign of life.
    fn follow_start(&mut self) -> Result<bool, Refusal> {
        if self.stage == Stage::Starting {
            let mut errno = [0u8; 4];
            match read(&self.child.failure, &mut errno) {
                Ok(0) => self.stage = Stage::Loading,
                Ok(_) => {
                    let errno = Errno::from_raw(i32::from_ne_bytes(errno));
                    return Err(lookup::refusal(&self.plan.program, errno));
                }
                Err(_) => return Ok(true),
            }
        }
        if self.stage == Stage::Live {
            return Ok(true);
        }
        match read(&self.child.life, &mut [0u8; 1]) {
            Ok(1) => self.stage = Stage::Live,
            Ok(_) => return Ok(false),
            Err(_) => {}
        }
        Ok(true)
    }

    /// Until a signal, a word on a pipe, or the time to look at the mappings.
    fn sleep(&mut self) -> Result<(), Refusal> {
        let mut fds = vec![PollFd::new(self.signals.as_fd(), PollFlags::POLLIN)];
        let pipe: Option<&OwnedFd> = match self.stage {
            Stage::Starting => Some(&self.child.failure),
            Stage::Loading | Stage::Mapped => Some(&self.child.life),
            Stage::Live => None,
        };
        if let Some(pipe) = pipe {
            fds.push(PollFd::new(pipe.as_fd(), PollFlags::POLLIN));
        }
        let timeout = match self.stage {
            Stage::Loading => PollTimeout::from(self.patience),
            Stage::Starting | Stage::Mapped | Stage::Live => PollTimeout::NONE,
        };
        let expired = poll(&mut fds, timeout) == Ok(0);
        if expired && self.stage == Stage::Loading {
            self.patience = self.patience.saturating_mul(2).min(250);
            return self.look_at_mappings();
        }
        Ok(())
    }

    /// A program without the library would keep the pipe open to its end, so
    /// silence is looked into. Both glibc's dl_main() and musl's __dls3() map
    /// what is preloaded before what is needed: once a needed library is
    /// there and ours is not, it will never come.
    fn look_at_mappings(&mut self) -> Result<(), Refusal> {
        let file = format!("/proc/{}/maps", self.child.pid);
        let maps = || fs::read(&file).unwrap_or_default();
        let ours = self.plan.library.path().as_os_str().as_bytes();
        let holds_ours = |maps: &[u8]| maps.windows(ours.len()).any(|w| w == ours);
        let first = maps();
        // The file is not read at one moment: ours is looked for once more
        // after the needed library was seen.
        if holds_ours(&first) || (holds_needed(&first, &self.plan.needed) && holds_ours(&maps())) {
            self.stage = Stage::Mapped;
        } else if holds_needed(&first, &self.plan.needed) {
            return Err(self.stop_unloaded());
        }
        Ok(())
    }

    /// Ends a program that runs without the library, and says so.
    fn stop_unloaded(&mut self) -> Refusal {
        let exit = self.put_down();
        self.not_loaded(exit)
    }

    /// Ends the program if it has not ended, and waits for that.
    fn put_down(&mut self) -> Exit {
        if let Some(exit) = self.end {
            return exit;
        }
        let _ = kill(self.child.pid, Signal::SIGKILL);
        let exit = loop {
            match change(self.child.pid, 0) {
                Ok(Change::Ended(exit)) => break exit,
                Ok(_) => {}
                Err(_) => break Exit::Signal(libc::SIGKILL),
            }
        };
        self.end = Some(exit);
        exit
    }

    fn not_loaded(&self, exit: Exit) -> Refusal {
        let end = match exit {
            Exit::Signal(libc::SIGKILL) => "it was stopped".to_owned(),
            Exit::Signal(number) => format!("signal {number} ended it"),
            Exit::Code(code) => format!("it ended with status {code}"),
        };
        let (program, library) = (shown(&self.plan.program), shown(self.plan.library.path()));
        Refusal::own(format!(
            "{program}: {library} did not start in it; {end}; \
             the loader's own message, if any, is above"
        ))
    }

    /// Passes on what others sent to the launcher.
    ///
    /// Not what the kernel sent: the terminal's signals reach the program by
    /// themselves. Nor what the program sent: kill(0) has reached it too.
    fn pass_signals(&self) {
        while let Ok(Some(info)) = self.signals.read_signal() {
            let Ok(signal) = i32::try_from(info.ssi_signo)
                .map_err(drop)
                .and_then(|number| Signal::try_from(number).map_err(drop))
            else {
                continue;
            };
            let from_child = i32::try_from(info.ssi_pid) == Ok(self.child.pid.as_raw());
            if signal != Signal::SIGCHLD && info.ssi_code <= 0 && !from_child {
                // It may just have ended; the next round sees it.
                let _ = kill(self.child.pid, signal);
            }
        }
    }
}

/// Whether a library of the program's own is mapped. By the stem of its name,
/// because the mapping shows where links lead: libz.so.1 is libz.so.1.2.13.
fn holds_needed(maps: &[u8], needed: &[String]) -> bool {
    let files = maps.split(|&b| b == b'\n').filter_map(|line| {
        let path = line.get(line.iter().position(|&b| b == b'/')?..)?;
        path.rsplit(|&b| b == b'/').next()
    });
    let stems: Vec<&[u8]> = needed
        .iter()
        .filter(|name| !preload::is_runtime(name.as_bytes()))
        .filter_map(|name| name.split_once(".so").map(|(stem, _)| stem.as_bytes()))
        .collect();
    files.into_iter().any(|file| {
        stems.iter().any(|stem| {
            file.strip_prefix(*stem).is_some_and(|rest| matches!(rest.first(), Some(b'.' | b'-')))
        })
    })
}

/// When job control stops the program, its job is not stopped until the
/// launcher is. SIGSTOP is between the program and whoever sent it.
fn stop_too(signal: i32) {
    if [libc::SIGTSTP, libc::SIGTTIN, libc::SIGTTOU].contains(&signal) {
        let _ = raise(Signal::SIGSTOP);
    }
}

/// waitpid(2), which unlike its wrappers knows real-time signals.
fn change(pid: Pid, flags: i32) -> Result<Change, Errno> {
    let mut status = 0;
    // SAFETY: `status` is a local integer.
    let found = Errno::result(unsafe { libc::waitpid(pid.as_raw(), &mut status, flags) });
    match found {
        Ok(0) | Err(Errno::EINTR) => Ok(Change::Nothing),
        Err(errno) => Err(errno),
        Ok(_) if libc::WIFSTOPPED(status) => Ok(Change::Stopped(libc::WSTOPSIG(status))),
        Ok(_) if libc::WIFSIGNALED(status) => {
            Ok(Change::Ended(Exit::Signal(libc::WTERMSIG(status))))
        }
        Ok(_) => Ok(Change::Ended(Exit::Code(
            u8::try_from(libc::WEXITSTATUS(status)).unwrap_or(u8::MAX),
        ))),
    }
}
