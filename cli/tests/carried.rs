//! The library that the command carries: unpacked where nobody else can
//! change it, used from beside the command only if it is the same.
#![cfg(feature = "carry")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::os::unix::fs::{symlink, MetadataExt};
use std::path::{Path, PathBuf};
use std::process::Command;

use common::{mode, stderr, stdout, Bench};

/// Where a copy of the command, alone in a folder, takes its library from.
fn library(bench: &Bench, change: impl Fn(&mut Command)) -> PathBuf {
    std::fs::create_dir_all(bench.path("bin")).unwrap();
    let copy = bench.path("bin/pagesim");
    // by a process of its own: a child of another test must not inherit it open for writing
    let copied = Command::new("cp").arg(env!("CARGO_BIN_EXE_pagesim")).arg(&copy).status();
    assert!(copied.unwrap().success());
    let mut command = Command::new(copy);
    command.env_remove("LD_PRELOAD").env_remove("XDG_RUNTIME_DIR").env_remove("XDG_CACHE_HOME");
    command.env("HOME", bench.folder()).env("TMPDIR", bench.folder());
    command.args(["--dry-run", "true"]);
    change(&mut command);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    let line = stdout(&output);
    let value = line.split_once("LD_PRELOAD=").unwrap().1.split(' ').next().unwrap();
    PathBuf::from(value)
}

fn in_cache(bench: &Bench) -> PathBuf {
    std::fs::canonicalize(bench.folder()).unwrap().join(".cache/pagesim")
}

#[test]
fn it_is_unpacked_into_a_folder_of_the_user_s_own() {
    let bench = Bench::new();
    let file = library(&bench, |_| ());
    assert_eq!(file.parent(), Some(in_cache(&bench).as_path()));
    let folder = std::fs::metadata(file.parent().unwrap()).unwrap();
    assert_eq!(folder.mode() & 0o777, 0o700);
    let status = std::fs::metadata(&file).unwrap();
    assert_eq!(status.mode() & 0o777, 0o600);
    assert!(std::fs::read(&file).unwrap().starts_with(b"\x7fELF"));
    assert_eq!(library(&bench, |_| ()), file);
    let again = std::fs::metadata(&file).unwrap();
    assert_eq!(again.ino(), status.ino(), "written anew though nothing had changed");
}

#[test]
fn a_changed_copy_is_replaced() {
    let bench = Bench::new();
    let file = library(&bench, |_| ());
    let original = std::fs::read(&file).unwrap();
    let mut changed = original.clone();
    changed[100] ^= 1;
    std::fs::write(&file, &changed).unwrap();
    assert_eq!(library(&bench, |_| ()), file);
    assert!(std::fs::read(&file).unwrap() == original, "the changed copy was used");
}

#[test]
fn a_link_in_place_of_the_file_is_replaced() {
    let bench = Bench::new();
    let file = library(&bench, |_| ());
    let elsewhere = bench.path("elsewhere.so");
    std::fs::rename(&file, &elsewhere).unwrap();
    symlink(&elsewhere, &file).unwrap();
    assert_eq!(library(&bench, |_| ()), file);
    assert!(std::fs::symlink_metadata(&file).unwrap().is_file());
}

#[test]
fn folders_that_others_can_write_are_not_used() {
    let bench = Bench::new();
    library(&bench, |_| ());
    let is_in = |file: &Path, folder: &Path| file.starts_with(folder);
    mode(&in_cache(&bench), 0o777);
    assert!(!is_in(&library(&bench, |_| ()), &in_cache(&bench)));
    mode(&in_cache(&bench), 0o700);
    assert!(is_in(&library(&bench, |_| ()), &in_cache(&bench)));
    mode(in_cache(&bench).parent().unwrap(), 0o777);
    assert!(!is_in(&library(&bench, |_| ()), &in_cache(&bench)));
}

#[test]
fn a_planted_link_for_the_folder_is_not_followed() {
    let bench = Bench::new();
    std::fs::create_dir(bench.path("trap")).unwrap();
    std::fs::create_dir(bench.path(".cache")).unwrap();
    symlink(bench.path("trap"), in_cache(&bench)).unwrap();
    let file = library(&bench, |_| ());
    assert!(!file.starts_with(bench.path("trap")), "{file:?}");
    assert_eq!(std::fs::read_dir(bench.path("trap")).unwrap().count(), 0);
}

#[test]
fn a_library_beside_the_command_is_used_if_it_is_the_same() {
    let bench = Bench::new();
    let unpacked = library(&bench, |_| ());
    let beside = std::fs::canonicalize(bench.path("bin")).unwrap().join("libpagesim.so");
    std::fs::copy(&unpacked, &beside).unwrap();
    assert_eq!(library(&bench, |_| ()), beside);
    std::fs::write(&beside, "of another version").unwrap();
    assert_eq!(library(&bench, |_| ()), unpacked);
}

#[test]
fn without_a_home_it_still_runs_and_cleans_up() {
    let bench = Bench::new();
    let tmp = bench.path("tmp");
    std::fs::create_dir(&tmp).unwrap();
    // Nothing lasting is possible: no home, and the user's name is taken.
    let of_user = tmp.join(format!("pagesim-{}", nix::unistd::geteuid()));
    std::fs::write(&of_user, "taken").unwrap();
    let file = library(&bench, |command| {
        command.env_remove("HOME").env("TMPDIR", &tmp);
    });
    assert!(file.starts_with(&tmp), "{file:?}");
    assert_eq!(std::fs::read_dir(&tmp).unwrap().count(), 1, "the copy for one run was left");
}

#[test]
fn the_carried_library_comes_to_life() {
    let bench = Bench::new();
    let source = r#"
        #include <stdio.h>
        #include <unistd.h>
        int main(void) { printf("%ld\n", sysconf(_SC_PAGESIZE)); return 0; }
    "#;
    let program = bench.compile("size", source, &[]);
    for (size, shown) in [("16K", "16384\n"), ("64K", "65536\n")] {
        let mut command = common::pagesim();
        let output = command.args(["--page-size", size]).arg(&program).output().unwrap();
        assert_eq!(stdout(&output), shown, "{}", stderr(&output));
    }
}
