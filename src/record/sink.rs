//! The files that events go to: mapped shared, so that they outlive the process;
//! no descriptor is kept.
//!
//! Made when there is the first event: a process without any leaves no file.
//! Which ones a process has stands in a page that fork wipes: a child begins its own,
//! a child of vfork, which is still its parent, does not.

use crate::{arena, sys};
use core::fmt::Write;
use core::sync::atomic::{AtomicU64, Ordering};
use pagesim_core::errno::Errno;
use pagesim_core::page::PageSize;
use pagesim_record::{
    header, Event, Module, MODULES, PARTS, RECORD_BYTES, RECORD_WORDS, SLOTS, SLOT_COUNT,
    SLOT_WORDS, SUFFIX,
};

/// The files of this process. All zero is: none yet.
#[repr(C)]
struct Parts {
    count: usize,
    /// Events that found no room at all.
    failed: usize,
    starts: [usize; PARTS],
}

/// Where an event is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) part: usize,
    pub(crate) slot: usize,
}

/// What stands at the head of every file.
#[derive(Clone, Copy)]
pub(crate) struct Head {
    pub(crate) target: PageSize,
    pub(crate) real: PageSize,
    pub(crate) audit: bool,
}

/// See the module.
pub(crate) struct Sink {
    head: Head,
    prefix: &'static [u8],
    parts: &'static mut Parts,
}

impl Sink {
    /// One that writes to files whose names begin with `prefix`; `None` where there
    /// is no memory or fork cannot be told to wipe it.
    pub(crate) fn new(head: Head, prefix: &[u8]) -> Option<Sink> {
        let page = head.real;
        let block = arena::block(page.bytes())?;
        // SAFETY: a page of our own.
        unsafe { sys::madvise(block as usize, page.bytes(), libc::MADV_WIPEONFORK) }.ok()?;
        // The environment's strings are the program's to overwrite.
        let copy = arena::block(page.ceil(prefix.len().max(1))?)?;
        // SAFETY: two blocks of our own, zeroed, large enough and never given back;
        // all zero is a valid `Parts`.
        unsafe {
            core::ptr::copy_nonoverlapping(prefix.as_ptr(), copy, prefix.len());
            let prefix = core::slice::from_raw_parts(copy, prefix.len());
            Some(Sink { head, prefix, parts: &mut *block.cast::<Parts>() })
        }
    }

    /// The file's words.
    fn words(&self, part: usize) -> Option<&'static [AtomicU64]> {
        let start = *self.parts.starts.get(part).filter(|_| part < self.parts.count)?;
        // SAFETY: a mapping of this length, writable, never unmapped.
        Some(unsafe { core::slice::from_raw_parts(start as *const AtomicU64, RECORD_WORDS) })
    }

    fn slot(&self, place: Place) -> Option<&'static [AtomicU64]> {
        let start = SLOTS + place.slot * SLOT_WORDS;
        self.words(place.part)?.get(start..start + SLOT_WORDS)
    }

    /// Where an event with this key is.
    pub(crate) fn find(&self, key: u64) -> Option<Place> {
        let places = (0..self.parts.count)
            .flat_map(|part| (0..SLOT_COUNT).map(move |slot| Place { part, slot }));
        for place in places {
            let slot = self.slot(place)?;
            if load(slot, Event::STATE) == 0 {
                // the last file's free slots come behind all that is used
                if place.part + 1 == self.parts.count {
                    return None;
                }
                continue;
            }
            if load(slot, Event::KEY) == key {
                return Some(place);
            }
        }
        None
    }

    /// Counts an event that is there already. One that proved right becomes a finding.
    pub(crate) fn count(&self, place: Place, state: u64) {
        if let Some(slot) = self.slot(place) {
            add(slot, Event::COUNT);
            let before = load(slot, Event::STATE);
            store(slot, Event::STATE, before.min(state));
        }
    }

    /// Notes that a suspect proved right.
    pub(crate) fn confirm(&self, place: Place) {
        if let Some(slot) = self.slot(place) {
            add(slot, Event::CONFIRMED);
        }
    }

    /// The number, from 1, of a module in the file that [`Sink::add`] will write
    /// to; 0 where there is no room left.
    pub(crate) fn module(&mut self, module: &Module<'_>) -> u32 {
        let Some(words) = self.current() else { return 0 };
        let end = load(words, header::MODULES_END) as usize;
        let (mut at, mut number) = (MODULES, 1);
        while at < end {
            if load(words, at + 2) == module.start && load(words, at + 1) == module.bias {
                return number;
            }
            at += (load(words, at) & 0xffff).max(1) as usize;
            number += 1;
        }
        if at + module.words() > SLOTS {
            return 0;
        }
        module.write(|i, word| store(words, at + i, word));
        publish(words, header::MODULES_END, (at + module.words()) as u64);
        number
    }

    /// The file that has room for an event, if need be a new one.
    fn current(&mut self) -> Option<&'static [AtomicU64]> {
        let last = self.parts.count.checked_sub(1);
        let has_room = |place| self.slot(place).is_some_and(|slot| load(slot, Event::STATE) == 0);
        if let Some(part) = last {
            if has_room(Place { part, slot: SLOT_COUNT - 1 }) {
                return self.words(part);
            }
        }
        self.open()
    }

    /// Writes an event; where to.
    pub(crate) fn add(&mut self, event: &Event) -> Option<Place> {
        let Some(words) = self.current() else {
            self.lose();
            return None;
        };
        let part = self.parts.count.checked_sub(1)?;
        let place = (0..SLOT_COUNT)
            .map(|slot| Place { part, slot })
            .find(|place| self.slot(*place).is_some_and(|slot| load(slot, Event::STATE) == 0))?;
        let slot = words.get(SLOTS + place.slot * SLOT_WORDS..)?;
        event.write(|i, word| store(slot, i, word));
        store(slot, Event::COUNT, 1);
        publish(slot, Event::STATE, event.state());
        Some(place)
    }

    /// Counts an event that cannot be written.
    pub(crate) fn lose(&mut self) {
        self.parts.failed += 1;
        if let Some(words) = self.words(0) {
            store(words, header::LOST, self.parts.failed as u64);
        }
    }

    fn open(&mut self) -> Option<&'static [AtomicU64]> {
        let part = self.parts.count;
        // a process that could make no file tries once
        if self.parts.failed != 0 || part == PARTS {
            return None;
        }
        let fd = self.create(SUFFIX).ok()?;
        let start = map(fd);
        sys::close(fd);
        *self.parts.starts.get_mut(part)? = start.ok()?;
        self.parts.count += 1;
        let words = self.words(part)?;
        let pid = sys::getpid();
        for (i, word) in [
            (header::VERSION, header::VERSION_VALUE),
            (header::PID, pid as u64),
            (header::PARENT, parent()),
            (header::TARGET, self.head.target.bytes() as u64),
            (header::REAL, self.head.real.bytes() as u64),
            (header::AUDIT, u64::from(self.head.audit)),
            (header::PART, part as u64),
            (header::TIME, seconds()),
            (header::MODULES_END, MODULES as u64),
        ] {
            store(words, i, word);
        }
        publish(words, header::MAGIC, header::MAGIC_VALUE);
        super::program_module(self);
        Some(words)
    }

    /// Makes a file of its own: `prefix.pid.number` and the suffix. Another
    /// program may have run under this number before.
    pub(crate) fn create(&self, suffix: &str) -> Result<i32, Errno> {
        const TRIES: usize = 1000;
        let pid = sys::getpid();
        let flags = libc::O_RDWR | libc::O_CREAT | libc::O_EXCL | libc::O_CLOEXEC;
        for number in 0..TRIES {
            let mut name = Name::new(self.prefix);
            let _ = write!(name, ".{pid}.{number}{suffix}");
            match sys::open(name.c_str()?, flags | libc::O_NOFOLLOW, 0o600) {
                Err(Errno::EEXIST) => {}
                answer => return answer,
            }
        }
        Err(Errno::EEXIST)
    }
}

/// Maps a new file. Its blocks are taken at once: a store for which the disk has
/// no room would be a SIGBUS.
fn map(fd: i32) -> Result<usize, Errno> {
    let call = |n, args| {
        // SAFETY: sizes a file of our own.
        unsafe { sys::call(n, args) }
    };
    match call(libc::SYS_fallocate, [fd as usize, 0, 0, RECORD_BYTES, 0, 0]) {
        Err(Errno::EOPNOTSUPP | Errno::ENOSYS) => {
            call(libc::SYS_ftruncate, [fd as usize, RECORD_BYTES, 0, 0, 0, 0])?;
        }
        answer => drop(answer?),
    }
    let prot = (libc::PROT_READ | libc::PROT_WRITE) as u32;
    // SAFETY: a new mapping where nothing was.
    unsafe { sys::mmap(0, RECORD_BYTES, prot, libc::MAP_SHARED as u32, fd, 0) }
}

fn parent() -> u64 {
    // SAFETY: no arguments, no effects.
    unsafe { sys::call(libc::SYS_getppid, [0; 6]) }.map_or(0, |pid| pid as u64)
}

fn seconds() -> u64 {
    let mut now = [0i64; 2];
    let args = [libc::CLOCK_REALTIME as usize, now.as_mut_ptr() as usize, 0, 0, 0, 0];
    // SAFETY: a timespec has two words.
    let _ = unsafe { sys::call(libc::SYS_clock_gettime, args) };
    let [seconds, _] = now;
    seconds as u64
}

fn load(words: &[AtomicU64], i: usize) -> u64 {
    words.get(i).map_or(0, |word| word.load(Ordering::Relaxed))
}

fn store(words: &[AtomicU64], i: usize, value: u64) {
    if let Some(word) = words.get(i) {
        word.store(value, Ordering::Relaxed);
    }
}

/// Stores what says that everything stored before it is there.
fn publish(words: &[AtomicU64], i: usize, value: u64) {
    if let Some(word) = words.get(i) {
        word.store(value, Ordering::Release);
    }
}

fn add(words: &[AtomicU64], i: usize) {
    if let Some(word) = words.get(i) {
        word.fetch_add(1, Ordering::Relaxed);
    }
}

/// A file name in the making, with its NUL.
struct Name {
    bytes: [u8; 4096],
    len: usize,
}

impl Name {
    fn new(prefix: &[u8]) -> Name {
        let mut name = Name { bytes: [0; 4096], len: 0 };
        if let Some(place) = name.bytes.get_mut(..prefix.len()) {
            place.copy_from_slice(prefix);
            name.len = prefix.len();
        }
        name
    }

    fn c_str(&self) -> Result<&core::ffi::CStr, Errno> {
        core::ffi::CStr::from_bytes_until_nul(&self.bytes).map_err(|_| Errno(libc::ENAMETOOLONG))
    }
}

impl Write for Name {
    fn write_str(&mut self, text: &str) -> core::fmt::Result {
        let end = self.len + text.len();
        // its last byte stays NUL
        let place = self.bytes.get_mut(self.len..end).filter(|_| end < 4096);
        place.ok_or(core::fmt::Error)?.copy_from_slice(text.as_bytes());
        self.len = end;
        Ok(())
    }
}
