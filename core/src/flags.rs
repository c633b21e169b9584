//! Protections and flags, with the values of the Linux ABI.
//!
//! Unknown bits are kept everywhere (`from_bits_retain`): whether they are
//! allowed is the host's decision, not ours.

use bitflags::bitflags;

bitflags! {
    /// Protection bits of mmap(2) and mprotect(2).
    #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
    pub struct Prot: u32 {
        /// Pages may be read.
        const READ = 1;
        /// Pages may be written.
        const WRITE = 2;
        /// Pages may be executed.
        const EXEC = 4;
        /// mprotect: extend the change to the start of a growsdown mapping.
        const GROWSDOWN = 0x0100_0000;
        /// mprotect: extend the change to the end of a growsup mapping.
        const GROWSUP = 0x0200_0000;
        /// Bits without a name here.
        const _ = !0;
    }
}

impl Prot {
    /// No access.
    pub const NONE: Prot = Prot::empty();
    /// Read and write.
    pub const RW: Prot = Prot::READ.union(Prot::WRITE);
    /// The three permissions, without modifiers or unknown bits.
    pub const RWX: Prot = Prot::RW.union(Prot::EXEC);
}

bitflags! {
    /// Flags of mmap(2); the same values on x86-64 and aarch64.
    #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
    pub struct MapFlags: u32 {
        /// Changes are shared.
        const SHARED = 0x01;
        /// Changes are private.
        const PRIVATE = 0x02;
        /// Exactly at the address, replacing what is there.
        const FIXED = 0x10;
        /// No file.
        const ANONYMOUS = 0x20;
        /// In the low 2 GiB (x86-64).
        const BIT32 = 0x40;
        /// Grows downwards.
        const GROWSDOWN = 0x0100;
        /// Locked in memory.
        const LOCKED = 0x2000;
        /// Without a reservation of swap.
        const NORESERVE = 0x4000;
        /// Page tables filled at once.
        const POPULATE = 0x8000;
        /// With POPULATE: no read-ahead.
        const NONBLOCK = 0x1_0000;
        /// Meant as a stack.
        const STACK = 0x2_0000;
        /// Of huge pages.
        const HUGETLB = 0x4_0000;
        /// Exactly at the address, refused when something is there.
        const FIXED_NOREPLACE = 0x10_0000;
        /// Bits without a name here.
        const _ = !0;
    }
}

impl MapFlags {
    /// SHARED, PRIVATE or SHARED_VALIDATE: the low four bits.
    #[must_use]
    pub fn kind(self) -> u32 {
        self.bits() & 0x0f
    }

    /// Whether changes are shared (MAP_SHARED or MAP_SHARED_VALIDATE).
    #[must_use]
    pub fn is_shared(self) -> bool {
        matches!(self.kind(), 1 | 3)
    }

    /// Whether the address is not a hint.
    #[must_use]
    pub fn is_fixed(self) -> bool {
        self.intersects(MapFlags::FIXED.union(MapFlags::FIXED_NOREPLACE))
    }
}
