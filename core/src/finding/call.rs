//! The calls that are judged.

use crate::flags::Prot;
use crate::space::MapRequest;
use crate::vma::FileId;

/// A call with its arguments, as the program made it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Call {
    /// mmap(2), and the file behind its descriptor where that is known.
    Mmap(MapRequest, Option<FileId>),
    /// mmap(2) of a perf event's descriptor.
    PerfRing(MapRequest),
    /// munmap(2).
    Munmap {
        /// Start.
        addr: usize,
        /// In bytes.
        len: usize,
    },
    /// mprotect(2).
    Mprotect {
        /// Start.
        addr: usize,
        /// In bytes.
        len: usize,
        /// The new protection.
        prot: Prot,
    },
    /// msync(2).
    Msync {
        /// Start.
        addr: usize,
        /// In bytes.
        len: usize,
        /// Its flags.
        flags: i32,
    },
    /// madvise(2).
    Madvise {
        /// Start.
        addr: usize,
        /// In bytes.
        len: usize,
        /// The advice.
        advice: i32,
    },
    /// mremap(2).
    Mremap {
        /// Start.
        addr: usize,
        /// In bytes.
        old_len: usize,
        /// In bytes.
        new_len: usize,
        /// Its flags.
        flags: i32,
        /// With MREMAP_FIXED: where to.
        new_addr: usize,
    },
    /// mincore(2).
    Mincore {
        /// Start.
        addr: usize,
        /// In bytes.
        len: usize,
        /// Where the answer goes.
        vector: usize,
    },
    /// munlock(2).
    Munlock {
        /// Start.
        addr: usize,
        /// In bytes.
        len: usize,
    },
    /// shmat(2) with an address.
    Shmat {
        /// The segment.
        id: i32,
        /// Start.
        addr: usize,
        /// Its flags.
        flags: i32,
    },
    /// A thread stack of this size where the minimum is larger:
    /// pthread_attr_setstacksize(3) and pthread_attr_setstack(3).
    StackSize {
        /// In bytes.
        size: usize,
        /// The least that is accepted.
        minimum: usize,
        /// With pthread_attr_setstack(3): where it is.
        place: Option<usize>,
    },
    /// setsockopt(2) with PACKET_RX_RING or PACKET_TX_RING.
    PacketRing {
        /// The socket.
        fd: i32,
        /// Which of the two.
        option: i32,
        /// Of a block, in bytes.
        size: u32,
        /// How many blocks.
        count: u32,
    },
    /// An access to mapped memory behind the end of the file.
    TailAccess {
        /// The address.
        addr: usize,
        /// Whether it writes what the file should get.
        write: bool,
        /// Whether the program handles SIGBUS.
        handled: bool,
        /// Whether the file ends right before it: the place of a terminating NUL.
        next: bool,
    },
    /// An allocator's message that pages have another size than it was built for.
    Complaint {
        /// Address of the message.
        text: usize,
        /// In bytes.
        len: usize,
    },
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $c_name:literal;)*) => {
        /// Which call.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub enum CallKind {
            $($(#[$doc])* $name = $code,)*
        }

        impl CallKind {
            /// The kind of a number.
            #[must_use]
            pub const fn from_code(code: u16) -> Option<CallKind> {
                match code {
                    $($code => Some(CallKind::$name),)*
                    _ => None,
                }
            }

            /// As C calls it.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(CallKind::$name => $c_name,)* }
            }
        }
    };
}

kinds! {
    /// mmap(2)
    Mmap = 1, "mmap";
    /// munmap(2)
    Munmap = 2, "munmap";
    /// mprotect(2)
    Mprotect = 3, "mprotect";
    /// msync(2)
    Msync = 4, "msync";
    /// madvise(2)
    Madvise = 5, "madvise";
    /// mremap(2)
    Mremap = 6, "mremap";
    /// mincore(2)
    Mincore = 7, "mincore";
    /// munlock(2)
    Munlock = 8, "munlock";
    /// shmat(2)
    Shmat = 9, "shmat";
    /// pthread_attr_setstacksize(3)
    StackSize = 10, "pthread_attr_setstacksize";
    /// a load or store
    TailAccess = 11, "access";
    /// write(2)
    Complaint = 12, "write";
    /// setsockopt(2)
    PacketRing = 13, "setsockopt";
    /// pthread_attr_setstack(3)
    StackPlace = 14, "pthread_attr_setstack";
}

impl Call {
    /// Which call it is.
    #[must_use]
    pub const fn kind(&self) -> CallKind {
        match self {
            Call::Mmap(..) | Call::PerfRing(_) => CallKind::Mmap,
            Call::Munmap { .. } => CallKind::Munmap,
            Call::Mprotect { .. } => CallKind::Mprotect,
            Call::Msync { .. } => CallKind::Msync,
            Call::Madvise { .. } => CallKind::Madvise,
            Call::Mremap { .. } => CallKind::Mremap,
            Call::Mincore { .. } => CallKind::Mincore,
            Call::Munlock { .. } => CallKind::Munlock,
            Call::Shmat { .. } => CallKind::Shmat,
            Call::StackSize { place: Some(_), .. } => CallKind::StackPlace,
            Call::StackSize { .. } => CallKind::StackSize,
            Call::PacketRing { .. } => CallKind::PacketRing,
            Call::TailAccess { .. } => CallKind::TailAccess,
            Call::Complaint { .. } => CallKind::Complaint,
        }
    }

    /// The arguments in C's order; 0 for those that the call does not have.
    #[must_use]
    pub fn args(&self) -> [u64; 6] {
        let word = |n: i32| n as u64;
        match *self {
            Call::Mmap(r, _) | Call::PerfRing(r) => [
                r.addr as u64,
                r.len as u64,
                u64::from(r.prot.bits()),
                u64::from(r.flags.bits()),
                word(r.fd),
                r.offset,
            ],
            Call::Munmap { addr, len } | Call::Munlock { addr, len } => {
                [addr as u64, len as u64, 0, 0, 0, 0]
            }
            Call::Mprotect { addr, len, prot } => {
                [addr as u64, len as u64, u64::from(prot.bits()), 0, 0, 0]
            }
            Call::Msync { addr, len, flags: n } | Call::Madvise { addr, len, advice: n } => {
                [addr as u64, len as u64, word(n), 0, 0, 0]
            }
            Call::Mremap { addr, old_len, new_len, flags, new_addr } => {
                [addr as u64, old_len as u64, new_len as u64, word(flags), new_addr as u64, 0]
            }
            Call::Mincore { addr, len, vector } => {
                [addr as u64, len as u64, vector as u64, 0, 0, 0]
            }
            Call::Shmat { id, addr, flags } => [word(id), addr as u64, word(flags), 0, 0, 0],
            Call::StackSize { size, minimum, place } => {
                [size as u64, minimum as u64, place.unwrap_or(0) as u64, 0, 0, 0]
            }
            Call::PacketRing { fd, option, size, count } => {
                [word(fd), word(option), u64::from(size), u64::from(count), 0, 0]
            }
            Call::Complaint { text, len } => [2, text as u64, len as u64, 0, 0, 0],
            Call::TailAccess { addr, write, .. } => [addr as u64, u64::from(write), 0, 0, 0, 0],
        }
    }
}
