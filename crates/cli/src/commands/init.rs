//! `shipway init`.

use std::fmt::Write as _;
use std::io::Write as _;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;
use std::process::ExitCode;

use shipway_compose::model::Project;
use shipway_compose::{Request, SourceFile, load};
use shipway_engine::project::FILE;
use shipway_pipeline::config;
use shipway_pipeline::role::Role;

use crate::arguments::Global;
use crate::context::{keep_out_of_git, start_directory};
use crate::error::{CliError, Kind, Result};

/// Write a commented shipway.yml for the Compose files that are here
///
/// A shipway.yml that exists is left as it is. A copy of its JSON Schema goes to .shipway beside
/// it, which is not committed: run this again in a fresh clone to have editors find it.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Print it to standard output rather than write it
    #[arg(long)]
    print: bool,
}

/// Environments in the order of the pipeline, with what differs between them.
const ENVIRONMENTS: [Template; 4] = [
    Template {
        name: "development",
        comment: "Feature branches, deployed with each push.",
        body: "branches: [\"feature/*\"]\n    strategy: recreate\n    bake: { duration: 5s, min_requests: 20 }",
        port: 8001,
    },
    Template {
        name: "testing",
        comment: "The main branch, deployed with each push.",
        body: "branches: [main]\n    strategy: rolling\n    bake: { duration: 10s, min_requests: 20 }",
        port: 8002,
    },
    Template {
        name: "staging",
        comment: "What was stable in testing, promoted by hand: `shipway promote staging`.",
        body: "from: testing\n    bake: { duration: 1m }",
        port: 8003,
    },
    Template {
        name: "production",
        comment: "What was stable in staging: `shipway promote production`, which wants its name typed.",
        body: "from: staging\n    bake: { duration: 5m, max_error_rate: 1%, max_latency_ratio: 1.3 }",
        port: 8000,
    },
];

/// Where editors find the schema: a path works without a network.
const SCHEMA: &str = ".shipway/shipway.schema.json";

struct Template {
    name: &'static str,
    comment: &'static str,
    body: &'static str,
    port: u16,
}

pub(crate) fn run(arguments: &Arguments, global: &Global) -> Result {
    let directory = start_directory(global)?;
    let text = render(&directory)?;
    if arguments.print {
        anstream::print!("{text}");
        return Ok(ExitCode::SUCCESS);
    }
    write_schema(&directory)?;
    let path = directory.join(FILE);
    let created = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&path);
    match created {
        Ok(mut file) => {
            file.write_all(text.as_bytes())?;
            anstream::eprintln!("wrote {}", path.display());
            anstream::eprintln!("next: read it, then `shipway validate`");
        }
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            anstream::eprintln!("{} exists and was left as it is", path.display());
        }
        Err(error) => {
            return Err(CliError::new(
                Kind::Failed,
                format!("cannot write `{}`: {error}", path.display()),
            ));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Puts the schema where the first line of `shipway.yml` says, kept out of git.
fn write_schema(directory: &Path) -> Result<()> {
    let path = directory.join(SCHEMA);
    if let Some(folder) = path.parent() {
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)?;
        keep_out_of_git(folder)?;
    }
    std::fs::write(path, config::schema_text())?;
    Ok(())
}

fn render(directory: &Path) -> Result<String> {
    let base = [
        "compose.yaml",
        "compose.yml",
        "docker-compose.yml",
        "docker-compose.yaml",
    ]
    .into_iter()
    .find(|name| directory.join(name).is_file())
    .ok_or_else(|| {
        CliError::new(
            Kind::Config,
            format!("there is no Compose file in `{}`", directory.display()),
        )
        .hint("write a docker-compose.yml with the application's services first")
    })?;
    let project = read(directory, base)?;
    let mut text = format!("# yaml-language-server: $schema={SCHEMA}\n");
    text.push_str(
        "# How Shipway takes this application from a git push to production.\n\
         # `shipway config ENVIRONMENT` shows what holds, every default filled in.\n\
         version: 1\n",
    );
    // Writing to a String cannot fail.
    let _ = writeln!(text, "project: {}\n", project_name(directory));
    push_services(&mut text, &project);
    text.push_str(
        "# Run once before a release starts, with its own code and environment:\n\
         # migrate:\n\
         #   service: web\n\
         #   command: python manage.py migrate --noinput\n\nenvironments:\n",
    );
    for template in &ENVIRONMENTS {
        push_environment(&mut text, directory, base, template);
    }
    Ok(text)
}

/// The services of the base file, as far as it can be read without variables.
fn read(directory: &Path, base: &str) -> Result<Project> {
    let files = [SourceFile {
        name: base.to_owned(),
        text: std::fs::read_to_string(directory.join(base))?,
    }];
    // Values do not matter here, only which services there are.
    let any = |_: &str| Some("1".to_owned());
    let directory = directory.to_string_lossy();
    let request = Request::new(&files, &directory).with_variables(&any);
    let loaded = load(&request, &mut |_: &str| Ok(String::new()));
    loaded
        .map(|loaded| loaded.project)
        .map_err(|error| CliError::new(Kind::Config, format!("{error}\n")))
}

fn push_services(text: &mut String, project: &Project) {
    text.push_str(
        "# What each service is to a deployment:\n\
         #   web        takes the requests, one instance set per colour\n\
         #   worker     replaced with each release, takes no requests\n\
         #   singleton  never two alive, such as a cron beat\n\
         #   stateful   shared by all releases: database, cache, queue\n\
         #   tool       shared, not part of health: adminer, mailhog\nservices:\n",
    );
    let guess_web = project
        .services
        .values()
        .find(|service| service.name == "web")
        .or_else(|| {
            project.services.values().find(|service| {
                !service.ports.is_empty() && role(service.image.as_deref()).is_none()
            })
        })
        .map(|service| service.name.clone());
    for service in project.services.values() {
        let name = &service.name;
        let line = match (
            Some(name) == guess_web.as_ref(),
            role(service.image.as_deref()),
        ) {
            (true, _) => {
                let port = service.ports.first().map_or(8000, |port| port.target);
                format!("{{ role: web, port: {port} }}")
            }
            (false, Some(role)) => format!("{{ role: {role} }}"),
            (false, None) => "{ role: worker }".to_owned(),
        };
        let _ = writeln!(text, "  {name}: {line}");
    }
    text.push('\n');
}

fn role(image: Option<&str>) -> Option<Role> {
    image.and_then(Role::of_image)
}

fn push_environment(text: &mut String, directory: &Path, base: &str, template: &Template) {
    let Template {
        name,
        comment,
        body,
        port,
    } = template;
    let (stem, ending) = base.rsplit_once('.').unwrap_or((base, "yml"));
    let overlay = format!("{stem}.{name}.{ending}");
    let files = if directory.join(&overlay).is_file() {
        format!("[{base}, {overlay}]")
    } else {
        format!("[{base}]")
    };
    let env_file = format!(".env.{name}");
    let _ = write!(
        text,
        "  # {comment}\n  {name}:\n    {body}\n    compose: {files}\n"
    );
    if directory.join(&env_file).is_file() {
        let _ = writeln!(text, "    env_files: [{env_file}]");
    }
    let _ = write!(
        text,
        "    route: {{ listen: {port} }}   # add `host: shop.example.org` to serve one host name\n    \
         health: {{ path: / }}       # asked of every instance; must answer 2xx\n\n"
    );
}

/// The folder's name, made a valid name.
fn project_name(directory: &Path) -> String {
    let folder = directory
        .canonicalize()
        .ok()
        .and_then(|path| Some(path.file_name()?.to_str()?.to_ascii_lowercase()))
        .unwrap_or_default();
    let name: String = folder
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || "-_.".contains(*c))
        .collect();
    let name = name.trim_start_matches(['-', '_', '.']);
    if name.is_empty() { "app" } else { name }.to_owned()
}
