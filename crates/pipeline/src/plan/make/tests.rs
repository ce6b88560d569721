use super::*;
use crate::digest::Digest;
use crate::fixtures;
use crate::plan::{Around, Severity, Stage};
use crate::workload::Model;

const IMAGE: &str = "registry.example.org/shop/web@sha256:02";

fn published() -> Release {
    let mut release = fixtures::release();
    release.artifacts = [("web".to_owned(), IMAGE.to_owned())].into();
    release.builds = of(BUILD).builds();
    release.platforms = vec!["linux/amd64".to_owned()];
    release
}

/// A workload whose `web` is built so.
fn of(build: &str) -> Workload {
    let mut workload = fixtures::workload(1);
    workload.model = Some(Model {
        document: format!("services:\n  web:\n    build: {build}\n"),
        directory: "/srv/shop".to_owned(),
        listens: [].into(),
        host: None,
        adopt: None,
    });
    workload
}

const BUILD: &str = "{context: /srv/shop, target: production}";

fn plan(kind: Kind, release: &Release, workload: &Workload) -> Plan {
    let config = fixtures::config("blue-green");
    make(&Facts {
        deployment: DeploymentId(2),
        kind,
        config: &config,
        environment: &config.environments[0],
        release,
        workload,
        live: Some(&fixtures::occupant(1)),
        around: &Around::default(),
    })
}

/// The tags that are given, each with the stage that it is given in.
fn tags(plan: &Plan) -> Vec<(Stage, &str)> {
    let steps = plan.steps.iter();
    steps
        .filter_map(|step| match &step.action {
            Action::TagArtifact { tag } => Some((step.stage, tag.as_str())),
            _ => None,
        })
        .collect()
}

#[test]
fn a_registry_is_asked_before_anything_is_touched_and_told_at_the_end() {
    let promotion = plan(Kind::Promote, &published(), &of(BUILD));
    assert_eq!(
        tags(&promotion),
        [
            (Stage::Preparing, "r000000000002"),
            (Stage::Finalising, "production")
        ]
    );
    let is_tag = |step: &crate::plan::Step| matches!(step.action, Action::TagArtifact { .. });
    assert!(promotion.steps.iter().position(is_tag).unwrap() < promotion.revert.touched_from);
    assert!(promotion.steps.last().is_some_and(is_tag));
}

#[test]
fn a_rollback_does_not_wait_for_a_registry() {
    let rollback = plan(Kind::Rollback, &published(), &of(BUILD));
    assert_eq!(tags(&rollback), [(Stage::Finalising, "production")]);
    let stable = rollback
        .steps
        .iter()
        .position(|step| step.action == Action::MarkStable);
    assert!(stable.unwrap() < rollback.steps.len() - 1);
}

#[test]
fn what_is_in_no_registry_has_no_tags() {
    let kept = plan(Kind::Promote, &fixtures::release(), &fixtures::workload(1));
    assert_eq!(tags(&kept), []);
}

#[test]
fn files_that_ask_for_another_image_are_told_of() {
    let notes = |workload: &Workload| -> Vec<(Severity, String)> {
        let plan = plan(Kind::Promote, &published(), workload);
        let notes = plan.notes.into_iter();
        notes
            .filter(|note| note.text.contains("build"))
            .map(|note| (note.severity, note.text))
            .collect()
    };
    assert_eq!(notes(&of(BUILD)), []);
    // Where it is made and with what cache changes nothing.
    let elsewhere = "{context: /srv/shop, target: production, cache_from: [a]}";
    assert_eq!(notes(&of(elsewhere)), []);
    let other = notes(&of("{context: /srv/shop, target: test}"));
    assert!(
        matches!(other.as_slice(), [(Severity::Warning, text)] if text.contains("`web`")),
        "{other:?}"
    );
    let mut more = of(BUILD);
    if let Some(model) = &mut more.model {
        model
            .document
            .push_str("  worker: {build: {context: /srv/shop/worker}}\n");
    }
    let missing = notes(&more);
    assert!(
        matches!(missing.as_slice(), [(Severity::Fatal, text)] if text.contains("`worker`")),
        "{missing:?}"
    );
}

#[test]
fn a_build_is_the_same_in_another_checkout() {
    let mut moved = of(&BUILD.replace("/srv/shop", "/home/me/shop"));
    if let Some(model) = &mut moved.model {
        model.directory = "/home/me/shop".to_owned();
    }
    assert_eq!(moved.builds(), of(BUILD).builds());
    assert_ne!(of(BUILD).builds()[&"web".parse().unwrap()], Digest::of(b""));
}
