//! `pagesim report`: records of programs, and reports that were written as JSON,
//! put together.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::args::Merge;
use crate::exit::{self, Exit, OWN_FAILURE};
use crate::findings::{Report, SCHEMA};
use crate::recorded::{self, Reader};

/// Reads, merges, writes.
pub(crate) fn run(options: &Merge) -> Exit {
    let result = merged(&options.files).and_then(|report| {
        let report = options.report.filtered(report)?;
        options.report.write(&report)?;
        Ok(options.report.status(&report))
    });
    match result {
        Ok(status) => Exit::Code(status),
        Err(reason) => exit::fail(OWN_FAILURE, &format_args!("{reason}")),
    }
}

fn merged(files: &[PathBuf]) -> Result<Report, String> {
    let mut all = Report::new(Vec::new());
    let mut records = Reader::new();
    for file in files {
        for file in meant_by(file)? {
            let failed = |error: String| format!("{}: {error}", file.display());
            let bytes = read(&file).map_err(|error| failed(error.to_string()))?;
            if recorded::is_recorded(&bytes) {
                records.add_file(&bytes).map_err(failed)?;
            } else {
                all.absorb(parse(&bytes).map_err(|error| failed(error.to_string()))?);
            }
        }
    }
    all.absorb(records.finish());
    all.settle();
    Ok(all)
}

/// The file, or the records whose names begin so.
fn meant_by(file: &Path) -> Result<Vec<PathBuf>, String> {
    if file == Path::new("-") || file.exists() {
        return Ok(vec![file.to_owned()]);
    }
    let absolute = std::path::absolute(file).map_err(|error| error.to_string())?;
    match recorded::files(&absolute)? {
        none if none.is_empty() => Err(format!("{}: no such file or record", file.display())),
        records => Ok(records),
    }
}

fn read(file: &Path) -> io::Result<Vec<u8>> {
    if file == Path::new("-") {
        let mut bytes = Vec::new();
        io::stdin().lock().read_to_end(&mut bytes)?;
        return Ok(bytes);
    }
    fs::read(file)
}

fn parse(bytes: &[u8]) -> io::Result<Report> {
    let report: Report = serde_json::from_slice(bytes)?;
    if report.schema == SCHEMA {
        Ok(report)
    } else {
        let schema = report.schema;
        Err(io::Error::other(format!("is of layout {schema}; this pagesim reads {SCHEMA}")))
    }
}
