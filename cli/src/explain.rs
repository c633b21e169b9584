//! `pagesim explain`.

use std::io::{self, Write};

use crate::args::Explain;
use crate::exit::{self, Exit, OWN_FAILURE};
use crate::findings::catalog;
use crate::report::text;

/// Explains each id, or lists all of them.
pub(crate) fn run(options: &Explain) -> Exit {
    if let Some(id) = options.ids.iter().find(|id| catalog::find(id).is_none()) {
        return exit::fail(
            OWN_FAILURE,
            &format_args!("{id}: no such finding; all are listed by: pagesim explain"),
        );
    }
    let mut out = anstream::AutoStream::new(io::stdout().lock(), options.color.choice());
    let written =
        if options.ids.is_empty() { list(&mut out) } else { explain(&options.ids, &mut out) };
    match written.and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            exit::fail(OWN_FAILURE, &format_args!("standard output: {error}"))
        }
        _ => Exit::Code(0),
    }
}

fn list(out: &mut dyn Write) -> io::Result<()> {
    for class in catalog::all() {
        writeln!(out, "{:<20} {:<7} {}", class.id, class.severity.name(), class.title)?;
    }
    Ok(())
}

fn explain(ids: &[String], out: &mut dyn Write) -> io::Result<()> {
    for (index, class) in ids.iter().filter_map(|id| catalog::find(id)).enumerate() {
        if index > 0 {
            writeln!(out)?;
        }
        text::explain(class, out)?;
    }
    Ok(())
}
