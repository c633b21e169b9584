//! Which files count in pages, by their names.

use crate::sys;
use core::ffi::{c_char, CStr};
use core::fmt::Write;

/// What a file holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    /// Words, sizes in pages.
    Statm,
    /// Words, one of them in pages.
    Stat,
    /// Fields in kB.
    Status,
    /// Fields in kB of the whole machine.
    Meminfo,
    /// Lines of the whole machine, amounts in pages.
    Vmstat,
    /// Mappings with fields in kB.
    Smaps,
    /// The sum of the mappings.
    Rollup,
    /// The auxiliary vector.
    Auxv,
    /// An entry of 8 bytes a page.
    Pagemap,
    /// Mappings with counts of pages.
    NumaMaps,
    /// A line for each segment of System V shared memory.
    Segments,
}

const NAMES: [(&[u8], Kind); 11] = [
    (b"statm", Kind::Statm),
    (b"stat", Kind::Stat),
    (b"status", Kind::Status),
    (b"meminfo", Kind::Meminfo),
    (b"vmstat", Kind::Vmstat),
    (b"smaps", Kind::Smaps),
    (b"smaps_rollup", Kind::Rollup),
    (b"auxv", Kind::Auxv),
    (b"pagemap", Kind::Pagemap),
    (b"numa_maps", Kind::NumaMaps),
    (b"shm", Kind::Segments),
];

fn by_name(path: &[u8]) -> Option<Kind> {
    let last = path.rsplit(|b| *b == b'/').next()?;
    NAMES.iter().find(|(name, _)| *name == last).map(|(_, kind)| *kind)
}

/// Whether the last component of `path` is the name of one of the files, or of a
/// descriptor, which may lead to one.
pub(super) fn is_known(path: &[u8]) -> bool {
    let last = path.rsplit(|b| *b == b'/').next().unwrap_or(path);
    by_name(path).is_some() || (!last.is_empty() && last.iter().all(u8::is_ascii_digit))
}

/// What stands in front of the origin in a memory file's label.
const LABEL: &[u8] = b"pagesim ";
/// What the kernel puts in front of a label.
const MEMFD: &[u8] = b"/memfd:";
/// And behind it.
const DELETED: &[u8] = b" (deleted)";

/// An absolute path of a file that is open, short enough for ours; ends with NUL.
#[derive(Clone, Copy)]
pub(super) struct Link {
    bytes: [u8; 128],
    len: usize,
}

impl Write for Link {
    fn write_str(&mut self, text: &str) -> core::fmt::Result {
        self.push(text.as_bytes()).ok_or(core::fmt::Error)
    }
}

impl Link {
    const EMPTY: Link = Link { bytes: [0; 128], len: 0 };

    fn push(&mut self, text: &[u8]) -> Option<()> {
        let end = self.len.checked_add(text.len()).filter(|end| *end < self.bytes.len())?;
        self.bytes.get_mut(self.len..end)?.copy_from_slice(text);
        self.len = end;
        Some(())
    }

    fn new(text: &[u8]) -> Option<Link> {
        let mut link = Link::EMPTY;
        link.push(text)?;
        Some(link)
    }

    /// Where a descriptor of this process is found as a link.
    pub(super) fn path(fd: i32) -> Link {
        let mut link = Link::EMPTY;
        let _ = write!(link, "/proc/self/fd/{fd}");
        link
    }

    /// What `fd` refers to; `None` also for what is longer than any name here.
    pub(super) fn of(fd: i32) -> Option<Link> {
        // SAFETY: a C string.
        unsafe { Link::at(libc::AT_FDCWD, Link::path(fd).as_c_str().as_ptr()) }
    }

    /// What the link `path`, from the folder `dir` on, refers to.
    ///
    /// # Safety
    /// `path` is a C string.
    pub(super) unsafe fn at(dir: i32, path: *const c_char) -> Option<Link> {
        let mut link = Link::EMPTY;
        let room = link.bytes.len();
        let to = link.bytes.as_mut_ptr() as usize;
        let args = [dir as usize, path as usize, to, room, 0, 0];
        // SAFETY: readlinkat(2) into a buffer of this length.
        let len = unsafe { sys::own(libc::SYS_readlinkat, args) }.ok()?;
        link.len = len;
        (len < room).then_some(link)
    }

    pub(super) fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or(&[])
    }

    pub(super) fn as_c_str(&self) -> &CStr {
        CStr::from_bytes_until_nul(&self.bytes).unwrap_or(c"")
    }

    /// What the file holds: only `/proc/<name>`, what belongs to a process, and what a node
    /// of the machine has.
    pub(super) fn kind(&self) -> Option<Kind> {
        if let Some(rest) = self.bytes().strip_prefix(b"/sys/devices/system/node/node") {
            return match rest.split(|b| *b == b'/').nth(1)? {
                b"meminfo" => Some(Kind::Meminfo),
                b"vmstat" => Some(Kind::Vmstat),
                _ => None,
            };
        }
        let rest = self.bytes().strip_prefix(b"/proc/")?;
        let kind = by_name(rest)?;
        let of_process = rest.first().is_some_and(u8::is_ascii_digit);
        let of_machine = !rest.contains(&b'/');
        match kind {
            Kind::Meminfo | Kind::Vmstat if of_machine => Some(kind),
            Kind::Meminfo | Kind::Vmstat => None,
            Kind::Segments => (rest == b"sysvipc/shm").then_some(kind),
            _ if of_process && !of_machine => Some(kind),
            _ => None,
        }
    }

    /// `name` in the same folder.
    pub(super) fn sibling(&self, name: &str) -> Option<Link> {
        let end = self.bytes().iter().rposition(|b| *b == b'/')? + 1;
        let mut link = Link::new(self.bytes().get(..end)?)?;
        link.push(name.as_bytes())?;
        Some(link)
    }

    /// The label of the memory file that stands for this one.
    pub(super) fn label(&self) -> Link {
        let mut label = Link::EMPTY;
        let _ = label.push(LABEL).and_then(|()| label.push(self.bytes()));
        label
    }

    /// The file that `fd` stands for, where it is a memory file of ours. Files that have
    /// a name are none: that is asked first, for reading a link takes longer.
    pub(super) fn origin_of(fd: i32) -> Option<Link> {
        sys::fstat(fd).ok().filter(|st| st.st_nlink == 0)?;
        Link::of(fd)?.origin()
    }

    /// The file that a memory file of ours stands for.
    pub(super) fn origin(&self) -> Option<Link> {
        let label = self.bytes().strip_prefix(MEMFD)?.strip_suffix(DELETED)?;
        Link::new(label.strip_prefix(LABEL)?)
    }

    /// Whether a link that was read begins like that to a memory file of ours, as
    /// far as there was room for it.
    pub(super) fn begins_like_ours(text: &[u8]) -> bool {
        let label = MEMFD.iter().chain(LABEL);
        !text.is_empty() && text.iter().zip(label).all(|(a, b)| a == b)
    }

    pub(super) fn as_ptr(&self) -> *const u8 {
        self.bytes.as_ptr()
    }
}
