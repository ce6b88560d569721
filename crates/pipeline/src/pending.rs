//! Changes of shared services, which a deployment leaves as they are.
//!
//! A switch never replaces a database. Where the files say something else than what runs, the plan
//! tells, and a step of its own makes the service anew (see [`crate::plan::make_renewal`]).

use serde::{Deserialize, Serialize};
use serde_json::Value;
use shipway_compose::yaml::{Limits, parse};

use crate::config::from_node;
use crate::difference::{Effect, Presence, Service, Side, compare};
use crate::name::ServiceName;
use crate::workload::Workload;

/// A shared service that runs otherwise than the files say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pending {
    /// The service.
    pub service: ServiceName,
    /// The image that it runs and the one that the files name, where these differ.
    pub images: Option<(String, String)>,
    /// The keys that differ otherwise.
    pub keys: Vec<String>,
}

/// Compares a shared service as it was started with what the files say now.
///
/// `is_same_artifact` is whether what runs is what the release has: a tag may have moved on.
pub fn find_pending(
    service: &ServiceName,
    before: &Workload,
    after: &Workload,
    is_same_artifact: bool,
) -> Option<Pending> {
    let (before, after) = (side(before, service)?, side(after, service)?);
    let image = |side: &Side| {
        let service = side.services.first()?;
        Some(service.keys.get("image")?.as_str()?.to_owned())
    };
    let images = image(&before).zip(image(&after));
    let mut keys: Vec<String> = compare(&before, &after)
        .services
        .into_iter()
        .filter(|one| one.presence == Presence::Both)
        .flat_map(|one| one.changes)
        .filter(|change| change.effect >= Effect::Restart)
        .filter_map(|change| change.path.into_iter().next())
        .filter(|key| key != "image")
        .collect();
    keys.dedup();
    let images = images.filter(|(one, other)| one != other || !is_same_artifact);
    (images.is_some() || !keys.is_empty()).then(|| Pending {
        service: service.clone(),
        images,
        keys,
    })
}

/// A service in Compose's words, with the volumes and networks around it.
fn side(workload: &Workload, service: &ServiceName) -> Option<Side> {
    let member = workload.members.iter().find(|one| one.name == *service)?;
    let keys = match &workload.model {
        Some(model) => {
            let document = parse(&model.document, 0, Limits::default()).ok()?;
            let document: Value = from_node(&document).ok()?;
            document.get("services")?.get(service.as_str())?.clone()
        }
        None => serde_json::to_value(&member.service).ok()?,
    };
    Some(Side {
        services: vec![Service {
            name: service.to_string(),
            role: Some(member.role),
            keys,
        }],
        ..Side::default()
    })
}

// === impl Pending ===

impl Pending {
    /// What differs, in a few words.
    pub fn describe(&self) -> String {
        let service = &self.service;
        let keys = format!("`{}`", self.keys.join("`, `"));
        match &self.images {
            Some((runs, says)) if runs == says => {
                format!("`{service}` runs what `{runs}` was once, and it is another image by now")
            }
            Some((runs, says)) => format!("`{service}` runs `{runs}`, the files say `{says}`"),
            None => format!("`{service}` runs with another {keys} than the files say"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures;
    use crate::role::Role;
    use crate::workload::Model;

    fn workload(keys: &str) -> Workload {
        let mut workload = fixtures::workload(1);
        let mut db = workload.members[0].clone();
        (db.name, db.role) = ("db".parse().unwrap(), Role::Stateful);
        workload.members.push(db);
        workload.model = Some(Model {
            document: format!("services:\n  db: {keys}\n"),
            directory: "/srv".to_owned(),
            listens: [].into(),
            host: None,
            adopt: None,
        });
        workload
    }

    fn told(before: &str, after: &str, is_same: bool) -> Option<String> {
        let db = "db".parse().unwrap();
        let found = find_pending(&db, &workload(before), &workload(after), is_same);
        found.map(|found| found.describe())
    }

    #[test]
    fn what_would_need_a_new_container_is_pending() {
        let old = "{image: 'postgres:17.1', command: [postgres]}";
        assert_eq!(told(old, old, true), None);
        assert_eq!(
            told(old, "{image: 'postgres:17.2', command: [postgres]}", false).as_deref(),
            Some("`db` runs `postgres:17.1`, the files say `postgres:17.2`")
        );
        assert_eq!(
            told(
                old,
                "{image: 'postgres:17.1', command: [postgres, -c, x=1]}",
                true
            )
            .as_deref(),
            Some("`db` runs with another `command` than the files say")
        );
        assert_eq!(
            told(old, old, false).as_deref(),
            Some("`db` runs what `postgres:17.1` was once, and it is another image by now")
        );
        // How many there are is for a deployment to see to.
        assert_eq!(told(old, &old.replace('}', ", scale: 2}"), true), None);
    }
}
