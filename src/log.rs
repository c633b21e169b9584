//! The log: one line per call, to standard error or a file, without memory of
//! its own.
//!
//! A line is made on the stack and written with one write(2), so lines of
//! several threads and processes do not mix.

use crate::sys;
use core::fmt::{self, Write};
use core::sync::atomic::{AtomicI32, AtomicU64, Ordering};
use log::{LevelFilter, Log, Metadata, Record};
use pagesim_config::{Level, Settings};
use pagesim_core::errno::Errno;
use pagesim_core::flags::{MapFlags, Prot};
use pagesim_core::space::MapRequest;

/// A line of at most 480 bytes; what does not fit is cut off.
pub(crate) struct Line {
    bytes: [u8; 480],
    len: usize,
}

impl Line {
    pub(crate) fn new() -> Line {
        Line { bytes: [0; 480], len: 0 }
    }

    /// What was written so far.
    pub(crate) fn text(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or(&[])
    }

    /// The line with its end.
    pub(crate) fn finish(&mut self) -> &[u8] {
        let end = self.len.min(self.bytes.len() - 1);
        if let Some(last) = self.bytes.get_mut(end) {
            *last = b'\n';
        }
        self.bytes.get(..=end).unwrap_or(&[])
    }
}

impl Write for Line {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for byte in text.bytes() {
            if let Some(place) = self.bytes.get_mut(self.len) {
                *place = byte;
                self.len += 1;
            }
        }
        Ok(())
    }
}

struct Logger;

static LOGGER: Logger = Logger;
static FD: AtomicI32 = AtomicI32::new(2);
/// Device and inode of the log file: the program may close the descriptor and
/// get its number for a file of its own.
static DEV: AtomicU64 = AtomicU64::new(0);
static INO: AtomicU64 = AtomicU64::new(0);

impl Log for Logger {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        let fd = FD.load(Ordering::Relaxed);
        if fd != 2 && !is_ours(fd) {
            return;
        }
        let mut line = Line::new();
        let _ = write!(line, "pagesim[{}:{}] {}", sys::getpid(), sys::gettid(), record.args());
        let _ = sys::write_all(fd, line.finish());
    }

    fn flush(&self) {}
}

fn is_ours(fd: i32) -> bool {
    sys::fstat(fd).is_ok_and(|st| {
        st.st_dev == DEV.load(Ordering::Relaxed) && st.st_ino == INO.load(Ordering::Relaxed)
    })
}

/// Begins logging as the settings say.
pub(crate) fn open(settings: &Settings<'_>) {
    if settings.level == Level::Off {
        return;
    }
    if let Some(path) = settings.log_file {
        match create(path).and_then(remember) {
            Ok(fd) => FD.store(fd, Ordering::Relaxed),
            Err(error) => complain("log", path, error),
        }
    }
    let level = match settings.level {
        Level::Off => LevelFilter::Off,
        Level::Error => LevelFilter::Error,
        Level::Warn => LevelFilter::Warn,
        Level::Info => LevelFilter::Info,
        Level::Debug => LevelFilter::Debug,
        Level::Trace => LevelFilter::Trace,
    };
    if log::set_logger(&LOGGER).is_ok() {
        log::set_max_level(level);
    }
    log::info!("target page {} KiB", settings.target.bytes() >> 10);
}

/// Lowest descriptor for the log: out of the way of programs that expect the
/// next free one to be small.
const HIGH_FD: usize = 600;

/// Opens a file for appending. A link in its last component is not followed,
/// and a file of another user or with a second name is refused: in a shared
/// folder somebody may have put it there.
pub(crate) fn create(path: &[u8]) -> Result<i32, Errno> {
    let mut name = [0u8; 4096];
    let c_path = name
        .get_mut(..path.len())
        .filter(|_| path.len() < 4096)
        .map(|place| place.copy_from_slice(path))
        .and_then(|()| core::ffi::CStr::from_bytes_until_nul(&name).ok())
        .ok_or(Errno(libc::ENAMETOOLONG))?;
    let flags = libc::O_WRONLY
        | libc::O_APPEND
        | libc::O_CREAT
        | libc::O_NOFOLLOW
        | libc::O_CLOEXEC
        | libc::O_NOCTTY
        | libc::O_NONBLOCK;
    let fd = sys::open(c_path, flags, 0o600)?;
    let checked = check(fd);
    if let Err(error) = checked {
        sys::close(fd);
        return Err(error);
    }
    // SAFETY: duplicates a descriptor of our own.
    let high = unsafe {
        sys::call(libc::SYS_fcntl, [fd as usize, libc::F_DUPFD_CLOEXEC as usize, HIGH_FD, 0, 0, 0])
    };
    match high {
        Ok(high) => {
            sys::close(fd);
            Ok(high as i32)
        }
        Err(_) => Ok(fd),
    }
}

fn check(fd: i32) -> Result<(), Errno> {
    let st = sys::fstat(fd)?;
    // SAFETY: no arguments, no effects.
    let me = unsafe { sys::call(libc::SYS_geteuid, [0; 6]) }? as libc::uid_t;
    // a named pipe of somebody else has him at its other end
    let planted = matches!(st.st_mode & libc::S_IFMT, libc::S_IFREG | libc::S_IFIFO);
    if planted && (st.st_uid != me || st.st_nlink > 1) {
        return Err(Errno::EPERM);
    }
    Ok(())
}

fn remember(fd: i32) -> Result<i32, Errno> {
    let st = sys::fstat(fd)?;
    DEV.store(st.st_dev, Ordering::Relaxed);
    INO.store(st.st_ino, Ordering::Relaxed);
    Ok(fd)
}

pub(crate) fn complain(what: &str, path: &[u8], error: Errno) {
    let mut line = Line::new();
    let _ = write!(line, "pagesim: cannot open the {what} file {}: {error:?}", path.escape_ascii());
    let _ = sys::write_all(2, line.finish());
}

/// The level of a call's line: one that failed is worth more.
fn level<T>(result: &Result<T, Errno>) -> log::Level {
    if result.is_ok() {
        log::Level::Trace
    } else {
        log::Level::Debug
    }
}

/// A line for mmap(2).
pub(crate) fn mmap(request: &MapRequest, result: Result<usize, Errno>) {
    let level = level(&result);
    if level <= log::max_level() {
        log::log!(
            level,
            "mmap({:#x}, {}, {}, {}, {}, {:#x}) = {}",
            request.addr,
            request.len,
            Names(request.prot),
            Names(request.flags),
            request.fd,
            request.offset,
            Answer(result)
        );
    }
}

/// A line for mremap(2).
pub(crate) fn mremap(remap: &crate::ranges::Remap, result: Result<usize, Errno>) {
    let level = level(&result);
    if level <= log::max_level() {
        log::log!(
            level,
            "mremap({:#x}, {}, {}, {:#x}, {:#x}) = {}",
            remap.addr,
            remap.old_len,
            remap.new_len,
            remap.flags,
            remap.new_addr,
            Answer(result)
        );
    }
}

/// A line for a call with an address, a length and perhaps more.
pub(crate) fn call(
    name: &str,
    addr: usize,
    len: usize,
    more: fmt::Arguments<'_>,
    result: Result<(), Errno>,
) {
    let level = level(&result);
    if level <= log::max_level() {
        log::log!(level, "{name}({addr:#x}, {len}{more}) = {}", Answer(result.map(|()| 0)));
    }
}

struct Answer(Result<usize, Errno>);

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Ok(value) => write!(f, "{value:#x}"),
            Err(error) => write!(f, "-1 {error:?}"),
        }
    }
}

/// The names of flags; unknown bits in hexadecimal.
pub(crate) struct Names<T>(pub(crate) T);

impl fmt::Display for Names<Prot> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        names(f, "NONE", self.0.bits(), self.0.iter_names().map(|(name, p)| (name, p.bits())))
    }
}

impl fmt::Display for Names<MapFlags> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        names(f, "0", self.0.bits(), self.0.iter_names().map(|(name, p)| (name, p.bits())))
    }
}

/// The flags of msync(2).
pub(crate) struct SyncFlags(pub(crate) i32);

impl fmt::Display for SyncFlags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known = [
            ("ASYNC", libc::MS_ASYNC),
            ("INVALIDATE", libc::MS_INVALIDATE),
            ("SYNC", libc::MS_SYNC),
        ];
        let set = known.into_iter().filter(|(_, bit)| self.0 & bit != 0);
        names(f, "0", self.0 as u32, set.map(|(name, bit)| (name, bit as u32)))
    }
}

fn names(
    f: &mut fmt::Formatter<'_>,
    none: &str,
    bits: u32,
    set: impl Iterator<Item = (&'static str, u32)>,
) -> fmt::Result {
    let mut left = bits;
    let mut separator = "";
    for (name, bit) in set {
        write!(f, "{separator}{name}")?;
        separator = "|";
        left &= !bit;
    }
    if left != 0 {
        write!(f, "{separator}{left:#x}")
    } else if bits == 0 {
        f.write_str(none)
    } else {
        Ok(())
    }
}
