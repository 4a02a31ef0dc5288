//! One file per command; the only code that prints, and that reads the terminal, the environment and the clock.

mod apply;
mod arguments;
mod around;
mod ask;
mod base;
mod catalog;
mod clock;
mod ci;
mod cost;
mod demo;
mod env_file;
mod error;
mod exit;
mod generate;
mod history;
mod identity;
mod interrupt;
mod load;
mod loaded;
mod output;
mod plan;
mod progress;
mod rehearse;
mod rollback;
mod schema;
mod shell;
mod verify;

use std::process::ExitCode;

use clap::Parser;
use clap::error::ErrorKind;

use arguments::{Arguments, Command};
use exit::Exit;

/// Runs the command line and returns the exit code.
pub(crate) fn run() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return usage(&error),
    };
    arguments.global.color.write_global();
    match dispatch(&arguments) {
        Ok(exit) => match output::lost() {
            None => exit.code(),
            Some(reason) => {
                output::talk(&format!("error[result-lost]: the result cannot be written: {reason}"));
                Exit::Error.code()
            }
        },
        Err(error) => {
            output::talk(&error.to_string());
            error.exit.code()
        }
    }
}

fn dispatch(arguments: &Arguments) -> Result<Exit, error::CommandError> {
    let global = &arguments.global;
    match &arguments.command {
        Command::Plan(command) => plan::run(global, command),
        Command::Generate(command) => generate::run(global, command),
        Command::Apply(command) => apply::run(global, command),
        Command::Rollback(command) => rollback::run(global, command),
        Command::History(command) => history::run(global, command),
        Command::Ci(command) => ci::run(global, command),
        Command::Verify(command) => verify::run(global, command),
        Command::Cost(command) => cost::run(global, command),
        Command::Catalog(command) => catalog::run(global, command),
        Command::Demo(command) => demo::run(global, command),
        Command::Schema(command) => schema::run(command),
        Command::Completions(command) => Ok(shell::completions(command)),
        Command::Man => shell::manual(),
        Command::Help(command) => shell::help(command),
    }
}

/// clap's own errors: help and version are no errors; everything else is bad usage, which is exit 1 here, because 2
/// means "a plan holds changes".
fn usage(error: &clap::Error) -> ExitCode {
    let text = error.render().ansi().to_string();
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            output::result(&text);
            Exit::Done.code()
        }
        _ => {
            output::talk(&text);
            Exit::Error.code()
        }
    }
}
