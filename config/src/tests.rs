use super::*;
extern crate std;
use std::format;
use std::string::ToString;
use std::vec::Vec;

fn with<'a>(pairs: &'a [(&'a str, &'a str)]) -> Result<Settings<'a>, Error<'a>> {
    Settings::parse(|name| pairs.iter().find(|p| p.0 == name).map(|p| p.1.as_bytes()))
}

#[test]
fn without_variables_pages_are_64k_and_the_window_is_soft() {
    let s = with(&[]).unwrap();
    assert_eq!(s.target.bytes(), 65536);
    assert_eq!((s.host, s.window, s.log_file), (None, None, None));
    assert_eq!((s.reserve, s.placement, s.level), (Reserve::Soft, Placement::TopDown, Level::Off));
}

#[test]
fn sizes_are_bytes_or_have_a_unit() {
    for (text, bytes) in [
        ("4096", 4096),
        ("4K", 4096),
        ("16k", 16384),
        ("64KiB", 65536),
        ("64KB", 65536),
        ("1M", 1 << 20),
        ("0x10000", 65536),
        ("0x10K", 16384),
        ("2T", 2 << 40),
    ] {
        assert_eq!(parse_size(text.as_bytes()), Some(bytes), "{text}");
    }
    for text in [
        "",
        "K",
        "4 K",
        "-4",
        "+4",
        "4Ki",
        "4KX",
        "4kk",
        "0x",
        "٤",
        "99999999999999999999",
        "18446744073709551615K",
    ] {
        assert_eq!(parse_size(text.as_bytes()), None, "{text}");
    }
}

#[test]
fn page_sizes_are_powers_of_two_from_4k_to_1m() {
    for text in ["4K", "8K", "16K", "32K", "64K", "131072", "1M"] {
        assert!(with(&[(PAGE_SIZE, text)]).is_ok(), "{text}");
    }
    for text in ["", "0", "1", "2048", "3K", "12K", "2M", "64K ", " 64K", "64k,", "big"] {
        let pairs = [(PAGE_SIZE, text)];
        let e = with(&pairs).unwrap_err();
        assert_eq!((e.variable, e.value), (PAGE_SIZE, text.as_bytes()), "{text}");
    }
}

#[test]
fn a_message_is_one_line_that_names_variable_value_and_what_is_accepted() {
    let e = with(&[(PAGE_SIZE, "6\n4\u{1b}K")]).unwrap_err().to_string();
    assert_eq!(e, "pagesim: PAGESIM_PAGE_SIZE=\"6\\n4\\x1bK\" is not accepted: expected a power of two from 4K to 1M, in bytes or with K or M");
    let long = "9".repeat(100_000);
    let line = format!("{}", with(&[(PAGE_SIZE, &long)]).unwrap_err());
    assert!(line.len() < 400 && !line.contains('\n'), "{line}");
}

#[test]
fn windows_are_multiples_of_1m_inside_the_address_space() {
    let w = with(&[(WINDOW, "24T,1T")]).unwrap().window.unwrap();
    assert_eq!((w.base, w.size), (24 << 40, Some(1 << 40)));
    assert_eq!(with(&[(WINDOW, "0x100000000000")]).unwrap().window.unwrap().size, None);
    for text in [
        "", ",", "24T,", "24T,0", "0,1T", "24T,1M", "4096,1T", "128T,2M", "127T,2T", "24T,1T,",
        "-1",
    ] {
        assert!(with(&[(WINDOW, text)]).is_err(), "{text}");
    }
}

#[test]
fn words_are_taken_exactly() {
    assert_eq!(with(&[(RESERVE, "hard")]).unwrap().reserve, Reserve::Hard);
    assert_eq!(with(&[(PLACEMENT, "bottomup")]).unwrap().placement, Placement::BottomUp);
    for (variable, text) in [
        (RESERVE, "HARD"),
        (RESERVE, ""),
        (PLACEMENT, "bottom-up"),
        (LOG, "loud"),
        (LOG, "trace,"),
        (DUMP, ""),
    ] {
        assert_eq!(with(&[(variable, text)]).unwrap_err().variable, variable);
    }
    let s = with(&[(LOG, "debug,/var/log/a,b")]).unwrap();
    assert_eq!((s.level, s.log_file), (Level::Debug, Some(&b"/var/log/a,b"[..])));
}

#[test]
fn programs_are_selected_by_name() {
    let s = with(&[(ONLY, "app,tool"), (SKIP, "tool")]).unwrap();
    assert!(s.selects(&[b"app"]) && s.selects(&[b"x", b"app"]) && !s.selects(&[b"app", b"tool"]));
    assert!(!s.selects(&[b"ap"]) && !s.selects(&[b""]) && !s.selects(&[]));
    assert!(with(&[(SKIP, "sh")]).unwrap().selects(&[b"app"]));
    for text in ["", "a,,b", "/bin/sh", ","] {
        assert!(with(&[(ONLY, text)]).is_err(), "{text}");
    }
}

/// Any bytes at all: the parser answers, and what it accepts keeps its bounds.
#[test]
fn no_value_makes_the_parser_panic_or_accept_what_is_out_of_bounds() {
    let seed =
        std::env::var("PAGESIM_SEED").ok().and_then(|s| s.parse().ok()).unwrap_or_else(|| {
            std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_nanos()
                as u64
        });
    std::println!("seed {seed} (PAGESIM_SEED={seed} repeats it)");
    let mut state = seed | 1;
    let mut next = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let alphabet = b"0123456789xXkKmMgGtTiIbB,,soft hard topdown-trace/\x00\xff.";
    for _ in 0..50_000 {
        let value: Vec<u8> =
            (0..next() % 24).map(|_| alphabet[(next() % alphabet.len() as u64) as usize]).collect();
        for variable in VARIABLES {
            let parsed = Settings::parse(|name| (name == variable).then_some(&value[..]));
            match parsed {
                Err(e) => assert!(e.variable == variable && !e.to_string().contains('\n')),
                Ok(s) => {
                    assert!(s.target.bytes() <= MAX_PAGE);
                    if let Some(w) = s.window {
                        assert!(
                            w.base % MAX_PAGE == 0 && w.base + w.size.unwrap_or(0) <= 128 << 40
                        );
                    }
                }
            }
        }
    }
}

#[test]
fn the_smallest_stack_is_a_size_up_to_1g() {
    assert_eq!(with(&[]).unwrap().stack_min, 0);
    assert_eq!(with(&[(STACK_MIN, "128K")]).unwrap().stack_min, 131_072);
    assert_eq!(with(&[(STACK_MIN, "0")]).unwrap().stack_min, 0);
    assert_eq!(with(&[(STACK_MIN, "1G")]).unwrap().stack_min, 1 << 30);
    for text in ["", "-1", "2G", "128 K", "many"] {
        let pairs = [(STACK_MIN, text)];
        assert_eq!(with(&pairs).unwrap_err().variable, STACK_MIN, "{text}");
    }
}

#[test]
fn following_is_switched_by_0_and_1() {
    assert!(!with(&[]).unwrap().follow);
    assert!(!with(&[(FOLLOW, "0")]).unwrap().follow);
    assert!(with(&[(FOLLOW, "1")]).unwrap().follow);
    for text in ["", "yes", "2", "01", "1 "] {
        let pairs = [(FOLLOW, text)];
        assert_eq!(with(&pairs).unwrap_err().variable, FOLLOW, "{text}");
    }
}

#[test]
fn records_have_an_absolute_name() {
    assert_eq!(with(&[]).unwrap().record, None);
    assert_eq!(with(&[(RECORD, "/var/run/a b")]).unwrap().record, Some(&b"/var/run/a b"[..]));
    let long = "/".repeat(4090);
    for text in ["", "record", "./record", long.as_str()] {
        assert_eq!(with(&[(RECORD, text)]).unwrap_err().variable, RECORD, "{text}");
    }
}

#[test]
fn calls_that_need_smaller_pages_are_refused_unless_they_are_audited() {
    assert_eq!(with(&[]).unwrap().mode, Mode::Enforce);
    assert_eq!(with(&[(MODE, "audit")]).unwrap().mode, Mode::Audit);
    for text in ["", "Audit", "audit ", "warn"] {
        assert_eq!(with(&[(MODE, text)]).unwrap_err().variable, MODE, "{text}");
    }
}

#[test]
fn the_end_of_a_file_is_lazy_or_strict() {
    assert!(!with(&[]).unwrap().eof_strict);
    assert!(!with(&[(EOF, "lazy")]).unwrap().eof_strict);
    assert!(with(&[(EOF, "strict")]).unwrap().eof_strict);
    for text in ["", "Strict", "1", "lazy,strict"] {
        assert_eq!(with(&[(EOF, text)]).unwrap_err().variable, EOF, "{text}");
    }
}
