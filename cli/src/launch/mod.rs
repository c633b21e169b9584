//! `pagesim run`: everything that can be known to go wrong is said before the
//! program starts; afterwards pagesim is as if it were not there.
//!
//! In this order: settings, command, what the command is, library,
//! environment, then fork, exec, and waiting for the sign of life that the
//! library's constructor gives.

mod child;
mod library;
mod lookup;
mod preload;
mod private;
mod privilege;
mod session;
mod signals;
mod target;
mod wait;

use std::ffi::{OsStr, OsString};
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use crate::args::Run;
use crate::exit::{self, Exit, CANNOT_RUN, OWN_FAILURE};
use crate::settings::Environment;
use session::Session;

/// Why nothing was run.
#[derive(Debug)]
pub(crate) struct Refusal {
    code: u8,
    reason: String,
}

impl Refusal {
    fn own(reason: impl Into<String>) -> Self {
        Self { code: OWN_FAILURE, reason: reason.into() }
    }

    fn cannot_run(reason: impl Into<String>) -> Self {
        Self { code: CANNOT_RUN, reason: reason.into() }
    }
}

/// Everything that the child needs, decided before the fork.
#[derive(Debug)]
struct Plan {
    /// The file of the command.
    program: std::path::PathBuf,
    /// The command as it was typed, and its arguments.
    argv: Vec<OsString>,
    /// Without the entry for the sign of life, which holds the child's pid.
    environment: Environment,
    /// Libraries that the loader maps after ours.
    needed: Vec<String>,
    /// Kept until the program has ended: removes a copy made for one run.
    library: library::Library,
}

/// Runs a program, on each page size once, and ends as it ends: the first time
/// that is not a success.
pub(crate) fn run(options: &Run) -> Exit {
    match all(options) {
        Ok(exit) => exit,
        Err(refusal) => exit::fail(refusal.code, &format_args!("{}", refusal.reason)),
    }
}

fn all(options: &Run) -> Result<Exit, Refusal> {
    let session = Session::begin(options)?;
    let mut options = options.clone();
    if let Some(session) = &session {
        options.record = Some(session.prefix());
    }
    let default = [None];
    let asked: Vec<Option<&OsStr>> =
        options.page_size.iter().map(|s| Some(s.as_os_str())).collect();
    let sizes = if asked.is_empty() { &default[..] } else { &asked };
    let mut end = Exit::Code(0);
    for size in sizes {
        let plan = plan(&options, *size)?;
        let exit = if options.dry_run { print(&plan) } else { wait::supervise(&plan)? };
        if end == Exit::Code(0) {
            end = exit;
        }
    }
    match session {
        Some(session) => session.end(&options, end),
        None => Ok(end),
    }
}

fn plan(options: &Run, size: Option<&OsStr>) -> Result<Plan, Refusal> {
    let mut environment = Environment::inherited();
    environment.apply(options, size).map_err(Refusal::own)?;
    let Some(command) = options.command.first().filter(|c| !c.is_empty()) else {
        return Err(Refusal { code: exit::NOT_FOUND, reason: "the command is empty".into() });
    };
    let program = lookup::find(command, environment.get("PATH"))?;
    let facts = target::examine(&program)?;
    let library = library::find(options.library.as_deref())?;
    target::accept(&facts, library.machine())?;
    let preload =
        preload::compose(library.path(), &facts.elf.needed, environment.get("LD_PRELOAD"));
    environment.set("LD_PRELOAD", &preload);
    Ok(Plan {
        program,
        argv: options.command.clone(),
        environment,
        needed: facts.elf.needed,
        library,
    })
}

/// `--dry-run`: the command as a shell would take it.
fn print(plan: &Plan) -> Exit {
    let mut line = b"env".to_vec();
    for change in plan.environment.changes() {
        line.push(b' ');
        line.extend(quoted(&change));
    }
    for word in &plan.argv {
        line.push(b' ');
        line.extend(quoted(word.as_bytes()));
    }
    line.push(b'\n');
    match std::io::stdout().write_all(&line) {
        Ok(()) => Exit::Code(0),
        Err(error) => exit::fail(OWN_FAILURE, &format_args!("standard output: {error}")),
    }
}

/// Quotes a word for a shell where it has to be.
fn quoted(word: &[u8]) -> Vec<u8> {
    let plain = |b: &u8| b.is_ascii_alphanumeric() || b"%+,-./:=@_".contains(b);
    if !word.is_empty() && word.iter().all(plain) {
        return word.to_vec();
    }
    let mut text = vec![b'\''];
    for &byte in word {
        match byte {
            b'\'' => text.extend_from_slice(b"'\\''"),
            other => text.push(other),
        }
    }
    text.push(b'\'');
    text
}

/// How a file is called in messages.
fn shown(path: &Path) -> std::path::Display<'_> {
    path.display()
}

/// A C string of an argument; one with a NUL cannot have come from execve(2).
fn c_string(text: &OsStr) -> Result<std::ffi::CString, Refusal> {
    std::ffi::CString::new(text.as_bytes())
        .map_err(|_| Refusal::own("an argument holds a NUL character"))
}
