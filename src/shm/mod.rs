//! System V shared memory with target pages.
//!
//! A segment has to be accessible to the end of its last target page, by every
//! process that attaches it. It is therefore made larger than asked for: to whole
//! target pages, and one host page more, which no program sees. That page holds
//! what was asked for, so that any process under the library can tell the size;
//! nothing has to be shared but the segment itself. A segment that another system
//! made has no such page and stays as long as it is.
//!
//! Attaching happens in two steps: anywhere first, then, without the page of our
//! own, the mapping is moved to its place in the guest window. When that mapping is made
//! to reach over the end of its segment, the page comes to lie in it: from there on a
//! mapping of what is behind the page takes its place, which faults as it should.

mod label;
pub(crate) mod listing;

use crate::eof::transfer;
use crate::record;
use crate::state::{self, Guard, Turn};
use crate::sys;
use core::sync::atomic::{AtomicU64, Ordering};
use label::Notes;
use pagesim_core::errno::Errno;
use pagesim_core::finding::Call;
use pagesim_core::flags::{MapFlags, Prot};
use pagesim_core::page::AddrRange;
use pagesim_core::space::{Config, MapRequest};
use pagesim_core::vma::{Backing, FileId, Vma};

/// Commands of shmctl(2) for ipcs(1) and its like: <linux/shm.h>.
const SHM_STAT: i32 = 13;
const SHM_INFO: i32 = 14;
const SHM_STAT_ANY: i32 = 15;

fn raw_get(key: i32, size: usize, flags: i32) -> Result<i32, Errno> {
    // SAFETY: no pointers.
    unsafe { sys::call(libc::SYS_shmget, [key as usize, size, flags as usize, 0, 0, 0]) }
        .map(|id| id as i32)
}

/// # Safety
/// Of shmat(2) with SHM_REMAP: what is replaced is the caller's business.
unsafe fn raw_attach(id: i32, addr: usize, flags: i32) -> Result<usize, Errno> {
    // SAFETY: the caller's promise.
    unsafe { sys::call(libc::SYS_shmat, [id as usize, addr, flags as usize, 0, 0, 0]) }
}

fn raw_detach(addr: usize) -> Result<(), Errno> {
    // SAFETY: detaches what was attached there and nothing else.
    unsafe { sys::call(libc::SYS_shmdt, [addr, 0, 0, 0, 0, 0]) }.map(drop)
}

fn raw_control(id: i32, command: i32, buffer: usize) -> Result<usize, Errno> {
    // SAFETY: the kernel checks the pointer.
    unsafe { sys::call(libc::SYS_shmctl, [id as usize, command as usize, buffer, 0, 0, 0]) }
}

fn status(id: i32) -> Result<libc::shmid_ds, Errno> {
    let mut data = core::mem::MaybeUninit::<libc::shmid_ds>::zeroed();
    raw_control(id, libc::IPC_STAT, data.as_mut_ptr() as usize)?;
    // SAFETY: filled, and any bytes are a valid shmid_ds.
    Ok(unsafe { data.assume_init() })
}

/// shmget(2).
pub(crate) fn get(key: i32, size: usize, flags: i32) -> Result<i32, Errno> {
    let Some(config) =
        state::config().filter(|c| c.target > c.real && flags & libc::SHM_HUGETLB == 0)
    else {
        return raw_get(key, size, flags);
    };
    if key != libc::IPC_PRIVATE {
        let existing = raw_get(key, 0, flags & !(libc::IPC_CREAT | libc::IPC_EXCL));
        match existing {
            Ok(id) if flags & libc::IPC_CREAT == 0 || flags & libc::IPC_EXCL == 0 => {
                // newseg() is not reached: shm_more_checks()
                return if asked_size(config, id)? < size { Err(Errno::EINVAL) } else { Ok(id) };
            }
            Err(Errno(libc::ENOENT)) if flags & libc::IPC_CREAT != 0 => {}
            _ => return raw_get(key, size, flags),
        }
    }
    match label::whole(config, size).filter(|_| size != 0) {
        Some(whole) => create(config, key, size, whole, flags),
        None => raw_get(key, size, flags),
    }
}

/// Makes a new segment and labels it.
fn create(config: &Config, key: i32, asked: usize, whole: usize, flags: i32) -> Result<i32, Errno> {
    const OWNER: i32 = 0o600;
    let id = raw_get(key, whole, flags | OWNER)?;
    let labelled = label::write(config, id, asked, whole);
    let finished = labelled.and_then(|()| restore_mode(id, flags));
    if finished.is_err() {
        let _ = raw_control(id, libc::IPC_RMID, 0);
        return raw_get(key, asked, flags);
    }
    Ok(id)
}

/// Takes away the owner's rights that were only needed to write the label.
fn restore_mode(id: i32, flags: i32) -> Result<(), Errno> {
    const OWNER: i32 = 0o600;
    if flags & OWNER == OWNER {
        return Ok(());
    }
    let mut data = status(id)?;
    data.shm_perm.mode = (flags & 0o777) as _;
    raw_control(id, libc::IPC_SET, &raw mut data as usize).map(drop)
}

/// How large the program that made segment `id` wanted it.
fn asked_size(config: &Config, id: i32) -> Result<usize, Errno> {
    match status(id) {
        Ok(data) => {
            let known = label::of(config, id, data.shm_segsz, Notes::of(&data));
            Ok(known.map_or(data.shm_segsz, |known| known.asked))
        }
        // not readable: nor is its label
        Err(Errno::EACCES) => Ok(usize::MAX),
        Err(error) => Err(error),
    }
}

/// shmctl(2).
pub(crate) fn control(id: i32, command: i32, buffer: usize) -> Result<usize, Errno> {
    transfer::prepare_args(&[buffer]);
    let answer = raw_control(id, command, buffer)?;
    let Some(config) = state::config().filter(|c| c.target > c.real) else { return Ok(answer) };
    match command {
        libc::IPC_STAT | SHM_STAT | SHM_STAT_ANY => {
            let id = if command == libc::IPC_STAT { id } else { answer as i32 };
            // SAFETY: the kernel has just filled the program's structure.
            let data = unsafe { &mut *(buffer as *mut libc::shmid_ds) };
            let notes = Notes::of(data);
            if let Some(known) = label::of(config, id, data.shm_segsz, notes) {
                let notes = known.told(notes);
                data.shm_segsz = known.asked;
                (data.shm_atime, data.shm_dtime) = (notes.attached, notes.detached);
                data.shm_lpid = notes.pid;
            }
        }
        libc::IPC_RMID => label::removed(id),
        SHM_INFO => {
            // SAFETY: as above; the structure of SHM_INFO.
            count_pages(config, answer as i32, unsafe { &mut *(buffer as *mut Totals) });
        }
        _ => {}
    }
    Ok(answer)
}

/// The pages of all segments, the last of which is at `last` of the kernel's list. Which
/// of them are resident is only known as a sum: as many as have room in target pages.
fn count_pages(config: &Config, last: i32, totals: &mut Totals) {
    let mut ours = 0;
    let mut all = 0;
    for (id, data) in (0..=last).filter_map(label::at_index) {
        let known = label::of(config, id, data.shm_segsz, Notes::of(&data));
        ours += u64::from(known.is_some());
        let size = known.map_or(data.shm_segsz, |known| known.asked);
        all += size.div_ceil(config.target.bytes()) as u64;
    }
    let each = (config.target.bytes() / config.real.bytes()) as u64;
    let [total, resident, swapped] = &mut totals.pages;
    *total = all;
    *resident = resident.saturating_sub(ours).div_ceil(each);
    *swapped = swapped.div_ceil(each);
}

/// `struct shm_info` of <sys/shm.h>, as far as it counts pages.
#[repr(C)]
struct Totals {
    segments: i32,
    /// All, resident, swapped.
    pages: [u64; 3],
}

/// shmat(2).
pub(crate) fn attach(id: i32, addr: usize, flags: i32) -> Result<usize, Errno> {
    match state::enter() {
        Turn::Open(mut guard) => {
            let call = || Call::Shmat { id, addr, flags };
            record::watched(&mut guard, call, |guard| attach_at(guard, id, addr, flags))
        }
        // In the middle of another operation, and where nothing is emulated, the
        // host places it.
        // SAFETY: the program's own request.
        Turn::Nested(_) | Turn::Inert => unsafe { raw_attach(id, addr, flags) },
    }
}

fn attach_at(guard: &mut Guard, id: i32, addr: usize, flags: i32) -> Result<usize, Errno> {
    let config = *guard.space().config();
    let target = config.target;
    // do_shmat(), with SHMLBA a target page
    let place = match addr {
        0 if flags & libc::SHM_REMAP != 0 => return Err(Errno::EINVAL),
        _ if target.is_aligned(addr) => addr,
        _ if flags & libc::SHM_RND != 0 => target.floor(addr),
        _ => return Err(Errno::EINVAL),
    };
    if place == 0 && addr != 0 && flags & libc::SHM_REMAP != 0 {
        return Err(Errno::EINVAL);
    }
    let kept = flags & !(libc::SHM_RND | libc::SHM_REMAP);
    let segment = Segment::attach(&config, id, kept)?;
    let how = match addr {
        0 => MapFlags::empty(),
        // what is rounded down to 0 is not looked at any further
        _ if place == 0 || flags & libc::SHM_REMAP != 0 => MapFlags::FIXED,
        _ => MapFlags::FIXED_NOREPLACE,
    };
    segment.move_to(guard, place, how)
}

/// A segment that is attached somewhere, without the page of our own.
struct Segment {
    at: usize,
    /// In whole host pages.
    len: usize,
}

impl Segment {
    fn attach(config: &Config, id: i32, flags: i32) -> Result<Segment, Errno> {
        // SAFETY: attaches where nothing is.
        let at = unsafe { raw_attach(id, 0, flags) }?;
        let size = status(id).map_or(0, |data| data.shm_segsz);
        let size = if size == 0 { attached_size(at) } else { size };
        let mut len = config.real.ceil(size).ok_or(Errno::ENOMEM)?;
        let writes = flags & libc::SHM_RDONLY == 0;
        // SAFETY: attached a moment ago.
        if unsafe { label::attached(config, id, (at, size), writes) } {
            len -= config.real.bytes();
            // SAFETY: the page that only holds the label.
            unsafe { sys::munmap(at + len, config.real.bytes()) }?;
        }
        Ok(Segment { at, len })
    }

    /// Gives it its place: `addr`, or one in the window.
    fn move_to(self, guard: &mut Guard, addr: usize, how: MapFlags) -> Result<usize, Errno> {
        let moved = self.take_place(guard, addr, how).and_then(|place| {
            let flags = (libc::MREMAP_MAYMOVE | libc::MREMAP_FIXED) as usize;
            // SAFETY: both ranges are ours alone at this moment.
            unsafe { sys::call(libc::SYS_mremap, [self.at, self.len, self.len, flags, place, 0]) }
                .inspect_err(|_| {
                    let _ = guard.space().munmap(place, self.len);
                })
        });
        match moved {
            Ok(place) => {
                let range = AddrRange::from_len(place, self.len).ok_or(Errno::ENOMEM)?;
                guard.space().resync(range)?;
                let entry = guard.space().map().find(place);
                if let Some(Vma { backing: Backing::File { id, .. }, .. }) = entry {
                    DEVICE.store(id.dev, Ordering::Relaxed);
                }
                Ok(place)
            }
            Err(error) => {
                let _ = raw_detach(self.at);
                Err(error)
            }
        }
    }

    /// Maps its place in whole target pages without access.
    fn take_place(&self, guard: &mut Guard, addr: usize, how: MapFlags) -> Result<usize, Errno> {
        let request = MapRequest {
            addr,
            len: self.len,
            prot: Prot::NONE,
            flags: MapFlags::PRIVATE | MapFlags::ANONYMOUS | MapFlags::NORESERVE | how,
            fd: -1,
            offset: 0,
            align: 0,
        };
        let taken = guard.space().mmap(&request);
        // do_shmat() says EINVAL for a range in use
        taken.map_err(|error| if error == Errno::EEXIST { Errno::EINVAL } else { error })
    }
}

/// The device of all segments' files, whose inode numbers are the segments'; 0 until one
/// was attached.
static DEVICE: AtomicU64 = AtomicU64::new(0);

/// The pages of `len` bytes from `addr` on show other parts of a file than before, maybe the
/// label of a segment.
pub(crate) fn hide_labels(guard: &mut Guard, addr: usize, len: usize) {
    let device = DEVICE.load(Ordering::Relaxed);
    let config = *guard.space().config();
    let range = AddrRange::from_len(addr, len).and_then(|range| range.round_out(config.target));
    let (true, Some(range)) = (device != 0, range) else { return };
    let mut at = range.start();
    while let Some(rest) = AddrRange::new(at, range.end()).filter(|rest| !rest.is_empty()) {
        let next = guard.space().map().first_from(at).and_then(|vma| vma.clipped(rest));
        let Some(part) = next else { return };
        at = part.range.end();
        let Backing::File { id, offset } = part.backing else { continue };
        let label = (id.dev == device).then(|| label_offset(&config, id.ino as i32)).flatten();
        let within = label.and_then(|label| label.checked_sub(offset));
        if let Some(within) = within.filter(|within| *within < part.range.len() as u64) {
            let behind = AddrRange::new(part.range.start() + within as usize, part.range.end());
            cover(behind.unwrap_or_default(), config.real.bytes());
        }
    }
}

/// Where the label of segment `id` is in its file.
fn label_offset(config: &Config, id: i32) -> Option<u64> {
    let data = status(id).ok()?;
    label::of(config, id, data.shm_segsz, Notes::of(&data))?;
    Some((data.shm_segsz - config.real.bytes()) as u64)
}

/// Maps what is behind the label over it and the rest. Where there is no room for that the
/// label stays.
fn cover(behind: AddrRange, page: usize) {
    let remap = |from: usize, old_len: usize, len: usize, flags: i32, to: usize| {
        // SAFETY: callers name the label's page with what faults already, and a mapping
        // just made of it.
        unsafe { sys::call(libc::SYS_mremap, [from, old_len, len, flags as usize, to, 0]) }
    };
    let (len, moves) = (behind.len(), libc::MREMAP_MAYMOVE);
    let Ok(same) = remap(behind.start(), 0, len + page, moves, 0) else { return };
    let moved = remap(same + page, len, len, moves | libc::MREMAP_FIXED, behind.start());
    let left = if moved.is_ok() { page } else { len + page };
    // SAFETY: what is left of what was just made.
    let _ = unsafe { sys::munmap(same, left) };
}

/// How long the mapping at `at` is, for a segment that may not be asked about.
fn attached_size(at: usize) -> usize {
    let region = crate::maps::region_from(at).ok().flatten();
    region.filter(|region| region.range.start() == at).map_or(0, |region| region.range.len())
}

/// shmdt(2).
pub(crate) fn detach(addr: usize) -> Result<(), Errno> {
    let mut guard = match state::enter() {
        Turn::Open(guard) => guard,
        Turn::Nested(_) | Turn::Inert => return raw_detach(addr),
    };
    if !guard.space().config().target.is_aligned(addr) {
        return Err(Errno::EINVAL);
    }
    raw_detach(addr)?;
    let mut first = None;
    let mut at = addr;
    while let Some(vma) = guard.space().map().first_from(at) {
        at = vma.range.end();
        match segment_of(&vma, addr) {
            Some(id) if first.is_none_or(|first| first == id) => {
                first = Some(id);
                gone(&mut guard, vma.range)?;
            }
            _ => {}
        }
    }
    Ok(())
}

/// The file of `vma`, if it may be a part of a segment that was attached at `addr`; parts
/// may be missing, the first as well (`ksys_shmdt()`).
fn segment_of(vma: &Vma, addr: usize) -> Option<FileId> {
    let delta = vma.range.start().checked_sub(addr)? as u64;
    match vma.backing {
        Backing::File { id, offset } if offset == delta => Some(id),
        _ => None,
    }
}

/// What the table knew in `range` may be detached.
fn gone(guard: &mut Guard, range: AddrRange) -> Result<(), Errno> {
    let known = guard.space().map().find(range.start());
    guard.space().resync(range)?;
    let target = guard.space().config().target;
    let first = guard.space().map().find(range.start());
    if first.is_some() && first == known {
        return Ok(());
    }
    // what covers a label, and what fills up the last target page
    let end = target.ceil(range.end()).unwrap_or(range.end());
    let mut at = range.start();
    while let Some(rest) = AddrRange::new(at, end).filter(|rest| !rest.is_empty()) {
        let Some(left) = guard.space().map().first_from(at).and_then(|vma| vma.clipped(rest))
        else {
            break;
        };
        at = left.range.end();
        let start = target.floor(left.range.start());
        guard.space().munmap(start, at - start)?;
    }
    Ok(())
}
