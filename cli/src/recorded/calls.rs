//! Calls as they are written in C.

use pagesim_core::finding::{CallKind, Class};
use pagesim_core::flags::{MapFlags, Prot};
use pagesim_record::Event;

use crate::findings::{Call, Extent};

/// The call of an event, its arguments decoded.
pub(super) fn call(event: &Event) -> Call {
    let [a, b, c, d, e, f] = event.args;
    let named = |name: &str, value: String| (name.to_owned(), value);
    let range = || vec![named("addr", hex(a)), named("length", size(b))];
    let mut arguments = range();
    match event.call {
        CallKind::Mmap => arguments.extend([
            named("prot", prot(c)),
            named("flags", map_flags(d)),
            named("fd", (e as i32).to_string()),
            named("offset", hex(f)),
        ]),
        CallKind::Munmap | CallKind::Munlock => {}
        CallKind::Mprotect => arguments.push(named("prot", prot(c))),
        CallKind::Msync => arguments.push(named("flags", flags(c, &SYNC))),
        CallKind::Madvise => arguments.push(named("advice", advice(c))),
        CallKind::Mremap => {
            arguments = vec![
                named("addr", hex(a)),
                named("old_size", size(b)),
                named("new_size", size(c)),
                named("flags", flags(d, &MREMAP)),
            ];
            if d & 2 != 0 {
                arguments.push(named("new_addr", hex(e)));
            }
        }
        CallKind::Mincore => arguments.push(named("vec", hex(c))),
        CallKind::Shmat => {
            arguments = vec![
                named("shmid", (a as i32).to_string()),
                named("shmaddr", hex(b)),
                named("shmflg", flags(c, &SHM)),
            ];
        }
        CallKind::StackSize => {
            arguments = vec![named("stacksize", size(a)), named("minimum", size(b))];
        }
        CallKind::StackPlace => {
            arguments = vec![
                named("stackaddr", hex(c)),
                named("stacksize", size(a)),
                named("minimum", size(b)),
            ];
        }
        CallKind::PacketRing => {
            let option = if b == 13 { "PACKET_TX_RING" } else { "PACKET_RX_RING" };
            arguments = vec![
                named("fd", (a as i32).to_string()),
                named("level", "SOL_PACKET".to_owned()),
                named("optname", option.to_owned()),
                named("tp_block_size", size(c)),
                named("tp_block_nr", d.to_string()),
            ];
        }
        CallKind::Complaint => {
            arguments = vec![
                named("fd", a.to_string()),
                named("buf", "\"<jemalloc>: Unsupported system page size…\"".to_owned()),
                named("count", size(c)),
            ];
        }
        CallKind::TailAccess => {
            let kind = if b == 0 { "read" } else { "write" };
            arguments = vec![named("addr", hex(a)), named("kind", kind.to_owned())];
        }
    }
    let errno = event.errno.map(|errno| format!("{errno:?}"));
    Call { name: event.call.name().to_owned(), arguments, errno }
}

/// What a call named, in a file or in memory, and what it took along.
pub(super) fn extent(event: &Event) -> Option<Extent> {
    let [a, b, _, _, e, f] = event.args;
    let of_file = matches!(event.class, Class::MmapOffset | Class::HeaderBody);
    let (start, length) = match event.call {
        CallKind::Mmap if of_file => (f, b),
        CallKind::Mremap if event.range.start() as u64 == e => (e, event.range.len() as u64),
        CallKind::Shmat => (b, 0),
        CallKind::TailAccess => (a, 1),
        CallKind::StackSize | CallKind::StackPlace | CallKind::PacketRing | CallKind::Complaint => {
            return None
        }
        _ => (a, b),
    };
    // a ring of a length that larger pages do not have lies nowhere in particular
    let end = start.checked_add(length).filter(|_| start != 0 || of_file)?;
    let taken = (event.unnamed.end() as u64).max(end);
    Some(Extent { of_file, start, end, taken })
}

const SYNC: [(u64, &str); 3] = [(1, "MS_ASYNC"), (2, "MS_INVALIDATE"), (4, "MS_SYNC")];
const MREMAP: [(u64, &str); 3] =
    [(1, "MREMAP_MAYMOVE"), (2, "MREMAP_FIXED"), (4, "MREMAP_DONTUNMAP")];
const SHM: [(u64, &str); 4] = [
    (0o10000, "SHM_RDONLY"),
    (0o20000, "SHM_RND"),
    (0o40000, "SHM_REMAP"),
    (0o100_000, "SHM_EXEC"),
];

const ADVICE: [&str; 26] = [
    "NORMAL",
    "RANDOM",
    "SEQUENTIAL",
    "WILLNEED",
    "DONTNEED",
    "",
    "",
    "",
    "FREE",
    "REMOVE",
    "DONTFORK",
    "DOFORK",
    "MERGEABLE",
    "UNMERGEABLE",
    "HUGEPAGE",
    "NOHUGEPAGE",
    "DONTDUMP",
    "DODUMP",
    "WIPEONFORK",
    "KEEPONFORK",
    "COLD",
    "PAGEOUT",
    "POPULATE_READ",
    "POPULATE_WRITE",
    "DONTNEED_LOCKED",
    "COLLAPSE",
];

fn advice(value: u64) -> String {
    let name = usize::try_from(value).ok().and_then(|i| ADVICE.get(i)).filter(|n| !n.is_empty());
    name.map_or_else(|| value.to_string(), |name| format!("MADV_{name}"))
}

fn prot(bits: u64) -> String {
    let known = Prot::from_bits_retain(bits as u32);
    let names: Vec<_> = known
        .iter_names()
        .map(|(name, bit)| (u64::from(bit.bits()), format!("PROT_{name}")))
        .collect();
    or("PROT_NONE", bits, names)
}

fn map_flags(bits: u64) -> String {
    let known = MapFlags::from_bits_retain(bits as u32);
    let name = |name: &str| if name == "BIT32" { "32BIT".to_owned() } else { name.to_owned() };
    let names: Vec<_> = known
        .iter_names()
        .map(|(n, bit)| (u64::from(bit.bits()), format!("MAP_{}", name(n))))
        .collect();
    or("0", bits, names)
}

fn flags(bits: u64, known: &[(u64, &str)]) -> String {
    let set = known.iter().filter(|(bit, _)| bits & bit != 0);
    or("0", bits, set.map(|(bit, name)| (*bit, (*name).to_owned())).collect())
}

/// Names joined as in C; bits without one in hexadecimal.
fn or(none: &str, bits: u64, names: Vec<(u64, String)>) -> String {
    let left = names.iter().fold(bits, |left, (bit, _)| left & !bit) & u64::from(u32::MAX);
    let mut words: Vec<String> = names.into_iter().map(|(_, name)| name).collect();
    if left != 0 {
        words.push(hex(left));
    }
    if words.is_empty() {
        none.to_owned()
    } else {
        words.join("|")
    }
}

/// An address or offset.
pub(super) fn hex(value: u64) -> String {
    if value == 0 {
        "0".to_owned()
    } else {
        format!("{value:#x}")
    }
}

fn size(bytes: u64) -> String {
    bytes.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_written_as_in_c() {
        assert_eq!(prot(0), "PROT_NONE");
        assert_eq!(prot(7), "PROT_READ|PROT_WRITE|PROT_EXEC");
        assert_eq!(prot(0x41), "PROT_READ|0x40");
        assert_eq!(map_flags(0x32), "MAP_PRIVATE|MAP_FIXED|MAP_ANONYMOUS");
        assert_eq!(map_flags(0x42), "MAP_PRIVATE|MAP_32BIT");
        assert_eq!(
            (advice(4), advice(5), advice(100)),
            ("MADV_DONTNEED".into(), "5".into(), "100".into())
        );
        assert_eq!(flags(5, &SYNC), "MS_ASYNC|MS_SYNC");
        assert_eq!(flags(8, &SYNC), "0x8");
    }
}
