//! The command line, defined once: parsing, `--help`, man pages and shell
//! completions all come from these types.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::check::Check;
use crate::report;

const EXIT_CODES: &str = "\
Exit status:
  that of the program, also when a signal ended it
  125  pagesim itself failed, or its library did not start in the program
  126  the command was found but cannot be run, natively or under pagesim
  127  the command was not found";

const CHECK_CODES: &str = "\
Exit status:
  0    nothing was found that --fail-on counts
  1    something was found; another number with --error-exitcode
  125  pagesim itself failed: bad options, or a file that cannot be read or written";

/// Shows unmodified C programs 16K or 64K pages on a 4K-page Linux machine.
///
/// Without a subcommand, runs a program: `pagesim ./app` is `pagesim run
/// ./app`. A program called like a subcommand is run with `pagesim -- check`.
#[derive(Debug, Parser)]
#[command(
    name = "pagesim",
    version,
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    disable_help_subcommand = true,
    after_help = EXIT_CODES
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    action: Option<Action>,
    #[command(flatten)]
    run: Box<Run>,
}

/// What to do.
#[derive(Debug, Clone, Subcommand)]
pub(crate) enum Action {
    /// Run a program on larger pages (what pagesim does without a subcommand)
    #[command(after_help = EXIT_CODES)]
    Run(Box<Run>),
    /// Check ELF files, folders and archives for larger pages
    #[command(after_help = CHECK_CODES)]
    Check(Check),
    /// Put records of programs and reports in JSON together and show them
    #[command(after_help = CHECK_CODES)]
    Report(Merge),
    /// Explain a finding, or list all
    Explain(Explain),
    /// Write the manual pages
    #[command(hide = true)]
    Man(Man),
    /// Write a shell's completions
    #[command(hide = true)]
    Completions(Completions),
}

/// Options of `pagesim report`.
#[derive(Debug, Clone, Args)]
pub(crate) struct Merge {
    /// Records, what the names of records begin with, and reports written with --format json; -
    /// is standard input
    #[arg(value_name = "FILE", required = true)]
    pub(crate) files: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) report: report::Options,
}

/// Options of `pagesim explain`.
#[derive(Debug, Clone, Args)]
pub(crate) struct Explain {
    /// Ids of findings; all are listed when there is none
    #[arg(value_name = "ID")]
    pub(crate) ids: Vec<String>,
    /// Colour the text
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    pub(crate) color: report::Color,
}

/// Options of `pagesim man`.
#[derive(Debug, Clone, Args)]
pub(crate) struct Man {
    /// Folder for a page of each command; without it pagesim(1) goes to standard output
    #[arg(value_name = "FOLDER")]
    pub(crate) folder: Option<PathBuf>,
}

/// Options of `pagesim completions`.
#[derive(Debug, Clone, Args)]
pub(crate) struct Completions {
    /// Which shell
    #[arg(value_name = "SHELL")]
    pub(crate) shell: clap_complete::Shell,
}

/// Options of a run. Each one that has an environment variable wins over it.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Run {
    /// Page size the program is shown, 4K to 1M; several times for one run each [default: 64K]
    #[arg(long, short = 'p', value_name = "SIZE")]
    pub(crate) page_size: Vec<OsString>,
    /// Pretend that the host works in pages of this size
    #[arg(long, value_name = "SIZE")]
    pub(crate) host_page_size: Option<OsString>,
    /// Where mappings are placed, e.g. 24T or 24T,1T
    #[arg(long, value_name = "BASE[,SIZE]")]
    pub(crate) window: Option<OsString>,
    /// Keep the window by bookkeeping (soft) or by a reservation (hard) [default: soft]
    #[arg(long, value_name = "HOW")]
    pub(crate) reserve: Option<OsString>,
    /// Order in which free places are tried: topdown or bottomup [default: topdown]
    #[arg(long, value_name = "ORDER")]
    pub(crate) placement: Option<OsString>,
    /// Log calls: off, error, warn, info, debug or trace; to a file if one is named
    #[arg(long, value_name = "LEVEL[,FILE]")]
    pub(crate) log: Option<OsString>,
    /// Write the table of mappings to this file when the program ends
    #[arg(long, value_name = "FILE")]
    pub(crate) dump: Option<OsString>,
    /// Work only in programs with these names, separated by commas
    #[arg(long, value_name = "NAMES")]
    pub(crate) only: Option<OsString>,
    /// Leave programs with these names alone, separated by commas
    #[arg(long, value_name = "NAMES")]
    pub(crate) skip: Option<OsString>,
    /// What happens to calls that need smaller pages: enforce refuses them as a kernel with
    /// large pages does, audit records them and does them [default: enforce]
    #[arg(long, value_name = "MODE")]
    pub(crate) mode: Option<OsString>,
    /// Record what is found in files whose names begin with this
    #[arg(long, value_name = "PATH")]
    pub(crate) record: Option<OsString>,
    /// The smallest thread stack a program may ask for, e.g. 128K as on arm64 and ppc64
    #[arg(long, value_name = "SIZE")]
    pub(crate) stack_min: Option<OsString>,
    /// How long memory behind the end of a file stays: lazy (until the file grows) or strict
    /// (for one access; x86-64)
    #[arg(long, value_name = "HOW")]
    pub(crate) eof: Option<OsString>,
    /// Stay in programs that are started with a cleaned environment, too
    #[arg(long)]
    pub(crate) follow: bool,
    /// Use this library instead of the one that came with pagesim
    #[arg(long, value_name = "PATH")]
    pub(crate) library: Option<PathBuf>,
    /// Check everything and print the command, but do not run it
    #[arg(long)]
    pub(crate) dry_run: bool,
    #[command(flatten)]
    pub(crate) reporting: report::after_run::AfterRun,
    /// The program and its arguments
    #[arg(value_name = "PROGRAM", required = true, trailing_var_arg = true)]
    pub(crate) command: Vec<OsString>,
}

impl Cli {
    /// Parses the arguments, the program's name first.
    pub(crate) fn read(args: Vec<OsString>) -> Result<Self, clap::Error> {
        Self::try_parse_from(args)
    }

    /// The subcommand, or the run that stands for none.
    pub(crate) fn action(self) -> Action {
        self.action.unwrap_or(Action::Run(self.run))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    fn command(args: &[&str]) -> Vec<OsString> {
        let args = std::iter::once("pagesim").chain(args.iter().copied());
        let cli = Cli::read(args.map(OsString::from).collect()).expect("accepted");
        match cli.action() {
            Action::Run(run) => run.command,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_definition_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn everything_after_the_program_belongs_to_it() {
        for args in [
            &["./app", "-x", "--page-size", "1", "--", "y"][..],
            &["--", "./app", "-x", "--page-size", "1", "--", "y"],
            &["run", "./app", "-x", "--page-size", "1", "--", "y"],
            &["run", "--", "./app", "-x", "--page-size", "1", "--", "y"],
            &["--page-size", "16K", "./app", "-x", "--page-size", "1", "--", "y"],
            &["--page-size=16K", "--", "./app", "-x", "--page-size", "1", "--", "y"],
        ] {
            assert_eq!(command(args), ["./app", "-x", "--page-size", "1", "--", "y"], "{args:?}");
        }
    }

    #[test]
    fn a_program_may_be_called_like_a_subcommand() {
        assert_eq!(command(&["--", "run", "x"]), ["run", "x"]);
        assert_eq!(command(&["./app", "run", "x"]), ["./app", "run", "x"]);
        assert_eq!(command(&["run", "run", "x"]), ["run", "x"]);
    }

    #[test]
    fn no_program_is_an_error() {
        for args in [&["pagesim"][..], &["pagesim", "run"], &["pagesim", "--"]] {
            assert!(Cli::read(args.iter().map(OsString::from).collect()).is_err(), "{args:?}");
        }
    }
}
