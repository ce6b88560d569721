//! `shipway explain`.

use std::process::ExitCode;

use include_dir::{Dir, include_dir};
use shipway_compose::diagnostic::nearest;

use super::show;
use crate::arguments::Global;
use crate::error::{CliError, Result};

/// One page a topic; its file name is the topic.
static PAGES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/src/explain");

/// Explain an exit code, a state, an error's code, or why a deployment ended as it did
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// A topic, an exit code, or a deployment such as `d12`; without it, the topics are listed
    topic: Option<String>,
}

pub(crate) fn run(arguments: &Arguments, global: &Global) -> Result {
    let Some(topic) = &arguments.topic else {
        for topic in topics() {
            anstream::println!("{topic}");
        }
        return Ok(ExitCode::SUCCESS);
    };
    if let Some(page) = page(topic) {
        anstream::print!("{page}");
        return Ok(ExitCode::SUCCESS);
    }
    if topic.parse::<shipway_pipeline::id::DeploymentId>().is_ok() {
        return show::run(&show::Arguments::of(topic.clone()), global);
    }
    let wrong = CliError::usage(format!("there is no topic `{topic}`"));
    Err(match nearest(topic, topics()) {
        Some(near) => wrong.hint(format!("did you mean `{near}`?")),
        None => wrong.hint("`shipway explain` lists the topics"),
    })
}

fn topics() -> Vec<&'static str> {
    let mut topics: Vec<&str> = PAGES
        .files()
        .filter_map(|file| file.path().file_stem()?.to_str())
        .collect();
    topics.sort_unstable();
    topics
}

fn page(topic: &str) -> Option<&'static str> {
    let normal = topic.to_ascii_lowercase().replace([' ', '_'], "-");
    let name = match normal.parse::<u8>() {
        Ok(_) => "exit-codes".to_owned(),
        Err(_) => normal,
    };
    PAGES.get_file(format!("{name}.md"))?.contents_utf8()
}
