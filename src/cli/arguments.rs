use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Keeps a small web application on the cheapest infrastructure that carries it.
#[derive(Debug, Parser)]
#[command(name = "palier", version, max_term_width = 100, disable_help_subcommand = true)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What every command takes.
#[derive(Debug, Args)]
pub(crate) struct Global {
    /// The project's folder
    #[arg(long, global = true, default_value = ".", value_name = "DIR", help_heading = "Input")]
    pub(crate) root: PathBuf,
    /// The policy [default: palier.toml in the project's folder]
    #[arg(long, global = true, value_name = "FILE", help_heading = "Input")]
    pub(crate) policy: Option<PathBuf>,
    /// The usage [default: what the policy's `files.metrics` names]
    #[arg(long, global = true, value_name = "FILE", help_heading = "Input")]
    pub(crate) metrics: Option<PathBuf>,
    /// The environment of the policy
    #[arg(long, global = true, default_value = "production", value_name = "NAME", help_heading = "Input")]
    pub(crate) env: String,
    /// A file with values of environment variables (`NAME=value`); those of the environment itself win
    #[arg(long, global = true, value_name = "FILE", help_heading = "Input")]
    pub(crate) env_file: Option<PathBuf>,
    /// When to colour the output
    #[arg(long, global = true, default_value = "auto", value_name = "WHEN", help_heading = "Output")]
    pub(crate) color: Color,
    /// Say more
    #[arg(short, long, global = true, action = clap::ArgAction::Count, help_heading = "Output")]
    pub(crate) verbose: u8,
    /// Say only what is wrong
    #[arg(short, long, global = true, help_heading = "Output")]
    pub(crate) quiet: bool,
}

/// When to colour the output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless NO_COLOR is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl Color {
    /// Makes the choice hold for everything that is printed.
    pub(crate) fn write_global(self) {
        match self {
            Self::Auto => {}
            Self::Always => anstream::ColorChoice::Always.write_global(),
            Self::Never => anstream::ColorChoice::Never.write_global(),
        }
    }
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Decide, and show the steps from what runs to the target
    Plan(PlanArguments),
    /// Write the target's files: those of the next flight, or all
    Generate(GenerateArguments),
    /// Ask the running parts whether they connect, behave and are fast enough
    Verify(VerifyArguments),
    /// Show what the project costs a month over its users
    Cost(CostArguments),
    /// Show what is known of each offer, how old it is and where it comes from
    Catalog(CatalogArguments),
    /// Walk the whole way on a built-in example project
    Demo(DemoArguments),
    /// Print the JSON Schema of a file
    Schema(SchemaArguments),
    /// Print a completion script for a shell
    Completions(CompletionsArguments),
    /// Print the manual page
    Man,
    /// Explain a command or a topic
    Help(HelpArguments),
}

/// How a plan is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum PlanFormat {
    /// For a person, 80 columns wide.
    Text,
    /// The JSON contract.
    Json,
    /// A pull-request comment.
    Markdown,
}

/// Text or JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For a person.
    Text,
    /// For a program.
    Json,
}

/// Arguments of `palier plan`.
#[derive(Debug, Args)]
pub(crate) struct PlanArguments {
    /// The form of the result
    #[arg(long, default_value = "text", value_name = "FORMAT")]
    pub(crate) format: PlanFormat,
    /// Save the plan as JSON
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Exit with 2 when the plan holds changes
    #[arg(long)]
    pub(crate) detailed_exitcode: bool,
}

/// Arguments of `palier generate`.
#[derive(Debug, Args)]
pub(crate) struct GenerateArguments {
    /// Change nothing; print a diff and exit with 2 when a file would change
    #[arg(long)]
    pub(crate) check: bool,
    /// Write the files of all flights at once, not of the next one alone
    #[arg(long)]
    pub(crate) all: bool,
    /// The flight that was written before is live: write the next one
    #[arg(long)]
    pub(crate) next: bool,
    /// Add the import of generated Django settings to your own settings module
    #[arg(long)]
    pub(crate) edit_settings: bool,
    /// The form of the result
    #[arg(long, default_value = "text", value_name = "FORMAT")]
    pub(crate) format: Format,
}

/// Arguments of `palier verify`.
#[derive(Debug, Args)]
pub(crate) struct VerifyArguments {
    /// These probes alone, comma-separated
    #[arg(long, value_delimiter = ',', value_name = "NAME,NAME")]
    pub(crate) only: Vec<String>,
    /// The form of the result
    #[arg(long, default_value = "text", value_name = "FORMAT")]
    pub(crate) format: Format,
}

/// Arguments of `palier cost`.
#[derive(Debug, Args)]
pub(crate) struct CostArguments {
    /// The numbers of users, comma-separated
    #[arg(long, value_delimiter = ',', value_name = "N,N")]
    pub(crate) users: Vec<u64>,
    /// Write the curve as an SVG
    #[arg(long, value_name = "FILE.svg")]
    pub(crate) chart: Option<PathBuf>,
    /// The form of the result
    #[arg(long, default_value = "text", value_name = "FORMAT")]
    pub(crate) format: Format,
}

/// Arguments of `palier catalog`.
#[derive(Debug, Args)]
pub(crate) struct CatalogArguments {
    /// One offer: its id or one of its other names
    pub(crate) name: Option<String>,
    /// The form of the result
    #[arg(long, default_value = "text", value_name = "FORMAT")]
    pub(crate) format: Format,
}

/// The example projects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Example {
    /// A FastAPI application for a school.
    Fastapi,
    /// A Django shop.
    Django,
}

/// Arguments of `palier demo`.
#[derive(Debug, Args)]
pub(crate) struct DemoArguments {
    /// Where to write the example project [default: a new folder among the temporary files]
    #[arg(long, value_name = "DIR")]
    pub(crate) dir: Option<PathBuf>,
    /// Which example
    #[arg(long, default_value = "fastapi", value_name = "EXAMPLE")]
    pub(crate) example: Example,
}

/// The files that have a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SchemaName {
    /// palier.toml.
    Policy,
    /// metrics.yaml.
    Metrics,
    /// plan.json.
    Plan,
}

/// Arguments of `palier schema`.
#[derive(Debug, Args)]
pub(crate) struct SchemaArguments {
    /// The file
    pub(crate) name: SchemaName,
}

/// Arguments of `palier completions`.
#[derive(Debug, Args)]
pub(crate) struct CompletionsArguments {
    /// The shell
    pub(crate) shell: clap_complete::Shell,
}

/// Arguments of `palier help`.
#[derive(Debug, Args)]
pub(crate) struct HelpArguments {
    /// A command, or `exit-codes`
    pub(crate) topic: Option<String>,
}
