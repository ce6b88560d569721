use super::*;
use crate::fixtures;
use crate::id::DeploymentId;
use crate::migration::Pending;
use crate::plan::{Around, Facts, Kind, Plan, audit, make};

fn pending(name: &str, turn: Turn, loses: &[&str]) -> Pending {
    Pending {
        name: name.to_owned(),
        file: format!("{name}.py"),
        turn,
        loses: loses.iter().map(|one| (*one).to_owned()).collect(),
        is_irreversible: false,
        is_atomic: true,
    }
}

fn plan(strategy: &str, kind: Kind) -> Plan {
    let config = fixtures::config(strategy);
    let around = Around {
        migrations: Some(Outlook {
            basis: Basis::Database,
            pending: vec![
                pending("shop.0002_add", Turn::Expand, &[]),
                pending("shop.0003_drop", Turn::Contract, &["shop_item.note"]),
                pending("orders.0002_add", Turn::Expand, &[]),
            ],
            unknown: vec![],
            remarks: vec![],
            conflicts: vec![],
        }),
        ..Around::default()
    };
    make(&Facts {
        deployment: DeploymentId(2),
        kind,
        config: &config,
        environment: &config.environments[0],
        release: &fixtures::release(),
        workload: &fixtures::workload(2),
        live: Some(&fixtures::occupant(2)),
        around: &around,
    })
}

/// The places of the steps of migrations, with how they are run.
fn runs(plan: &Plan) -> Vec<(usize, &Run)> {
    let steps = plan.steps.iter().enumerate();
    let runs = steps.filter_map(|(at, step)| match &step.action {
        Action::Migrate { run, .. } => Some((at, run.as_deref()?)),
        _ => None,
    });
    runs.collect()
}

#[test]
fn what_takes_away_comes_after_the_old_release_whatever_the_strategy() {
    for strategy in ["blue-green", "rolling", "recreate"] {
        let plan = plan(strategy, Kind::Deploy);
        let [(expand_at, expand), (contract_at, contract)] = runs(&plan)[..] else {
            panic!("{strategy}: {:#?}", plan.steps);
        };
        assert_eq!(expand.applies, ["shop.0002_add", "orders.0002_add"]);
        // Only the app that something waits in is held back.
        assert_eq!(
            expand.held,
            [("shop".to_owned(), Some("0002_add".to_owned()))].into()
        );
        assert_eq!(contract.applies, ["shop.0003_drop"]);
        assert!(contract.held.is_empty());
        assert!(expand_at < plan.revert.touched_from, "{strategy}");
        let steps = plan.steps.iter();
        let stops = steps
            .enumerate()
            .filter_map(|(at, step)| match step.action {
                Action::Stop { .. } | Action::MarkStable => Some(at),
                _ => None,
            });
        assert!(stops.max().unwrap() < contract_at, "{strategy}");
        assert_eq!(audit(&plan), [], "{strategy}");
    }
}

#[test]
fn a_plan_that_takes_away_too_early_is_found_out() {
    let mut plan = plan("blue-green", Kind::Deploy);
    let contract = plan.steps.pop().unwrap();
    plan.steps.insert(plan.steps.len() - 1, contract);
    let told: Vec<String> = audit(&plan).into_iter().map(|note| note.text).collect();
    assert_eq!(
        told,
        ["a migration would take away what running code needs"]
    );
}

#[test]
fn a_reader_is_told_what_is_lost_and_from_where_on() {
    let plan = plan("blue-green", Kind::Promote);
    let told: Vec<&str> = plan.notes.iter().map(|note| note.text.as_str()).collect();
    let has = |text: &str| told.iter().any(|note| note.contains(text));
    assert!(has("data loss: what `shop_item.note` holds"), "{told:?}");
    assert!(has(
        "point of no return: once r000000000001 is stopped, `shop.0003_drop`"
    ));
}

#[test]
fn a_rollback_migrates_nothing() {
    assert!(runs(&plan("blue-green", Kind::Rollback)).is_empty());
}
