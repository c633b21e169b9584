//! What the library recorded in programs, as a report: records of any number of
//! processes, symbolised, equal findings put together.

mod calls;
mod symbols;
mod words;

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use pagesim_core::finding::Class;
use pagesim_record::forecast::Forecast;
use pagesim_record::read::{Counted, Record};
use pagesim_record::{header, Weight, FORECAST_SUFFIX, SUFFIX};

use crate::findings::{catalog, Finding, Frame, Mapping, Memory, Origin, Report};
use symbols::{Module, Symbols};

/// Whether the bytes were written by the library.
pub(crate) fn is_recorded(bytes: &[u8]) -> bool {
    is_record(bytes) || bytes.starts_with(b"# ")
}

fn is_record(bytes: &[u8]) -> bool {
    bytes.starts_with(&header::MAGIC_VALUE.to_ne_bytes())
}

/// Puts records together.
#[derive(Default)]
pub(crate) struct Reader {
    symbols: Symbols,
    report: Report,
    /// Where equal findings are.
    known: HashMap<Key, usize>,
    lost: u64,
}

/// What makes findings one: the same call at the same place of the same program.
#[derive(PartialEq, Eq, Hash)]
struct Key {
    class: &'static str,
    subject: String,
    call: String,
    stack: Vec<(String, u64)>,
}

impl Reader {
    /// One without findings yet.
    pub(crate) fn new() -> Self {
        Self { report: Report::new(Vec::new()), ..Self::default() }
    }

    /// A page size that a program ran on, whether or not it left a record.
    pub(crate) fn asked(&mut self, size: &[u8]) {
        self.report.page_sizes.extend(pagesim_config::parse_size(size).map(|n| n as u64));
    }

    /// Adds a file: a record, or a forecast.
    ///
    /// # Errors
    /// Why it is neither.
    pub(crate) fn add_file(&mut self, bytes: &[u8]) -> Result<(), String> {
        if is_record(bytes) {
            return self.add(bytes);
        }
        let forecast = std::str::from_utf8(bytes).is_ok_and(|text| self.add_forecast(text));
        forecast.then_some(()).ok_or_else(|| "is no record of pagesim".to_owned())
    }

    /// Adds a record.
    ///
    /// # Errors
    /// Why the bytes are none.
    pub(crate) fn add(&mut self, bytes: &[u8]) -> Result<(), String> {
        let record = Record::new(bytes).map_err(|error| error.to_string())?;
        let program = record.modules().next().map(|module| text(module.path));
        let program = program.unwrap_or_else(|| format!("process {}", record.head(header::PID)));
        self.report.page_sizes.push(record.head(header::TARGET));
        self.report.subjects.push(program.clone());
        self.lost = self.lost.saturating_add(record.head(header::LOST));
        for counted in record.events().filter(stands) {
            self.event(&record, &program, &counted);
        }
        Ok(())
    }

    fn event(&mut self, record: &Record<'_>, program: &str, counted: &Counted) {
        let event = &counted.event;
        let Some(class) = catalog::find(event.class.id()) else { return };
        let modules: Vec<_> = event.stack().iter().map(|frame| record.module(frame)).collect();
        let raw = event.stack().iter().zip(&modules);
        let stack: Vec<(String, u64)> = raw
            .map(|(frame, module)| {
                (module.map_or_else(String::new, |m| text(m.path)), frame.address)
            })
            .collect();
        let page_size = record.head(header::TARGET);
        let call = calls::call(event);
        let (subject, name) = (program.to_owned(), call.name.clone());
        let key = Key { class: class.id, subject, call: name, stack };
        if let Some(known) = self.known.get(&key).and_then(|i| self.report.findings.get_mut(*i)) {
            known.count = known.count.saturating_add(counted.count);
            known.page_sizes.push(page_size);
            known.page_sizes.sort_unstable();
            known.page_sizes.dedup();
            return;
        }
        let mut frames = Vec::new();
        for (frame, module) in event.stack().iter().zip(&modules) {
            frames.extend(self.frames(module.as_ref(), frame.address));
        }
        frames.truncate(behind_main(&frames));
        let finding = Finding {
            class,
            subject: program.to_owned(),
            page_sizes: vec![page_size],
            count: counted.count,
            message: words::message(event, page_size),
            details: self.details(record, counted),
            call: Some(call),
            extent: calls::extent(event),
            origin: Some(Origin {
                program: program.to_owned(),
                process: event.process,
                thread: event.thread,
            }),
            frames,
        };
        self.known.insert(key, self.report.findings.len());
        self.report.findings.push(finding);
    }

    fn frames(&mut self, module: Option<&pagesim_record::Module<'_>>, address: u64) -> Vec<Frame> {
        match module {
            Some(module) => {
                let path = text(module.path);
                let module = Module { path, build_id: module.id.bytes().to_vec() };
                self.symbols.frames(&module, address)
            }
            None => vec![Frame { module: "?".into(), offset: address, ..Frame::default() }],
        }
    }

    /// What else is known of a finding: bytes it took along, and the faults it
    /// explains.
    fn details(&mut self, record: &Record<'_>, counted: &Counted) -> Vec<String> {
        let event = &counted.event;
        let mut details = words::details(event);
        if event.weight == Weight::Suspect && event.class == Class::HintExact {
            details.push("the program unmapped what it got in its place at once".to_owned());
        }
        let part = record.head(header::PART);
        for fault in record.events().filter(|other| other.event.weight == Weight::Fault) {
            if fault.event.part == part && fault.event.result == counted.slot as u64 {
                details.push(self.fault(record, &fault));
            }
        }
        details
    }

    /// A fault that the finding explains.
    fn fault(&mut self, record: &Record<'_>, fault: &Counted) -> String {
        let address = fault.event.range.start() as u64;
        let frame = fault.event.stack().first();
        let place = frame.map(|frame| {
            let module = record.module(frame);
            let frames = self.frames(module.as_ref(), frame.address);
            frames.first().map(Frame::place).unwrap_or_default()
        });
        let at = place.map(|place| format!(" at {place}")).unwrap_or_default();
        format!("this is why {}{at}", words::fault(address))
    }

    /// Adds the forecast of a process, as the library wrote it; false for other text.
    pub(crate) fn add_forecast(&mut self, text: &str) -> bool {
        let Some(forecast) = Forecast::parse(text) else { return false };
        let all = forecast.mappings().filter(|mapping| !is_ours(mapping.path));
        let mappings = all.map(|mapping| Mapping {
            start: mapping.start,
            end: mapping.end,
            prot: mapping.prot.to_owned(),
            resident: mapping.resident,
            forecast: mapping.forecast,
            name: mapping.path.to_owned(),
        });
        self.report.page_sizes.push(forecast.target);
        self.report.subjects.push(forecast.program.to_owned());
        self.report.memory.push(Memory {
            program: forecast.program.to_owned(),
            process: forecast.pid,
            page_size: forecast.target,
            mappings: mappings.collect(),
        });
        true
    }

    /// The report of all that was added.
    pub(crate) fn finish(mut self) -> Report {
        if self.lost != 0 {
            let lost = self.lost;
            self.report.notes.push(format!("{lost} calls for which the records had no room"));
        }
        self.report.notes.extend(self.symbols.notes());
        self.report.page_sizes.sort_unstable();
        self.report.page_sizes.dedup();
        self.report
    }
}

/// Whether a mapping is there only because of pagesim: the record, the library.
fn is_ours(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    name.ends_with(SUFFIX) || (name.starts_with("libpagesim") && name.contains(".so"))
}

/// Suspects count once something proved them right; faults belong to others.
fn stands(counted: &Counted) -> bool {
    match counted.event.weight {
        Weight::Finding => true,
        Weight::Suspect => counted.confirmed != 0,
        Weight::Fault => false,
    }
}

/// What lies below `main` is the same in every program.
fn behind_main(frames: &[Frame]) -> usize {
    let main = frames.iter().position(|f| f.function.as_deref() == Some("main"));
    main.map_or(frames.len(), |i| i + 1)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The records whose names begin with `prefix`, in order of name.
pub(crate) fn files(prefix: &Path) -> Result<Vec<PathBuf>, String> {
    let failed = |error: std::io::Error| format!("{}: {error}", prefix.display());
    let folder = prefix.parent().unwrap_or(Path::new("/"));
    let name = prefix.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let file = entry.file_name().to_string_lossy().into_owned();
        let middle = file.strip_prefix(&name).and_then(|rest| {
            rest.strip_suffix(SUFFIX).or_else(|| rest.strip_suffix(FORECAST_SUFFIX))
        });
        // `.pid.number`
        let numbers = middle.and_then(|middle| middle.strip_prefix('.'));
        let is_number = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        if numbers.is_some_and(|n| n.split('.').count() == 2 && n.split('.').all(is_number)) {
            found.push(entry.path());
        }
    }
    found.sort();
    Ok(found)
}

/// An event of which tests need only some parts.
#[cfg(test)]
fn event(class: Class, args: [u64; 6]) -> pagesim_record::Event {
    use pagesim_core::finding::CallKind;
    use pagesim_core::page::AddrRange;
    use pagesim_record::Event;
    Event {
        weight: Weight::Finding,
        class,
        call: CallKind::Mmap,
        errno: None,
        audited: false,
        thread: 1,
        process: 1,
        args,
        result: 0,
        range: AddrRange::default(),
        unnamed: AddrRange::default(),
        key: 1,
        part: 0,
        depth: 0,
        frames: Default::default(),
    }
}
