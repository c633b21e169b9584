//! stat(2), statfs(2) and their relatives, seeking for data and holes.

use super::errno::{status, word};
use super::{hook, next};
use crate::eof::transfer;
use crate::procfs::{self, origin};
use crate::stat::{self, Seen, Source, Totals};
use crate::sys;
use core::ffi::{c_char, c_int, c_long, c_uint};
use libc::{stat as Stat, statfs as StatFs, statvfs as StatVfs};
use pagesim_core::errno::Errno;

/// Translates what the kernel has answered.
///
/// # Safety
/// `place` holds an answer.
#[inline]
unsafe fn answered(place: *mut Stat, source: Source) {
    // SAFETY: the caller's promise.
    let Some(st) = (unsafe { place.as_mut() }) else { return };
    let seen = Seen::new(st);
    if let Some(new) = stat::translate(seen, source) {
        st.st_size = new.size as i64;
        st.st_blksize = new.block_size as libc::blksize_t;
        st.st_blocks = new.blocks as i64;
    }
}

/// fstatat(2) by its number.
pub(crate) fn at(
    dir: c_int,
    path: *const c_char,
    place: *mut Stat,
    flags: c_int,
) -> Result<usize, Errno> {
    let args = [dir as usize, path as usize, place as usize, flags as usize, 0, 0];
    // SAFETY: the program's own request; the kernel checks the pointers.
    let done = unsafe { transfer::asking_call(libc::SYS_newfstatat, args)? };
    match source(dir, path, flags) {
        Source::Fd(fd) if procfs::any() => return by_fd(fd, place),
        // SAFETY: filled by the call.
        source => unsafe { answered(place, source) },
    }
    Ok(done)
}

/// fstat(2) by its number.
pub(crate) fn by_fd(fd: c_int, place: *mut Stat) -> Result<usize, Errno> {
    origin::ask(fd, libc::O_PATH, |fd| {
        // SAFETY: the program's own request; the kernel checks the pointer.
        unsafe {
            let args = [fd as usize, place as usize, 0, 0, 0, 0];
            let done = transfer::asking_call(libc::SYS_fstat, args)?;
            answered(place, Source::Fd(fd));
            Ok(done)
        }
    })
}

/// What a call that may name a file by an empty path refers to.
fn source(dir: c_int, path: *const c_char, flags: c_int) -> Source {
    // SAFETY: null, or a string that the kernel has read.
    let empty = path.is_null() || unsafe { path.read() } == 0;
    if empty && flags & libc::AT_EMPTY_PATH != 0 && dir >= 0 {
        Source::Fd(dir)
    } else {
        Source::At(dir, path.cast(), flags & libc::AT_SYMLINK_NOFOLLOW == 0)
    }
}

/// Defines functions of stat(2)'s shape.
macro_rules! like_stat {
    ($($name:ident $flags:expr;)*) => {
        hook! {$(
            fn $name(path: *const c_char, place: *mut Stat) -> c_int {
                word(at(libc::AT_FDCWD, path, place, $flags)) as c_int
            }
        )*}
    };
}

/// And those that old programs call, with a version of the structure in front:
/// there is only one on 64-bit systems.
macro_rules! like_xstat {
    ($($name:ident $flags:expr;)*) => {
        hook! {$(
            fn $name(_version: c_int, path: *const c_char, place: *mut Stat) -> c_int {
                word(at(libc::AT_FDCWD, path, place, $flags)) as c_int
            }
        )*}
    };
}

like_stat! {
    stat 0;
    stat64 0;
    lstat libc::AT_SYMLINK_NOFOLLOW;
    lstat64 libc::AT_SYMLINK_NOFOLLOW;
}

like_xstat! {
    __xstat 0;
    __xstat64 0;
    __lxstat libc::AT_SYMLINK_NOFOLLOW;
    __lxstat64 libc::AT_SYMLINK_NOFOLLOW;
}

hook! {
    fn fstat(fd: c_int, place: *mut Stat) -> c_int = libc::fstat {
        word(by_fd(fd, place)) as c_int
    }

    fn fstat64(fd: c_int, place: *mut Stat) -> c_int {
        word(by_fd(fd, place)) as c_int
    }

    fn __fxstat(_version: c_int, fd: c_int, place: *mut Stat) -> c_int {
        word(by_fd(fd, place)) as c_int
    }

    fn __fxstat64(_version: c_int, fd: c_int, place: *mut Stat) -> c_int {
        word(by_fd(fd, place)) as c_int
    }

    fn fstatat(dir: c_int, path: *const c_char, place: *mut Stat, flags: c_int)
        -> c_int = libc::fstatat {
        word(at(dir, path, place, flags)) as c_int
    }

    fn fstatat64(dir: c_int, path: *const c_char, place: *mut Stat, flags: c_int) -> c_int {
        word(at(dir, path, place, flags)) as c_int
    }

    fn __fxstatat(
        _version: c_int,
        dir: c_int,
        path: *const c_char,
        place: *mut Stat,
        flags: c_int,
    ) -> c_int {
        word(at(dir, path, place, flags)) as c_int
    }

    fn __fxstatat64(
        _version: c_int,
        dir: c_int,
        path: *const c_char,
        place: *mut Stat,
        flags: c_int,
    ) -> c_int {
        word(at(dir, path, place, flags)) as c_int
    }

    /// By way of the C library's, which stands in for old kernels.
    fn statx(dir: c_int, path: *const c_char, flags: c_int, mask: c_uint, place: *mut StatX)
        -> c_int {
        let next = next!(
            c"statx",
            fn(c_int, *const c_char, c_int, c_uint, *mut StatX) -> c_int
        );
        transfer::prepare_args(&[path as usize, place as usize]);
        let answer = match next {
            Some(next) => next(dir, path, flags, mask, place),
            None => status(Err(Errno::ENOSYS)),
        };
        if answer != 0 {
            return answer;
        }
        let named = source(dir, path, flags);
        match named {
            Source::Fd(fd) => origin::ask(fd, libc::O_PATH, |origin| {
                if let (true, Some(next)) = (origin != fd, next) {
                    next(origin, path, flags, mask, place);
                }
            }),
            Source::At(..) => {}
        }
        // SAFETY: filled by the call.
        unsafe { answered_x(place, named) };
        answer
    }
}

/// statx(2) by its number.
pub(crate) fn extended(args: [usize; 6]) -> Result<usize, Errno> {
    let [dir, path, flags, _, place, _] = args;
    // SAFETY: the program's own request; the kernel checks the pointers.
    unsafe {
        let done = transfer::asking_call(libc::SYS_statx, args)?;
        let source = source(dir as c_int, path as *const c_char, flags as c_int);
        if let Source::Fd(fd) = source {
            let [_, b, c, d, e, f] = args;
            origin::ask(fd, libc::O_PATH, |origin| {
                if origin != fd {
                    let _ = sys::call(libc::SYS_statx, [origin as usize, b, c, d, e, f]);
                }
            });
        }
        answered_x(place as *mut StatX, source);
        Ok(done)
    }
}

/// `struct statx` of <linux/stat.h>, as far as the device number.
#[repr(C)]
pub(crate) struct StatX {
    mask: u32,
    block_size: u32,
    attributes: u64,
    links: u32,
    owner: u32,
    group: u32,
    mode: u16,
    _pad: u16,
    ino: u64,
    size: u64,
    blocks: u64,
    attributes_mask: u64,
    times: [u64; 8],
    rdev: [u32; 2],
    dev: [u32; 2],
}

/// As [`answered`].
///
/// # Safety
/// `place` holds an answer.
unsafe fn answered_x(place: *mut StatX, source: Source) {
    // SAFETY: the caller's promise.
    let Some(st) = (unsafe { place.as_mut() }) else { return };
    let [major, minor] = st.dev;
    let seen = Seen {
        dev: libc::makedev(major, minor),
        regular: u32::from(st.mode) & libc::S_IFMT == libc::S_IFREG,
        size: st.size,
        block_size: u64::from(st.block_size),
        blocks: st.blocks,
    };
    if let Some(new) = stat::translate(seen, source) {
        st.size = new.size;
        st.block_size = new.block_size as u32;
        st.blocks = new.blocks;
    }
}

/// Defines functions of statfs(2)'s and statvfs(3)'s shape, by path or descriptor.
macro_rules! like_statfs {
    ($($name:ident, $c_name:literal, $arg:ident: $ty:ty, $structure:ty, $ask:ident, $source:expr;)*) => {
        hook! {$(
            fn $name($arg: $ty, place: *mut $structure) -> c_int {
                transfer::prepare_args(&[$arg as usize, place as usize]);
                let answer = match next!($c_name, fn($ty, *mut $structure) -> c_int) {
                    Some(next) => $ask($arg, |$arg| next($arg, place)),
                    None => status(Err(Errno::ENOSYS)),
                };
                // SAFETY: filled by a successful call.
                if let (0, Some(st)) = (answer, unsafe { place.as_mut() }) {
                    st.translate($source);
                }
                answer
            }
        )*}
    };
}

trait Translate {
    fn translate(&mut self, source: Source);
}

impl Translate for StatFs {
    fn translate(&mut self, _: Source) {
        let magic = Some(self.f_type as u32);
        let (mut block, mut fragment) = (self.f_bsize as u64, self.f_frsize as u64);
        let totals = Totals {
            block_size: &mut block,
            fragment_size: &mut fragment,
            counts: [&mut self.f_blocks, &mut self.f_bfree, &mut self.f_bavail],
        };
        stat::translate_totals(magic, totals);
        self.f_bsize = block as _;
        self.f_frsize = fragment as _;
    }
}

impl Translate for StatVfs {
    fn translate(&mut self, source: Source) {
        let totals = Totals {
            block_size: &mut self.f_bsize,
            fragment_size: &mut self.f_frsize,
            counts: [&mut self.f_blocks, &mut self.f_bfree, &mut self.f_bavail],
        };
        stat::translate_totals(stat::magic(source), totals);
    }
}

fn by_path<T>(path: *const c_char, ask: impl FnOnce(*const c_char) -> T) -> T {
    ask(path)
}

fn by_descriptor<T>(fd: c_int, ask: impl FnOnce(c_int) -> T) -> T {
    origin::ask(fd, libc::O_PATH, ask)
}

fn named(path: *const c_char) -> Source {
    Source::At(libc::AT_FDCWD, path.cast(), true)
}

like_statfs! {
    statfs, c"statfs", path: *const c_char, StatFs, by_path, named(path);
    statfs64, c"statfs64", path: *const c_char, StatFs, by_path, named(path);
    fstatfs, c"fstatfs", fd: c_int, StatFs, by_descriptor, Source::Fd(fd);
    fstatfs64, c"fstatfs64", fd: c_int, StatFs, by_descriptor, Source::Fd(fd);
    statvfs, c"statvfs", path: *const c_char, StatVfs, by_path, named(path);
    statvfs64, c"statvfs64", path: *const c_char, StatVfs, by_path, named(path);
    fstatvfs, c"fstatvfs", fd: c_int, StatVfs, by_descriptor, Source::Fd(fd);
    fstatvfs64, c"fstatvfs64", fd: c_int, StatVfs, by_descriptor, Source::Fd(fd);
}

/// statfs(2) and fstatfs(2) by their numbers.
pub(crate) fn totals(number: c_long, args: [usize; 6]) -> Result<usize, Errno> {
    let [named, place, ..] = args;
    transfer::prepare_args(&args);
    // SAFETY: the program's own request; the kernel has filled the structure.
    unsafe {
        let done = match number {
            libc::SYS_fstatfs => by_descriptor(named as c_int, |fd| {
                sys::call(number, [fd as usize, place, 0, 0, 0, 0])
            })?,
            _ => sys::call(number, args)?,
        };
        if let Some(st) = (place as *mut StatFs).as_mut() {
            st.translate(Source::Fd(-1));
        }
        Ok(done)
    }
}

/// Whether pathconf(3) answers `name` with a block size of the file system.
fn is_block_size(name: c_int) -> bool {
    matches!(
        name,
        libc::_PC_REC_MIN_XFER_SIZE | libc::_PC_REC_XFER_ALIGN | libc::_PC_ALLOC_SIZE_MIN
    )
}

fn configured(name: c_int, source: Source, own: c_long) -> c_long {
    match stat::page_of(source).filter(|_| own > 0 && is_block_size(name)) {
        Some(page) => page as c_long,
        None => own,
    }
}

hook! {
    fn pathconf(path: *const c_char, name: c_int) -> c_long = libc::pathconf {
        transfer::prepare_args(&[path as usize]);
        match next!(c"pathconf", fn(*const c_char, c_int) -> c_long) {
            Some(next) => configured(name, named(path), next(path, name)),
            None => word(Err(Errno::ENOSYS)) as c_long,
        }
    }

    fn fpathconf(fd: c_int, name: c_int) -> c_long = libc::fpathconf {
        match next!(c"fpathconf", fn(c_int, c_int) -> c_long) {
            Some(next) => configured(name, Source::Fd(fd), next(fd, name)),
            None => word(Err(Errno::ENOSYS)) as c_long,
        }
    }

    fn lseek(fd: c_int, offset: i64, whence: c_int) -> i64 = libc::lseek {
        word(seek(fd, offset, whence)) as i64
    }

    fn lseek64(fd: c_int, offset: i64, whence: c_int) -> i64 = libc::lseek64 {
        word(seek(fd, offset, whence)) as i64
    }

    /// glibc exports its own name for it as well.
    fn __lseek(fd: c_int, offset: i64, whence: c_int) -> i64 {
        word(seek(fd, offset, whence)) as i64
    }
}

/// lseek(2).
pub(crate) fn seek(fd: c_int, offset: i64, whence: c_int) -> Result<usize, Errno> {
    if whence == libc::SEEK_END {
        // the program learns how large the file is
        transfer::seen();
    }
    if let Some(found) = origin::seek(fd, offset, whence) {
        return found;
    }
    if whence == libc::SEEK_DATA || whence == libc::SEEK_HOLE {
        if let Some(found) = stat::seek_data_or_hole(fd, offset, whence) {
            return found.map(|at| at as usize);
        }
    }
    if offset == 0 && whence == libc::SEEK_SET {
        procfs::rewound(fd);
    }
    let args = [fd as usize, offset as usize, whence as usize, 0, 0, 0];
    // SAFETY: no pointers.
    unsafe { sys::call(libc::SYS_lseek, args) }
}
