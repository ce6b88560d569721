//! When each release was routed, as the journals say.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// A change of the route.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Switch {
    /// When it was about to be made, in milliseconds of Unix time.
    intended: u64,
    /// When it was made for certain.
    done: Option<u64>,
    releases: BTreeSet<String>,
}

/// When a release was routed. Between the bounds of a switch both are right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Routed {
    /// Not before this.
    pub(crate) from: u64,
    /// Not after this; `None` while it is.
    pub(crate) until: Option<u64>,
}

/// When each release was routed: from its first switch to the last away from it.
pub(crate) fn routed(deployments: &[Value]) -> BTreeMap<String, Routed> {
    let mut switches: Vec<Switch> = deployments.iter().flat_map(switches).collect();
    switches.sort_by_key(|one| one.intended);
    let mut routed: BTreeMap<String, Routed> = BTreeMap::new();
    for switch in &switches {
        for release in &switch.releases {
            let known = routed.entry(release.clone()).or_insert(Routed {
                from: switch.intended,
                until: None,
            });
            known.until = None;
        }
        for (release, known) in &mut routed {
            if !switch.releases.contains(release) && known.until.is_none() {
                known.until = switch.done;
            }
        }
    }
    routed
}

fn switches(deployment: &Value) -> Vec<Switch> {
    let plan = &deployment["plan"];
    let release = |side: &str| plan[side]["release"].as_str().map(ToOwned::to_owned);
    let mut found: Vec<Switch> = Vec::new();
    let mut is_open = false;
    for record in deployment["journal"].as_array().into_iter().flatten() {
        let entry = &record["entry"];
        let at = record["at"].as_u64().unwrap_or_default();
        match entry["entry"].as_str() {
            Some("intent") => {
                let action = &entry["step"]["action"];
                is_open = action["do"] == "route";
                if is_open {
                    let sides = ["target", "previous"].into_iter();
                    let releases = sides
                        .filter(|side| action[side].as_array().is_some_and(|all| !all.is_empty()))
                        .filter_map(release)
                        .collect();
                    found.push(Switch {
                        intended: at,
                        done: None,
                        releases,
                    });
                }
            }
            Some("done") if is_open => {
                if let Some(last) = found.last_mut() {
                    last.done = Some(at);
                }
                is_open = false;
            }
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn deployment(old: &str, new: &str, at: u64, done: Option<u64>) -> Value {
        let mut journal = vec![json!({"at": at, "entry": {"entry": "intent", "step": {
            "action": {"do": "route", "target": ["web-1"], "previous": []}}}})];
        if let Some(done) = done {
            journal.push(json!({"at": done, "entry": {"entry": "done", "millis": 1}}));
        }
        json!({
            "plan": {"target": {"release": new}, "previous": {"release": old}},
            "journal": journal,
        })
    }

    #[test]
    fn a_release_is_routed_from_its_switch_to_the_next() {
        let all = [
            deployment("none", "a", 10, Some(12)),
            deployment("a", "b", 20, Some(23)),
        ];
        let routed = routed(&all);
        assert_eq!((routed["a"].from, routed["a"].until), (10, Some(23)));
        assert_eq!((routed["b"].from, routed["b"].until), (20, None));
    }

    #[test]
    fn a_switch_that_was_not_finished_gives_no_end() {
        let all = [
            deployment("none", "a", 10, Some(12)),
            deployment("a", "b", 20, None),
        ];
        assert_eq!(routed(&all)["a"].until, None);
    }
}
