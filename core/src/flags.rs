//! Protections and flags, with the values of the Linux ABI.
//!
//! Unknown bits are kept everywhere (`from_bits_retain`): whether they are
//! allowed is the host's decision, not ours.

/// A set of flags that is a number, all of whose bits are kept.
///
/// Not the `bitflags` crate: in one build with a program that uses it too, it has
/// that program's features, `std` among them, and a library without std that is
/// built with it has two panic handlers.
macro_rules! flags {
    ($(#[$doc:meta])* pub struct $name:ident: u32 {
        $($(#[$each:meta])* const $flag:ident = $value:expr;)*
    }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
        pub struct $name(u32);

        impl $name {
            $($(#[$each])* pub const $flag: $name = $name($value);)*

            /// Names and values of the known flags in this set.
            pub fn iter_names(self) -> impl Iterator<Item = (&'static str, Self)> {
                let known = [$((stringify!($flag), Self::$flag)),*];
                known.into_iter().filter(move |(_, flag)| self.contains(*flag))
            }

            /// No flag.
            #[must_use]
            pub const fn empty() -> Self {
                Self(0)
            }

            /// The set with these bits, known or not.
            #[must_use]
            pub const fn from_bits_retain(bits: u32) -> Self {
                Self(bits)
            }

            /// As a number.
            #[must_use]
            pub const fn bits(self) -> u32 {
                self.0
            }

            /// Whether there is no flag.
            #[must_use]
            pub const fn is_empty(self) -> bool {
                self.0 == 0
            }

            /// Whether all flags of `other` are in this set.
            #[must_use]
            pub const fn contains(self, other: Self) -> bool {
                self.0 & other.0 == other.0
            }

            /// Whether any flag of `other` is in this set.
            #[must_use]
            pub const fn intersects(self, other: Self) -> bool {
                self.0 & other.0 != 0
            }

            /// The flags of both sets.
            #[must_use]
            pub const fn union(self, other: Self) -> Self {
                Self(self.0 | other.0)
            }

            /// The flags that are in both sets.
            #[must_use]
            pub const fn intersection(self, other: Self) -> Self {
                Self(self.0 & other.0)
            }

            /// The flags of this set that are not in `other`.
            #[must_use]
            pub const fn difference(self, other: Self) -> Self {
                Self(self.0 & !other.0)
            }
        }

        impl core::ops::BitOr for $name {
            type Output = Self;
            fn bitor(self, other: Self) -> Self {
                self.union(other)
            }
        }

        impl core::ops::BitAnd for $name {
            type Output = Self;
            fn bitand(self, other: Self) -> Self {
                self.intersection(other)
            }
        }

        impl core::ops::Sub for $name {
            type Output = Self;
            fn sub(self, other: Self) -> Self {
                self.difference(other)
            }
        }

        impl core::ops::BitOrAssign for $name {
            fn bitor_assign(&mut self, other: Self) {
                *self = self.union(other);
            }
        }

        impl core::fmt::Debug for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                write!(f, concat!(stringify!($name), "({:#x})"), self.0)
            }
        }
    };
}

flags! {
    /// Protection bits of mmap(2) and mprotect(2).
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

flags! {
    /// Flags of mmap(2); the same values on x86-64 and aarch64.
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
