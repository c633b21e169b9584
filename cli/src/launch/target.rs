//! What the command is: an ELF file, or a script whose interpreter is one,
//! and whether the library can work in it.

use std::ffi::OsStr;
use std::fs::File;
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use object::read::ReadCache;

use super::{lookup, privilege, shown, Refusal};
use crate::elf::{self, Facts, Machine};

/// BINPRM_BUF_SIZE: how much of a file the kernel looks at.
const HEAD: usize = 256;
/// The kernel's exec_binprm() gives up after this many interpreters.
const MAX_DEPTH: usize = 5;
/// What execvp(3) runs files with that the kernel does not recognise.
pub(super) const SHELL: &str = "/bin/sh";

/// The ELF file that will run.
#[derive(Debug)]
pub(super) struct Examined {
    /// Its name: the command's, or that of the last interpreter.
    file: PathBuf,
    /// What it says about itself.
    pub(super) elf: Facts,
}

/// Follows `#!` from the command to an ELF file.
pub(super) fn examine(program: &Path) -> Result<Examined, Refusal> {
    let mut file = program.to_path_buf();
    for _ in 0..=MAX_DEPTH {
        let opened = File::open(&file).map_err(|error| {
            // Executable but not readable: the kernel runs it, we cannot look.
            Refusal::cannot_run(format!("{}: cannot be examined: {error}", shown(&file)))
        })?;
        if let Some(elf) = read_elf(&file, &opened)? {
            return Ok(Examined { file, elf });
        }
        let next = interpreter(&file, opened)?;
        lookup::executable(&next).map_err(|errno| {
            let refusal = lookup::refusal(&next, errno);
            let reason =
                format!("{}: its interpreter cannot be run: {}", shown(&file), refusal.reason);
            Refusal { reason, ..refusal }
        })?;
        file = next;
    }
    Err(Refusal::cannot_run(format!("{}: {}", shown(program), Errno::ELOOP.desc())))
}

fn read_elf(file: &Path, opened: &File) -> Result<Option<Facts>, Refusal> {
    let cache = ReadCache::new(opened);
    elf::read(&cache).map_err(|error| {
        Refusal::cannot_run(format!("{}: is a damaged ELF file: {error}", shown(file)))
    })
}

/// What runs a file that is not ELF, as load_script() or execvp(3) choose it.
fn interpreter(file: &Path, opened: File) -> Result<PathBuf, Refusal> {
    let mut head = Vec::with_capacity(HEAD);
    let limit = u64::try_from(HEAD).unwrap_or(u64::MAX);
    // Read from the start, wherever the ELF reader left the position.
    std::io::Seek::rewind(&mut &opened)
        .and_then(|()| opened.take(limit).read_to_end(&mut head))
        .map_err(|error| Refusal::cannot_run(format!("{}: {error}", shown(file))))?;
    let first_line = head.split(|&b| b == b'\n').next().unwrap_or_default();
    let Some(line) = first_line.strip_prefix(b"#!") else {
        if first_line.contains(&0) {
            let reason = "is neither an ELF file nor a script";
            return Err(Refusal::cannot_run(format!("{}: {reason}", shown(file))));
        }
        return Ok(PathBuf::from(SHELL));
    };
    let words = line.split(|&b| b == b' ' || b == b'\t' || b == 0);
    match words.into_iter().find(|word| !word.is_empty()) {
        Some(name) => Ok(PathBuf::from(OsStr::from_bytes(name))),
        None => Err(Refusal::cannot_run(format!("{}: names no interpreter", shown(file)))),
    }
}

/// Refuses what the library cannot work in, with the reason.
pub(super) fn accept(target: &Examined, library: Machine) -> Result<(), Refusal> {
    let (file, elf) = (&target.file, &target.elf);
    let refuse = |reason: String| Err(Refusal::cannot_run(format!("{}: {reason}", shown(file))));
    if elf.machine != library {
        return refuse(format!("is built for {}, the library for {library}", elf.machine));
    }
    if !elf.is_dynamic() {
        return refuse(
            "is statically linked: no loader runs that could add the library; \
             link it dynamically to run it under pagesim"
                .into(),
        );
    }
    if let Some(loader) = &elf.interpreter {
        let loader = Path::new(OsStr::from_bytes(loader));
        if let Err(errno) = lookup::executable(loader) {
            let refusal = lookup::refusal(loader, errno);
            let reason = format!("{}: its loader cannot be run: {}", shown(file), refusal.reason);
            return Err(Refusal { reason, ..refusal });
        }
    }
    match privilege::secure_execution(file) {
        Some(why) => refuse(format!("ignores LD_PRELOAD, because {why}")),
        None => Ok(()),
    }
}
