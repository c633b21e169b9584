//! A place on disk for a library that has none the loader could be told.
//!
//! What is put there is loaded into the user's programs, so nobody else may
//! be able to change it: every folder on the way belongs to the user or to
//! root and is closed to others, the last one is the user's alone, and the
//! file there is compared with what was to be written, each time.

use std::ffi::OsStr;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::hash::{DefaultHasher, Hasher};
use std::io::{Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use nix::sys::statvfs::{statvfs, FsFlags};
use nix::unistd::geteuid;

use super::{preload, Refusal};

/// A folder that is removed when the run is over.
#[derive(Debug)]
pub(super) struct Temporary(PathBuf);

impl Drop for Temporary {
    fn drop(&mut self) {
        // Nothing can be done about a folder that does not go away.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Makes sure that a private file with this content exists.
pub(super) fn place(content: &[u8]) -> Result<(PathBuf, Option<Temporary>), Refusal> {
    let mut hash = DefaultHasher::new();
    hash.write(content);
    let name = format!("libpagesim-{}-{:016x}.so", env!("CARGO_PKG_VERSION"), hash.finish());
    for folder in lasting() {
        if let Some(file) = private_folder(&folder).and_then(|f| put(&f, &name, content).ok()) {
            return Ok((file, None));
        }
    }
    let (path, copy) = folder()?;
    let file = put(&path, &name, content).map_err(|error| nowhere(&error.to_string()))?;
    Ok((file, Some(copy)))
}

/// A folder that only the user gets at.
pub(super) fn folder() -> Result<(PathBuf, Temporary), Refusal> {
    let path = nix::unistd::mkdtemp(&temporary().join("pagesim-XXXXXX"))
        .map_err(|errno| nowhere(errno.desc()))?;
    let folder = Temporary(path.clone());
    Ok((path, folder))
}

fn nowhere(what: &str) -> Refusal {
    Refusal::own(format!("no private folder: {what}"))
}

/// Folders whose content outlives the run, best first.
fn lasting() -> Vec<PathBuf> {
    let variable = |name: &str| {
        let path = PathBuf::from(std::env::var_os(name)?);
        // The XDG base directory specification ignores relative paths.
        path.is_absolute().then_some(path)
    };
    let cache = variable("XDG_CACHE_HOME").or_else(|| Some(variable("HOME")?.join(".cache")));
    let of_user = format!("pagesim-{}", geteuid());
    [
        cache.map(|c| c.join("pagesim")),
        variable("XDG_RUNTIME_DIR").map(|r| r.join("pagesim")),
        Some(temporary().join(of_user)),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// The system's place for temporary files, as long as the loader can name it.
fn temporary() -> PathBuf {
    let asked = std::env::temp_dir();
    if asked.is_absolute() && preload::can_name(&asked) {
        asked
    } else {
        PathBuf::from("/tmp")
    }
}

/// Creates `folder` if need be; `None` unless it is the user's alone and the
/// loader can be told about it.
fn private_folder(folder: &Path) -> Option<PathBuf> {
    let mut builder = DirBuilder::new();
    builder.mode(0o700);
    if let Some(parent) = folder.parent().filter(|p| !p.exists()) {
        // ~/.cache in a fresh home; the home itself is not ours to make.
        builder.create(parent).ok()?;
    }
    match builder.create(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => return None,
        _ => {}
    }
    // A link planted for the folder is not followed.
    let status = fs::symlink_metadata(folder).ok()?;
    let is_ours =
        status.is_dir() && status.uid() == geteuid().as_raw() && status.mode() & 0o077 == 0;
    let real = fs::canonicalize(folder).ok()?;
    let runs = !statvfs(&real).ok()?.flags().contains(FsFlags::ST_NOEXEC);
    let closed = real.ancestors().skip(1).all(closed_to_others);
    (is_ours && runs && closed && preload::can_name(&real)).then_some(real)
}

/// Whether only root and the user can rename what is in this folder.
fn closed_to_others(folder: &Path) -> bool {
    let Ok(status) = fs::symlink_metadata(folder) else { return false };
    let owner = status.uid();
    let sticky = status.mode() & libc::S_ISVTX != 0;
    (owner == 0 || owner == geteuid().as_raw()) && (status.mode() & 0o022 == 0 || sticky)
}

/// The file `name` in `folder` with exactly this content.
fn put(folder: &Path, name: &str, content: &[u8]) -> std::io::Result<PathBuf> {
    let file = folder.join(name);
    if holds(&file, content) {
        return Ok(file);
    }
    let draft = folder.join(format!(".{name}.{}", std::process::id()));
    let _ = fs::remove_file(&draft);
    let mut out = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .custom_flags(libc::O_NOFOLLOW)
        .open(&draft)?;
    let written = out.write_all(content).and_then(|()| fs::rename(&draft, &file));
    if let Err(error) = written {
        let _ = fs::remove_file(&draft);
        return Err(error);
    }
    if holds(&file, content) {
        Ok(file)
    } else {
        let shown = Path::new(OsStr::new(name)).display();
        Err(std::io::Error::other(format!("{shown} changed while it was written")))
    }
}

/// Whether `file` is a plain file of the user with exactly this content.
fn holds(file: &Path, content: &[u8]) -> bool {
    let opened: std::io::Result<File> =
        OpenOptions::new().read(true).custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK).open(file);
    let Ok(mut opened) = opened else { return false };
    let Ok(status) = opened.metadata() else { return false };
    let ours = status.is_file()
        && status.uid() == geteuid().as_raw()
        && status.mode() & 0o022 == 0
        && usize::try_from(status.len()).is_ok_and(|length| length == content.len());
    let mut found = Vec::new();
    ours && opened.read_to_end(&mut found).is_ok() && found == content
}
