//! What nobody can tell from files: the list at the end.

use shipway_pipeline::role::Role;

use super::found::Health;
use super::layout::Why;
use super::listing::split;
use super::recognise::{Draft, Whole, routed};
use super::stage::{Stage, words};
use super::variables;
use super::web;

/// What the user has to see to, the weightiest first.
pub(super) fn list(whole: &Whole<'_>) -> Vec<String> {
    let mut list = Vec::new();
    services(whole, &mut list);
    health(whole, &mut list);
    files(whole, &mut list);
    values(whole, &mut list);
    list.push(
        "which branches go to which environment; `main` and `feature/*` are assumed".to_owned(),
    );
    list.push(
        "the host names: without `host` each environment answers for all on its port".to_owned(),
    );
    list
}

fn services(whole: &Whole<'_>, list: &mut Vec<String>) {
    let Some(web) = routed(whole.services) else {
        list.push("which service takes the requests: give it `{ role: web, port: … }`".to_owned());
        return;
    };
    for (one, guess) in whole.seen.iter().zip(whole.services) {
        let name = &guess.name;
        if name == web && web::is_port_unknown(one) {
            list.push(format!("where `{name}` listens; nothing names a port"));
        }
        if guess.role == Role::Worker && !one.ports.is_empty() {
            list.push(format!(
                "whether `{name}`, which has a port, has to be reached as well: only `{web}` is routed"
            ));
        } else if guess.why.starts_with("nothing") {
            list.push(format!("what `{name}` does: `worker` is a guess"));
        }
        if !guess.notes.is_empty() {
            list.push(format!("whether `{name}` can go: Shipway does its work"));
        }
    }
    if !whole.disabled.is_empty() {
        let names: Vec<&str> = whole.disabled.iter().map(String::as_str).collect();
        list.push(format!(
            "whether an environment needs {}: only a profile starts it (`profiles:`)",
            quoted(&names)
        ));
    }
}

fn health(whole: &Whole<'_>, list: &mut Vec<String>) {
    match whole.health {
        Health::Unknown => list.push("which URL tells that the application is healthy".to_owned()),
        Health::Path(..) if whole.django.is_some() => list.push(
            "whether ALLOWED_HOSTS lets the health question in: it carries `host`, or 127.0.0.1"
                .to_owned(),
        ),
        Health::Path(..) | Health::Compose => {}
    }
    // Settings for developers in production are what nobody wants and many have.
    let settings = whole.django.and_then(|django| django.settings.as_deref());
    let is_for_developers = |name: &&str| {
        name.split('.')
            .flat_map(words)
            .any(|word| Stage::of_word(word) == Some(Stage::Development))
    };
    if let Some(settings) = settings.filter(is_for_developers) {
        let is_set = whole.seen.iter().any(|one| {
            let names = &one.service.environment;
            one.service.name == routed(whole.services).unwrap_or_default()
                && names.contains_key("DJANGO_SETTINGS_MODULE")
        });
        if !is_set {
            list.push(format!(
                "which settings production has: without DJANGO_SETTINGS_MODULE it takes `{settings}`"
            ));
        }
    }
}

fn files(whole: &Whole<'_>, list: &mut Vec<String>) {
    for draft in whole.drafts {
        let stage = draft.stage;
        if let Why::Like(like) = draft.files.why {
            list.push(format!(
                "what differs in {stage}: it has the files of {like}"
            ));
        }
        if !draft.is_read {
            list.push(format!(
                "what {stage} runs: its files cannot be read, see `shipway validate`"
            ));
        }
    }
    let mut moved: Vec<&str> = Vec::new();
    for draft in whole.drafts.iter().filter(|draft| draft.is_moved) {
        if let Some(name) = draft.files.names.first()
            && !moved.contains(&name.as_str())
        {
            moved.push(name);
            list.push(format!(
                "whether the paths in `{name}` count from here, as Shipway has it, or from `{}`",
                split(name).0
            ));
        }
    }
    for other in &whole.layout.others {
        list.push(format!("what `{other}` is for: it was left out"));
    }
}

fn values(whole: &Whole<'_>, list: &mut Vec<String>) {
    for draft in whole.drafts {
        let missing = missing(draft, whole);
        if !missing.is_empty() {
            list.push(format!(
                "the values of {} in {}",
                quoted(&missing),
                draft.stage
            ));
        }
    }
    if let Some(example) = variables::example(whole.listing)
        && !whole.listing.has(".env")
    {
        list.push(format!(
            "the variables: `{example}` shows them, and there is no `.env`"
        ));
    }
}

/// Variables that an environment's files use without a default and nobody sets.
fn missing<'a>(draft: &'a Draft, whole: &Whole<'_>) -> Vec<&'a str> {
    let values = variables::values(
        &super::recognise::read_files(&draft.env_files),
        whole.listing,
    );
    let is_set = |name: &str| values.get(name).is_some_and(|value| !value.is_empty());
    let mut names: Vec<&str> = draft.required.iter().map(String::as_str).collect();
    names.extend(draft.asked.bare.iter().map(String::as_str));
    names.sort_unstable();
    names.dedup();
    names.retain(|name| !is_set(name));
    names
}

fn quoted(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    quoted.join(", ")
}
