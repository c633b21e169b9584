//! What the tests of the command share: a scratch folder in which C programs
//! are compiled, and the command itself.

#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

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
