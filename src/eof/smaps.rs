//! Whether a child is to get a mapping: MADV_DONTFORK shows only in `/proc/self/smaps`.
//! It is read when the program has given that advice at all.

use crate::sys;
use core::cell::UnsafeCell;

/// The text as it comes in; guarded by the lock, so that it needs no stack.
struct Buffer(UnsafeCell<[u8; 4096]>);
// SAFETY: only used under the lock (see `stays_behind`).
unsafe impl Sync for Buffer {}
static BUFFER: Buffer = Buffer(UnsafeCell::new([0; 4096]));

/// Whether a child of fork does not get the mapping around `addr`; `false` where the
/// kernel does not say.
///
/// Precondition: the caller holds the lock.
pub(super) fn stays_behind(addr: usize) -> bool {
    let Ok(fd) = sys::open(c"/proc/self/smaps", libc::O_RDONLY | libc::O_CLOEXEC, 0) else {
        return false;
    };
    // SAFETY: the lock is held, and nothing below comes back here.
    let buffer = unsafe { &mut *BUFFER.0.get() };
    let mut text = Text { line: [0; 160], len: 0, within: false };
    let mut answer = None;
    while answer.is_none() {
        match sys::read(fd, buffer) {
            Ok(n) if n != 0 => {
                let bytes = buffer.get(..n).unwrap_or(&[]);
                answer = bytes.iter().find_map(|byte| text.take(*byte, addr));
            }
            _ => break,
        }
    }
    sys::close(fd);
    answer.unwrap_or(false)
}

/// Lines as they come in, as far as they matter: `start-end ...` begins an entry,
/// `VmFlags: rd wr dc ...` is in it.
struct Text {
    line: [u8; 160],
    len: usize,
    within: bool,
}

impl Text {
    /// Adds a byte; the answer when it is known.
    fn take(&mut self, byte: u8, addr: usize) -> Option<bool> {
        if byte != b'\n' {
            if let Some(place) = self.line.get_mut(self.len) {
                *place = byte;
                self.len += 1;
            }
            return None;
        }
        let line = self.line.get(..self.len).unwrap_or(&[]);
        self.len = 0;
        if let Some(flags) = line.strip_prefix(b"VmFlags:") {
            let stays = || flags.split(|byte| *byte == b' ').any(|flag| flag == b"dc");
            return self.within.then(stays);
        }
        if let Some((start, end)) = range(line) {
            self.within = (start..end).contains(&addr);
        }
        None
    }
}

/// The addresses in front of an entry; other lines begin with a capital.
fn range(line: &[u8]) -> Option<(usize, usize)> {
    let mut numbers = line.split(|byte| *byte == b'-' || *byte == b' ').map(|digits| {
        let text = core::str::from_utf8(digits).ok()?;
        usize::from_str_radix(text, 16).ok()
    });
    Some((numbers.next()??, numbers.next()??))
}
