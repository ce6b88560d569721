//! How documents are read, by what they say.

mod health;
mod places;
mod project;
mod service;

use crate::model::*;
use crate::{LoadError, Loaded, NoFiles, Request, SourceFile, load};

fn try_load(text: &str) -> Result<Loaded, LoadError> {
    let file = SourceFile {
        name: "compose.yml".to_owned(),
        text: text.to_owned(),
    };
    let variables = |name: &str| (name == "TRUE").then(|| "true".to_owned());
    let files = [file];
    let request = Request::new(&files, "/srv/shop").with_variables(&variables);
    load(&request, &mut NoFiles)
}

fn project(text: &str) -> Project {
    try_load(text)
        .unwrap_or_else(|error| panic!("{error}\n{text}"))
        .project
}

/// Reads a service written as the inside of a flow mapping.
fn service(keys: &str) -> Service {
    let text = format!("services: {{web: {{image: x, {keys}}}}}\nvolumes: {{data: {{}}}}\n");
    project(&text).services.swap_remove("web").unwrap()
}

/// Returns the errors of a service with their columns' texts.
fn errors(keys: &str) -> Vec<String> {
    let text = format!("services: {{web: {{image: x, {keys}}}}}\nvolumes: {{data: {{}}}}\n");
    all_errors(&text)
}

fn all_errors(text: &str) -> Vec<String> {
    let error = try_load(text).expect_err(text);
    error
        .diagnostics
        .iter()
        .filter(|d| d.is_error())
        .map(|d| d.message.clone())
        .collect()
}

fn warnings(text: &str) -> Vec<(String, Option<String>)> {
    let loaded = try_load(text).unwrap();
    loaded
        .diagnostics
        .into_iter()
        .map(|d| (d.message, d.help))
        .collect()
}

fn words(words: &[&str]) -> Option<Vec<String>> {
    Some(words.iter().map(|&word| word.to_owned()).collect())
}
