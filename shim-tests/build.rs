//! Builds what the black-box tests run: the preload library, the programs of
//! the C harness (with the system's compiler and, where it is installed, with
//! `musl-gcc`) and the random differential.
//!
//! The library is built by a cargo of its own, into a folder of its own under
//! `OUT_DIR`: `cargo test` does not build a package that is only a cdylib, and
//! a cargo that shared the outer one's folder would wait for its lock for ever.

use std::env;
use std::error::Error;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Mutex;
use std::thread;
use std::time::SystemTime;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const CFLAGS: &[&str] =
    &["-std=gnu11", "-D_GNU_SOURCE", "-O1", "-g", "-pthread", "-Wall", "-Wextra"];

/// What the programs of the harness include.
const HEADERS: &[&str] = &["harness.h", "code.h"];

fn main() {
    if let Err(error) = build() {
        eprintln!("{error}");
        std::process::exit(1);
    }
}

fn build() -> Result<()> {
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("OUT_DIR is not set")?);
    let here =
        PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").ok_or("CARGO_MANIFEST_DIR is not set")?);
    let root = here.parent().ok_or("the package has no parent folder")?;

    let library = build_library(root, &out)?;
    println!("cargo:rustc-env=PAGESIM_TEST_LIBRARY={}", library.display());

    let harness = root.join("c-harness");
    println!("cargo:rerun-if-changed={}", harness.join("programs").display());
    for header in HEADERS {
        println!("cargo:rerun-if-changed={}", harness.join(header).display());
    }
    println!("cargo:rustc-env=PAGESIM_TEST_HARNESS={}", harness.display());
    let programs = out.join("programs");
    println!("cargo:rustc-env=PAGESIM_TEST_PROGRAMS={}", programs.display());
    compile_harness("cc", &harness, &programs.join("glibc"), |_| true)?;
    println!("cargo:rerun-if-env-changed=PATH");
    let musl = programs.join("musl");
    if on_path("musl-gcc") {
        compile_harness("musl-gcc", &harness, &musl, |head| !head.contains("needs: glibc"))?;
    } else if musl.exists() {
        fs::remove_dir_all(&musl)?;
    }

    let differential = here.join("differential");
    println!("cargo:rerun-if-changed={}", differential.display());
    let target = out.join("differential");
    println!("cargo:rustc-env=PAGESIM_TEST_DIFFERENTIAL={}", target.display());
    let sources = c_files(&differential)?;
    if !sources.is_empty() {
        compile("cc", &sources, &[], &target)?;
    }
    Ok(())
}

fn build_library(root: &Path, out: &Path) -> Result<PathBuf> {
    // Dependencies and profile; the sources are known after the build.
    for part in ["Cargo.toml", "Cargo.lock"] {
        println!("cargo:rerun-if-changed={}", root.join(part).display());
    }
    let target = out.join("library");
    let mut cargo = Command::new(env::var_os("CARGO").ok_or("CARGO is not set")?);
    cargo.current_dir(root);
    cargo
        .args(["build", "--package", "pagesim", "--lib", "--release", "--locked", "--target-dir"])
        .arg(&target);
    // What the outer cargo decided for this package, or for clippy or miri,
    // is not for the library.
    for name in [
        "RUSTC_WORKSPACE_WRAPPER",
        "RUSTC_WRAPPER",
        "CARGO_ENCODED_RUSTFLAGS",
        "CARGO_BUILD_TARGET",
        "CARGO_TARGET_DIR",
    ] {
        cargo.env_remove(name);
    }
    run(&mut cargo)?;
    let library = target.join("release").join("libpagesim.so");
    if !library.exists() {
        return Err(format!("{} was not built", library.display()).into());
    }
    // "library: source source ...", as make reads it
    let sources = fs::read_to_string(library.with_extension("d"))?;
    let sources = sources.replace("\\ ", "\0");
    for source in sources.split_whitespace().skip(1) {
        println!("cargo:rerun-if-changed={}", source.replace('\0', " "));
    }
    Ok(library)
}

/// Compiles every program whose first line `wanted` accepts, several at once,
/// and removes those that have no source any more.
fn compile_harness(
    cc: &str,
    harness: &Path,
    out: &Path,
    wanted: impl Fn(&str) -> bool,
) -> Result<()> {
    fs::create_dir_all(out)?;
    let headers: Vec<PathBuf> = HEADERS.iter().map(|name| harness.join(name)).collect();
    let mut jobs = Vec::new();
    for source in c_files(&harness.join("programs"))? {
        let text = fs::read_to_string(&source)?;
        if wanted(text.lines().next().unwrap_or_default()) {
            let stem = source.file_stem().ok_or("a source without a name")?.to_owned();
            jobs.push((source, out.join(stem)));
        }
    }
    for entry in fs::read_dir(out)? {
        let path = entry?.path();
        if !jobs.iter().any(|(_, exe)| *exe == path) {
            fs::remove_file(path)?;
        }
    }
    let next = AtomicUsize::new(0);
    let failures = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while let Some((source, exe)) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if let Err(error) = compile(cc, std::slice::from_ref(source), &headers, exe) {
                        if let Ok(mut all) = failures.lock() {
                            all.push(error.to_string());
                        }
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().map_err(|_| "a compile thread panicked")?;
    if failures.is_empty() {
        Ok(())
    } else {
        Err(failures.join("\n").into())
    }
}

/// Compiles `sources` into `exe` unless it is newer than all of them.
fn compile(cc: &str, sources: &[PathBuf], headers: &[PathBuf], exe: &Path) -> Result<()> {
    let built = modified(exe);
    let newest = sources.iter().chain(headers).map(|path| modified(path)).max().flatten();
    if built.is_some() && built > newest {
        return Ok(());
    }
    let mut command = Command::new(cc);
    command.args(CFLAGS).arg("-o").arg(exe).args(sources);
    run(&mut command)
}

fn modified(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).and_then(|data| data.modified()).ok()
}

fn c_files(folder: &Path) -> Result<Vec<PathBuf>> {
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension() == Some(OsStr::new("c")) {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn run(command: &mut Command) -> Result<()> {
    let output = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("{command:?}: {}\n{}", output.status, String::from_utf8_lossy(&output.stderr))
        .into())
}

fn on_path(name: &str) -> bool {
    env::var_os("PATH")
        .is_some_and(|path| env::split_paths(&path).any(|folder| folder.join(name).is_file()))
}
