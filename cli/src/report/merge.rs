//! `pagesim report`: reports that were written as JSON, put together.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

use crate::args::Merge;
use crate::exit::{self, Exit, OWN_FAILURE};
use crate::findings::{Report, SCHEMA};

/// Reads, merges, writes.
pub(crate) fn run(options: &Merge) -> Exit {
    let result = merged(&options.files).and_then(|report| {
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
    for file in files {
        all.absorb(read(file).map_err(|error| format!("{}: {error}", file.display()))?);
    }
    all.settle();
    Ok(all)
}

fn read(file: &Path) -> io::Result<Report> {
    let from: Box<dyn Read> = if file == Path::new("-") {
        Box::new(io::stdin().lock())
    } else {
        Box::new(File::open(file)?)
    };
    let report: Report = serde_json::from_reader(BufReader::new(from))?;
    if report.schema == SCHEMA {
        Ok(report)
    } else {
        let schema = report.schema;
        Err(io::Error::other(format!("is of layout {schema}; this pagesim reads {SCHEMA}")))
    }
}
