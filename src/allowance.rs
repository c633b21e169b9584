//! How many pipes of 16 target pages a process without privileges may have.
//!
//! The kernel grants one user so many pages of pipes in all (fs.pipe-user-pages-soft, 16384),
//! in its own pages, and counts a pipe's size whether it is used or not. 64 pipes of
//! 16 times 64K use all of it up, and from then on every new pipe of that user, of
//! any program, holds 8K: less than programs rely on. So a process only makes as many
//! large ones as take half of it, and leaves further ones as the kernel made them.
//!
//! Where the pipes are is remembered by descriptor and inode; what the program has
//! closed is found out when there is no place left.

use crate::sys;
use core::sync::atomic::{AtomicI32, AtomicU64, AtomicUsize, Ordering};
use pagesim_core::space::Config;

/// A large pipe.
struct Large {
    inode: AtomicU64,
    ends: [AtomicI32; 2],
}

const MOST: usize = 128;
static LARGE: [Large; MOST] =
    [const { Large { inode: AtomicU64::new(0), ends: [const { AtomicI32::new(-1) }; 2] } }; MOST];

/// Whether the new pipe `ends`, which is to hold `size` bytes, may be made so large.
pub(crate) fn grants(config: &Config, ends: [i32; 2], size: usize) -> bool {
    if is_privileged() {
        return true;
    }
    let half = soft_limit().saturating_mul(config.real.bytes()) / 2;
    let places = LARGE.get(..(half / size).clamp(1, MOST)).unwrap_or(&[]);
    let [first, _] = ends;
    let Ok(inode) = sys::fstat(first).map(|st| st.st_ino) else { return true };
    // a descriptor that is new again tells of a pipe that is gone
    let place = places
        .iter()
        .find(|large| large.is_free() || large.has(ends))
        .or_else(|| places.iter().find(|large| !large.is_open()));
    if let Some(place) = place {
        place.inode.store(inode, Ordering::Relaxed);
        for (known, end) in place.ends.iter().zip(ends) {
            known.store(end, Ordering::Relaxed);
        }
    }
    place.is_some()
}

impl Large {
    fn is_free(&self) -> bool {
        self.inode.load(Ordering::Relaxed) == 0
    }

    fn has(&self, ends: [i32; 2]) -> bool {
        self.ends.iter().map(|end| end.load(Ordering::Relaxed)).eq(ends)
    }

    fn is_open(&self) -> bool {
        let inode = self.inode.load(Ordering::Relaxed);
        self.ends.iter().any(|end| {
            let st = sys::fstat(end.load(Ordering::Relaxed));
            st.is_ok_and(|st| st.st_ino == inode && st.st_mode & libc::S_IFMT == libc::S_IFIFO)
        })
    }
}

/// `pipe_is_unprivileged()`: CAP_SYS_RESOURCE and CAP_SYS_ADMIN have no limits.
fn is_privileged() -> bool {
    /// `_LINUX_CAPABILITY_VERSION_3`.
    const VERSION: u32 = 0x2008_0522;
    const ADMIN_OR_RESOURCE: u32 = 1 << 21 | 1 << 24;
    let mut header = [VERSION, 0];
    // effective, permitted, inheritable; of two words
    let mut data = [0u32; 6];
    let args = [header.as_mut_ptr() as usize, data.as_mut_ptr() as usize, 0, 0, 0, 0];
    // SAFETY: capget(2) with the structures of this version.
    let asked = unsafe { sys::own(libc::SYS_capget, args) };
    let [effective, ..] = data;
    asked.is_ok() && effective & ADMIN_OR_RESOURCE != 0
}

/// The kernel's default.
const DEFAULT: usize = 16384;
/// 1 + the limit in pages; 0 before it was asked for.
static SOFT: AtomicUsize = AtomicUsize::new(0);

fn soft_limit() -> usize {
    match SOFT.load(Ordering::Relaxed) {
        0 => {
            let limit = match read_limit().unwrap_or(DEFAULT) {
                // there is none
                0 => usize::MAX - 1,
                limit => limit.min(usize::MAX - 1),
            };
            SOFT.store(limit + 1, Ordering::Relaxed);
            limit
        }
        known => known - 1,
    }
}

fn read_limit() -> Option<usize> {
    let path = c"/proc/sys/fs/pipe-user-pages-soft";
    let fd = sys::open(path, libc::O_RDONLY | libc::O_CLOEXEC, 0).ok()?;
    let mut text = [0; 24];
    let len = sys::read(fd, &mut text);
    sys::close(fd);
    let text = core::str::from_utf8(text.get(..len.ok()?)?).ok()?;
    text.trim_end().parse().ok()
}
