//! What the kernel has mapped: `/proc/self/maps`, an entry at a time.

use crate::sys;
use core::cell::UnsafeCell;
use pagesim_core::errno::Errno;
use pagesim_core::flags::Prot;
use pagesim_core::host::HostRegion;
use pagesim_core::page::AddrRange;
use pagesim_core::vma::{Backing, FileId};

/// The first mapping that ends behind `addr`.
///
/// # Errors
/// ENOSYS where the kernel does not say (no `/proc`, no descriptor left).
///
/// Precondition: the caller holds the lock.
pub(crate) fn region_from(addr: usize) -> Result<Option<HostRegion>, Errno> {
    let fd = sys::open(c"/proc/self/maps", libc::O_RDONLY | libc::O_CLOEXEC, 0)
        .map_err(|_| Errno::ENOSYS)?;
    let found = query(fd, addr).unwrap_or_else(|| scan(fd, addr));
    sys::close(fd);
    found
}

/// `struct procmap_query` of <linux/fs.h> (Linux 6.11).
#[repr(C)]
#[derive(Default)]
struct Query {
    size: u64,
    flags: u64,
    addr: u64,
    vma_start: u64,
    vma_end: u64,
    vma_flags: u64,
    vma_page_size: u64,
    vma_offset: u64,
    inode: u64,
    dev_major: u32,
    dev_minor: u32,
    name_size: u32,
    build_id_size: u32,
    name_addr: u64,
    build_id_addr: u64,
}

/// `_IOWR('f', 17, struct procmap_query)`.
const PROCMAP_QUERY: usize = 0xc000_0000 | size_of::<Query>() << 16 | 0x66 << 8 | 17;
const COVERING_OR_NEXT: u64 = 0x10;
const SHARED: u64 = 8;

/// Asks for one entry by address; `None` where the kernel cannot be asked so.
fn query(fd: i32, addr: usize) -> Option<Result<Option<HostRegion>, Errno>> {
    let mut q = Query {
        size: size_of::<Query>() as u64,
        flags: COVERING_OR_NEXT,
        addr: addr as u64,
        ..Query::default()
    };
    let args = [fd as usize, PROCMAP_QUERY, &raw mut q as usize, 0, 0, 0];
    // SAFETY: the structure is as long as its first field says.
    match unsafe { sys::own(libc::SYS_ioctl, args) } {
        Ok(_) => {}
        Err(Errno(libc::ENOENT)) => return Some(Ok(None)),
        Err(_) => return None,
    }
    let range = AddrRange::new(q.vma_start as usize, q.vma_end as usize)?;
    let id = FileId { dev: libc::makedev(q.dev_major, q.dev_minor), ino: q.inode };
    Some(Ok(Some(HostRegion {
        range,
        // bits 0, 1 and 2 are read, write and execute, as in Prot
        prot: Prot::from_bits_retain(q.vma_flags as u32) & Prot::RWX,
        shared: q.vma_flags & SHARED != 0,
        backing: backing(id, q.vma_offset),
    })))
}

fn backing(id: FileId, offset: u64) -> Backing {
    if id.ino == 0 {
        Backing::Anonymous
    } else {
        Backing::File { id, offset }
    }
}

/// The read buffer; guarded by the lock, so that it needs no stack.
struct Buffer(UnsafeCell<[u8; 4096]>);
// SAFETY: only used by the owner of the lock (see `region_from`).
unsafe impl Sync for Buffer {}
static BUFFER: Buffer = Buffer(UnsafeCell::new([0; 4096]));

/// Reads the text from its beginning.
fn scan(fd: i32, addr: usize) -> Result<Option<HostRegion>, Errno> {
    // SAFETY: the lock is held and nothing below calls back into this module.
    let buffer = unsafe { &mut *BUFFER.0.get() };
    let mut line = Line::default();
    loop {
        let n = sys::read(fd, buffer).map_err(|_| Errno::ENOSYS)?;
        if n == 0 {
            return Ok(None);
        }
        for byte in buffer.get(..n).unwrap_or(&[]) {
            if let Some(region) = line.take(*byte) {
                if region.range.end() > addr {
                    return Ok(Some(region));
                }
            }
        }
    }
}

/// One line as it comes in:
/// `start-end rwxp offset major:minor inode   name`.
#[derive(Default)]
struct Line {
    /// Which of the fields before the name is being read.
    field: usize,
    numbers: [u64; 6],
    prot: u32,
    shared: bool,
}

const START: usize = 0;
const END: usize = 1;
const FLAGS: usize = 2;
const INODE: usize = 6;

impl Line {
    /// Adds a byte; a region when it was the line's last.
    fn take(&mut self, byte: u8) -> Option<HostRegion> {
        match byte {
            b'\n' => return core::mem::take(self).finish(),
            b'-' if self.field == START => self.field = END,
            b' ' | b':' if self.field < INODE => self.field += 1,
            _ if self.field == FLAGS => match byte {
                b'r' => self.prot |= Prot::READ.bits(),
                b'w' => self.prot |= Prot::WRITE.bits(),
                b'x' => self.prot |= Prot::EXEC.bits(),
                b's' => self.shared = true,
                _ => {}
            },
            b' ' => self.field = INODE + 1,
            _ => self.digit(byte),
        }
        None
    }

    fn digit(&mut self, byte: u8) {
        // numbers: start, end, offset, major, minor in hex, inode in decimal
        let index = if self.field > FLAGS { self.field - 1 } else { self.field };
        let radix = if self.field == INODE { 10 } else { 16 };
        if let (Some(number), Some(digit)) =
            (self.numbers.get_mut(index), (byte as char).to_digit(radix))
        {
            *number = number.wrapping_mul(u64::from(radix)).wrapping_add(u64::from(digit));
        }
    }

    fn finish(self) -> Option<HostRegion> {
        let [start, end, offset, major, minor, ino] = self.numbers;
        let id = FileId { dev: libc::makedev(major as u32, minor as u32), ino };
        Some(HostRegion {
            range: AddrRange::new(start as usize, end as usize)?,
            prot: Prot::from_bits_retain(self.prot),
            shared: self.shared,
            backing: backing(id, offset),
        })
    }
}
