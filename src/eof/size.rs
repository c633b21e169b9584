//! The size of a file that is known only by a mapping of it.
//!
//! A page of a file that cannot be read is usually past its end; it may also
//! be inside: a disk error, or a sparse file and no room for its page. Where the
//! file can be found, its size tells. That needs `/proc`; without it the page is
//! taken to be past the end.

use crate::arena::Arena;
use crate::linux::Linux;
use crate::log::Line;
use crate::sys;
use core::cell::UnsafeCell;
use core::ffi::CStr;
use core::fmt::Write;
use pagesim_core::host::Host;
use pagesim_core::space::Space;
use pagesim_core::vma::{FileId, Vma};

/// The longest path, with its NUL.
const PATH_MAX: usize = 4096;

/// Guarded by the lock, so that it needs no stack.
struct Path(UnsafeCell<[u8; PATH_MAX]>);
// SAFETY: only used under the lock (see `of_file_at`).
unsafe impl Sync for Path {}
static PATH: Path = Path(UnsafeCell::new([0; PATH_MAX]));

/// The size of the file behind `vma`.
///
/// Precondition: the caller holds the lock.
pub(super) fn of_file_at(space: &mut Space<Linux, Arena>, vma: &Vma, id: FileId) -> Option<u64> {
    // the host's own entry, which the link's name must match
    let region = space.host_mut().region_from(vma.range.start()).ok()??;
    // SAFETY: the lock is held, and nothing below comes back here.
    let path = unsafe { &mut *PATH.0.get() };
    let mut name = Line::new();
    let (start, end) = (region.range.start(), region.range.end());
    write!(name, "/proc/self/map_files/{start:x}-{end:x}\0").ok()?;
    let link = CStr::from_bytes_until_nul(name.text()).ok()?;
    // Following the link takes a capability, reading it does not.
    let found = sys::stat(link).ok().or_else(|| {
        let len = sys::readlink(link, path.get_mut(..PATH_MAX - 1)?).ok()?;
        *path.get_mut(len)? = 0;
        sys::stat(CStr::from_bytes_until_nul(path).ok()?).ok()
    })?;
    (FileId { dev: found.st_dev, ino: found.st_ino } == id).then_some(found.st_size as u64)
}
