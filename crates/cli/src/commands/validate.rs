//! `shipway validate`.

use std::process::ExitCode;

use owo_colors::OwoColorize as _;
use shipway_compose::diagnostic::{Code, Level, Levels, Report, Severity, github, json, sarif};
use shipway_engine::project::{Checked, Project, ProjectError, Source};
use shipway_pipeline::config::Environment;
use shipway_runtime::compose::running_projects;

use crate::arguments::Global;
use crate::context;
use crate::error::{CliError, Result};
use crate::exit;
use crate::render::findings;

/// Check shipway.yml, the Compose files and the variables of every environment
///
/// Exits with 0 where there is no error, whatever warnings there are, and with 2 otherwise.
/// `shipway explain CODE` tells more of a finding. Levels of findings can also be set below
/// `diagnostics` of shipway.yml.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Only this environment
    environment: Option<String>,
    /// How findings are written; all but `human` go to standard output
    #[arg(long, default_value = "human")]
    format: Format,
    /// Short for `--format json`
    #[arg(long, conflicts_with = "format")]
    json: bool,
    /// Make findings of this code errors, or all `warnings`; wins over `--warn`
    #[arg(long, value_name = "CODE", value_parser = denied)]
    deny: Vec<Denied>,
    /// Make findings of this code warnings; wins over `--allow`
    #[arg(long, value_name = "CODE", value_parser = code)]
    warn: Vec<Code>,
    /// Do not tell of findings of this code
    #[arg(long, value_name = "CODE", value_parser = code)]
    allow: Vec<Code>,
}

/// How findings are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// For people, with the lines they are about
    Human,
    /// One JSON document
    Json,
    /// SARIF 2.1.0, which code hosts show beside the code
    Sarif,
    /// Workflow commands of GitHub Actions
    Github,
}

/// What `--deny` takes.
#[derive(Debug, Clone, Copy)]
enum Denied {
    Warnings,
    Code(Code),
}

pub(crate) async fn run(arguments: &Arguments, global: &Global) -> Result {
    let levels = levels(arguments)?;
    let is_human = arguments.format == Format::Human && !arguments.json;
    let report = match Project::find(&context::start_directory(global)?) {
        Ok(project) => {
            let project = context::with_secrets(global, project)?;
            let chosen = chosen(&project, arguments)?;
            let (report, checked) = check(&project, &chosen, &levels);
            if is_human {
                anstream::eprint!("{}", findings::environments(&checked));
                tell_running(&project, &checked).await;
            }
            report
        }
        Err(ProjectError::Invalid(invalid)) => {
            let mut report = Report::new("");
            report.add_common(levels.apply(invalid.diagnostics), &invalid.sources);
            report
        }
        Err(error) => return Err(error.into()),
    };
    if is_human {
        anstream::eprint!("{}", findings::report(&report));
    } else {
        anstream::println!("{}", written(&report, arguments)?);
    }
    Ok(match report.count(Severity::Error) {
        0 => ExitCode::SUCCESS,
        _ => ExitCode::from(exit::USAGE),
    })
}

/// Tells of a Compose project that runs from the directory, where containers are to run and no
/// environment adopts it. An engine that does not answer is nothing to tell of here.
async fn tell_running(project: &Project, checked: &[(&Environment, Checked)]) {
    let runs_containers = |(environment, checked): &(&Environment, Checked)| {
        if environment.host.is_some() {
            return false;
        }
        let workload = checked.workload.as_ref();
        workload.is_some_and(|workload| workload.model.is_some())
    };
    if !checked.iter().any(runs_containers) {
        return;
    }
    let found = running_projects(&context::engine_host(), &project.directory).await;
    for name in found.unwrap_or_default() {
        if !project.adopts(&name) {
            anstream::eprintln!(
                "{} the Compose project `{name}` runs from this directory, and no environment takes it over: \
                 for the one that it is, set `adopt: {name}`",
                "note:".cyan().bold()
            );
        }
    }
}

fn chosen<'a>(project: &'a Project, arguments: &Arguments) -> Result<Vec<&'a Environment>> {
    Ok(match &arguments.environment {
        Some(name) => vec![project.environment_or_template(name)?],
        None => project.places().collect(),
    })
}

fn check<'a>(
    project: &Project,
    environments: &[&'a Environment],
    levels: &Levels,
) -> (Report, Vec<(&'a Environment, Checked)>) {
    let mut report = Report::new(&project.directory.to_string_lossy());
    let mut all = Vec::new();
    for environment in environments {
        let checked = project.check(environment, Source::WorkTree, levels);
        let name = environment.name.as_str();
        report.add_environment(name, checked.diagnostics.clone(), &checked.sources);
        all.push((*environment, checked));
    }
    // What a shared file defines is used if any environment uses it.
    report.keep_where_all_agree(Code::UnusedDefinition);
    if environments.len() == project.places().count() {
        let checked: Vec<&Checked> = all.iter().map(|(_, checked)| checked).collect();
        let (found, sources) = project.check_services(&checked);
        // Levels of the whole file are in each of its environments.
        let of_file = environments.first().map(|one| one.diagnostics.clone());
        let levels = of_file.unwrap_or_default().with(levels);
        report.add_common(levels.apply(found), &sources);
    }
    (report, all)
}

fn written(report: &Report, arguments: &Arguments) -> Result<String> {
    let format = if arguments.json {
        Format::Json
    } else {
        arguments.format
    };
    Ok(match format {
        Format::Json => serde_json::to_string_pretty(&json(report))?,
        Format::Sarif => serde_json::to_string_pretty(&sarif(report, env!("CARGO_PKG_VERSION")))?,
        Format::Github => github(report).trim_end().to_owned(),
        Format::Human => findings::report(report),
    })
}

fn levels(arguments: &Arguments) -> Result<Levels> {
    let mut levels = Levels::new();
    let mut set = |code: Code, level: Level| {
        levels.try_set(code, level).map_err(|error| {
            CliError::usage(error).hint(format!("`shipway explain {code}` tells how to mend it"))
        })
    };
    for code in &arguments.allow {
        set(*code, Level::Off)?;
    }
    for code in &arguments.warn {
        set(*code, Level::Warning)?;
    }
    let mut denies_warnings = false;
    for denied in &arguments.deny {
        match denied {
            Denied::Warnings => denies_warnings = true,
            Denied::Code(code) => set(*code, Level::Error)?,
        }
    }
    if denies_warnings {
        levels.deny_warnings();
    }
    Ok(levels)
}

fn code(text: &str) -> std::result::Result<Code, String> {
    text.parse()
        .map_err(|error: shipway_compose::diagnostic::UnknownCode| {
            format!("{error}; {}", error.help())
        })
}

fn denied(text: &str) -> std::result::Result<Denied, String> {
    match text {
        "warnings" => Ok(Denied::Warnings),
        _ => code(text).map(Denied::Code),
    }
}
