//! What an ELF file must be for pages of a size, after the loaders: Linux's
//! load_elf_binary(), glibc's _dl_map_object_from_fd() and
//! _dl_protect_relro(), musl's and Android's counterparts.

use object::elf;

use crate::elf::{Facts, Segment};
use crate::findings::{catalog, size, Finding};

/// What one rule has to say about one page size.
type Rule = fn(&Facts, u64) -> Vec<String>;

const RULES: [(&str, Rule); 5] = [
    ("elf-load-align", load_align),
    ("elf-load-congruence", load_congruence),
    ("elf-load-overlap", load_overlap),
    ("elf-relro-start", relro_start),
    ("elf-relro-end", relro_end),
];

/// Whether a file is loaded in pages at all: not object files, core files or
/// files that hold only debug information.
pub(super) fn concerns(facts: &Facts, include_32bit: bool) -> bool {
    let loadable = matches!(facts.kind, elf::ET_EXEC | elf::ET_DYN);
    let width = facts.machine.is_64 || include_32bit;
    loadable && width && !facts.only_debug && loads(facts).next().is_some()
}

/// All rules on all page sizes: a finding for each rule that is broken.
pub(super) fn elf(facts: &Facts, subject: &str, page_sizes: &[u64]) -> Vec<Finding> {
    let apply = |(id, rule): &(&str, Rule)| {
        let (mut broken_on, mut details) = (Vec::new(), Vec::new());
        for &page in page_sizes {
            let evidence = rule(facts, page);
            if !evidence.is_empty() {
                broken_on.push(page);
            }
            for line in evidence {
                if !details.contains(&line) {
                    details.push(line);
                }
            }
        }
        finding(id, subject, broken_on, details)
    };
    RULES.iter().filter_map(apply).collect()
}

/// An uncompressed library in an Android package is mapped from it.
pub(super) fn stored_library(subject: &str, start: u64, page_sizes: &[u64]) -> Option<Finding> {
    let broken_on = page_sizes.iter().copied().filter(|&page| start % page != 0).collect();
    let details = vec![format!("its data begins at offset {start:#x} of the package")];
    finding("zip-library-align", subject, broken_on, details)
}

fn finding(id: &str, subject: &str, page_sizes: Vec<u64>, details: Vec<String>) -> Option<Finding> {
    let class = catalog::find(id).filter(|_| !page_sizes.is_empty())?;
    Some(Finding {
        class,
        subject: subject.to_owned(),
        page_sizes,
        count: u64::try_from(details.len()).unwrap_or(u64::MAX),
        message: class.title.to_owned(),
        details,
        call: None,
        extent: None,
        origin: None,
        frames: Vec::new(),
    })
}

fn loads(facts: &Facts) -> impl Iterator<Item = (usize, &Segment)> {
    let numbered = facts.segments.iter().enumerate();
    numbered.filter(|(_, s)| s.kind == elf::PT_LOAD && s.memory_size > 0)
}

/// Alignments 0 and 1 are none.
fn is_aligned(segment: &Segment, page: u64) -> bool {
    segment.align >= page
}

fn all_aligned(facts: &Facts, page: u64) -> bool {
    loads(facts).all(|(_, s)| is_aligned(s, page))
}

fn load_align(facts: &Facts, page: u64) -> Vec<String> {
    let low = loads(facts).filter(|(_, s)| !is_aligned(s, page));
    low.map(|(index, s)| described(index, s)).collect()
}

/// A segment of low alignment is not congruent as a rule; that is said once.
fn load_congruence(facts: &Facts, page: u64) -> Vec<String> {
    let torn = loads(facts).filter(|(_, s)| {
        is_aligned(s, page) && s.file_size > 0 && s.address % page != s.offset % page
    });
    torn.map(|(index, s)| described(index, s)).collect()
}

fn load_overlap(facts: &Facts, page: u64) -> Vec<String> {
    let mut all: Vec<_> = loads(facts).filter(|(_, s)| is_aligned(s, page)).collect();
    all.sort_by_key(|(_, s)| s.address);
    let pairs = all.iter().zip(all.iter().skip(1));
    let shared = pairs.filter(|((_, low), (_, high))| {
        let last = low.address.saturating_add(low.memory_size - 1);
        last / page == high.address / page
    });
    shared
        .map(|((i, low), (j, high))| format!("{} and {}", described(*i, low), described(*j, high)))
        .collect()
}

/// PT_GNU_RELRO, if the file is aligned well enough for it to matter.
fn relro(facts: &Facts, page: u64) -> Option<&Segment> {
    let relro = facts.segments.iter().find(|s| s.kind == elf::PT_GNU_RELRO)?;
    (relro.memory_size > 0 && all_aligned(facts, page)).then_some(relro)
}

fn relro_start(facts: &Facts, page: u64) -> Vec<String> {
    let Some(relro) = relro(facts, page) else { return Vec::new() };
    let page_start = relro.address - relro.address % page;
    let before = loads(facts).find(|(_, s)| {
        let end = s.address.saturating_add(s.memory_size);
        s.flags.contains(elf::PF_W) && s.address.max(page_start) < end.min(relro.address)
    });
    let line = |(index, s): (usize, &Segment)| {
        let from = s.address.max(page_start);
        format!("{}: bytes from {from:#x} to {:#x}", described(index, s), relro.address)
    };
    before.map(line).into_iter().collect()
}

fn relro_end(facts: &Facts, page: u64) -> Vec<String> {
    let Some(relro) = relro(facts, page) else { return Vec::new() };
    let end = relro.address.saturating_add(relro.memory_size);
    let rest = end % page;
    if rest == 0 {
        return Vec::new();
    }
    vec![format!("it ends at {end:#x}, {rest:#x} into a page of {}", size(page))]
}

fn described(index: usize, segment: &Segment) -> String {
    let letter = |flag, letter| if segment.flags.contains(flag) { letter } else { '-' };
    let (r, w, x) = (letter(elf::PF_R, 'r'), letter(elf::PF_W, 'w'), letter(elf::PF_X, 'x'));
    format!(
        "segment {index} ({r}{w}{x}): offset {:#x}, address {:#x}, alignment {:#x}",
        segment.offset, segment.address, segment.align
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::elf::Machine;

    const PAGE: u64 = 1 << 14;

    fn segment(kind: elf::ProgramType, flags: elf::ProgramFlags, at: [u64; 3]) -> Segment {
        let [offset, address, length] = at;
        Segment {
            kind,
            flags,
            offset,
            address,
            file_size: length,
            memory_size: length,
            align: 4 * PAGE,
        }
    }

    fn load(flags: elf::ProgramFlags, at: [u64; 3]) -> Segment {
        segment(elf::PT_LOAD, flags, at)
    }

    fn relro(address: u64, length: u64) -> Segment {
        segment(elf::PT_GNU_RELRO, elf::PF_R, [address, address, length])
    }

    fn facts(segments: Vec<Segment>) -> Facts {
        let machine = Machine { number: elf::EM_AARCH64, is_64: true, is_little: true };
        Facts {
            machine,
            kind: elf::ET_DYN,
            segments,
            interpreter: None,
            needed: Vec::new(),
            soname: None,
            only_debug: false,
        }
    }

    fn ids(segments: Vec<Segment>, page_sizes: &[u64]) -> Vec<(&'static str, Vec<u64>)> {
        let found = super::elf(&facts(segments), "x", page_sizes);
        found.into_iter().map(|f| (f.class.id, f.page_sizes)).collect()
    }

    fn rw() -> elf::ProgramFlags {
        elf::PF_R | elf::PF_W
    }

    #[test]
    fn a_well_laid_out_file_has_no_findings() {
        let text = load(elf::PF_R | elf::PF_X, [0, 0, 0x1234]);
        let data = load(rw(), [0x1300, 4 * PAGE + 0x1300, 0x8000]);
        let relro = relro(4 * PAGE + 0x1300, PAGE - 0x1300);
        assert_eq!(ids(vec![text, data, relro], &[1 << 12, PAGE]), []);
    }

    #[test]
    fn alignment_is_judged_for_each_page_size() {
        let mut text = load(elf::PF_R, [0, 0, 0x1234]);
        text.align = PAGE;
        assert_eq!(
            ids(vec![text], &[1 << 12, PAGE, 4 * PAGE]),
            [("elf-load-align", vec![4 * PAGE])]
        );
        text.align = 0;
        assert_eq!(ids(vec![text], &[1 << 12]), [("elf-load-align", vec![1 << 12])]);
    }

    #[test]
    fn address_and_offset_must_agree() {
        let torn = load(elf::PF_R, [0x1000, 2 * PAGE, 0x10]);
        assert_eq!(ids(vec![torn], &[PAGE]), [("elf-load-congruence", vec![PAGE])]);
        // Nothing of the file is mapped: the offset does not matter.
        let bss = Segment { file_size: 0, ..torn };
        assert_eq!(ids(vec![bss], &[PAGE]), []);
        // At the largest of addresses nothing overflows.
        let high = load(elf::PF_R, [u64::MAX, u64::MAX, u64::MAX]);
        assert_eq!(ids(vec![high, high], &[PAGE]).len(), 1);
    }

    #[test]
    fn segments_must_not_share_a_page() {
        let low = load(elf::PF_R, [0, 0, PAGE + 1]);
        let high = load(rw(), [PAGE + 0x1000, PAGE + 0x1000, 0x10]);
        assert_eq!(ids(vec![high, low], &[0x1000, PAGE]), [("elf-load-overlap", vec![PAGE])]);
        let low = load(elf::PF_R, [0, 0, PAGE]);
        assert_eq!(ids(vec![high, low], &[0x1000, PAGE]), []);
    }

    #[test]
    fn writable_data_before_relro_is_an_error_in_the_same_page_only() {
        let data = load(rw(), [0, 0, 4 * PAGE]);
        let late = relro(0x100, PAGE - 0x100);
        assert_eq!(ids(vec![data, late], &[PAGE]), [("elf-relro-start", vec![PAGE])]);
        let next = relro(PAGE, PAGE);
        assert_eq!(ids(vec![data, next], &[PAGE]), []);
        let read_only = load(elf::PF_R, [0, 0, 4 * PAGE]);
        assert_eq!(ids(vec![read_only, late], &[PAGE]), []);
    }

    #[test]
    fn relro_must_end_with_a_page() {
        let data = load(rw(), [0, 0, 4 * PAGE]);
        assert_eq!(
            ids(vec![data, relro(0, PAGE + 0x1000)], &[0x1000, PAGE]),
            [("elf-relro-end", vec![PAGE])]
        );
    }

    #[test]
    fn files_that_are_not_loaded_are_left_out() {
        let good = facts(vec![load(elf::PF_R, [0, 0, 1])]);
        assert!(concerns(&good, false));
        assert!(!concerns(&Facts { kind: elf::ET_REL, ..good.clone() }, true));
        assert!(!concerns(&Facts { only_debug: true, ..good.clone() }, true));
        assert!(!concerns(&Facts { segments: Vec::new(), ..good.clone() }, true));
        let narrow = Machine { is_64: false, ..good.machine };
        let narrow = Facts { machine: narrow, ..good };
        assert!(!concerns(&narrow, false) && concerns(&narrow, true));
    }
}
