//! The words of the command line.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::exit::Exit;

/// The outbound gateway through which a service calls third-party APIs, one contract per provider.
#[derive(Debug, Parser)]
#[command(name = "outwright", version, after_help = Exit::table(), subcommand_required = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Draft a first contract: from the provider's own description, from a template, or from answers.
    Init(InitArgs),
    /// Say what is unsafe in contracts.
    Check(CheckArgs),
    /// Explain a rule, or print the effective policy of a provider or operation with the origin of every value.
    Explain(ExplainArgs),
    /// Write down what the contracts decide: architecture, failure modes, limits, secrets, signals.
    Dossier(DossierArgs),
    /// Say what a change of contracts does: per operation, tightening, neutral or loosening.
    Diff(DiffArgs),
    /// Print the JSON Schema of a file, for editors.
    Schema(SchemaArgs),
    /// Serve: every call to a provider goes through here.
    Run(RunArgs),
    /// Make one call through a running gateway.
    Call(CallArgs),
    /// Show what a running gateway is doing.
    Status(StatusArgs),
    /// Show it working: a provider with faults on command, and the gateway in front of it.
    Demo(DemoArgs),
    /// Print the script with which a shell completes commands and flags.
    Completions(CompletionsArgs),
    /// Print the manual page, or write one per command into a folder.
    Man(ManArgs),
}

/// Data on stdout, as people or as programs read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    Text,
    /// For programs; the shape is stable.
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum FailOn {
    /// Errors alone make the command fail.
    Error,
    /// Warnings too.
    Warning,
}

/// Whether operations move money or cannot be undone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Money {
    /// Each plan is decided one by one.
    Yes,
    /// What changes something is sent once.
    No,
}

/// How much our service depends on a provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Tier {
    /// We stand still without it.
    Critical,
    /// We feel it.
    Important,
    /// We can do without.
    #[value(name = "best_effort")]
    BestEffort,
}

impl Tier {
    /// As a contract writes it.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::Important => "important",
            Self::BestEffort => "best_effort",
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct InitArgs {
    /// Draft from this description: OpenAPI 3.0 or 3.1 or Swagger 2.0, JSON or YAML, at most 32 MiB.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["template", "list"])]
    pub(crate) from_openapi: Option<PathBuf>,
    /// Begin with this contract of those that are shipped.
    #[arg(long, value_name = "NAME", conflicts_with = "list")]
    pub(crate) template: Option<String>,
    /// Print the names of the contracts that are shipped.
    #[arg(long)]
    pub(crate) list: bool,
    /// The provider's name, as callers will write it in their paths.
    #[arg(long, value_name = "NAME")]
    pub(crate) provider: Option<String>,
    /// Only operations whose id, tag or path this pattern fits (`*` stands for anything); repeat it for more.
    #[arg(long, value_name = "PATTERN", requires = "from_openapi")]
    pub(crate) only: Vec<String>,
    /// Where the contract goes: a folder of contracts, or a file that ends in .yaml.
    #[arg(long, value_name = "PATH", default_value = "contracts/")]
    pub(crate) out: PathBuf,
    /// Replace files that are there, and whatever was decided in them.
    #[arg(long)]
    pub(crate) force: bool,
    /// An operation, as `METHOD /path`; repeat it for more.
    #[arg(long, value_name = "REQUEST", conflicts_with_all = ["from_openapi", "template", "list"])]
    pub(crate) operation: Vec<String>,
    /// Where the provider is.
    #[arg(long, value_name = "URL", conflicts_with_all = ["template", "list"])]
    pub(crate) base_url: Option<String>,
    /// The owning team.
    #[arg(long, value_name = "NAME", conflicts_with_all = ["template", "list"])]
    pub(crate) team: Option<String>,
    /// How to reach the team.
    #[arg(long, conflicts_with_all = ["template", "list"])]
    pub(crate) contact: Option<String>,
    /// How much our service depends on the provider.
    #[arg(long, value_enum, conflicts_with_all = ["template", "list"])]
    pub(crate) tier: Option<Tier>,
    /// How the provider knows us: bearer, basic, header:NAME, query:NAME or none.
    #[arg(long, value_name = "KIND", conflicts_with_all = ["template", "list"])]
    pub(crate) key: Option<String>,
    /// Whether operations move money or cannot be undone; `no` sends what changes something once.
    #[arg(long, value_enum, conflicts_with_all = ["template", "list"])]
    pub(crate) money: Option<Money>,
    /// How the report is printed: for people on stderr, for programs on stdout.
    #[arg(long, value_enum, default_value = "text")]
    pub(crate) format: Format,
}

/// How findings are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Findings {
    /// For people, with the lines and the way out of each.
    Text,
    /// For programs; the shape is stable.
    Json,
    /// SARIF 2.1.0, for services that collect findings.
    Sarif,
    /// Commands of a GitHub workflow, shown beside the lines of a pull request.
    Github,
}

#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// Contracts, or folders of them.
    #[arg(default_value = "contracts/")]
    pub(crate) paths: Vec<PathBuf>,
    /// How findings are printed.
    #[arg(long, value_enum, default_value = "text")]
    pub(crate) format: Findings,
    /// Show only these codes, or beginnings of codes such as OW3; what is not shown counts all the same.
    #[arg(long, value_name = "CODE", value_delimiter = ',')]
    pub(crate) select: Vec<String>,
    /// Do not show these codes, or beginnings of codes; what is not shown counts all the same.
    #[arg(long, value_name = "CODE", value_delimiter = ',')]
    pub(crate) ignore: Vec<String>,
    /// Show how often each rule is broken instead of the findings.
    #[arg(long)]
    pub(crate) statistics: bool,
    /// Write what can be repaired safely into the files: what keeps the meaning, or only tightens.
    #[arg(long)]
    pub(crate) fix: bool,
    /// Print what `--fix` would change, and write nothing.
    #[arg(long, conflicts_with_all = ["fix", "statistics"])]
    pub(crate) diff: bool,
    /// From which severity on the command fails.
    #[arg(long, value_enum, default_value = "error")]
    pub(crate) fail_on: FailOn,
    /// Check as this environment of the contracts.
    #[arg(long)]
    pub(crate) environment: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct ExplainArgs {
    /// The code of a rule, such as OW301, or a provider.
    #[arg(value_name = "CODE|PROVIDER", required_unless_present = "list")]
    pub(crate) subject: Option<String>,
    /// One of the provider's operations; the provider's own values when it is left out.
    pub(crate) operation: Option<String>,
    /// Name all rules.
    #[arg(long, conflicts_with = "subject")]
    pub(crate) list: bool,
    /// Where the contracts are.
    #[arg(long, default_value = "contracts/")]
    pub(crate) contracts: PathBuf,
    /// How it is printed.
    #[arg(long, value_enum, default_value = "text")]
    pub(crate) format: Format,
    /// Explain as this environment of the contracts.
    #[arg(long)]
    pub(crate) environment: Option<String>,
}

/// What a dossier is printed as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum DossierFormat {
    /// One text.
    Markdown,
    /// One page with pictures that needs nothing beside it.
    Html,
    /// For programs; the shape is stable.
    Json,
}

#[derive(Debug, Args)]
pub(crate) struct DossierArgs {
    /// Contracts, or folders of them.
    #[arg(default_value = "contracts/")]
    pub(crate) paths: Vec<PathBuf>,
    /// Write all of it into this folder: one page, one text, and a folder per provider.
    #[arg(short, long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Write nothing: fail when the folder does not hold what would be written.
    #[arg(long, requires = "out")]
    pub(crate) check: bool,
    /// What is printed when no folder is named.
    #[arg(long, value_enum, default_value = "markdown", conflicts_with = "out")]
    pub(crate) format: DossierFormat,
    /// As this environment of the contracts.
    #[arg(long)]
    pub(crate) environment: Option<String>,
}

/// How a difference is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Comparison {
    /// For people.
    Text,
    /// For programs; the shape is stable.
    Json,
    /// For the description of a change that people review.
    Markdown,
}

#[derive(Debug, Args)]
pub(crate) struct DiffArgs {
    /// The contracts as they were: a file, a folder, or either at a revision of git, as `main:contracts`.
    pub(crate) old: String,
    /// The contracts as they are to be.
    pub(crate) new: String,
    /// How it is printed.
    #[arg(long, value_enum, default_value = "text")]
    pub(crate) format: Comparison,
    /// Exit with 1 where something is loosened.
    #[arg(long)]
    pub(crate) detailed_exitcode: bool,
    /// Compare as this environment of the contracts; all of them when it is left out.
    #[arg(long)]
    pub(crate) environment: Option<String>,
}

/// A file that has a schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum SchemaOf {
    /// A contract.
    Contract,
    /// The facts about a provider.
    Facts,
    /// outwright.yaml
    Config,
}

#[derive(Debug, Args)]
pub(crate) struct SchemaArgs {
    /// The file.
    #[arg(value_enum)]
    pub(crate) of: SchemaOf,
}

#[derive(Debug, Args)]
pub(crate) struct CompletionsArgs {
    /// The shell.
    #[arg(value_enum)]
    pub(crate) shell: clap_complete::Shell,
}

#[derive(Debug, Args)]
pub(crate) struct ManArgs {
    /// A folder for one page per command; it is made if it is not there.
    #[arg(short = 'o', long = "out", value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    /// Where the contracts are.
    #[arg(long, default_value = "contracts/")]
    pub(crate) contracts: PathBuf,
    /// Where state lives; $STATE_DIRECTORY, else $XDG_STATE_HOME/outwright, when it is left out.
    #[arg(long)]
    pub(crate) state: Option<PathBuf>,
    /// Run as this environment of the contracts.
    #[arg(long)]
    pub(crate) environment: Option<String>,
    /// Development: providers in the clear on loopback, secrets from the environment.
    #[arg(long)]
    pub(crate) dev: bool,
    /// Where callers connect (127.0.0.1:4180, or what `outwright.yaml` says); port 0 takes a free one.
    #[arg(long)]
    pub(crate) listen: Option<SocketAddr>,
    /// Where operators connect (127.0.0.1:4181, or what `outwright.yaml` says); port 0 takes a free one.
    #[arg(long)]
    pub(crate) admin: Option<SocketAddr>,
    /// How many runtimes serve, one thread each; one per core when it is left out.
    #[arg(long)]
    pub(crate) cores: Option<usize>,
    /// Where the access log goes: a file, or `-` for stdout.
    #[arg(long, default_value = "-")]
    pub(crate) log: String,
}

#[derive(Debug, Args)]
pub(crate) struct CallArgs {
    /// The provider.
    pub(crate) provider: String,
    /// The operation.
    pub(crate) operation: String,
    /// A value for a parameter of the operation's path, as `name=value`; repeat it for more.
    #[arg(long = "param", value_name = "NAME=VALUE")]
    pub(crate) params: Vec<String>,
    /// A query parameter, as `name=value`; repeat it for more.
    #[arg(long = "query", value_name = "NAME=VALUE")]
    pub(crate) query: Vec<String>,
    /// A header field, as `name: value`; repeat it for more.
    #[arg(long = "header", short = 'H', value_name = "NAME: VALUE")]
    pub(crate) headers: Vec<String>,
    /// The request body; `@FILE` reads it from a file, `@-` from stdin.
    #[arg(long)]
    pub(crate) data: Option<String>,
    /// The idempotency key of this call.
    #[arg(long)]
    pub(crate) key: Option<String>,
    /// Where the contracts are: they name the operation's method and path.
    #[arg(long, default_value = "contracts/")]
    pub(crate) contracts: PathBuf,
    /// The gateway's data port.
    #[arg(long, default_value = "127.0.0.1:4180")]
    pub(crate) gateway: SocketAddr,
    #[command(flatten)]
    pub(crate) tls: TlsArgs,
}

/// TLS to a gateway.
#[derive(Debug, Args)]
pub(crate) struct TlsArgs {
    /// Speak TLS to the gateway, and trust the roots in this PEM file.
    #[arg(long)]
    pub(crate) ca: Option<PathBuf>,
    /// The name that the gateway's certificate is for; its address when it is left out.
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct StatusArgs {
    /// The gateway's admin port.
    #[arg(long, default_value = "127.0.0.1:4181")]
    pub(crate) admin: SocketAddr,
    #[command(flatten)]
    pub(crate) tls: TlsArgs,
    /// Where the gateway keeps its state: its admin token is read from there.
    #[arg(long)]
    pub(crate) state: Option<PathBuf>,
    /// How it is printed.
    #[arg(long, value_enum, default_value = "text")]
    pub(crate) format: Format,
}

#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// Play the story on free ports, print its numbers, and exit: 0 when every promise held, 1 otherwise.
    #[arg(long)]
    pub(crate) once: bool,
    /// The seed of the story's chance.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// How the story is printed.
    #[arg(long, value_enum, default_value = "text")]
    pub(crate) format: Format,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    /// The commands in the blocks of a page, without comments and redirections.
    fn commands(page: &str) -> Vec<Vec<String>> {
        let blocks = page.split("```sh\n").skip(1).filter_map(|rest| rest.split("```").next());
        let lines = blocks.flat_map(str::lines).filter(|line| line.starts_with("outwright "));
        let words = |line: &str| {
            let end = line.find(['#', '>']).unwrap_or(line.len());
            line[..end].split_whitespace().map(str::to_owned).collect()
        };
        lines.map(words).collect()
    }

    #[test]
    fn the_words_are_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_of_the_reference_is_understood() {
        for (name, page, least) in [
            ("check.md", include_str!("../../../docs/reference/check.md"), 3),
            ("diff.md", include_str!("../../../docs/reference/diff.md"), 2),
            ("schema.md", include_str!("../../../docs/reference/schema.md"), 3),
        ] {
            let commands = commands(page);
            assert!(commands.len() >= least, "{name}: {commands:?}");
            for command in commands {
                let parsed = Cli::try_parse_from(&command);
                assert!(parsed.is_ok(), "{name}: {command:?}: {}", parsed.unwrap_err());
            }
        }
    }
}
