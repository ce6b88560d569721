//! The house rules that a program can check.
//!
//! | module | rule |
//! | --- | --- |
//! | [`table`] | which crate stands in which layer |
//! | [`dependencies`] | dependencies point down only |
//! | [`denied`] | pure crates have no crate that does I/O |
//! | [`manifest`] | lints and versions come from the workspace |
//! | [`source`] | files stay small, `lib.rs` is a table of contents |

mod denied;
mod dependencies;
mod facts;
mod manifest;
mod source;
mod table;

use anyhow::Result;

use crate::workspace::Workspace;

/// Something that a rule has to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Finding {
    /// The rule is broken.
    Error(String),
    /// Worth a thought.
    Warning(String),
}

/// Checks every rule.
pub(crate) fn check(workspace: &Workspace) -> Result<Vec<Finding>> {
    let packages = facts::gather(workspace)?;
    let mut findings = Vec::new();
    for package in &packages {
        findings.extend(dependencies::check(package));
        findings.extend(denied::check(package));
        findings.extend(manifest::check(package));
        for file in &package.files {
            findings.extend(source::check(file));
        }
    }
    Ok(findings)
}
