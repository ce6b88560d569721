//! Waivers laid over findings.

use super::{Language, Migration};
use crate::finding::Finding;
use crate::rules;
use crate::settings::{Settings, Severity};
use crate::waiver::waivers;

/// Marks findings that a waiver is about, and adds those about the waivers themselves.
pub(super) fn waive(
    migration: &Migration,
    text: &str,
    settings: &Settings,
    findings: &mut Vec<Finding>,
) {
    let comment = match migration.language {
        Language::Django => "#",
        Language::Sql => "--",
    };
    let mut found = Vec::new();
    for waiver in waivers(text, comment) {
        let say = |message: String| {
            rules::finding(
                rules::waiver(message),
                migration.file,
                waiver.range.clone(),
                settings,
            )
        };
        if waiver.reason.is_empty() {
            found.push(say(
                "a waiver gives no reason, so it waives nothing".to_owned()
            ));
            continue;
        }
        for rule in &waiver.rules {
            let mut is_used = false;
            for finding in findings.iter_mut() {
                let is_about = waiver.covers(&finding.within) || waiver.covers(&finding.range);
                // What is turned off needs no waiver, and leaves one without use.
                if finding.rule.id == rule && is_about && finding.severity != Severity::Off {
                    finding.waived = Some(waiver.reason.clone());
                    is_used = true;
                }
            }
            if rules::rule(rule).is_none() {
                found.push(say(format!("there is no rule `{rule}`")));
            } else if !is_used {
                found.push(say(format!("nothing here has to be waived of `{rule}`")));
            }
        }
    }
    findings.append(&mut found);
}
