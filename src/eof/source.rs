//! What a call writes from, when that is a tail of the very file that it is about to
//! make grow: the tail is cleared before (see `changes`), so it is copied first.

use super::changes::MAX_VECTOR;
use super::transfer::with;
use super::{alive, concerned, file_of, kernel, Eof};
use pagesim_core::flags::{MapFlags, Prot};
use pagesim_core::page::AddrRange;
use pagesim_core::vma::FileId;

/// The memory that a call is to be handed: the program's, or a copy that lasts as long as
/// this.
pub(crate) struct Source {
    part: libc::iovec,
    copy: AddrRange,
}

impl Source {
    /// For `len` bytes at `addr` that are written to the file of `fd`.
    #[inline]
    pub(crate) fn of(fd: i32, addr: usize, len: usize) -> Source {
        let source = Source::programs(addr, len);
        if alive() && concerned(addr, len) {
            source.copied(fd, &[(addr, len)])
        } else {
            source
        }
    }

    /// For an array of iovec, which was looked at; a longer one than of 16 is taken as it
    /// is.
    #[inline]
    pub(crate) fn of_vector(fd: i32, vector: usize, count: usize) -> Source {
        let source = Source::programs(vector, count);
        if alive() {
            source.of_parts(fd, vector, count)
        } else {
            source
        }
    }

    fn programs(addr: usize, len: usize) -> Source {
        let part = libc::iovec { iov_base: addr as *mut core::ffi::c_void, iov_len: len };
        Source { part, copy: AddrRange::default() }
    }

    /// Address and length of the memory.
    pub(crate) fn memory(&self) -> (usize, usize) {
        (self.part.iov_base as usize, self.part.iov_len)
    }

    /// Address and length of the array of iovec.
    pub(crate) fn vector(&self) -> (usize, usize) {
        if self.copy.is_empty() {
            self.memory()
        } else {
            (&raw const self.part as usize, 1)
        }
    }

    #[cold]
    fn of_parts(self, fd: i32, vector: usize, count: usize) -> Source {
        let size = size_of::<libc::iovec>();
        let mut parts = [(0, 0); 16];
        if count > parts.len() || count > MAX_VECTOR {
            return self;
        }
        for (i, part) in parts.iter_mut().take(count).enumerate() {
            let at = vector.saturating_add(i * size);
            if !kernel::readable(at & !7) || !kernel::readable((at + size - 1) & !7) {
                return self;
            }
            // SAFETY: readable a moment ago; no alignment is taken for granted.
            let iov = unsafe { (at as *const libc::iovec).read_unaligned() };
            *part = (iov.iov_base as usize, iov.iov_len);
        }
        self.copied(fd, parts.get(..count).unwrap_or(&[]))
    }

    /// A copy of `parts`, if one of them is in a tail of the file.
    #[cold]
    fn copied(self, fd: i32, parts: &[(usize, usize)]) -> Source {
        let near = parts.iter().any(|(addr, len)| concerned(*addr, *len));
        let Some(id) = file_of(fd).filter(|_| near) else { return self };
        let within = |eof: &mut Eof<'_>| parts.iter().any(|part| eof.is_in_tail(id, *part));
        if !with(within).unwrap_or(false) {
            return self;
        }
        let total = parts.iter().fold(0usize, |sum, (_, len)| sum.saturating_add(*len));
        let copy = kernel::anonymous(total, Prot::RW, MapFlags::PRIVATE | MapFlags::NORESERVE);
        let Ok(copy) = copy else { return self };
        let mut done = 0;
        for (addr, len) in parts {
            let readable = readable_part(*addr, *len);
            // SAFETY: what could be read a moment ago, into new memory for all of it.
            unsafe {
                let to = (copy.start() + done) as *mut u8;
                core::ptr::copy_nonoverlapping(*addr as *const u8, to, readable);
            }
            done += readable;
            if readable < *len {
                break;
            }
        }
        Source { copy, ..Source::programs(copy.start(), done) }
    }
}

impl Drop for Source {
    fn drop(&mut self) {
        if !self.copy.is_empty() {
            kernel::unmap(self.copy);
        }
    }
}

/// How many of `len` bytes from `addr` on can be read: what the kernel would write.
fn readable_part(addr: usize, len: usize) -> usize {
    let end = addr.saturating_add(len);
    let mut at = addr;
    while at < end && kernel::readable(at & !7) {
        at = (at / kernel::SMALLEST_PAGE + 1) * kernel::SMALLEST_PAGE;
    }
    at.min(end) - addr
}

impl Eof<'_> {
    /// Whether a part of memory is in a shared tail of file `id`.
    fn is_in_tail(&self, id: FileId, (addr, len): (usize, usize)) -> bool {
        let part = AddrRange::from_len(addr, len).unwrap_or_default();
        self.list.iter().any(|(_, tail)| tail.shared && tail.id == id && tail.range.overlaps(part))
    }
}
