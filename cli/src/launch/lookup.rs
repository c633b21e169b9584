//! Finding a command as execvp(3) does.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{AtFlags, AT_FDCWD};
use nix::sys::stat::{stat, SFlag};
use nix::unistd::{faccessat, AccessFlags};

use super::{shown, Refusal};
use crate::exit::NOT_FOUND;

/// What execvp(3) searches when there is no PATH.
const DEFAULT_PATH: &str = "/bin:/usr/bin";

/// The file that `command` names.
pub(super) fn find(command: &OsStr, path: Option<&OsStr>) -> Result<PathBuf, Refusal> {
    if command.as_bytes().contains(&b'/') {
        let file = PathBuf::from(command);
        return match executable(&file) {
            Ok(()) => Ok(file),
            Err(errno) => Err(refusal(&file, errno)),
        };
    }
    let path = path.unwrap_or(OsStr::new(DEFAULT_PATH));
    let mut denied = None;
    for folder in path.as_bytes().split(|&b| b == b':') {
        // An empty element is the current folder; "./" keeps the file from
        // being searched for again by whoever is handed the name.
        let folder = if folder.is_empty() { b"." } else { folder };
        let file = Path::new(OsStr::from_bytes(folder)).join(command);
        match executable(&file) {
            Ok(()) => return Ok(file),
            Err(Errno::EACCES) => denied = denied.or(Some(file)),
            Err(_) => {}
        }
    }
    match denied {
        Some(file) => Err(refusal(&file, Errno::EACCES)),
        None => Err(Refusal {
            code: NOT_FOUND,
            reason: format!("{}: command not found", Path::new(command).display()),
        }),
    }
}

/// Whether the kernel would let us execute this file.
pub(super) fn executable(file: &Path) -> Result<(), Errno> {
    let mode = SFlag::from_bits_truncate(stat(file)?.st_mode) & SFlag::S_IFMT;
    if mode != SFlag::S_IFREG {
        return Err(Errno::EACCES);
    }
    faccessat(AT_FDCWD, file, AccessFlags::X_OK, AtFlags::AT_EACCESS)
}

/// The refusal for a file that execve(2) would refuse, with env(1)'s code.
pub(super) fn refusal(file: &Path, errno: Errno) -> Refusal {
    let reason = format!("{}: {}", shown(file), errno.desc());
    match errno {
        Errno::ENOENT => Refusal { code: NOT_FOUND, reason },
        Errno::EACCES if file.is_dir() => {
            Refusal::cannot_run(format!("{}: is a folder", shown(file)))
        }
        _ => Refusal::cannot_run(reason),
    }
}
