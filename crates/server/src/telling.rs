//! Has sent what is to be told, all the time.

use std::sync::Arc;
use std::time::Duration;

use shipway_engine::clock::now;

use crate::options::Tell;
use crate::shared::Shared;

/// Commands record what is to be told without a word to the daemon.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// Looks for what is to be told until the daemon is to end. What is being sent then is sent.
pub(crate) async fn run(shared: Arc<Shared>, tell: Tell) {
    let mut closing = shared.closing.clone();
    loop {
        let next = shared.ask(|store| Ok(store.next_telling()?)).await;
        match next {
            Ok(Some(at)) if at <= now() => report(tell().await),
            Ok(_) => {}
            Err(problem) => tracing::error!(detail = problem.detail, "nobody is told"),
        }
        tokio::select! {
            _ = closing.wait_for(|is_closing| *is_closing) => return,
            () = tokio::time::sleep(LOOK_AGAIN) => {}
        }
    }
}

fn report(told: Result<Vec<String>, String>) {
    match told {
        Ok(troubles) => {
            for trouble in troubles {
                tracing::warn!("{trouble}");
            }
        }
        Err(error) => tracing::error!(error, "nobody is told"),
    }
}
