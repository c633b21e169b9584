//! Manual pages and completions, from the definition of the command line.

use std::io::{self, Write};

use clap::CommandFactory;

use crate::args::{Cli, Completions, Man};
use crate::exit::{self, Exit, OWN_FAILURE};

/// `pagesim man`.
pub(crate) fn pages(options: &Man) -> Exit {
    let command = Cli::command();
    let written = match &options.folder {
        Some(folder) => clap_mangen::generate_to(command, folder),
        None => clap_mangen::Man::new(command).render(&mut io::stdout().lock()),
    };
    ended(written)
}

/// `pagesim completions`.
pub(crate) fn completions(options: &Completions) -> Exit {
    let mut script = Vec::new();
    clap_complete::generate(options.shell, &mut Cli::command(), "pagesim", &mut script);
    ended(io::stdout().lock().write_all(&script))
}

fn ended(written: io::Result<()>) -> Exit {
    // What main returns to is C's exit, which knows nothing of Rust's buffers.
    match written.and_then(|()| io::stdout().flush()) {
        Ok(()) => Exit::Code(0),
        Err(error) => exit::fail(OWN_FAILURE, &format_args!("{error}")),
    }
}
