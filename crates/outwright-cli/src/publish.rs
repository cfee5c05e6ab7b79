//! What the binary knows of itself, for other programs: schemas, completions, manual pages.

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use clap::CommandFactory as _;
use clap_mangen::Man;
use outwright_contract::schema;

use crate::args::{Cli, CompletionsArgs, ManArgs, SchemaArgs, SchemaOf};
use crate::exit::Exit;

/// `outwright schema`: the JSON Schema of a file.
pub(crate) fn schema(args: &SchemaArgs) -> Exit {
    let file = match args.of {
        SchemaOf::Contract => schema::File::Contract,
        SchemaOf::Facts => schema::File::Facts,
        SchemaOf::Config => schema::File::Config,
    };
    said(writeln!(io::stdout().lock(), "{:#}", schema::schema(file)))
}

/// `outwright completions`: the script that a shell completes our words with.
pub(crate) fn completions(args: &CompletionsArgs) -> Exit {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "outwright", &mut script);
    said(io::stdout().lock().write_all(&script))
}

/// `outwright man`: the manual page of the binary, or a folder with one per command.
pub(crate) fn man(args: &ManArgs) -> Exit {
    let command = Cli::command();
    match &args.out {
        None => {
            let mut page = Vec::new();
            said(
                Man::new(command)
                    .render(&mut page)
                    .and_then(|()| io::stdout().lock().write_all(&page)),
            )
        }
        Some(folder) => match pages(command, folder) {
            Ok(()) => Exit::Fine,
            Err(error) => {
                eprintln!("error: cannot write to {}: {error}", folder.display());
                Exit::Environment
            }
        },
    }
}

fn pages(command: clap::Command, folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    clap_mangen::generate_to(command, folder)
}

/// A reader that has seen enough is no failure.
fn said(written: io::Result<()>) -> Exit {
    match written {
        Ok(()) => Exit::Fine,
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Exit::Fine,
        Err(error) => {
            eprintln!("error: cannot write: {error}");
            Exit::Environment
        }
    }
}
