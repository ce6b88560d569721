//! `shipway explain`.

use std::process::ExitCode;

use include_dir::{Dir, include_dir};
use shipway_compose::diagnostic::{Area, Code, explain, nearest};

use super::show;
use crate::arguments::Global;
use crate::error::{CliError, Result};
use crate::render::codes;

/// One page a topic; its file name is the topic.
static PAGES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/src/explain");

/// Explain an exit code, a state, an error's code, or why a deployment ended as it did
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// A topic, an exit code, the code of an error or a warning such as `unknown-key`, or a
    /// deployment such as `d12`; without it, topics and codes are listed
    topic: Option<String>,
}

pub(crate) fn run(arguments: &Arguments, global: &Global) -> Result {
    let Some(topic) = &arguments.topic else {
        anstream::print!("{}", list());
        return Ok(ExitCode::SUCCESS);
    };
    if let Some(page) = page(topic) {
        anstream::print!("{page}");
        return Ok(ExitCode::SUCCESS);
    }
    if topic.parse::<shipway_pipeline::id::DeploymentId>().is_ok() {
        return show::here(&show::Arguments::of(topic.clone()), global);
    }
    let wrong = CliError::usage(format!("there is no topic `{topic}`"));
    let known = topics()
        .into_iter()
        .chain(Code::ALL.iter().map(|code| code.as_str()));
    Err(match nearest(topic, known) {
        Some(near) => wrong.hint(format!("did you mean `{near}`?")),
        None => wrong.hint("`shipway explain` lists the topics"),
    })
}

/// Topics, then codes by area.
fn list() -> String {
    let mut text = String::from("Topics\n");
    for topic in topics() {
        text.push_str(&format!("  {topic}\n"));
    }
    for area in Area::ALL {
        text.push_str(&format!("\n{}\n{}", area.as_str(), codes::list(area)));
    }
    text
}

fn topics() -> Vec<&'static str> {
    let mut topics: Vec<&str> = PAGES
        .files()
        .filter_map(|file| file.path().file_stem()?.to_str())
        .collect();
    topics.extend(shipway_migrations::rules().iter().map(|rule| rule.id));
    topics.sort_unstable();
    topics
}

fn page(topic: &str) -> Option<String> {
    let normal = topic.to_ascii_lowercase().replace([' ', '_'], "-");
    // `error[unknown-key]` is what stands on the screen.
    let inner = normal
        .split_once('[')
        .and_then(|(_, rest)| rest.strip_suffix(']'));
    if let Ok(code) = inner.unwrap_or(&normal).parse::<Code>() {
        return Some(explain(code));
    }
    let name = match normal.parse::<u8>() {
        Ok(_) => "exit-codes".to_owned(),
        Err(_) => normal,
    };
    if let Some(rule) = shipway_migrations::rule(&name) {
        return Some(rule.page.to_owned());
    }
    let page = PAGES.get_file(format!("{name}.md"))?.contents_utf8()?;
    Some(page.to_owned())
}
