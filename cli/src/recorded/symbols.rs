//! From addresses to functions, files and lines, long after the program has
//! ended: from its own debug information, or from a separate file that belongs to
//! it by build-id or by `.gnu_debuglink`.

use std::collections::HashMap;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use addr2line::Loader;
use object::{Object, ObjectSymbol, SymbolKind};

use crate::findings::Frame;

/// Where distributions put debug information.
const DEBUG: &str = "/usr/lib/debug";

/// A module of a record.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Module {
    pub(super) path: String,
    pub(super) build_id: Vec<u8>,
}

/// A file that was opened.
struct File {
    lines: Loader,
    /// Start, end and name of its functions, in order.
    functions: Vec<(u64, u64, String)>,
}

impl File {
    /// The function that holds an address. What lies behind the end of one is no
    /// part of it: a stripped library names few of its functions.
    fn function(&self, address: u64) -> Option<String> {
        let behind = self.functions.partition_point(|(start, ..)| *start <= address);
        let (_, end, name) = self.functions.get(behind.checked_sub(1)?)?;
        let known = address < *end;
        known.then(|| addr2line::demangle_auto(name.as_str().into(), None).into_owned())
    }
}

/// Files that were opened, each once.
#[derive(Default)]
pub(super) struct Symbols {
    files: HashMap<Module, Option<File>>,
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
        let Some(Some(file)) = self.files.get(module) else { return vec![bare] };
        let mut frames = by_lines(file, &bare).unwrap_or_default();
        if frames.is_empty() {
            frames.push(Frame { function: file.function(offset), ..bare });
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

fn by_lines(file: &File, bare: &Frame) -> Option<Vec<Frame>> {
    let mut found = file.lines.find_frames(bare.offset).ok()?;
    let mut frames = Vec::new();
    while let Ok(Some(frame)) = found.next() {
        let function = frame.function.as_ref().and_then(|f| f.demangle().ok());
        let source = frame.location.as_ref().and_then(|l| l.file);
        frames.push(Frame {
            function: function.map(|name| name.into_owned()),
            file: source.map(str::to_owned),
            line: frame.location.as_ref().and_then(|l| l.line),
            ..bare.clone()
        });
    }
    // A frame without a function says less than the symbol table.
    if frames.len() == 1 && frames.iter().all(|f| f.function.is_none()) {
        let function = file.function(bare.offset);
        frames.iter_mut().for_each(|frame| frame.function = function.clone());
    }
    Some(frames)
}

fn open(module: &Module) -> Result<File, String> {
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
    let lines = Loader::new(from).map_err(|error| error.to_string())?;
    let mut named = functions(&file);
    if let Some(content) = separate.as_ref().and_then(|path| fs::read(path).ok()) {
        named.extend(object::File::parse(&*content).iter().flat_map(functions));
    }
    named.sort();
    Ok(File { lines, functions: named })
}

fn functions(file: &object::File<'_>) -> Vec<(u64, u64, String)> {
    let all = file.symbols().chain(file.dynamic_symbols());
    let sized = all.filter(|s| s.kind() == SymbolKind::Text && s.size() > 0 && s.is_definition());
    sized
        .filter_map(|s| {
            Some((s.address(), s.address().checked_add(s.size())?, s.name().ok()?.to_owned()))
        })
        .collect()
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
