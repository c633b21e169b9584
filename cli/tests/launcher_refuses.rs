//! What cannot work is refused before it runs, with the reason and env(1)'s
//! exit codes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use common::{expect_code, mode, pagesim, Bench};

const HELLO: &str = "#include <stdio.h>\nint main(void) { puts(\"ran\"); return 0; }\n";

#[test]
fn a_command_that_does_not_exist_is_127() {
    let bench = Bench::new();
    let text = expect_code(bench.launcher().arg("no-such-command-anywhere"), 127);
    assert!(text.contains("no-such-command-anywhere: command not found"), "{text}");
    let text = expect_code(bench.launcher().arg("./no/such/file"), 127);
    assert!(text.contains("./no/such/file"), "{text}");
    expect_code(bench.launcher().args(["--", ""]), 127);
}

#[test]
fn a_command_that_is_no_program_is_126() {
    let bench = Bench::new();
    let plain = bench.write("plain", "#!/bin/sh\nexit 0\n");
    let text = expect_code(bench.launcher().arg(&plain), 126);
    assert!(text.contains("Permission denied"), "{text}");
    let text = expect_code(bench.launcher().arg(bench.folder()), 126);
    assert!(text.contains("is a folder"), "{text}");
    let text = expect_code(bench.launcher().arg(bench.script("junk", b"\x01\x00\x02\n")), 126);
    assert!(text.contains("neither an ELF file nor a script"), "{text}");
    let text = expect_code(bench.launcher().arg(bench.script("cut", b"\x7fELF\x02\x01")), 126);
    assert!(text.contains("damaged ELF file"), "{text}");
}

#[test]
fn static_programs_are_refused_unrun() {
    let bench = Bench::new();
    let program = bench.compile("static", HELLO, &["-static"]);
    let output = bench.launcher().arg(&program).output().unwrap();
    assert_eq!(output.status.code(), Some(126));
    assert!(common::stderr(&output).contains("statically linked"), "{output:?}");
    assert_eq!(common::stdout(&output), "");

    let program = bench.compile("static-pie", HELLO, &["-static-pie", "-fPIE"]);
    let text = expect_code(bench.launcher().arg(&program), 126);
    assert!(text.contains("statically linked"), "{text}");
}

#[test]
fn scripts_are_judged_by_their_interpreter() {
    let bench = Bench::new();
    let program = bench.compile("static", HELLO, &["-static"]);
    let inner = bench.script("inner", format!("#!{}\n", program.display()));
    let outer = bench.script("outer", format!("#! {} -x\n", inner.display()));
    let text = expect_code(bench.launcher().arg(&outer), 126);
    assert!(text.contains("static: is statically linked"), "{text}");

    let lost = bench.script("lost", "#!/no/such/interpreter\n");
    let text = expect_code(bench.launcher().arg(&lost), 127);
    assert!(text.contains("its interpreter cannot be run: /no/such/interpreter"), "{text}");

    let round = bench.path("round");
    let round = bench.script("round", format!("#!{}\n", round.display()));
    let text = expect_code(bench.launcher().arg(&round), 126);
    assert!(text.contains("symbolic links"), "{text}");
}

#[test]
fn programs_of_another_architecture_are_refused() {
    let bench = Bench::new();
    let program = bench.compile("hello", HELLO, &[]);
    let mut image = std::fs::read(&program).unwrap();
    // e_machine: EM_S390, which none of our machines is.
    image[18..20].copy_from_slice(&22u16.to_ne_bytes());
    let foreign = bench.script("foreign", &image);
    let text = expect_code(bench.launcher().arg(&foreign), 126);
    assert!(text.contains("is built for s390x"), "{text}");

    // A bare 32-bit header: EM_386, no program headers.
    let mut header = vec![0u8; 52];
    header[..7].copy_from_slice(b"\x7fELF\x01\x01\x01");
    header[16] = 2;
    header[18] = 3;
    header[20] = 1;
    let old = bench.script("old", &header);
    let text = expect_code(bench.launcher().arg(&old), 126);
    assert!(text.contains("is built for x86 (32-bit"), "{text}");
}

#[test]
fn a_missing_loader_is_named() {
    let bench = Bench::new();
    let options = ["-Wl,--dynamic-linker=/no/such/loader.so"];
    let program = bench.compile("orphan", HELLO, &options);
    let text = expect_code(bench.launcher().arg(&program), 127);
    assert!(text.contains("its loader cannot be run: /no/such/loader.so"), "{text}");
}

#[test]
fn programs_that_gain_privileges_are_refused() {
    let bench = Bench::new();
    let nosuid = nix::sys::statvfs::statvfs(bench.folder()).unwrap().flags();
    let program = if nix::unistd::geteuid().is_root() {
        assert!(!nosuid.contains(nix::sys::statvfs::FsFlags::ST_NOSUID), "TMPDIR is nosuid");
        let program = bench.compile("guest", HELLO, &[]);
        nix::unistd::chown(&program, Some(65534.into()), None).unwrap();
        mode(&program, 0o4755);
        program
    } else {
        // Ordinary users have to take one that is there.
        let known = ["/usr/bin/su", "/bin/su", "/usr/bin/passwd"];
        let found = known.iter().map(std::path::PathBuf::from).find(|p| p.exists());
        found.expect("a set-user-ID program")
    };
    let text = expect_code(bench.launcher().arg(&program), 126);
    assert!(text.contains("ignores LD_PRELOAD, because it is set-user-ID"), "{text}");
}

#[test]
fn a_set_user_id_program_of_the_user_is_none() {
    let bench = Bench::new();
    let program = bench.compile("own", HELLO, &[]);
    mode(&program, 0o4755);
    expect_code(bench.launcher().arg(&program), 0);
}

#[test]
fn settings_are_checked_before_anything_runs() {
    let bench = Bench::new();
    let program = bench.compile("hello", HELLO, &[]);
    for option in [
        ["--page-size", "5K"],
        ["--page-size", ""],
        ["--page-size", "2M"],
        ["--host-page-size", "x"],
        ["--window", "1"],
        ["--reserve", "maybe"],
        ["--placement", "sideways"],
        ["--log", "loud"],
    ] {
        let output = bench.launcher().args(option).arg(&program).output().unwrap();
        let text = common::stderr(&output);
        assert_eq!(output.status.code(), Some(125), "{option:?}: {text}");
        assert!(text.contains("PAGESIM_"), "{option:?} is not named: {text}");
        assert_eq!(common::stdout(&output), "", "{option:?}");
    }
    let mut inherited = bench.launcher();
    inherited.env("PAGESIM_PAGE_SIZE", "3").arg(&program);
    let text = expect_code(&mut inherited, 125);
    assert!(text.contains("PAGESIM_PAGE_SIZE") && text.contains('3'), "{text}");
}

#[test]
fn bad_usage_is_125() {
    expect_code(&mut pagesim(), 125);
    expect_code(pagesim().arg("--no-such-option"), 125);
    expect_code(pagesim().args(["run", "--page-size"]), 125);
    expect_code(pagesim().arg("--help"), 0);
    expect_code(pagesim().arg("--version"), 0);
}

#[test]
fn a_library_that_is_none_is_refused() {
    let bench = Bench::new();
    let program = bench.compile("hello", HELLO, &[]);
    let text = expect_code(pagesim().args(["--library", "/no/such.so"]).arg(&program), 125);
    assert!(text.contains("/no/such.so"), "{text}");
    let junk = bench.write("junk.so", "junk");
    let text = expect_code(pagesim().arg("--library").arg(&junk).arg(&program), 125);
    assert!(text.contains("junk.so: is not a shared library"), "{text}");
}
