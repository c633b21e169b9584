//! What a file is, by its first bytes. Names are not believed: a wheel is a
//! zip whatever it is called.

/// How many bytes [`Kind::of`] wants to see.
pub(super) const HEAD: usize = 512;

/// What is examined further.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Elf,
    Zip,
    /// Static libraries, and Debian packages.
    Ar,
    Tar,
    Gzip,
    Xz,
    Zstd,
    Bzip2,
    /// Nothing that concerns us.
    Other,
}

impl Kind {
    /// By the first [`HEAD`] bytes, or all if there are fewer.
    pub(super) fn of(head: &[u8]) -> Self {
        let known: [(&[u8], Self); 8] = [
            (b"\x7fELF", Self::Elf),
            (b"PK\x03\x04", Self::Zip),
            (b"PK\x05\x06", Self::Zip),
            (b"!<arch>\n", Self::Ar),
            (b"\x1f\x8b", Self::Gzip),
            (b"\xfd7zXZ\0", Self::Xz),
            (b"\x28\xb5\x2f\xfd", Self::Zstd),
            (b"BZh", Self::Bzip2),
        ];
        match known.iter().find(|(magic, _)| head.starts_with(magic)) {
            Some((_, kind)) => *kind,
            None if head.get(257..262) == Some(b"ustar") => Self::Tar,
            None => Self::Other,
        }
    }
}
