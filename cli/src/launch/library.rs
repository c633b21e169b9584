//! Which `libpagesim.so` is preloaded.
//!
//! One that is named on the command line; else the one carried inside this
//! command; else, when none is carried, one beside the command or where
//! distributions install it. A library beside the command is used in place of
//! the carried one only if it is the same byte for byte: anything else is of
//! another version, and a command and a library of two versions would
//! disagree about variables.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use object::read::ReadCache;

use super::{preload, private, shown, Refusal};
use crate::elf::{self, Machine};

/// The file name of the library.
const NAME: &str = "libpagesim.so";

#[cfg(feature = "carry")]
const CARRIED: Option<&[u8]> = Some(include_bytes!(env!("PAGESIM_CARRIED_LIBRARY")));
#[cfg(not(feature = "carry"))]
const CARRIED: Option<&[u8]> = None;

/// A library that can be preloaded.
#[derive(Debug)]
pub(super) struct Library {
    path: PathBuf,
    machine: Machine,
    /// Removes a copy that was made for this run only.
    _copy: Option<private::Temporary>,
}

impl Library {
    /// Its absolute path, without characters the loader would split at.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The architecture it works on.
    pub(super) fn machine(&self) -> Machine {
        self.machine
    }
}

/// Finds or unpacks the library.
pub(super) fn find(asked: Option<&Path>) -> Result<Library, Refusal> {
    if let Some(path) = asked {
        let absolute = fs::canonicalize(path)
            .map_err(|error| Refusal::own(format!("--library {}: {error}", shown(path))))?;
        return open(absolute);
    }
    let places = places();
    let Some(carried) = CARRIED else {
        return match places.iter().find(|place| place.is_file()) {
            Some(place) => open(place.clone()),
            None => Err(Refusal::own(format!(
                "{NAME} is missing: looked for {}; name it with --library",
                places.iter().map(|p| shown(p).to_string()).collect::<Vec<_>>().join(", ")
            ))),
        };
    };
    let same = places.iter().find(|place| {
        preload::can_name(place) && fs::read(place).is_ok_and(|content| content == carried)
    });
    match same {
        Some(place) => open(place.clone()),
        None => unpack(carried),
    }
}

/// Beside the command, and where an installation puts it.
fn places() -> Vec<PathBuf> {
    let Some(folder) = std::env::current_exe().ok().and_then(|e| e.parent().map(Path::to_path_buf))
    else {
        return Vec::new();
    };
    let mut places = vec![folder.join(NAME)];
    if let Some(prefix) = folder.parent() {
        places.push(prefix.join("lib/pagesim").join(NAME));
        places.push(prefix.join("lib").join(NAME));
    }
    places
}

fn open(path: PathBuf) -> Result<Library, Refusal> {
    let failed = |error: String| Refusal::own(format!("{}: {error}", shown(&path)));
    if !preload::can_name(&path) {
        let content = fs::read(&path).map_err(|error| failed(error.to_string()))?;
        return unpack(&content);
    }
    let file = File::open(&path).map_err(|error| failed(error.to_string()))?;
    let machine = machine_of(&ReadCache::new(&file)).map_err(failed)?;
    Ok(Library { path, machine, _copy: None })
}

fn unpack(content: &[u8]) -> Result<Library, Refusal> {
    let machine = machine_of(content).map_err(Refusal::own)?;
    let (path, copy) = private::place(content)?;
    Ok(Library { path, machine, _copy: copy })
}

fn machine_of<'d, R: object::ReadRef<'d>>(data: R) -> Result<Machine, String> {
    match elf::read(data) {
        Ok(Some(facts)) if facts.kind == object::elf::ET_DYN => Ok(facts.machine),
        Ok(_) => Err("is not a shared library".into()),
        Err(error) => Err(error.to_string()),
    }
}
