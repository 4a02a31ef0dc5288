use clap::CommandFactory;

use super::arguments::{Arguments, CompletionsArguments, HelpArguments};
use super::error::CommandError;
use super::exit::{Exit, TABLE};
use super::output;
use palier::diagnostic::{Diagnostic, did_you_mean};

/// Prints a completion script.
pub(crate) fn completions(arguments: &CompletionsArguments) -> Exit {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut Arguments::command(), "palier", &mut script);
    output::result(&String::from_utf8_lossy(&script));
    Exit::Done
}

/// Prints the manual page.
pub(crate) fn manual() -> Result<Exit, CommandError> {
    let mut page = Vec::new();
    clap_mangen::Man::new(Arguments::command())
        .render(&mut page)
        .map_err(|error| CommandError::one(Diagnostic::error("manual", error.to_string())))?;
    output::result(&String::from_utf8_lossy(&page));
    Ok(Exit::Done)
}

/// Explains a command or a topic.
pub(crate) fn help(arguments: &HelpArguments) -> Result<Exit, CommandError> {
    let mut command = Arguments::command();
    let Some(topic) = arguments.topic.as_deref() else {
        output::result(&command.render_long_help().ansi().to_string());
        return Ok(Exit::Done);
    };
    if topic == "exit-codes" {
        let lines: String = TABLE.iter().map(|(_, number, meaning)| format!("{number:>4}  {meaning}\n")).collect();
        output::result(&lines);
        return Ok(Exit::Done);
    }
    let mut names: Vec<String> = command.get_subcommands().map(|one| one.get_name().to_owned()).collect();
    if let Some(found) = command.find_subcommand_mut(topic) {
        output::result(&found.render_long_help().ansi().to_string());
        return Ok(Exit::Done);
    }
    names.push("exit-codes".to_owned());
    let help = did_you_mean(topic, names.iter().map(String::as_str))
        .map_or_else(|| format!("known are {}", names.join(", ")), |name| format!("did you mean `{name}`?"));
    Err(CommandError::one(Diagnostic::error("unknown-topic", format!("there is no help on `{topic}`")).help(help)))
}
