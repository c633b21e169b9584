//! What an ELF file says about how it is loaded: machine, segments, loader,
//! libraries. Both the launcher and the check read files through this.
//!
//! Offsets and sizes come from the file and are not believed: every access
//! goes through `object`'s bounds-checked readers.

use object::elf;
use object::read::elf::{Dyn, FileHeader, ProgramHeader, SectionHeader};
use object::{Endianness, FileKind, ReadRef};

/// What makes two files of the same architecture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Machine {
    /// `e_machine`.
    pub(crate) number: elf::Machine,
    /// 64-bit addresses.
    pub(crate) is_64: bool,
    /// Least significant byte first.
    pub(crate) is_little: bool,
}

/// One program header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Segment {
    /// `p_type`.
    pub(crate) kind: elf::ProgramType,
    /// `p_flags`.
    pub(crate) flags: elf::ProgramFlags,
    /// `p_offset`.
    pub(crate) offset: u64,
    /// `p_vaddr`.
    pub(crate) address: u64,
    /// `p_filesz`.
    pub(crate) file_size: u64,
    /// `p_memsz`.
    pub(crate) memory_size: u64,
    /// `p_align`.
    pub(crate) align: u64,
}

/// The facts of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Facts {
    /// For which machine.
    pub(crate) machine: Machine,
    /// `e_type`.
    pub(crate) kind: elf::FileType,
    /// All program headers, in file order.
    pub(crate) segments: Vec<Segment>,
    /// The loader named by PT_INTERP.
    pub(crate) interpreter: Option<Vec<u8>>,
    /// DT_NEEDED, in order.
    pub(crate) needed: Vec<String>,
    /// DT_SONAME.
    pub(crate) soname: Option<String>,
    /// Split off from a stripped file: the headers of code, but not the code.
    pub(crate) only_debug: bool,
}

impl Facts {
    /// Whether the kernel hands this file to a loader that reads LD_PRELOAD.
    ///
    /// A loader that is itself named as the command has no PT_INTERP either,
    /// but it has a name of its own, which a static-pie has not.
    pub(crate) fn is_dynamic(&self) -> bool {
        let is_loader = |name: &String| name.starts_with("ld") || name.starts_with("libc.");
        self.interpreter.is_some()
            || (self.kind == elf::ET_DYN && self.soname.as_ref().is_some_and(is_loader))
    }
}

impl std::fmt::Display for Machine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let name = match self.number {
            elf::EM_386 => "x86",
            elf::EM_X86_64 if !self.is_64 => "x32",
            elf::EM_X86_64 => "x86-64",
            elf::EM_ARM => "arm",
            elf::EM_AARCH64 => "aarch64",
            elf::EM_PPC64 => "ppc64",
            elf::EM_RISCV => "riscv",
            elf::EM_S390 => "s390x",
            elf::EM_LOONGARCH => "loongarch",
            elf::EM_MIPS => "mips",
            other => return write!(f, "ELF machine {}", other.0),
        };
        let bits = if self.is_64 { 64 } else { 32 };
        let order = if self.is_little { "little" } else { "big" };
        write!(f, "{name} ({bits}-bit, {order}-endian)")
    }
}

/// Reads the facts of an ELF file. `None`: not an ELF file at all.
pub(crate) fn read<'d, R: ReadRef<'d>>(data: R) -> Result<Option<Facts>, object::Error> {
    match data.read_bytes_at(0, 4) {
        Ok(magic) if magic == elf::ELFMAG => {}
        _ => return Ok(None),
    }
    match FileKind::parse(data)? {
        FileKind::Elf32 => facts::<elf::FileHeader32<Endianness>, R>(data).map(Some),
        FileKind::Elf64 => facts::<elf::FileHeader64<Endianness>, R>(data).map(Some),
        _ => Ok(None),
    }
}

fn facts<'d, H, R>(data: R) -> Result<Facts, object::Error>
where
    H: FileHeader<Endian = Endianness>,
    R: ReadRef<'d>,
{
    let header = H::parse(data)?;
    let endian = header.endian()?;
    let headers = header.program_headers(endian, data)?;
    let segments: Vec<Segment> = headers
        .iter()
        .map(|p| Segment {
            kind: p.p_type(endian),
            flags: p.p_flags(endian),
            offset: p.p_offset(endian).into(),
            address: p.p_vaddr(endian).into(),
            file_size: p.p_filesz(endian).into(),
            memory_size: p.p_memsz(endian).into(),
            align: p.p_align(endian).into(),
        })
        .collect();
    let mut interpreter = None;
    let (mut needed, mut soname) = (Vec::new(), None);
    for p in headers {
        if p.p_type(endian) == elf::PT_INTERP {
            let text = p.data(endian, data).unwrap_or_default();
            interpreter = text.split(|&b| b == 0).next().map(<[u8]>::to_vec);
        }
        if let Some(entries) = p.dynamic(endian, data)? {
            (needed, soname) = names::<H, R>(entries, endian, data, &segments);
        }
    }
    let machine = Machine {
        number: header.e_machine(endian),
        is_64: header.is_type_64(),
        is_little: header.is_little_endian(),
    };
    let kind = header.e_type(endian);
    let only_debug = header.section_headers(endian, data).is_ok_and(|all| {
        let is_code = |s: &&H::SectionHeader| s.sh_flags(endian).contains(elf::SHF_EXECINSTR);
        all.iter().find(is_code).is_some_and(|s| s.sh_type(endian) == elf::SHT_NOBITS)
    });
    Ok(Facts { machine, kind, segments, interpreter, needed, soname, only_debug })
}

/// DT_NEEDED and DT_SONAME out of the dynamic section.
fn names<'d, H, R>(
    entries: &[H::Dyn],
    endian: Endianness,
    data: R,
    segments: &[Segment],
) -> (Vec<String>, Option<String>)
where
    H: FileHeader<Endian = Endianness>,
    R: ReadRef<'d>,
{
    let value = |tag: elf::DynamicTag| {
        entries
            .iter()
            .filter(move |d| d.d_tag(endian) == tag)
            .map(move |d| -> u64 { d.d_val(endian).into() })
    };
    let Some(strings) = value(elf::DT_STRTAB).next().and_then(|a| file_offset(segments, a)) else {
        return (Vec::new(), None);
    };
    let text = |offset: u64| {
        let start = strings.checked_add(offset)?;
        let end = data.len().ok()?.min(start.checked_add(4096)?);
        let bytes = data.read_bytes_at_until(start..end, 0).ok()?;
        Some(String::from_utf8_lossy(bytes).into_owned())
    };
    let needed = value(elf::DT_NEEDED).filter_map(text).collect();
    (needed, value(elf::DT_SONAME).find_map(text))
}

/// Where in the file the byte loaded at `address` lies.
fn file_offset(segments: &[Segment], address: u64) -> Option<u64> {
    segments.iter().filter(|s| s.kind == elf::PT_LOAD).find_map(|s| {
        let into = address.checked_sub(s.address)?;
        (into < s.file_size).then(|| s.offset.checked_add(into))?
    })
}
