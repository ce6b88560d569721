use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::fixtures::{config, occupant, workload};
use crate::plan::{Action, make};

fn running(texts: &[&str]) -> BTreeSet<InstanceId> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

fn wanted(pairs: &[(&str, u32)]) -> Sizes {
    pairs
        .iter()
        .map(|(service, size)| (service.parse().unwrap(), *size))
        .collect()
}

fn scaled(
    live: &Occupant,
    running: &BTreeSet<InstanceId>,
    wanted: &Sizes,
) -> Result<Option<Plan>, Refusal> {
    let config = config("blue-green");
    scale(&ScaleFacts {
        deployment: DeploymentId(7),
        config: &config,
        environment: &config.environments[0],
        live,
        workload: &workload(2),
        running,
        wanted,
    })
}

/// The steps in a few words, with the size of web after those that change it.
fn told(plan: &Plan) -> Vec<String> {
    plan.steps
        .iter()
        .map(|step| {
            let list = |ids: &[InstanceId]| {
                let texts: Vec<String> = ids.iter().map(ToString::to_string).collect();
                texts.join(" ")
            };
            let text = match &step.action {
                Action::Start { sizes, .. } => format!("start {sizes:?}"),
                Action::AwaitHealthy { only, .. } => {
                    format!("await {}", list(only.as_ref().unwrap()))
                }
                Action::Route { target, .. } => format!("route {}", list(target)),
                Action::Drain { only, .. } => format!("drain {}", list(only.as_ref().unwrap())),
                Action::Stop { only, .. } => format!("stop {}", list(only.as_ref().unwrap())),
                other => panic!("{other:?}"),
            };
            match &step.resizes {
                Some(occupant) => format!("{text} => {:?}", occupant.sizes),
                None => text,
            }
        })
        .map(|text| text.replace("ServiceName(", "").replace(['"', ')'], ""))
        .collect()
}

#[test]
fn instances_come_one_by_one() {
    let plan = scaled(
        &occupant(2),
        &running(&["web-1", "web-2", "worker-1"]),
        &wanted(&[("web", 4)]),
    );
    let plan = plan.unwrap().unwrap();
    insta::assert_debug_snapshot!(told(&plan), @r#"
    [
        "start {web: 3}",
        "await web-3",
        "route web-1 web-2 web-3 => {beat: 1, web: 3, worker: 1}",
        "start {web: 4}",
        "await web-4",
        "route web-1 web-2 web-3 web-4 => {beat: 1, web: 4, worker: 1}",
    ]
    "#);
    let scaled = plan.target.scaled.values().collect::<Vec<_>>();
    assert_eq!(scaled, [&Scaled { size: 4, file: 2 }]);
    assert_eq!(crate::plan::audit(&plan), vec![]);
}

#[test]
fn instances_go_one_by_one() {
    let plan = scaled(
        &occupant(3),
        &running(&["web-1", "web-2", "web-3", "worker-1"]),
        &wanted(&[("web", 1), ("worker", 0)]),
    );
    let plan = plan.unwrap().unwrap();
    insta::assert_debug_snapshot!(told(&plan), @r#"
    [
        "route web-1 web-2 => {beat: 1, web: 2, worker: 1}",
        "drain web-3",
        "stop web-3",
        "route web-1 => {beat: 1, web: 1, worker: 1}",
        "drain web-2",
        "stop web-2",
        "stop worker-1 => {beat: 1, web: 1}",
    ]
    "#);
    assert_eq!(crate::plan::audit(&plan), vec![]);
}

#[test]
fn what_an_interrupted_command_left_is_finished_or_removed() {
    // web-1 is gone, web-4 came and was never recorded, web-6 was to go.
    let running = running(&["web-2", "web-4", "web-6"]);
    let plan = scaled(&occupant(2), &running, &wanted(&[("web", 4)]));
    insta::assert_debug_snapshot!(told(&plan.unwrap().unwrap()), @r#"
    [
        "start {web: 1}",
        "await web-1",
        "route web-1 web-2 => {beat: 1, web: 2, worker: 1}",
        "start {web: 3}",
        "await web-3",
        "route web-1 web-2 web-3 => {beat: 1, web: 3, worker: 1}",
        "start {web: 4}",
        "await web-4",
        "route web-1 web-2 web-3 web-4 => {beat: 1, web: 4, worker: 1}",
        "route web-1 web-2 web-3 web-4 => {beat: 1, web: 4, worker: 1}",
        "drain web-6",
        "stop web-6",
    ]
    "#);
}

#[test]
fn nothing_is_planned_where_nothing_changes() {
    let running = running(&["web-1", "web-2"]);
    let plan = scaled(&occupant(2), &running, &wanted(&[("web", 2)]));
    assert_eq!(plan, Ok(None));
}

#[test]
fn the_number_of_the_files_is_no_override() {
    let mut live = occupant(3);
    let web: ServiceName = "web".parse().unwrap();
    live.scaled.insert(web, Scaled { size: 3, file: 2 });
    let running = running(&["web-1", "web-2", "web-3"]);
    let plan = scaled(&live, &running, &wanted(&[("web", 2)]));
    assert!(plan.unwrap().unwrap().target.scaled.is_empty());
}

#[test]
fn what_cannot_be_scaled_is_refused() {
    let refused = |service: &str, size| {
        let running = running(&["web-1"]);
        let refusal = scaled(&occupant(1), &running, &wanted(&[(service, size)]));
        refusal.unwrap_err().to_string()
    };
    insta::assert_snapshot!(refused("beat", 2), @"service `beat` is a singleton: two must never be alive at once");
    insta::assert_snapshot!(refused("wbe", 2), @"no service `wbe` is live in `production`");
    insta::assert_snapshot!(refused("web", 0), @"service `web` takes the requests, and without an instance each would be refused");
}

#[test]
fn a_plan_that_routes_to_nobody_or_stops_what_is_routed_is_found() {
    let running = running(&["web-1", "web-2"]);
    let plan = scaled(&occupant(2), &running, &wanted(&[("web", 1)]));
    let mut plan = plan.unwrap().unwrap();
    plan.steps.remove(0);
    assert_eq!(crate::plan::audit(&plan).len(), 1);
}

proptest! {
    #[test]
    fn every_plan_keeps_the_rules_and_ends_at_what_was_wanted(
        size in 1_u32..6,
        wanted_size in 1_u32..6,
        there in proptest::collection::btree_set(1_u32..8, 0..8),
    ) {
        let web: ServiceName = "web".parse().unwrap();
        let running = make::instances(&web, there).into_iter().collect();
        let live = occupant(size);
        let wanted = Sizes::from([(web.clone(), wanted_size)]);
        if let Some(plan) = scaled(&live, &running, &wanted).unwrap() {
            prop_assert_eq!(crate::plan::audit(&plan), vec![]);
            prop_assert_eq!(plan.target.sizes[&web], wanted_size);
            // What is recorded grows and shrinks by what runs, and ends at what was wanted.
            let last = plan.steps.iter().rev().find_map(|step| step.resizes.as_deref());
            prop_assert_eq!(last.unwrap_or(&live).sizes[&web], wanted_size);
        } else {
            prop_assert_eq!(size, wanted_size);
        }
    }
}
