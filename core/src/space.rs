//! The address space: the table, the host below it and the rules between.
//!
//! The operations themselves are in `ops`, one file per system call.
//!
//! Invariants between two operations:
//! * every entry of the table that is not [`crate::vma::Backing::Foreign`] is mapped on the
//!   host, at least in whole target pages, with at least the entry's protection;
//! * what the table does not name is free, or memory that somebody else mapped;
//! * with [`Reserve::Hard`], what is free inside the window is a mapping
//!   without access on the host.
//!
//! Lock order: none in here. Whoever holds a `&mut Space` is alone.

use crate::errno::Errno;
use crate::flags::{MapFlags, Prot};
use crate::host::Host;
use crate::map::{NodeSource, Overlapping, VmaMap};
use crate::page::{AddrRange, PageSize};

/// In which order free places are tried.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Placement {
    /// The highest gap that fits, as Linux does.
    #[default]
    TopDown,
    /// The first gap behind the last mapping made, then once more from the
    /// bottom of the window.
    BottomUp,
}

/// How the guest window is held.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Reserve {
    /// Not at all: the table knows what is free, the host is asked not to
    /// replace.
    #[default]
    Soft,
    /// By a mapping without access over the whole window; what is unmapped
    /// becomes part of it again.
    Hard,
}

/// What does not change during the life of a process.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Config {
    /// T: the page size that the program is shown.
    pub target: PageSize,
    /// H: the granularity that may be used on the host.
    pub host: PageSize,
    /// R: the host's own page size; at most H.
    pub real: PageSize,
    /// Where mappings without an address are placed; multiples of T and H.
    pub window: AddrRange,
    /// See [`Placement`].
    pub placement: Placement,
    /// See [`Reserve`].
    pub reserve: Reserve,
    /// The lowest address that may be mapped (vm.mmap_min_addr), in bytes.
    pub min_addr: usize,
}

impl Config {
    /// The larger of target and host page: what a place is aligned to.
    #[must_use]
    pub fn unit(&self) -> PageSize {
        self.target.max(self.host)
    }

    /// Whether several target pages share a host page.
    #[must_use]
    pub fn narrow(&self) -> bool {
        self.target < self.host
    }
}

/// The arguments of one mmap(2).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MapRequest {
    /// Hint, or the address with MAP_FIXED.
    pub addr: usize,
    /// In bytes.
    pub len: usize,
    /// Protection.
    pub prot: Prot,
    /// Flags.
    pub flags: MapFlags,
    /// The file, unless MAP_ANONYMOUS.
    pub fd: i32,
    /// File offset in bytes.
    pub offset: u64,
    /// An alignment the address must have beyond the page size, in bytes; 0 or 1
    /// for none. Only for mappings without a fixed address.
    pub align: usize,
}

/// What a mapping is made of that only keeps a place: the window, the filler
/// behind a special file, a claim.
const PLACEHOLDER: MapFlags =
    MapFlags::PRIVATE.union(MapFlags::ANONYMOUS).union(MapFlags::NORESERVE);

/// One address space.
pub struct Space<H, S> {
    pub(crate) config: Config,
    pub(crate) host: H,
    pub(crate) map: VmaMap<S>,
    /// Where the bottom-up placement goes on.
    pub(crate) rolling: usize,
    /// Whether the table may hold foreign entries inside the window.
    pub(crate) foreign: bool,
    /// Whether there may be memory that a child does not get (MADV_DONTFORK).
    pub(crate) left_behind: bool,
    /// Whether there may be a mapping that grows down.
    pub(crate) growing: bool,
    /// Whether what is one mapping may be several to the host ([`Space::tear`]).
    pub(crate) torn: bool,
}

impl<H, S> Space<H, S> {
    /// An empty one. Claims nothing yet.
    pub const fn new(config: Config, host: H, source: S) -> Self {
        let map = VmaMap::new(source);
        Space {
            config,
            host,
            map,
            rolling: 0,
            foreign: false,
            left_behind: false,
            growing: false,
            torn: false,
        }
    }

    /// From now on a private mapping of a file may be several mappings to the host, though
    /// it is one: the caller has put other memory into the place of a part of it.
    pub const fn tear(&mut self) {
        self.torn = true;
    }

    /// What it was made with.
    pub const fn config(&self) -> &Config {
        &self.config
    }

    /// The system below.
    pub const fn host(&self) -> &H {
        &self.host
    }

    /// The system below, for what needs no emulation.
    pub const fn host_mut(&mut self) -> &mut H {
        &mut self.host
    }

    /// Whether there may be memory that a child does not get (MADV_DONTFORK).
    pub const fn leaves_behind(&self) -> bool {
        self.left_behind
    }

    /// The table.
    pub const fn map(&self) -> &VmaMap<S> {
        &self.map
    }
}

impl<H, S: NodeSource> Space<H, S> {
    /// Everything the table knows, in order of address.
    pub fn vmas(&self) -> Overlapping<'_, S> {
        self.map.overlapping(AddrRange::new(0, usize::MAX).unwrap_or_default())
    }
}

impl<H: Host, S: NodeSource> Space<H, S> {
    /// Reserves the window where [`Reserve::Hard`] asks for it.
    ///
    /// # Errors
    /// EEXIST when something is there already, else the host's.
    pub fn claim_window(&mut self) -> Result<(), Errno> {
        if self.config.reserve == Reserve::Soft {
            return Ok(());
        }
        self.keep_place(self.config.window, MapFlags::FIXED_NOREPLACE)
    }

    /// Makes sure that the table can take `n` more entries, so that no edit
    /// can fail once the host has done its part.
    pub(crate) fn reserve(&mut self, n: usize) -> Result<(), Errno> {
        self.map.reserve(n).map_err(|_| Errno::ENOMEM)
    }

    /// The part of `range` that is to be reserved whenever it is free.
    pub(crate) fn hard_part(&self, range: AddrRange) -> Option<AddrRange> {
        match self.config.reserve {
            Reserve::Soft => None,
            Reserve::Hard => self.config.window.intersection(range),
        }
    }

    /// Maps `range` without access, to keep others out. Fails with EEXIST when
    /// `how` says not to replace and something is there.
    pub(crate) fn keep_place(&mut self, range: AddrRange, how: MapFlags) -> Result<(), Errno> {
        let flags = PLACEHOLDER | how;
        let at = self.host.mmap(range.start(), range.len(), Prot::NONE, flags, -1, 0)?;
        self.landed(at, range)
    }

    /// Undoes a mapping that landed elsewhere than where it was told to.
    /// (Kernels before 4.17 take MAP_FIXED_NOREPLACE for a hint.)
    pub(crate) fn landed(&mut self, at: usize, range: AddrRange) -> Result<(), Errno> {
        if at == range.start() {
            return Ok(());
        }
        self.host.munmap(at, range.len())?;
        Err(Errno::EEXIST)
    }

    /// Makes `range` free on the host: unmapped, or part of the reservation
    /// again. The table is the caller's.
    pub(crate) fn release(&mut self, range: AddrRange) -> Result<(), Errno> {
        let Some(hard) = self.hard_part(range) else {
            return self.host.munmap(range.start(), range.len());
        };
        self.keep_place(hard, MapFlags::FIXED)?;
        if range.start() < hard.start() {
            self.host.munmap(range.start(), hard.start() - range.start())?;
        }
        if hard.end() < range.end() {
            self.host.munmap(hard.end(), range.end() - hard.end())?;
        }
        Ok(())
    }

    /// [`Space::release`] for what a failed operation leaves behind. The second try
    /// is for a host that is short of memory right now; after that nothing better
    /// is left to do.
    pub(crate) fn undo(&mut self, range: AddrRange) {
        if self.release(range).is_err() {
            let _ = self.release(range);
        }
    }

    /// The range of `len` bytes from `addr` in whole target pages.
    pub(crate) fn target_range(&self, addr: usize, len: usize) -> Option<AddrRange> {
        AddrRange::from_len(addr, self.config.target.ceil(len)?)
    }
}
