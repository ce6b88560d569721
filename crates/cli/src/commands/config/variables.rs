//! The variables of an environment's Compose files.

use serde_json::json;
use shipway_compose::Loaded;
use shipway_engine::project::{Origin, Variables};

use super::print::place;
use crate::error::Result;
use crate::mask;
use crate::render::{self, table};

/// Lists the variables: their values, where these come from and where they are used.
pub(super) fn print(
    loaded: &Loaded,
    values: &Variables,
    is_json: bool,
    show_secrets: bool,
) -> Result<()> {
    let default = |name: &str| loaded.variables[name].default.clone();
    let shown = |name: &str| {
        // An empty value may stand for none, so that the default counts.
        let value = default(name).or_else(|| values.get(name))?;
        Some(if show_secrets {
            value
        } else {
            mask::value(name, &value).into_owned()
        })
    };
    let used = |name: &str| -> Vec<String> {
        let spans = loaded.variables[name].spans.iter();
        let mut places: Vec<String> = Vec::new();
        // An anchor brings the same place in again wherever it is used.
        for place in spans.filter_map(|span| place(*span, &loaded.sources)) {
            if !places.contains(&place) {
                places.push(place);
            }
        }
        places
    };
    let origin = |name: &str| match default(name) {
        Some(_) => Some("default".to_owned()),
        None => values.origin(name).map(|origin| describe(&origin)),
    };
    if is_json {
        let document = loaded.variables.keys().map(|name| {
            let one = json!({ "value": shown(name), "from": origin(name), "used": used(name) });
            (name.clone(), one)
        });
        let document: serde_json::Map<_, _> = document.collect();
        return render::json(&document);
    }
    let rows: Vec<Vec<String>> = loaded
        .variables
        .keys()
        .map(|name| {
            vec![
                name.clone(),
                shown(name).unwrap_or_else(|| "-".to_owned()),
                origin(name).unwrap_or_else(|| "not set".to_owned()),
                used(name).join(", "),
            ]
        })
        .collect();
    let heading = ["NAME", "VALUE", "FROM", "USED IN"];
    anstream::print!("{}", table::render(&heading, &rows));
    Ok(())
}

fn describe(origin: &Origin) -> String {
    match origin {
        Origin::Shell => "shell".to_owned(),
        Origin::File(file) => file.clone(),
    }
}
