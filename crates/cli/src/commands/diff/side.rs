//! What is compared: environments as their files are, and what deployments ran.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use shipway_engine::project::Source;
use shipway_pipeline::config::{Config, Environment, from_node, render_duration};
use shipway_pipeline::difference::{Service, Side};
use shipway_pipeline::digest::Digest;
use shipway_pipeline::id::{DeploymentId, ReleaseId};
use shipway_pipeline::plan::Occupant;
use shipway_pipeline::role::Role;
use shipway_pipeline::secret::{SecretValue, Version};
use shipway_pipeline::workload::{Content, Workload};

use crate::context::Context;
use crate::error::{CliError, Kind, Result};

/// One of the two that are compared.
pub(super) struct Compared {
    /// What it is for people.
    pub(super) name: String,
    /// Its services.
    pub(super) side: Side,
    /// Settings of `shipway.yml`, where it is an environment.
    pub(super) settings: Option<Value>,
}

/// What a name stands for.
enum Named<'c> {
    Files(&'c Environment),
    Ran {
        name: String,
        workload: Digest,
        release: ReleaseId,
    },
}

/// What both sides are known in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    /// Whole Compose documents.
    Document,
    /// Services as they are recorded.
    Workload,
    /// The same, and what was built for them.
    Built,
}

/// Both sides in the same form: whole documents where both are files, else what is recorded.
pub(super) fn pair(
    context: &Context,
    before: &str,
    after: Option<&str>,
) -> Result<(Compared, Compared)> {
    let (before, after) = match after {
        Some(after) => (
            find(context, before, Some(after))?,
            find(context, after, Some(before))?,
        ),
        None => {
            let environment = context.project.environment(before)?;
            (live(context, environment)?, Named::Files(environment))
        }
    };
    let form = match (&before, &after) {
        (Named::Files(_), Named::Files(_)) => Form::Document,
        (Named::Ran { .. }, Named::Ran { .. }) => Form::Built,
        (Named::Files(_), Named::Ran { .. }) | (Named::Ran { .. }, Named::Files(_)) => {
            Form::Workload
        }
    };
    Ok((
        compared(context, &before, form)?,
        compared(context, &after, form)?,
    ))
}

fn find<'c>(context: &'c Context, name: &str, other: Option<&str>) -> Result<Named<'c>> {
    let store = &context.engine.store;
    if let Ok(id) = name.parse::<DeploymentId>() {
        let deployment = store.deployment(id)?.ok_or_else(|| {
            CliError::usage(format!("there is no deployment `{id}`"))
                .hint("`shipway history` lists them")
        })?;
        return Ok(Named::Ran {
            name: format!("{id} in {}", deployment.plan.environment),
            workload: deployment.plan.target.workload,
            release: deployment.plan.target.release,
        });
    }
    let environment = context.project.environment(name);
    if let Ok(environment) = environment {
        return Ok(Named::Files(environment));
    }
    // What is no release either is most likely a misspelt environment.
    let Ok(release) = context.engine.release_by_name(name) else {
        return environment.map(Named::Files).map_err(CliError::from);
    };
    let of_release = |environment: Option<&Environment>| {
        let all = store.deployments(environment.map(|one| &one.name), usize::MAX >> 1)?;
        let newest = all
            .into_iter()
            .find(|one| one.plan.target.release == release.id);
        Ok::<_, CliError>(newest)
    };
    let same = other.and_then(|other| context.project.environment(other).ok());
    let found = match of_release(same)? {
        Some(found) => Some(found),
        None => of_release(None)?,
    };
    let found = found.ok_or_else(|| {
        CliError::usage(format!("release `{}` was never deployed", release.id))
            .hint("what it runs is known once it was: `shipway plan --release` shows what it would")
    })?;
    Ok(Named::Ran {
        name: format!("{} in {}", release.id, found.plan.environment),
        workload: found.plan.target.workload,
        release: release.id,
    })
}

fn live<'c>(context: &'c Context, environment: &Environment) -> Result<Named<'c>> {
    let record = context.engine.store.environment(&environment.name)?;
    let live = record.live.ok_or_else(|| {
        CliError::usage(format!("nothing is live in `{}`", environment.name))
            .hint("name two environments, releases or deployments to compare")
    })?;
    Ok(Named::Ran {
        name: format!("{} live in {}", live.release, environment.name),
        workload: live.workload,
        release: live.release,
    })
}

fn compared(context: &Context, named: &Named<'_>, form: Form) -> Result<Compared> {
    match named {
        Named::Files(environment) => {
            let resolved = context.project.preview(environment, Source::WorkTree)?;
            let side = if form == Form::Document {
                let mut tree: Value = from_node(&resolved.loaded.project.tree)
                    .map_err(|refused| CliError::new(Kind::Failed, refused.message))?;
                add_versions(&mut tree, &resolved.workload);
                of_document(tree, &context.project.config)
            } else {
                of_workload(&resolved.workload, &BTreeMap::new())
            };
            let mut settings = json!(environment);
            if let Some(settings) = settings.as_object_mut() {
                settings.shift_remove("name");
            }
            Ok(Compared {
                name: environment.name.to_string(),
                side,
                settings: Some(settings),
            })
        }
        Named::Ran {
            name,
            workload,
            release,
        } => {
            let recorded = context.engine.store.workload(workload)?;
            let recorded = recorded.ok_or_else(|| {
                CliError::new(Kind::Failed, format!("what {name} ran is not recorded"))
            })?;
            let release = context.engine.store.release(release)?;
            let artifacts = release
                .filter(|_| form == Form::Built)
                .map(|release| release.artifacts);
            Ok(Compared {
                name: name.clone(),
                side: of_workload(&recorded, &artifacts.unwrap_or_default()),
                settings: None,
            })
        }
    }
}

fn of_document(mut tree: Value, config: &Config) -> Side {
    let role = |name: &str, keys: &Value| {
        let known = config.services.iter().find(|(one, _)| one.as_str() == name);
        let by_image = || Role::of_image(keys.get("image")?.as_str()?);
        known.map(|(_, service)| service.role).or_else(by_image)
    };
    let services = match tree.get_mut("services").map(Value::take) {
        Some(Value::Object(services)) => services,
        _ => Map::new(),
    };
    let services = services.into_iter().map(|(name, keys)| Service {
        role: role(&name, &keys),
        name,
        keys,
    });
    Side {
        services: services.collect(),
        resources: match tree {
            Value::Object(resources) => resources,
            _ => Map::new(),
        },
    }
}

/// What is live, with the digests of what was built for it.
pub(super) fn of_occupant(context: &Context, live: &Occupant) -> Result<Side> {
    let named = Named::Ran {
        name: live.release.to_string(),
        workload: live.workload.clone(),
        release: live.release.clone(),
    };
    Ok(compared(context, &named, Form::Built)?.side)
}

/// A recorded workload, with the digests of what was built for it.
pub(super) fn of_workload(workload: &Workload, artifacts: &BTreeMap<String, String>) -> Side {
    let services = workload.members.iter().map(|member| {
        let mut keys = in_words_of_compose(json!(member.service));
        if let (Some(keys), Some(digest)) =
            (keys.as_object_mut(), artifacts.get(member.name.as_str()))
        {
            keys.insert("artifact".to_owned(), json!(digest));
        }
        Service {
            name: member.name.to_string(),
            role: Some(member.role),
            keys,
        }
    });
    let mut resources = Value::Object(Map::new());
    add_versions(&mut resources, workload);
    Side {
        services: services.collect(),
        resources: match resources {
            Value::Object(resources) => resources,
            _ => Map::new(),
        },
    }
}

/// What secrets and configs hold: a version of the store's, or the name of a content that nobody
/// is to see.
fn add_versions(tree: &mut Value, workload: &Workload) {
    for file in &workload.files {
        let held = match &file.content {
            Content::Store { version, .. } if *version == Version::UNSET => {
                ("version", json!("unset"))
            }
            Content::Store { version, .. } => ("version", json!(version)),
            content @ (Content::Text(_) | Content::Bytes(_)) => {
                let value = content.recorded();
                let bytes = value.as_ref().map_or(&[][..], SecretValue::expose);
                ("content", json!(Digest::of(bytes).short()))
            }
        };
        tree[file.key.kind.section()][&file.key.name][held.0] = held.1;
    }
}

/// A recorded service under the keys that its Compose file gives it.
fn in_words_of_compose(service: Value) -> Value {
    let Value::Object(keys) = service else {
        return service;
    };
    let mut renamed = Map::new();
    for (key, value) in keys {
        let value = with_durations(value);
        match key.as_str() {
            "name" => {}
            "mounts" => drop(renamed.insert("volumes".to_owned(), value)),
            "replicas" => {
                renamed.insert("deploy".to_owned(), json!({ "replicas": value }));
            }
            "process" => {
                renamed.insert("x-shipway".to_owned(), json!({ "process": value }));
            }
            _ => drop(renamed.insert(key, value)),
        }
    }
    Value::Object(renamed)
}

/// Durations as people write them.
fn with_durations(value: Value) -> Value {
    match value {
        Value::Object(entries) => {
            if let (2, Some(seconds), Some(nanos)) = (
                entries.len(),
                entries.get("secs").and_then(Value::as_u64),
                entries.get("nanos").and_then(Value::as_u64),
            ) {
                let nanos = u32::try_from(nanos).unwrap_or(0);
                return json!(render_duration(std::time::Duration::new(seconds, nanos)));
            }
            let entries = entries.into_iter();
            entries
                .map(|(key, value)| (key, with_durations(value)))
                .collect::<Map<_, _>>()
                .into()
        }
        Value::Array(items) => items.into_iter().map(with_durations).collect(),
        other => other,
    }
}
