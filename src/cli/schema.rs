use super::arguments::{SchemaArguments, SchemaName};
use super::error::CommandError;
use super::exit::Exit;
use super::output;
use palier::{metrics, plan, policy};

/// Prints a JSON Schema.
pub(crate) fn run(arguments: &SchemaArguments) -> Result<Exit, CommandError> {
    let schema = match arguments.name {
        SchemaName::Policy => policy::schema(),
        SchemaName::Metrics => metrics::schema(),
        SchemaName::Plan => plan::schema(),
    };
    output::result(&format!("{schema:#}\n"));
    Ok(Exit::Done)
}
