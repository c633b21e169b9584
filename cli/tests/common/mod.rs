//! What the tests of the command share: a scratch folder in which C programs
//! are compiled, and the command itself.

#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::json;

/// Gives the sign of life that the launcher waits for, and does nothing else:
/// the launcher is tested by itself, whatever the library does.
const STAND_IN: &str = r#"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
__attribute__((constructor)) static void begin(void) {
    const char *place = getenv("PAGESIM_LIVE");
    int fd, pid;
    if (place && sscanf(place, "%d:%d", &fd, &pid) == 2 && pid == getpid()) {
        if (write(fd, "1", 1) != 1) abort();
        close(fd);
        unsetenv("PAGESIM_LIVE");
    }
}
"#;

/// A folder with programs.
pub(crate) struct Bench {
    folder: tempfile::TempDir,
}

impl Bench {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn write(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    /// A file with the executable bits. Made by a process of its own: a child that
    /// another test starts at this moment would inherit it open for writing, and
    /// what is open for writing cannot be run.
    pub(crate) fn script(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let written = self.write(&format!("{name}.text"), text);
        let path = self.path(name);
        assert!(Command::new("cp").arg(&written).arg(&path).status().unwrap().success());
        std::fs::remove_file(written).unwrap();
        mode(&path, 0o755);
        path
    }

    /// Compiles a C program; false if this compiler cannot with these options.
    pub(crate) fn try_compile(&self, name: &str, source: &str, options: &[&str]) -> bool {
        let file = self.write(&format!("{name}.c"), source);
        let mut cc = Command::new(std::env::var_os("CC").unwrap_or("cc".into()));
        cc.arg("-o").arg(self.path(name)).arg(file).args(options);
        cc.output().unwrap().status.success()
    }

    pub(crate) fn compile(&self, name: &str, source: &str, options: &[&str]) -> PathBuf {
        assert!(self.try_compile(name, source, options), "cc {name} {options:?}");
        self.path(name)
    }

    /// A library that says it is alive.
    pub(crate) fn stand_in(&self) -> PathBuf {
        let path = self.path("libstandin.so");
        if !path.exists() {
            self.compile("libstandin.so", STAND_IN, &["-shared", "-fPIC"]);
        }
        path
    }

    /// `pagesim --library STANDIN`.
    pub(crate) fn launcher(&self) -> Command {
        let mut command = pagesim();
        command.arg("--library").arg(self.stand_in());
        command
    }
}

/// The command under test, with an environment that says nothing to it.
pub(crate) fn pagesim() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pagesim"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("PAGESIM_") {
            command.env_remove(name);
        }
    }
    command.env_remove("LD_PRELOAD");
    command
}

pub(crate) fn mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Runs and expects an exit code; returns standard error.
pub(crate) fn expect_code(command: &mut Command, code: i32) -> String {
    let output = command.output().unwrap();
    let text = stderr(&output);
    assert_eq!(output.status.code(), Some(code), "{command:?}: {:?} {text}", output.status);
    text
}

/// A report as a run of a program gives it: calls, frames, odd characters.
pub(crate) fn recorded(bench: &Bench) -> PathBuf {
    let source = bench.write("app.c", "one\n  mmap(NULL, n, PROT_READ, MAP_SHARED, fd, 4096);\n");
    let report = json!({
        "schema": 1,
        "version": "0.1.0",
        "pageSizes": [65536],
        "subjects": ["good", "app <&\"' \u{1}x"],
        "notes": ["a note with <angles>"],
        "findings": [
            {
                "id": "munmap-rounding", "subject": "app <&\"' \u{1}x", "pageSizes": [65536],
                "count": 3, "message": "takes 61440 bytes more", "frames": [
                    { "module": "/usr/lib/libx.so", "offset": 4660 },
                ],
            },
            {
                "id": "mmap-offset", "subject": "app <&\"' \u{1}x", "pageSizes": [65536],
                "count": 1000000, "message": "offset 4096",
                "call": {
                    "name": "mmap",
                    "arguments": [["addr", "NULL"], ["offset", "4096"]],
                    "errno": "EINVAL",
                },
                "origin": { "program": "app", "process": 7, "thread": 8 },
                "frames": [
                    { "function": "map_body", "file": source, "line": 2,
                      "module": "/bin/app", "offset": 16, "inlined": true },
                    { "function": "main", "module": "/bin/app", "offset": 32 },
                ],
            },
        ],
    });
    bench.write("recorded.json", report.to_string())
}

/// Says that a test is left out for want of something, which is a failure with
/// PAGESIM_REQUIRE_PROGRAMS=1.
pub(crate) fn without(what: &str) {
    let required = std::env::var_os("PAGESIM_REQUIRE_PROGRAMS").is_some_and(|v| v == "1");
    assert!(!required, "there is no {what}");
    eprintln!("left out: there is no {what}");
}

/// The first of these programs that is on the search path.
pub(crate) fn installed(names: &[&str]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let places: Vec<PathBuf> = std::env::split_paths(&path).collect();
    names.iter().find_map(|n| places.iter().map(|p| p.join(n)).find(|file| file.is_file()))
}

/// Maps at 4096, protects a guard of 4096 bytes and runs into it.
pub(crate) const CRASH: &str = r#"
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
int main(void) {
    int fd = memfd_create("x", 0);
    if (ftruncate(fd, 1 << 20)) return 1;
    for (int i = 0; i < 3; i++)
        mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 4096);
    char *p = mmap(0, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memset(p, 1, 1 << 20);
    mprotect(p, 4096, PROT_NONE);
    p[8192] = 1;
    return 0;
}
"#;

/// The report of a program that crashes, on two page sizes.
pub(crate) fn crashed(bench: &Bench, format: &str) -> String {
    let program = bench.compile("crash", CRASH, &["-g", "-O1", "-D_GNU_SOURCE"]);
    let file = bench.path("crash.report");
    let mut command = pagesim();
    command.args(["-p", "16K", "-p", "64K", "--format"]);
    command.arg(format!("{format}={}", file.display())).arg("--").arg(program);
    let output = command.output().unwrap();
    std::fs::read_to_string(&file).unwrap_or_else(|e| panic!("{e}: {}", stderr(&output)))
}
