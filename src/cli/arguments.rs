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
    /// Carry out a plan: each step checked, run, verified, and undone when it fails
    Apply(ApplyArguments),
    /// Take back what the last run has done, each undo verified
    Rollback(RollbackArguments),
    /// Show what was applied, by whom, and what was verified
    History(HistoryArguments),
    /// Ask the running parts whether they connect, behave and are fast enough
    Verify(VerifyArguments),
    /// Write the CI workflow: the plan on a pull request, its apply on the merge
    Ci(CiArguments),
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
    /// GitHub's annotations; the comment goes to the job summary.
    Github,
    /// The findings as SARIF 2.1.0.
    Sarif,
    /// The findings as a report of GitLab's Code Quality.
    Gitlab,
    /// Constraints and errors as JUnit test cases.
    Junit,
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
    /// What runs is this git revision, not the folder's files: in a pull request, the branch that it goes to
    #[arg(long, value_name = "REF")]
    pub(crate) base: Option<String>,
    /// Look at the running database (DATABASE_URL) and bind the plan to what it says
    #[arg(long)]
    pub(crate) live: bool,
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
    /// What runs is this git revision: write what its next flight still lacks in the folder's files
    #[arg(long, value_name = "REF", conflicts_with_all = ["all", "next"])]
    pub(crate) base: Option<String>,
    /// Add the import of generated Django settings to your own settings module
    #[arg(long)]
    pub(crate) edit_settings: bool,
    /// The form of the result
    #[arg(long, default_value = "text", value_name = "FORMAT")]
    pub(crate) format: Format,
}

/// What may happen to files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum FilesChoice {
    /// Compare where CI is set, else write.
    Auto,
    /// Write them.
    Write,
    /// Only compare them with what they should be.
    Check,
}

/// Arguments of `palier apply`.
#[derive(Debug, Args)]
pub(crate) struct ApplyArguments {
    /// A saved plan [default: the flight whose files were written, else a plan that is made now]
    pub(crate) plan: Option<PathBuf>,
    /// Go on with a run that was left unfinished
    #[arg(long, conflicts_with_all = ["plan", "abandon", "refresh"])]
    pub(crate) resume: bool,
    /// Do not ask whether to apply the plan; steps that cannot be undone need `allow_one_way` in the policy
    #[arg(long)]
    pub(crate) auto_approve: bool,
    /// Make a new plan where the saved one does not hold any more
    #[arg(long)]
    pub(crate) refresh: bool,
    /// Leave an unfinished run as it is, and begin another one
    #[arg(long)]
    pub(crate) abandon: bool,
    /// Run each step forward and back first where that is harmless: files in a copy, SQL on an empty clone of the schema
    #[arg(long)]
    pub(crate) rehearse: bool,
    /// Only say what each step would do
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Only this step, with what it depends on
    #[arg(long, value_name = "STEP")]
    pub(crate) target: Option<String>,
    /// Only the steps up to this one
    #[arg(long, value_name = "STEP")]
    pub(crate) until: Option<String>,
    /// Say that this step, which nobody can see from here, is done
    #[arg(long, value_name = "STEP")]
    pub(crate) confirm: Vec<String>,
    /// What may happen to files: written by hand, compared in CI
    #[arg(long, default_value = "auto", value_name = "WHAT")]
    pub(crate) files: FilesChoice,
    /// How long to wait for what happens elsewhere, such as a deploy [default: what the step says]
    #[arg(long, value_name = "TIME")]
    pub(crate) wait: Option<palier::units::Duration>,
    /// The form of the result
    #[arg(long, default_value = "text", value_name = "FORMAT")]
    pub(crate) format: Format,
}

impl ApplyArguments {
    /// How long to wait, when that is said.
    pub(crate) fn wait_limit(&self) -> Option<std::time::Duration> {
        std::time::Duration::try_from_secs_f64(self.wait?.as_seconds()).ok()
    }
}

/// Arguments of `palier rollback`.
#[derive(Debug, Args)]
pub(crate) struct RollbackArguments {
    /// Keep this step and all before it
    #[arg(long, value_name = "STEP")]
    pub(crate) to: Option<String>,
    /// Say that the undo of this step, which nobody can see from here, is done
    #[arg(long, value_name = "STEP")]
    pub(crate) confirm: Vec<String>,
    /// Do not ask
    #[arg(long)]
    pub(crate) auto_approve: bool,
    /// The form of the result
    #[arg(long, default_value = "text", value_name = "FORMAT")]
    pub(crate) format: Format,
}

/// Arguments of `palier history`.
#[derive(Debug, Args)]
pub(crate) struct HistoryArguments {
    /// How many runs, the newest first
    #[arg(long, default_value_t = 20, value_name = "N")]
    pub(crate) last: usize,
    /// The form of the result
    #[arg(long, default_value = "text", value_name = "FORMAT")]
    pub(crate) format: Format,
}

/// The services that run workflows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum CiName {
    /// .github/workflows/palier.yml.
    Github,
    /// .gitlab-ci.palier.yml, for an include.
    Gitlab,
}

/// Arguments of `palier ci`.
#[derive(Debug, Args)]
pub(crate) struct CiArguments {
    /// The service
    pub(crate) service: CiName,
    /// Print the file, write nothing
    #[arg(long)]
    pub(crate) stdout: bool,
    /// The branch whose pushes are applied, on GitHub [default: that of the remote, else main]
    #[arg(long, value_name = "NAME")]
    pub(crate) branch: Option<String>,
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
    /// Apply it as well, on Postgres, Redis and gunicorn of this machine, with one failure and its rollback
    #[arg(long, conflicts_with = "example")]
    pub(crate) apply: bool,
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
