//! The last host page of a segment: what the program that made it asked for.
//!
//! To read it, or to write it first, a segment has to be attached, and the kernel notes
//! when and by whom a segment was attached last. So the label also says which of these
//! notes are ours and what they were before; until somebody attaches the segment, that is
//! what the program is told. What is known of a segment is kept, so that it is only looked
//! for once.

use super::{raw_attach, raw_control, raw_detach, status};
use core::sync::atomic::{AtomicI32, AtomicI64, AtomicUsize, Ordering};
use pagesim_core::errno::Errno;
use pagesim_core::space::Config;

/// When a segment was last attached and detached, and by which process.
#[repr(C)]
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Notes {
    pub(crate) attached: i64,
    pub(crate) detached: i64,
    pub(crate) pid: i32,
}

impl Notes {
    /// Of no segment.
    const NONE: Notes = Notes { attached: -1, detached: -1, pid: -1 };

    pub(crate) fn of(data: &libc::shmid_ds) -> Notes {
        let (attached, detached) = (data.shm_atime, data.shm_dtime);
        Notes { attached, detached, pid: data.shm_lpid }
    }
}

/// What is known of a segment of ours.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct Known {
    pub(crate) asked: usize,
    /// The whole segment, as a check.
    whole: usize,
    /// The notes that we have left there, and what they were before.
    ours: Notes,
    before: Notes,
}

impl Known {
    /// What the program is to be told where the kernel says `notes`.
    pub(crate) fn told(&self, notes: Notes) -> Notes {
        if notes == self.ours {
            self.before
        } else {
            notes
        }
    }
}

#[repr(C)]
#[derive(Clone, Copy)]
struct Label {
    magic: [u8; 16],
    known: Known,
}

const MAGIC: [u8; 16] = *b"pagesim segment\0";

/// The size that a segment of `asked` bytes is made with.
pub(super) fn whole(config: &Config, asked: usize) -> Option<usize> {
    config.target.ceil(asked)?.checked_add(config.real.bytes())
}

/// Whether a segment of `size` bytes may be one of ours.
pub(super) fn may_be_ours(config: &Config, size: usize) -> bool {
    size > config.real.bytes() && size % config.target.bytes() == config.real.bytes()
}

fn place(config: &Config, at: usize, size: usize) -> *mut Label {
    (at + size - config.real.bytes()) as *mut Label
}

/// The label at the end of an attached segment of `size` bytes, if it has one.
///
/// # Safety
/// The segment is attached at `at`, with its last page.
unsafe fn read(config: &Config, at: usize, size: usize) -> Option<Known> {
    if !may_be_ours(config, size) {
        return None;
    }
    // SAFETY: the last page of an attached segment; any bytes are a valid label.
    let label = unsafe { place(config, at, size).read() };
    (label.magic == MAGIC && label.known.whole == size).then_some(label.known)
}

/// Labels a new segment, which the caller may attach for writing.
pub(super) fn write(config: &Config, id: i32, asked: usize, whole: usize) -> Result<(), Errno> {
    let before = Notes::of(&status(id)?);
    visit(config, id, |_| Some(Known { asked, whole, ours: Notes::NONE, before })).map(drop)
}

/// Attaches segment `id` for a moment. `known` is shown its label and says what it is to
/// be, with the notes of this visit, where the segment can be written to.
fn visit(
    config: &Config,
    id: i32,
    known: impl Fn(Option<Known>) -> Option<Known>,
) -> Result<Option<Known>, Errno> {
    // the clock may go on between both notes
    const TRIES: usize = 3;
    let size = status(id)?.shm_segsz;
    let mut found = None;
    for _ in 0..TRIES {
        // SAFETY: attaches where nothing is.
        let (at, writes) = match unsafe { raw_attach(id, 0, 0) } {
            // SAFETY: as above.
            Err(Errno::EACCES) => (unsafe { raw_attach(id, 0, libc::SHM_RDONLY) }?, false),
            at => (at?, true),
        };
        let notes = status(id).map(|data| Notes::of(&data)).unwrap_or(Notes::NONE);
        // SAFETY: attached a moment ago.
        let seen = unsafe { read(config, at, size) };
        if found.is_none() {
            found = known(seen);
        }
        let ours = Notes { detached: notes.attached, ..notes };
        found = found.map(|known| Known { ours, ..known });
        if let (true, Some(known)) = (writes, found) {
            // SAFETY: a page of the segment that only holds the label.
            unsafe { place(config, at, size).write(Label { magic: MAGIC, known }) };
        }
        raw_detach(at)?;
        if !status(id).is_ok_and(|data| Notes::of(&data) != ours) {
            break;
        }
    }
    if let Some(known) = &found {
        keep(id, known);
    }
    Ok(found)
}

/// What is known of segment `id`, of which the kernel says `size` and `notes`; `None` where
/// that is not one of ours.
pub(super) fn of(config: &Config, id: i32, size: usize, notes: Notes) -> Option<Known> {
    if !may_be_ours(config, size) {
        return None;
    }
    if let Some(known) = kept(id).filter(|known| known.whole == size) {
        return Some(known);
    }
    let foreign = FOREIGN.get(id.unsigned_abs() as usize % FOREIGN.len())?;
    if foreign.load(Ordering::Relaxed) == i64::from(id) + 1 {
        return None;
    }
    let told = |known: Known| Known { before: known.told(notes), ..known };
    let found = visit(config, id, |known| known.map(told));
    if let Ok(None) = found {
        foreign.store(i64::from(id) + 1, Ordering::Relaxed);
    }
    found.ok().flatten()
}

/// Segments that were looked at and have no label, with 1 added.
static FOREIGN: [AtomicI64; 64] = [const { AtomicI64::new(0) }; 64];

/// The program has attached segment `id` at `at`: the notes are its own from now on.
/// Whether there is a label.
///
/// # Safety
/// The segment is attached at `at`, all its `size` bytes; for writing where `writes`.
pub(super) unsafe fn attached(
    config: &Config,
    id: i32,
    (at, size): (usize, usize),
    writes: bool,
) -> bool {
    // SAFETY: the caller's promise.
    let Some(known) = (unsafe { read(config, at, size) }) else { return false };
    let known = Known { ours: Notes::NONE, ..known };
    if writes {
        // SAFETY: the caller's promise; the page only holds the label.
        unsafe { place(config, at, size).write(Label { magic: MAGIC, known }) };
    }
    keep(id, &known);
    true
}

/// A place for what is known of a segment: whose, with a 1 added, and all of it.
struct Place {
    id: AtomicI64,
    sizes: [AtomicUsize; 2],
    times: [AtomicI64; 4],
    pids: [AtomicI32; 2],
}

static PLACES: [Place; 64] = [const {
    Place {
        id: AtomicI64::new(0),
        sizes: [const { AtomicUsize::new(0) }; 2],
        times: [const { AtomicI64::new(0) }; 4],
        pids: [const { AtomicI32::new(0) }; 2],
    }
}; 64];

fn place_of(id: i32) -> Option<(&'static Place, i64)> {
    let index = id.unsigned_abs() as usize % PLACES.len();
    PLACES.get(index).map(|place| (place, i64::from(id) + 1))
}

fn keep(id: i32, known: &Known) {
    let Some((place, key)) = place_of(id) else { return };
    place.id.store(0, Ordering::SeqCst);
    let Known { asked, whole, ours, before } = *known;
    let times = [ours.attached, ours.detached, before.attached, before.detached];
    place.sizes.iter().zip([asked, whole]).for_each(|(to, n)| to.store(n, Ordering::SeqCst));
    place.times.iter().zip(times).for_each(|(to, n)| to.store(n, Ordering::SeqCst));
    let pids = [ours.pid, before.pid];
    place.pids.iter().zip(pids).for_each(|(to, n)| to.store(n, Ordering::SeqCst));
    place.id.store(key, Ordering::SeqCst);
}

fn kept(id: i32) -> Option<Known> {
    let (place, key) = place_of(id)?;
    let is_it = || place.id.load(Ordering::SeqCst) == key;
    if !is_it() {
        return None;
    }
    let [asked, whole] = place.sizes.each_ref().map(|n| n.load(Ordering::SeqCst));
    let [attached, detached, first, last] =
        place.times.each_ref().map(|n| n.load(Ordering::SeqCst));
    let [pid, earlier] = place.pids.each_ref().map(|n| n.load(Ordering::SeqCst));
    let known = Known {
        asked,
        whole,
        ours: Notes { attached, detached, pid },
        before: Notes { attached: first, detached: last, pid: earlier },
    };
    // nothing else was written meanwhile
    is_it().then_some(known)
}

/// The segment is gone, or about to be.
pub(super) fn removed(id: i32) {
    if let Some((place, key)) = place_of(id) {
        let _ = place.id.compare_exchange(key, 0, Ordering::SeqCst, Ordering::SeqCst);
    }
}

/// What segment `id` is at the index `index` of the kernel's list, whoever may read it.
pub(super) fn at_index(index: i32) -> Option<(i32, libc::shmid_ds)> {
    let mut data = core::mem::MaybeUninit::<libc::shmid_ds>::zeroed();
    let id = raw_control(index, super::SHM_STAT_ANY, data.as_mut_ptr() as usize).ok()?;
    // SAFETY: filled, and any bytes are a valid shmid_ds.
    Some((id as i32, unsafe { data.assume_init() }))
}
