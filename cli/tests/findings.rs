//! Programs that count on 4096 are found out, at the right place; their correct
//! twins are not.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicUsize, Ordering};

use common::{expect_code, pagesim, stderr, Bench};
use serde_json::Value;

/// What each program of the harness is found doing.
const BUGGY: &[(&str, &[&str])] = &[
    ("eof_fault_expected", &["sigbus-expected"]),
    ("guard_4096", &["guard-size", "mprotect-address"]),
    ("madvise_4096", &["madvise-address", "madvise-rounding"]),
    ("mincore_4096", &["mincore-address"]),
    ("mmap_database_page", &["mmap-header-body"]),
    ("mmap_fixed_hits_whole_page", &["mmap-fixed-rounding"]),
    ("mmap_fixed_mask_fff", &["mmap-fixed-address"]),
    ("mmap_header_body_split", &["mmap-header-body"]),
    ("mmap_low_fixed", &["mmap-fixed-address"]),
    ("mmap_noreplace_probe", &["mmap-fixed-address"]),
    ("mmap_offset_4096", &["mmap-offset"]),
    ("mmap_ring_mirrored", &["ring-mirror"]),
    ("mmap_ring_two_halves", &["mmap-header-body"]),
    ("mmap_segments", &["mmap-header-body"]),
    ("mprotect_4096", &["mprotect-address", "mprotect-rounding"]),
    ("mprotect_dirty_tracking", &["mprotect-address"]),
    ("mprotect_memalign", &["mprotect-address"]),
    ("mprotect_over_neighbour", &["mprotect-rounding"]),
    ("mprotect_secret", &["guard-size"]),
    ("mprotect_signal_stack", &["mprotect-address"]),
    ("mprotect_trampolines", &["mprotect-address"]),
    ("mprotect_write_xor_execute", &["wx-halves"]),
    ("mremap_4096", &["mremap-address"]),
    ("msync_4096", &["msync-address"]),
    ("munmap_4096", &["munmap-address", "munmap-rounding"]),
    ("munmap_alignment_trim", &["munmap-trim"]),
    ("munmap_decommit", &["mmap-fixed-rounding"]),
    ("packet_ring_4096", &["packet-ring"]),
    ("perf_ring_4096", &["perf-ring"]),
    ("shm_4096", &["shmat-address"]),
    ("size_bitmap", &["mprotect-address"]),
    ("thread_small_stack", &["stack-minimum"]),
    ("thread_stack_guard", &["guard-size"]),
];

/// Programs that go wrong without a call that counts in pages: by a number they
/// read or were compiled with, or by where memory is that they do not touch.
const UNSEEN: &[&str] = &[
    // two regions of 32K of a file are one page at 64K only
    "eof_wal_index",
    "mmap_adjacent",
    // what it got is compared and never used
    "mmap_hint_4096",
    "pipe_64k",
    "pipe_set_size",
    "proc_pagemap_4096",
    "proc_statm_4096",
    "size_compiled_in",
];

fn harness() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../c-harness").canonicalize().unwrap()
}

fn compile(bench: &Bench, name: &str, options: &[&str]) -> PathBuf {
    let program = bench.path(&format!("{name}{}", options.concat()));
    let source = harness().join("programs").join(format!("{name}.c"));
    let mut cc = Command::new(std::env::var_os("CC").unwrap_or("cc".into()));
    cc.args(["-g", "-w", "-std=c11", "-D_GNU_SOURCE", "-pthread", "-o"]).arg(&program);
    let output = cc.args(options).arg(&source).output().unwrap();
    assert!(output.status.success(), "{name}: {}", stderr(&output));
    program
}

/// Variables that the first lines of a program of the harness ask for.
fn variables(name: &str) -> Vec<(String, String)> {
    let text = std::fs::read_to_string(harness().join(format!("programs/{name}.c"))).unwrap();
    let head = text.lines().next().unwrap_or_default().trim_end_matches("*/").to_owned();
    let field = head.split("env:").nth(1).and_then(|rest| rest.split(';').next());
    let words = field.unwrap_or_default().split_whitespace();
    words.filter_map(|word| word.split_once('=')).map(|(a, b)| (a.into(), b.into())).collect()
}

/// Runs a program of the harness; its report.
fn report_of(bench: &Bench, program: &Path, sizes: &[&str]) -> (Value, Output) {
    let name = program.file_name().unwrap().to_string_lossy().into_owned();
    let file = bench.path(&format!("{name}.json"));
    let mut command = pagesim();
    command.args(sizes).arg("--format").arg(format!("json={}", file.display()));
    command.arg("--").arg(program);
    if let Some((name, _)) = name.split_once('-') {
        if harness().join(format!("programs/{name}.c")).is_file() {
            command.envs(variables(name));
        }
    }
    let output = command.current_dir(bench.folder()).output().unwrap();
    let text = std::fs::read_to_string(&file)
        .unwrap_or_else(|error| panic!("{error}: {}", stderr(&output)));
    (serde_json::from_str(&text).unwrap(), output)
}

fn findings(report: &Value) -> &[Value] {
    report["findings"].as_array().unwrap()
}

fn ids(report: &Value) -> BTreeSet<&str> {
    findings(report).iter().map(|finding| finding["id"].as_str().unwrap()).collect()
}

/// Text of the line that a finding is at.
fn line(finding: &Value) -> String {
    let frame = &finding["frames"][0];
    let text = std::fs::read_to_string(frame["file"].as_str().unwrap()).unwrap();
    let number = usize::try_from(frame["line"].as_u64().unwrap()).unwrap();
    text.lines().nth(number - 1).unwrap().to_owned()
}

/// Runs `one` for each of `names`, on as many threads as there are processors.
fn each(names: &[String], one: impl Fn(&str) + Sync) {
    let next = AtomicUsize::new(0);
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some(name) = names.get(next.fetch_add(1, Ordering::Relaxed)) {
                    one(name);
                }
            });
        }
    });
}

/// Names of the programs of the harness that end with `suffix`, without it.
fn programs(suffix: &str) -> Vec<String> {
    let all = std::fs::read_dir(harness().join("programs")).unwrap();
    let ending = format!("{suffix}.c");
    all.filter_map(|e| e.unwrap().file_name().to_str()?.strip_suffix(&ending).map(String::from))
        .collect()
}

const BOTH: &[&str] = &["-p", "16K", "-p", "64K"];

/// Every buggy program, compiled with `options` and changed by `prepare`, on both
/// page sizes.
fn buggy_programs_are_found_out(options: &[&str], prepare: impl Fn(&Path) + Sync) {
    let bench = Bench::new();
    let names: Vec<String> = BUGGY.iter().map(|(name, _)| (*name).to_owned()).collect();
    each(&names, |name| {
        let expected = BUGGY.iter().find(|(known, _)| *known == name).unwrap().1;
        let program = compile(&bench, &format!("{name}_buggy"), options);
        prepare(&program);
        let (report, output) = report_of(&bench, &program, BOTH);
        if common::stdout(&output).starts_with("SKIP") {
            return;
        }
        let found = ids(&report);
        assert!(
            expected.iter().all(|id| found.contains(id)),
            "{name} {options:?}: expected {expected:?}, found {found:?}\n{}",
            stderr(&output)
        );
        for finding in findings(&report) {
            let (call, line) = (finding["call"]["name"].as_str().unwrap(), line(finding));
            // an access is wherever the program does it: in the harness' probe
            let there = if call == "access" { line.contains("*p;") } else { line.contains(call) };
            assert!(there, "{name} {options:?}: {line:?} {finding:#}");
            assert_eq!(finding["pageSizes"], serde_json::json!([16384, 65536]), "{finding:#}");
        }
    });
}

#[test]
fn every_buggy_program_is_one_that_is_found_out_or_has_no_call_to_find() {
    for name in programs("_buggy") {
        let found = BUGGY.iter().filter(|(known, _)| *known == name).count();
        let unseen = UNSEEN.iter().filter(|known| **known == name).count();
        assert_eq!(found + unseen, 1, "{name}");
    }
}

#[test]
fn without_optimisation_buggy_programs_are_found_out_at_the_line_of_the_call() {
    buggy_programs_are_found_out(&["-O0"], |_| ());
}

#[test]
fn optimised_buggy_programs_are_found_out_at_the_line_of_the_call() {
    buggy_programs_are_found_out(&["-O2", "-fno-omit-frame-pointer"], |_| ());
}

#[test]
fn without_frame_pointers_buggy_programs_are_found_out_at_the_line_of_the_call() {
    buggy_programs_are_found_out(&["-O0", "-fomit-frame-pointer"], |_| ());
    buggy_programs_are_found_out(&["-O2", "-fomit-frame-pointer"], |_| ());
}

#[test]
fn stripped_buggy_programs_are_found_out_at_the_line_by_a_separate_file() {
    buggy_programs_are_found_out(&["-O2"], separate_debug);
}

/// Moves the debug information into a file beside the program.
fn separate_debug(program: &Path) {
    let debug = program.with_extension("debug");
    let objcopy = |args: &[&std::ffi::OsStr]| {
        let done = Command::new("objcopy").args(args).status();
        assert!(done.unwrap().success(), "objcopy {args:?}");
    };
    objcopy(&["--only-keep-debug".as_ref(), program.as_ref(), debug.as_ref()]);
    let link = format!("--add-gnu-debuglink={}", debug.display());
    objcopy(&["--strip-all".as_ref(), link.as_ref(), program.as_ref()]);
}

#[test]
fn correct_programs_yield_nothing() {
    let bench = Bench::new();
    let names = programs("_correct");
    assert!(names.len() > 35);
    for options in [&["-O0"][..], &["-O2"]] {
        each(&names, |name| {
            let program = compile(&bench, &format!("{name}_correct"), options);
            let (report, _) = report_of(&bench, &program, BOTH);
            assert!(findings(&report).is_empty(), "{name} {options:?}: {report:#}");
        });
    }
}

/// Line 8 maps at 4096; `main` does so as often as it is told.
const OFFSET: &str = r#"
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include <signal.h>
int fd;
static inline __attribute__((always_inline)) char *body(void) {
    return mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 4096); /* here */
}
__attribute__((noinline)) char *load(void) {
    char *p = body();
    if (!p) abort();
    return p;
}
int main(int argc, char **argv) {
    long n = atol(argv[1]);
    fd = memfd_create("x", 0);
    if (ftruncate(fd, 8192)) return 1;
    for (long i = 0; i < n; i++) load();
    if (argc > 2 && argv[2][0] == 'k') kill(getpid(), SIGKILL);
    if (argc > 2 && argv[2][0] == 'c') return load()[5];
    return 3;
}
"#;

fn run(bench: &Bench, program: &Path, options: &[&str], args: &[&str]) -> (Value, Output) {
    let file = bench.path("run.json");
    let mut command = pagesim();
    command.arg("--format").arg(format!("json={}", file.display())).args(options);
    let output = command.arg("--").arg(program).args(args).output().unwrap();
    let text =
        std::fs::read_to_string(&file).unwrap_or_else(|e| panic!("{e}: {}", stderr(&output)));
    (serde_json::from_str(&text).unwrap(), output)
}

fn only(report: &Value) -> &Value {
    assert_eq!(findings(report).len(), 1, "{report:#}");
    &findings(report)[0]
}

const PLAIN: &[&str] = &["-g", "-O2", "-D_GNU_SOURCE"];

#[test]
fn a_place_that_is_reached_a_million_times_is_one_finding_with_a_count() {
    let bench = Bench::new();
    let program = bench.compile("many", OFFSET, PLAIN);
    let (report, output) = run(&bench, &program, &[], &["1000000"]);
    assert_eq!(output.status.code(), Some(3));
    let finding = only(&report);
    assert_eq!(finding["count"], 1_000_000);
    let frames = finding["frames"].as_array().unwrap();
    let functions: Vec<_> = frames.iter().map(|f| f["function"].as_str().unwrap()).collect();
    assert_eq!(functions, ["body", "load", "main"]);
    assert_eq!((&frames[0]["inlined"], &frames[1]["inlined"]), (&true.into(), &false.into()));
    assert!(line(finding).contains("/* here */"));
}

#[test]
fn a_killed_process_loses_nothing_that_it_recorded() {
    use std::os::unix::process::ExitStatusExt;
    let bench = Bench::new();
    let program = bench.compile("killed", OFFSET, PLAIN);
    let (report, output) = run(&bench, &program, &[], &["2", "k"]);
    assert_eq!(output.status.signal(), Some(9));
    assert_eq!(only(&report)["count"], 2);
}

#[test]
fn a_crash_is_explained_by_the_call_that_caused_it() {
    use std::os::unix::process::ExitStatusExt;
    let bench = Bench::new();
    let program = bench.compile("crashes", OFFSET, PLAIN);
    let (report, output) = run(&bench, &program, &[], &["0", "c"]);
    assert_eq!(output.status.signal(), Some(11));
    let details = only(&report)["details"].to_string();
    assert!(details.contains("MAP_FAILED") && details.contains("main"), "{details}");
}

/// Takes the wrong address for the mapping's, and faults behind it.
const HINT: &str = r#"
#include <string.h>
#include <sys/mman.h>
int main(int argc, char **argv) {
    char *want = (char *)(24UL << 40) + 4096;
    char *got = mmap(want, 65536, 3, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0); /* here */
    if (argc > 1) return got != want && munmap(got, 65536);
    memset(want, 1, 65536);
    return 0;
}
"#;

#[test]
fn a_hint_that_was_not_taken_exactly_is_found_by_what_the_program_does_next() {
    let bench = Bench::new();
    let program = bench.compile("hint", HINT, PLAIN);
    for args in [&[][..], &["undo"]] {
        let (report, _) = run(&bench, &program, &[], args);
        assert_eq!(only(&report)["id"], "mmap-hint");
        assert!(line(only(&report)).contains("/* here */"));
        let details = only(&report)["details"].to_string();
        let reason = if args.is_empty() { "this is why" } else { "unmapped what it got" };
        assert!(details.contains(reason), "{details}");
    }
}

#[test]
fn an_allocator_that_gives_up_on_the_page_size_is_found_by_its_message() {
    let source = r#"
#include <sys/syscall.h>
#include <unistd.h>
int main(void) {
    static const char text[] = "<jemalloc>: Unsupported system page size\n";
    for (int i = 0; i < 3; i++)
        syscall(SYS_write, 2, text, sizeof text - 1); /* here */
    return 0;
}
"#;
    let bench = Bench::new();
    let program = bench.compile("allocator", source, PLAIN);
    let (report, _) = run(&bench, &program, &[], &[]);
    assert_eq!(
        (&only(&report)["id"], &only(&report)["count"]),
        (&"allocator-page-size".into(), &3.into())
    );
    assert!(line(only(&report)).contains("/* here */"));
}

#[test]
fn a_stripped_program_is_shown_by_module_and_offset() {
    let bench = Bench::new();
    let program = bench.compile("stripped", OFFSET, &["-O2", "-s", "-D_GNU_SOURCE"]);
    let (report, _) = run(&bench, &program, &[], &["1"]);
    let frame = &only(&report)["frames"][0];
    assert_eq!(frame["module"].as_str().map(Path::new), program.canonicalize().ok().as_deref());
    assert!(frame["offset"].as_u64().unwrap() > 0 && frame["line"].is_null(), "{frame}");
}

#[test]
fn separate_debug_information_is_found_by_its_link() {
    let bench = Bench::new();
    let program = bench.compile("separate", OFFSET, PLAIN);
    let tool = |args: &[&str]| {
        let done = Command::new("objcopy").args(args).current_dir(bench.folder()).status();
        assert!(done.unwrap().success(), "objcopy {args:?}");
    };
    tool(&["--only-keep-debug", "separate", "separate.debug"]);
    tool(&["--strip-all", "--add-gnu-debuglink=separate.debug", "separate"]);
    let (report, _) = run(&bench, &program, &[], &["1"]);
    assert!(line(only(&report)).contains("/* here */"));
}

#[test]
fn children_are_reported_with_their_parents() {
    let bench = Bench::new();
    let program = bench.compile("child", OFFSET, PLAIN);
    let shell = format!("for i in 1 2 3 4 5; do {} 3; done; exit 0", program.display());
    let script = bench.script("many.sh", format!("#!/bin/sh\n{shell}\n"));
    let (report, output) = run(&bench, &script, &[], &[]);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(only(&report)["count"], 15);
}

#[test]
fn audit_mode_does_what_it_reports() {
    let bench = Bench::new();
    let program = bench.compile("audit", OFFSET, PLAIN);
    // what would crash is read: the byte is 0
    let (report, output) = run(&bench, &program, &["--mode", "audit"], &["0", "c"]);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(only(&report)["id"], "mmap-offset");
}

#[test]
fn the_status_is_the_programs_unless_findings_are_to_count() {
    let bench = Bench::new();
    let program = bench.compile("status", OFFSET, PLAIN);
    let suppressions = bench.path("known");
    let status = |options: &[&str], code: i32| {
        let mut command = pagesim();
        command.args(options).arg("--").arg(&program).arg("1");
        expect_code(&mut command, code)
    };
    let known = suppressions.to_str().unwrap();
    assert!(status(&["--report"], 3).contains("mmap-offset"));
    assert!(status(&["--error-exitcode", "9", "--gen-suppressions", known], 9).contains("1 error"));
    assert!(status(&["--error-exitcode", "9", "--suppressions", known], 3).contains("0 errors"));
    assert!(status(&["--error-exitcode", "9", "--suppressions", "/nonexistent"], 125)
        .contains("/nonexistent"));
}

#[test]
fn a_reader_who_has_seen_enough_does_not_change_the_status() {
    let bench = Bench::new();
    let program = bench.compile("status", OFFSET, PLAIN);
    let mut shell = Command::new("bash");
    shell.args(["-c", "\"$@\" 2> >(exec true); exit $?", "bash"]);
    let mut command = pagesim();
    command.args(["--error-exitcode", "9", "--"]).arg(program).arg("1");
    shell.arg(command.get_program()).args(command.get_args());
    for _ in 0..3 {
        assert_eq!(shell.status().unwrap().code(), Some(9));
    }
}

#[test]
fn records_that_were_kept_are_reported_later() {
    let bench = Bench::new();
    let program = bench.compile("kept", OFFSET, PLAIN);
    let prefix = bench.path("kept-record");
    let mut command = pagesim();
    command.arg("--record").arg(&prefix).arg("--").arg(&program).arg("4");
    assert_eq!(expect_code(&mut command, 3), "");
    let mut report = pagesim();
    report.args(["report", "--format", "json"]).arg(&prefix);
    let output = report.output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(only(&report)["count"], 4);
}

#[test]
fn the_forecast_counts_every_touched_page_in_whole() {
    let source = r#"
#include <sys/mman.h>
int main(void) {
    char *p = mmap((void *)(24UL << 40), 1 << 20, 3, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED || madvise(p, 1 << 20, MADV_NOHUGEPAGE)) return 1;
    for (int i = 0; i < 8; i++) p[i << 16] = 1;
    return 0;
}
"#;
    let bench = Bench::new();
    let program = bench.compile("touches", source, PLAIN);
    let (report, output) = run(&bench, &program, &["-p", "64K"], &[]);
    assert_eq!(output.status.code(), Some(0));
    let memory = &report["memory"][0];
    assert_eq!(memory["pageSize"], 65536);
    let mappings = memory["mappings"].as_array().unwrap();
    let ours = mappings.iter().find(|m| m["start"] == 24u64 << 40).unwrap();
    let host = 8 * u64::try_from(page_size()).unwrap();
    assert_eq!((&ours["resident"], &ours["forecast"]), (&host.into(), &(8 << 16).into()));
}

fn page_size() -> i64 {
    let output = Command::new("getconf").arg("PAGESIZE").output().unwrap();
    common::stdout(&output).trim().parse().unwrap()
}
