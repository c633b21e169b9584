//! What the black-box tests share: where the built library and programs are,
//! how a program is run natively and under the library, what the recorded
//! truth says, which differences are known.
//!
//! Nothing here knows how the library works; a test sees what a program sees.

pub mod known;
pub mod programs;
pub mod run;

use std::path::{Path, PathBuf};

/// The preload library built for the tests.
#[must_use]
pub fn library() -> &'static Path {
    Path::new(env!("PAGESIM_TEST_LIBRARY"))
}

/// The random differential's program, when its sources are there.
#[must_use]
pub fn differential() -> &'static Path {
    Path::new(env!("PAGESIM_TEST_DIFFERENTIAL"))
}

/// The oracle's folder, where there is one: `$PAGESIM_ORACLE`, or `shared/oracle` beside the repository.
#[must_use]
pub fn oracle() -> Option<PathBuf> {
    let folder = match std::env::var_os("PAGESIM_ORACLE") {
        Some(folder) => PathBuf::from(folder),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/oracle"),
    };
    folder.join("sanity/sanity.c").is_file().then_some(folder)
}
