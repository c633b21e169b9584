//! The classes, with what never changes about them.

/// Whether a kernel with target pages refuses the call or does something else
/// than the program means.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Severity {
    /// The call succeeds and does more, or less, than the program means.
    Hazard,
    /// The call is refused.
    Error,
}

impl Severity {
    /// As users write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Severity::Hazard => "hazard",
            Severity::Error => "error",
        }
    }
}

macro_rules! classes {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $id:literal, $severity:ident, $title:literal, $hint:literal;)*) => {
        /// One kind of finding. Number and id of a class are never given to
        /// another one.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub enum Class {
            $($(#[$doc])* $name = $code,)*
        }

        impl Class {
            /// All of them, in the order of their numbers.
            pub const ALL: &'static [Class] = &[$(Class::$name,)*];

            /// The class of a number.
            #[must_use]
            pub const fn from_code(code: u16) -> Option<Class> {
                match code {
                    $($code => Some(Class::$name),)*
                    _ => None,
                }
            }

            /// The stable name.
            #[must_use]
            pub const fn id(self) -> &'static str {
                match self { $(Class::$name => $id,)* }
            }

            /// What is wrong, in one line.
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self { $(Class::$name => $title,)* }
            }

            /// How to fix it, in one line.
            #[must_use]
            pub const fn hint(self) -> &'static str {
                match self { $(Class::$name => $hint,)* }
            }

            /// See [`Severity`].
            #[must_use]
            pub const fn severity(self) -> Severity {
                match self { $(Class::$name => Severity::$severity,)* }
            }
        }
    };
}

classes! {
    /// The offset of mmap(2).
    MmapOffset = 1, "mmap-offset", Error,
        "file offset is not a multiple of the page size",
        "round the offset down to sysconf(_SC_PAGESIZE), map the difference more and add it to the address";
    /// Two parts of a file that lie in one page.
    HeaderBody = 2, "mmap-header-body", Error,
        "header and body of a file are mapped apart inside one page",
        "map the header together with the body, or let the file format align the body to 64K";
    /// The address of MAP_FIXED.
    FixedAddress = 3, "mmap-fixed-address", Error,
        "MAP_FIXED address is not a multiple of the page size",
        "compute fixed addresses with sysconf(_SC_PAGESIZE) in place of 4096 and 0xfff";
    /// A ring buffer whose second half continues the first.
    RingMirror = 4, "ring-mirror", Error,
        "ring buffer is mirrored at a distance below a page",
        "make the size of the ring a multiple of sysconf(_SC_PAGESIZE)";
    /// The length of MAP_FIXED.
    FixedRounding = 5, "mmap-fixed-rounding", Hazard,
        "MAP_FIXED replaces bytes behind its length that are in use",
        "round length and neighbouring addresses up to sysconf(_SC_PAGESIZE)";
    /// A hint that is taken for an order.
    HintExact = 6, "mmap-hint", Hazard,
        "mmap is expected to take a misaligned hint exactly",
        "align the hint to sysconf(_SC_PAGESIZE), or use what mmap returns";
    /// The address of munmap(2).
    MunmapAddress = 7, "munmap-address", Error,
        "munmap address is not a multiple of the page size",
        "unmap from a multiple of sysconf(_SC_PAGESIZE)";
    /// The end of a mapping that is cut off.
    MunmapTrim = 8, "munmap-trim", Error,
        "a mapping is trimmed at an address inside a page",
        "round the size that is kept up to sysconf(_SC_PAGESIZE) before unmapping the rest";
    /// The length of munmap(2).
    MunmapRounding = 9, "munmap-rounding", Hazard,
        "munmap takes away bytes behind its length that are in use",
        "unmap whole multiples of sysconf(_SC_PAGESIZE) only";
    /// The address of mprotect(2).
    MprotectAddress = 10, "mprotect-address", Error,
        "mprotect address is not a multiple of the page size",
        "round the address down to sysconf(_SC_PAGESIZE), and give what is protected pages of its own";
    /// The length of mprotect(2).
    MprotectRounding = 11, "mprotect-rounding", Hazard,
        "mprotect changes bytes behind its length that are in use",
        "give what is protected whole multiples of sysconf(_SC_PAGESIZE)";
    /// A guard page of 4096 bytes.
    GuardSize = 12, "guard-size", Hazard,
        "guard is smaller than a page and takes its neighbour along",
        "make the guard sysconf(_SC_PAGESIZE) long and put the data behind it";
    /// Code and data in one page.
    WxHalves = 13, "wx-halves", Hazard,
        "code and data that are protected apart share a page",
        "keep code and writable data sysconf(_SC_PAGESIZE) apart";
    /// The address of madvise(2).
    MadviseAddress = 14, "madvise-address", Error,
        "madvise address is not a multiple of the page size",
        "round to sysconf(_SC_PAGESIZE) inwards, and check the result of madvise";
    /// The length of madvise(2), where it destroys.
    MadviseRounding = 15, "madvise-rounding", Hazard,
        "madvise drops bytes behind its length that are in use",
        "round the length down to sysconf(_SC_PAGESIZE) for advice that drops contents";
    /// The address of msync(2).
    MsyncAddress = 16, "msync-address", Error,
        "msync address is not a multiple of the page size",
        "round the address down to sysconf(_SC_PAGESIZE) and add the difference to the length";
    /// An address of mremap(2).
    MremapAddress = 17, "mremap-address", Error,
        "mremap address is not a multiple of the page size",
        "move and resize whole multiples of sysconf(_SC_PAGESIZE)";
    /// munlock(2) of a part of a page.
    MlockRounding = 18, "munlock-rounding", Hazard,
        "munlock unlocks bytes around its range that are in use",
        "lock and unlock whole multiples of sysconf(_SC_PAGESIZE), or count the users of a page";
    /// The address of mincore(2).
    MincoreAddress = 19, "mincore-address", Error,
        "mincore address is not a multiple of the page size",
        "round the address down to sysconf(_SC_PAGESIZE)";
    /// The vector of mincore(2).
    MincoreVector = 20, "mincore-vector", Hazard,
        "mincore vector is counted in smaller pages than it is filled in",
        "count one byte of the vector for each sysconf(_SC_PAGESIZE) bytes of the range";
    /// The address of shmat(2).
    ShmatAddress = 21, "shmat-address", Error,
        "shmat address is not a multiple of SHMLBA",
        "align the address to SHMLBA, pass SHM_RND, or let shmat choose";
    /// A thread stack below the minimum.
    StackMinimum = 22, "stack-minimum", Error,
        "thread stack is smaller than the system's minimum",
        "ask sysconf(_SC_THREAD_STACK_MIN) and add what the thread needs";
    /// Bytes behind the end of a file that a smaller page would not have.
    TailAccess = 23, "tail-access", Hazard,
        "memory behind the end of a mapped file is written; the bytes are lost",
        "grow the file before writing to its mapping";
    /// A fault that does not come.
    SigbusExpected = 24, "sigbus-expected", Hazard,
        "SIGBUS is relied on closer to the end of a file than a page",
        "compare with the size of the file in place of waiting for SIGBUS";
    /// An allocator that gives up on this page size.
    AllocatorPageSize = 25, "allocator-page-size", Error,
        "the program's allocator was compiled for smaller pages",
        "build jemalloc with --with-lg-page=16, or take a build for 64K pages";
    /// The blocks of a packet socket's ring.
    PacketRing = 26, "packet-ring", Error,
        "blocks of a packet ring are not multiples of the page size",
        "make the blocks a multiple of sysconf(_SC_PAGESIZE)";
    /// The length of a perf event's ring.
    PerfRing = 27, "perf-ring", Hazard,
        "length of a perf ring is counted in smaller pages",
        "map (1 + 2^n) * sysconf(_SC_PAGESIZE) bytes, and read data_offset and data_size";
}
