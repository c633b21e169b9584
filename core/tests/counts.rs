//! What is counted in pages, told in target pages.
#![allow(clippy::unwrap_used)]

use pagesim_core::counts::{
    header, meminfo, numa_maps, page_categories, pagemap_entry, stat, statm, status, status_before,
    vmstat, Field, Residence, Resident, Seen, Smaps, Tally, Units,
};
use pagesim_core::page::{AddrRange, PageSize};

fn units(target: usize) -> Units {
    Units { target: PageSize::new(target).unwrap(), real: PageSize::new(4096).unwrap() }
}

fn residence(seen: Option<(u64, u64)>) -> Residence {
    Residence::new(units(65536), seen.map(|(anon, file)| Seen { anon, file }))
}

fn text(write: impl FnOnce(&mut dyn FnMut(&[u8]))) -> String {
    let mut bytes = Vec::new();
    write(&mut |part: &[u8]| bytes.extend_from_slice(part));
    String::from_utf8(bytes).unwrap()
}

#[test]
fn statm_counts_target_pages() {
    let of = |seen| text(|mut out| statm(residence(seen), b"1601 17 16 1 0 33 0\n", &mut out));
    assert_eq!(of(None), "100 2 1 1 0 3 0\n");
    // 17 host pages lie in 10 target pages, 8 of them of files
    assert_eq!(of(Some((128, 512))), "100 10 8 1 0 3 0\n");
    // what was counted meanwhile is not taken away
    assert_eq!(of(Some((64, 0))), "100 2 1 1 0 3 0\n");
}

#[test]
fn stat_changes_size_rss_and_heap_start_behind_any_name() {
    let mut fields: Vec<String> = (3..=52).map(|n| n.to_string()).collect();
    fields[0] = "S".to_owned();
    fields[23 - 3] = "200000".to_owned();
    fields[24 - 3] = "17".to_owned();
    fields[47 - 3] = "65537".to_owned();
    let line = format!("7 (a) 1 (b) {}\n", fields.join(" "));
    fields[23 - 3] = "196608".to_owned();
    fields[24 - 3] = "2".to_owned();
    fields[47 - 3] = "131072".to_owned();
    let expected = format!("7 (a) 1 (b) {}\n", fields.join(" "));
    assert_eq!(text(|mut out| stat(residence(None), line.as_bytes(), &mut out)), expected);
}

#[test]
fn numa_maps_counts_target_pages_but_for_huge_ones() {
    let of = |line: &[u8]| text(|mut out| numa_maps(units(65536), line, &mut out));
    assert_eq!(
        of(b"7f00 default file=/a\\040N0=9 anon=17 dirty=1 mapmax=30 N0=16 N12=1 kernelpagesize_kB=4\n"),
        "7f00 default file=/a\\040N0=9 anon=2 dirty=1 mapmax=30 N0=1 N12=1 kernelpagesize_kB=64\n"
    );
    let huge = "7f00 bind:0 huge anon=2 N0=2 kernelpagesize_kB=2048\n";
    assert_eq!(of(huge.as_bytes()), huge);
}

#[test]
fn a_page_is_a_files_or_zero_while_no_part_is_otherwise() {
    const FILE: u64 = 1 << 2;
    const PRESENT: u64 = 1 << 3;
    const ZERO: u64 = 1 << 5;
    let fold = |parts: &[u64]| parts.iter().fold(0, |all, part| page_categories(all, *part));
    assert_eq!(fold(&[0, PRESENT | FILE, 0]), PRESENT | FILE);
    assert_eq!(fold(&[PRESENT | FILE, PRESENT, PRESENT | FILE]), PRESENT);
    assert_eq!(fold(&[PRESENT, PRESENT | ZERO]), PRESENT);
    assert_eq!(fold(&[0, PRESENT | ZERO, PRESENT | ZERO]), PRESENT | ZERO);
    // as a file's entries in pagemap
    let (present, file) = (1 << 63, 1 << 61);
    let entries =
        |parts: &[u64]| parts.iter().fold(0, |all, entry| pagemap_entry(units(65536), all, *entry));
    assert_eq!(entries(&[0, present | file]), present | file);
    assert_eq!(entries(&[present | file, present, present | file]), present);
}

#[test]
fn a_field_keeps_its_column() {
    let line = b"Rss:                   4 kB\n";
    let field = Field::parse(line).unwrap();
    assert_eq!((field.key, field.value), (&b"Rss"[..], 4));
    assert_eq!(text(|mut out| field.write(1024, &mut out)), "Rss:                1024 kB\n");
    assert_eq!(text(|mut out| field.write(4, &mut out)), "Rss:                   4 kB\n");
    let field = Field::parse(b"VmRSS:\t    1024 kB\n").unwrap();
    assert_eq!(text(|mut out| field.write(7, &mut out)), "VmRSS:\t       7 kB\n");
    let field = Field::parse(b"X: 9\n").unwrap();
    assert_eq!(text(|mut out| field.write(123_456, &mut out)), "X: 123456\n");
    for line in [&b"Name:\tcat\n"[..], b"VmFlags: rd wr\n", b"no colon 5\n", b"", b"X:"] {
        assert_eq!(Field::parse(line), None);
    }
}

#[test]
fn status_rounds_sizes_down_and_memory_in_use_up() {
    let mut seen = residence(None);
    let mut of = |line: &str| status(&mut seen, &Field::parse(line.as_bytes()).unwrap());
    assert_eq!(of("VmSize:\t 1000 kB"), Some(960));
    assert_eq!(of("VmRSS:\t 1000 kB"), Some(1024));
    assert_eq!(of("VmLck:\t 0 kB"), Some(0));
    assert_eq!(of("Threads:\t 5"), None);
}

#[test]
fn status_says_what_is_resident_in_target_pages() {
    let mut seen = residence(Some((1920, 4480)));
    assert_eq!(status(&mut seen.clone(), &Field::parse(b"RssFile:\t 640 kB").unwrap()), Some(4480));
    status_before(&mut seen, &Field::parse(b"RssShmem:\t 60 kB").unwrap());
    let mut of = |line: &str| status(&mut seen, &Field::parse(line.as_bytes()).unwrap());
    assert_eq!(of("VmHWM:\t 1000 kB"), Some(6400));
    assert_eq!(of("VmRSS:\t 1000 kB"), Some(6400));
    assert_eq!(of("RssAnon:\t 300 kB"), Some(1920));
    assert_eq!(of("RssFile:\t 640 kB"), Some(640));
    assert_eq!(of("RssShmem:\t 60 kB"), Some(3840));
}

#[test]
fn vmstat_has_amounts_in_pages_and_events_as_they_are() {
    let of = |line: &[u8]| text(|mut out| vmstat(units(65536), line, &mut out));
    assert_eq!(of(b"nr_free_pages 4095\n"), "nr_free_pages 255\n");
    assert_eq!(of(b"nr_kernel_stack 4096\n"), "nr_kernel_stack 4096\n");
    assert_eq!(of(b"pgfault 4096\n"), "pgfault 4096\n");
}

#[test]
fn meminfo_rounds_down_all_but_huge_pages() {
    let of = |line: &str| meminfo(units(65536), &Field::parse(line.as_bytes()).unwrap());
    assert_eq!(of("MemTotal:       24684084 kB"), Some(24_684_032));
    assert_eq!(of("Hugepagesize:       2048 kB"), None);
    assert_eq!(of("HugePages_Total:       3"), None);
    assert_eq!(of("DirectMap4k:       36732 kB"), None);
}

struct Half;
impl Resident for Half {
    fn resident(&mut self, range: AddrRange, kib: u64) -> Option<u64> {
        assert_eq!((range.start(), range.end()), (0x10000, 0x90000));
        (kib != 0).then_some(kib * 16)
    }
}

#[test]
fn smaps_scales_what_belongs_to_the_resident_set() {
    let mut smaps = Smaps::new(units(65536), Half);
    let mut of = |line: &str| smaps.line(line.as_bytes());
    assert_eq!(of("00010000-00090000 rw-p 00000000 00:00 0 \n"), None);
    assert_eq!(of("Size:                512 kB\n"), None);
    assert_eq!(of("KernelPageSize:        4 kB\n"), Some(64));
    assert_eq!(of("MMUPageSize:           4 kB\n"), Some(64));
    assert_eq!(of("Rss:                   8 kB\n"), Some(128));
    assert_eq!(of("Private_Dirty:         4 kB\n"), Some(64));
    assert_eq!(of("Swap:                  4 kB\n"), Some(64));
    assert_eq!(of("VmFlags: rd wr mr\n"), None);
    assert_eq!(of("00010000-00090000 rw-p 00000000 00:00 0 \n"), None);
    assert_eq!(of("Rss:                   0 kB\n"), Some(0));
    assert_eq!(of("Pss:                   0 kB\n"), Some(0));
    assert_eq!(of("00010000-00090000 rw-p 00000000 00:00 0 \n"), None);
    assert_eq!(of("KernelPageSize:     2048 kB\n"), Some(2048));
    assert_eq!(of("Rss:                2048 kB\n"), Some(2048));
    assert_eq!(smaps.total(), 2176);
}

#[test]
fn only_mappings_have_headers() {
    assert_eq!(header(b"7f00-7fff r-xp 00000000"), AddrRange::new(0x7f00, 0x7fff));
    for line in [&b"Rss: 4 kB"[..], b"-", b"12-", b"12-34", b"xyz-abc ", b""] {
        assert_eq!(header(line), None);
    }
}

#[test]
fn a_target_page_counts_once() {
    let page = PageSize::new(16384).unwrap();
    let range = |a, b| AddrRange::new(a, b).unwrap();
    let mut tally = Tally::new(page, range(0x10000, 0x20000));
    for (a, b) in [(0x10000, 0x11000), (0x12000, 0x13000), (0x15000, 0x19000), (0x1f000, 0x20000)] {
        tally.add(range(a, b));
    }
    assert_eq!(tally.kib(), 16 + 32 + 16);
    // a mapping that is no whole target page is not made larger
    let mut tally = Tally::new(page, range(0x11000, 0x12000));
    tally.add(range(0x11000, 0x12000));
    assert_eq!(tally.kib(), 4);
}

#[test]
fn a_target_page_is_present_when_a_part_is() {
    let units = units(65536);
    let fold = |entries: &[u64]| entries.iter().fold(0, |all, e| pagemap_entry(units, all, *e));
    assert_eq!(fold(&[0, 0]), 0);
    assert_eq!(fold(&[0, 1 << 63, 0]) >> 63, 1);
    assert_eq!(fold(&[0, 1 << 63 | 0x25]), 1 << 63 | 2);
    assert_eq!(fold(&[1 << 63 | 0x25, 1 << 63 | 1 << 55 | 0x99]), 1 << 63 | 1 << 55 | 2);
}
