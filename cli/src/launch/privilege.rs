//! Whether running a file would put it into secure-execution mode, in which
//! the loader ignores LD_PRELOAD.
//!
//! Follows cap_bprm_creds_from_file(): the mode is entered when the new
//! effective ids differ from the old real ids, or when a process that is not
//! root's gains capabilities from the file.

use std::ffi::CStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use nix::sys::stat::stat;
use nix::sys::statvfs::{statvfs, FsFlags};
use nix::unistd::{getegid, geteuid, getgid, getuid};

const CAPABILITY: &CStr = c"security.capability";
/// VFS_CAP_FLAGS_EFFECTIVE.
const EFFECTIVE: u32 = 1;
/// vfs_ns_cap_data, the largest of the three layouts.
const LARGEST: usize = 24;

/// Why the loader would ignore LD_PRELOAD for `file`, if it would.
pub(super) fn secure_execution(file: &Path) -> Option<&'static str> {
    let status = stat(file).ok()?;
    let (mut user, mut group) = (geteuid().as_raw(), getegid().as_raw());
    let honoured = honours_privilege(file);
    let setuid = honoured && status.st_mode & libc::S_ISUID != 0;
    let both = libc::S_ISGID | libc::S_IXGRP;
    let setgid = honoured && status.st_mode & both == both;
    if setuid {
        user = status.st_uid;
    }
    if setgid {
        group = status.st_gid;
    }
    if user != getuid().as_raw() {
        return Some(if setuid { "it is set-user-ID" } else { "pagesim itself runs set-user-ID" });
    }
    if group != getgid().as_raw() {
        return Some(if setgid {
            "it is set-group-ID"
        } else {
            "pagesim itself runs set-group-ID"
        });
    }
    let gains = honoured && !getuid().is_root() && has_capabilities(file);
    gains.then_some("it has file capabilities")
}

/// mnt_may_suid() and no_new_privs, as far as they can be seen from outside.
fn honours_privilege(file: &Path) -> bool {
    let nosuid = statvfs(file).is_ok_and(|s| s.flags().contains(FsFlags::ST_NOSUID));
    // SAFETY: PR_GET_NO_NEW_PRIVS reads a flag and touches no memory.
    let bound = unsafe { libc::prctl(libc::PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) } == 1;
    !nosuid && !bound
}

fn has_capabilities(file: &Path) -> bool {
    let Ok(name) = std::ffi::CString::new(file.as_os_str().as_bytes()) else { return false };
    let mut value = [0u8; LARGEST];
    // SAFETY: both names are NUL-terminated and the kernel writes at most
    // `LARGEST` bytes into `value`.
    let length = unsafe {
        libc::getxattr(name.as_ptr(), CAPABILITY.as_ptr(), value.as_mut_ptr().cast(), LARGEST)
    };
    usize::try_from(length).ok().and_then(|n| value.get(..n)).is_some_and(grants)
}

/// Whether a `security.capability` value gives its program any capability.
fn grants(value: &[u8]) -> bool {
    let word = |index: usize| {
        let bytes = value.get(index * 4..)?.first_chunk::<4>()?;
        Some(u32::from_le_bytes(*bytes))
    };
    let effective = word(0).is_some_and(|magic| magic & EFFECTIVE != 0);
    let permitted = [1, 3].into_iter().filter_map(word).any(|set| set != 0);
    effective || permitted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capabilities_are_read_from_every_layout() {
        let value = |words: &[u32]| words.iter().flat_map(|w| w.to_le_bytes()).collect::<Vec<_>>();
        assert!(grants(&value(&[0x0200_0001, 0x2000, 0, 0, 0])));
        assert!(grants(&value(&[0x0200_0000, 0, 0, 1, 0])));
        assert!(grants(&value(&[0x0300_0000, 0x2000, 0, 0, 0, 1000])));
        assert!(grants(&value(&[0x0100_0000, 0x2000, 0])));
        assert!(!grants(&value(&[0x0200_0000, 0, 0x2000, 0, 0])), "inheritable alone");
        assert!(!grants(&[]));
        assert!(!grants(&[1, 0]));
    }
}
