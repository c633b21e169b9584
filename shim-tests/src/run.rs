//! Runs one program, natively or under the library, in an environment of its
//! own, and returns all it printed and how it ended.

use std::io::{self, Read, Seek};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{kill_process_group, Pid, Signal};
use tempfile::TempDir;
use wait_timeout::ChildExt;

/// What a run came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Standard output and error as one stream.
    pub text: String,
    /// `exit N`, `signal N (NAME)` or `timeout`.
    pub end: String,
}

impl Outcome {
    /// Whether the program came to its end with status 0.
    #[must_use]
    pub fn is_success(&self) -> bool {
        self.end == "exit 0"
    }

    /// The form in which truth is recorded: the output, then `[end]`.
    #[must_use]
    pub fn transcript(&self) -> String {
        let newline = if self.text.is_empty() || self.text.ends_with('\n') { "" } else { "\n" };
        format!("{}{newline}[{}]\n", self.text, self.end)
    }
}

/// One program to be run.
#[derive(Debug)]
pub struct Run {
    command: Command,
    timeout: Duration,
    /// Held until the run is over.
    _folders: Folders,
}

/// The folders of one run, gone after it: one on tmpfs, one on a disk.
#[derive(Debug)]
struct Folders {
    tmpfs: TempDir,
    disk: TempDir,
}

impl Folders {
    fn new() -> io::Result<Folders> {
        let builder = || {
            let mut builder = tempfile::Builder::new();
            builder.prefix("pagesim-test.");
            builder
        };
        let shm = Path::new("/dev/shm");
        let tmpfs = if shm.is_dir() { builder().tempdir_in(shm)? } else { builder().tempdir()? };
        let var = Path::new("/var/tmp");
        let disk = if var.is_dir() { builder().tempdir_in(var)? } else { builder().tempdir()? };
        Ok(Folders { tmpfs, disk })
    }
}

impl Run {
    /// A run of `program` without the library.
    ///
    /// # Errors
    /// When its temporary folders cannot be made.
    pub fn native(program: &Path) -> io::Result<Run> {
        let folders = Folders::new()?;
        let mut command = Command::new(program);
        let path =
            std::env::var_os("PATH").unwrap_or_else(|| "/usr/sbin:/usr/bin:/sbin:/bin".into());
        command
            .env_clear()
            .env("PATH", path)
            .env("LANG", "C")
            .env("HOME", folders.tmpfs.path())
            .env("TMPDIR", folders.tmpfs.path())
            .env("ORACLE_TMPFS", folders.tmpfs.path())
            .env("ORACLE_DISK", folders.disk.path())
            .current_dir(folders.tmpfs.path())
            .stdin(Stdio::null())
            .process_group(0);
        Ok(Run { command, timeout: Duration::from_secs(120), _folders: folders })
    }

    /// A run of `program` under the library, with pages of `page_size`.
    ///
    /// # Errors
    /// When its temporary folders cannot be made.
    pub fn shimmed(program: &Path, page_size: &str) -> io::Result<Run> {
        let run = Run::native(program)?;
        Ok(run.env("LD_PRELOAD", crate::library()).env("PAGESIM_PAGE_SIZE", page_size))
    }

    /// Sets a variable of the program's environment.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl AsRef<std::ffi::OsStr>) -> Run {
        self.command.env(name, value);
        self
    }

    /// Adds arguments.
    #[must_use]
    pub fn args<I: IntoIterator<Item = S>, S: AsRef<std::ffi::OsStr>>(mut self, args: I) -> Run {
        self.command.args(args);
        self
    }

    /// Replaces the limit of two minutes.
    #[must_use]
    pub fn timeout(mut self, limit: Duration) -> Run {
        self.timeout = limit;
        self
    }

    /// The shell command that does the same, for a failure's message.
    #[must_use]
    pub fn shell(&self) -> String {
        let mut line = String::from("env");
        for (name, value) in self.command.get_envs() {
            let name = name.to_string_lossy();
            if let (true, Some(value)) =
                (name == "LD_PRELOAD" || name.starts_with("PAGESIM_"), value)
            {
                line.push_str(&format!(" {name}={}", value.to_string_lossy()));
            }
        }
        line.push_str(&format!(" {}", self.command.get_program().to_string_lossy()));
        for arg in self.command.get_args() {
            line.push_str(&format!(" {}", arg.to_string_lossy()));
        }
        line
    }

    /// Runs it to its end, or to the time limit.
    ///
    /// # Errors
    /// When it cannot be started or its output cannot be read.
    pub fn outcome(mut self) -> io::Result<Outcome> {
        let mut output = tempfile::tempfile()?;
        let mut child =
            self.command.stdout(output.try_clone()?).stderr(output.try_clone()?).spawn()?;
        let status = child.wait_timeout(self.timeout)?;
        // Whatever it left running must not outlive the test.
        if let Some(group) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
            kill_process_group(group, Signal::KILL).ok();
        }
        let end = match status {
            Some(status) => describe(status),
            None => {
                child.wait()?;
                "timeout".to_owned()
            }
        };
        let mut text = Vec::new();
        output.rewind()?;
        output.read_to_end(&mut text)?;
        let text = String::from_utf8_lossy(&text).into_owned();
        Ok(Outcome { text, end })
    }
}

fn describe(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit {code}"),
        (None, Some(signal)) => format!("signal {signal}{}", signal_name(signal)),
        (None, None) => "no end".to_owned(),
    }
}

/// As the oracle prints it.
fn signal_name(signal: i32) -> &'static str {
    match signal {
        4 => " (SIGILL)",
        5 => " (SIGTRAP)",
        6 => " (SIGABRT)",
        7 => " (SIGBUS)",
        9 => " (SIGKILL)",
        11 => " (SIGSEGV)",
        14 => " (SIGALRM)",
        15 => " (SIGTERM)",
        31 => " (SIGSYS)",
        _ => "",
    }
}
