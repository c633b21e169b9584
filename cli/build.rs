//! Builds the library that the command carries.
//!
//! A nested cargo, because a build script cannot depend on a cdylib of its own
//! workspace: into a target folder of its own, so that it does not wait for
//! the lock of the build that runs this script.

use std::env;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::Command;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    if env::var_os("CARGO_FEATURE_CARRY").is_none() {
        return Ok(());
    }
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("..");
    for source in sources(&root)? {
        println!("cargo::rerun-if-changed={}", source.display());
    }
    let library = build(&root)?;
    println!("cargo::rustc-env=PAGESIM_CARRIED_LIBRARY={}", library.display());
    Ok(())
}

/// What the library may be made of: the package at the top, and every other one
/// but this and the tests.
fn sources(root: &Path) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let own = ["src", "build.rs", "Cargo.toml", "Cargo.lock"].map(|name| root.join(name));
    let mut found: Vec<PathBuf> = own.into_iter().filter(|path| path.exists()).collect();
    for entry in std::fs::read_dir(root)? {
        let path = entry?.path();
        let other = ["cli", "shim-tests"].iter().any(|name| path.ends_with(name));
        if !other && path.join("Cargo.toml").exists() {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

fn build(root: &Path) -> Result<PathBuf, Box<dyn Error>> {
    let folder = PathBuf::from(env::var("OUT_DIR")?).join("library");
    let target = env::var("TARGET")?;
    let mut cargo = Command::new(env::var("CARGO")?);
    cargo
        .args(["build", "--package", "pagesim", "--lib", "--release", "--locked"])
        .args(["--target", &target, "--target-dir"])
        .arg(&folder)
        .current_dir(root);
    // The settings of the outer build (instrumentation, lints, other features)
    // are about the command, not about what is preloaded into programs.
    for name in ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "RUSTC_WRAPPER", "RUSTC_WORKSPACE_WRAPPER"]
    {
        cargo.env_remove(name);
    }
    if target.ends_with("-musl") {
        // A library for every libc cannot contain one.
        cargo.env("CARGO_ENCODED_RUSTFLAGS", "-Ctarget-feature=-crt-static");
    }
    if !cargo.status()?.success() {
        return Err("the library could not be built; \
                    to build the command without it: --no-default-features"
            .into());
    }
    Ok(folder.join(target).join("release").join("libpagesim.so"))
}
