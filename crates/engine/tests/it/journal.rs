//! The journal says what is done before it is done.

use shipway_pipeline::deployment::Outcome;
use shipway_pipeline::journal::Entry;
use shipway_pipeline::plan::Action;
use shipway_store::Store;
use shipway_testkit::fakes::Call;

use crate::rig::{Rig, production};

/// What is wrong with an effect that is about to happen: it needs an intent that is stored, that
/// is the last one, and that was written under the same lease.
pub(crate) fn unannounced(store: &Store, call: &Call) -> Option<String> {
    let wrong = |what: &str| Some(format!("{call:?} without an intent: {what}"));
    let Ok(Some(deployment)) = store.unfinished(&production()) else {
        return wrong("no deployment is under way");
    };
    let Ok(journal) = store.journal(deployment.id) else {
        return wrong("the journal cannot be read");
    };
    let last = journal.iter().rev().find(|record| {
        matches!(
            record.entry,
            Entry::Intent { .. } | Entry::Done { .. } | Entry::Failed { .. } | Entry::Judged { .. }
        )
    });
    let Some((record, Entry::Intent { step })) = last.map(|record| (record, &record.entry)) else {
        return wrong(&format!("the last entry is {last:?}"));
    };
    if !announces(&step.action, call) {
        return wrong(&format!("the last intent is {:?}", step.action));
    }
    match call.epoch() {
        Some(epoch) if epoch != record.epoch => {
            wrong(&format!("the intent has epoch {}", record.epoch))
        }
        _ => None,
    }
}

fn announces(action: &Action, call: &Call) -> bool {
    match call {
        Call::Start { .. } => matches!(action, Action::Start { .. } | Action::StartShared { .. }),
        Call::Stop { .. } => matches!(
            action,
            Action::Stop { .. } | Action::ClearColour | Action::Settle { .. }
        ),
        Call::RunTask { .. } => matches!(action, Action::Migrate { .. }),
        Call::Put { .. } => matches!(
            action,
            Action::Route { .. } | Action::ClearColour | Action::Settle { .. }
        ),
        Call::Unroute { .. } => matches!(action, Action::GiveBack { .. }),
        Call::Hold { .. } => matches!(action, Action::Hold),
        Call::Resume { .. } => matches!(action, Action::Resume),
        Call::Cut { .. } => matches!(action, Action::Drain { .. } | Action::Settle { .. }),
        Call::Tag { .. } => matches!(action, Action::TagArtifact { .. }),
        // A release is pruned under no deployment.
        Call::Remove { .. } => false,
        Call::Build
        | Call::HasArtifact
        | Call::List { .. }
        | Call::Logs
        | Call::Route
        | Call::Listens
        | Call::Traffic => true,
    }
}

#[tokio::test(start_paused = true)]
async fn every_step_has_an_intent_and_an_end_in_the_order_of_the_plan() {
    for strategy in ["blue-green", "rolling", "recreate"] {
        let rig = Rig::new(strategy);
        rig.deploy_all([1]).await;
        let finished = rig.deploy(&rig.request(2)).await;
        assert_eq!(finished.outcome, Outcome::Succeeded);

        let store = &rig.store;
        let journal = store.journal(finished.deployment).expect("it can be read");
        for (index, record) in journal.iter().enumerate() {
            assert_eq!(record.sequence, index as u64 + 1);
        }
        let mut entries = journal.into_iter().map(|record| record.entry);
        assert!(matches!(entries.next(), Some(Entry::Requested { .. })));
        assert!(matches!(entries.next(), Some(Entry::LeaseTaken { .. })));
        for planned in &finished.plan.steps {
            let intent = entries.next();
            assert!(
                matches!(&intent, Some(Entry::Intent { step }) if step == planned),
                "{intent:?} in place of {planned:?}"
            );
            let end = entries.next();
            let is_end = match planned.action {
                Action::Bake { .. } => matches!(end, Some(Entry::Judged { failure: None })),
                _ => matches!(end, Some(Entry::Done { .. })),
            };
            assert!(is_end, "{end:?} after {planned:?}");
        }
        let outcome = Outcome::Succeeded;
        assert_eq!(entries.next(), Some(Entry::Finished { outcome }));
        assert_eq!(entries.next(), None);
        rig.assert_live(2);
    }
}
