//! From addresses to functions, files and lines, long after the program has
//! ended: from its own debug information, or from a separate file that belongs to
//! it by build-id or by `.gnu_debuglink`.

use std::collections::HashMap;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use addr2line::Loader;
use object::Object;

use crate::findings::Frame;

/// Where distributions put debug information.
const DEBUG: &str = "/usr/lib/debug";

/// A module of a record.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Module {
    pub(super) path: String,
    pub(super) build_id: Vec<u8>,
}

/// Files that were opened, each once.
#[derive(Default)]
pub(super) struct Symbols {
    files: HashMap<Module, Option<Loader>>,
    notes: Vec<String>,
}

impl Symbols {
    /// The frames at an address of a module: several where code was inlined,
    /// innermost first, at least one.
    pub(super) fn frames(&mut self, module: &Module, offset: u64) -> Vec<Frame> {
        let bare = Frame { module: module.path.clone(), offset, ..Frame::default() };
        if !self.files.contains_key(module) {
            let opened = open(module);
            if let Err(reason) = &opened {
                self.notes.push(format!("{}: {reason}", module.path));
            }
            self.files.insert(module.clone(), opened.ok());
        }
        let Some(Some(loader)) = self.files.get(module) else { return vec![bare] };
        let mut frames = by_lines(loader, &bare).unwrap_or_default();
        if frames.is_empty() {
            let function = loader.find_symbol(offset);
            let function = function.map(|name| addr2line::demangle_auto(name.into(), None).into());
            frames.push(Frame { function, ..bare });
        }
        let inlined = frames.len().saturating_sub(1);
        frames.iter_mut().take(inlined).for_each(|frame| frame.inlined = true);
        frames
    }

    /// What could not be read, and why.
    pub(super) fn notes(self) -> Vec<String> {
        self.notes
    }
}

fn by_lines(loader: &Loader, bare: &Frame) -> Option<Vec<Frame>> {
    let mut found = loader.find_frames(bare.offset).ok()?;
    let mut frames = Vec::new();
    while let Ok(Some(frame)) = found.next() {
        let function = frame.function.as_ref().and_then(|f| f.demangle().ok());
        let file = frame.location.as_ref().and_then(|l| l.file);
        frames.push(Frame {
            function: function.map(|name| name.into_owned()),
            file: file.map(str::to_owned),
            line: frame.location.as_ref().and_then(|l| l.line),
            ..bare.clone()
        });
    }
    // A frame without a function says less than the symbol table.
    if frames.len() == 1 && frames.iter().all(|f| f.function.is_none()) {
        let function = loader.find_symbol(bare.offset).map(str::to_owned);
        frames.iter_mut().for_each(|frame| frame.function = function.clone());
    }
    Some(frames)
}

fn open(module: &Module) -> Result<Loader, String> {
    let path = Path::new(&module.path);
    let content = fs::read(path).map_err(|error| error.to_string())?;
    let file = object::File::parse(&*content).map_err(|error| error.to_string())?;
    let id = file.build_id().ok().flatten().unwrap_or_default();
    if id != module.build_id {
        return Err("is another file than the one that ran".into());
    }
    let has_lines = file.section_by_name(".debug_info").is_some();
    let separate = if has_lines { None } else { separate(path, &file) };
    let from = separate.as_deref().unwrap_or(path);
    Loader::new(from).map_err(|error| error.to_string())
}

/// The file with the debug information that was split off.
fn separate(path: &Path, file: &object::File<'_>) -> Option<PathBuf> {
    let id = file.build_id().ok().flatten();
    let by_id = id.and_then(|id| {
        let (first, rest) = id.split_first()?;
        let rest: String = rest.iter().map(|byte| format!("{byte:02x}")).collect();
        let path = PathBuf::from(format!("{DEBUG}/.build-id/{first:02x}/{rest}.debug"));
        path.is_file().then_some(path)
    });
    by_id.or_else(|| {
        let (name, crc) = file.gnu_debuglink().ok().flatten()?;
        let real = fs::canonicalize(path).ok()?;
        let folder = real.parent()?;
        let name = std::ffi::OsStr::from_bytes(name);
        let below = Path::new(DEBUG).join(folder.strip_prefix("/").ok()?);
        let places = [folder.join(name), folder.join(".debug").join(name), below.join(name)];
        places.into_iter().find(|place| belongs(place, id, crc))
    })
}

/// Whether a file is the one that was split off: the same build-id, or where
/// there is none the right checksum.
fn belongs(place: &Path, id: Option<&[u8]>, crc: u32) -> bool {
    let Ok(content) = fs::read(place) else { return false };
    match (id, object::File::parse(&*content)) {
        (Some(id), Ok(file)) => file.build_id().ok().flatten() == Some(id),
        (None, Ok(_)) => crc32fast::hash(&content) == crc,
        _ => false,
    }
}
