//! Closes an environment to visitors, and opens it again.

use shipway_pipeline::config::Environment;
use shipway_pipeline::route::RouteKey;
use shipway_proxy::control::Closure;
use shipway_store::Audit;

use crate::clock::now;
use crate::executor::Engine;
use crate::ports::RouterError;
use crate::project::Project;

/// Why an environment was not closed or opened.
#[derive(Debug, thiserror::Error)]
pub enum MaintenanceError {
    /// The proxy has no route for it.
    #[error("nothing is routed in {0}")]
    NotRouted(String),
    /// The proxy would not, or could not be had.
    #[error(transparent)]
    Router(#[from] RouterError),
    /// The audit trail cannot be written.
    #[error(transparent)]
    Store(#[from] shipway_store::Error),
}

impl Engine {
    /// Closes an environment, or opens it where nothing is given; whether that changed anything.
    ///
    /// It takes no lease: a deployment may be under way, and knows nothing of it. Killed in the
    /// middle, the audit trail may tell of what was about to be done.
    ///
    /// # Errors
    /// See [`MaintenanceError`].
    pub async fn maintain(
        &self,
        project: &Project,
        environment: &Environment,
        closure: Option<Closure>,
    ) -> Result<bool, MaintenanceError> {
        let key = RouteKey {
            project: project.config.project.clone(),
            environment: environment.name.clone(),
        };
        if self.router.route(&key).await?.is_none() {
            return Err(MaintenanceError::NotRouted(environment.name.to_string()));
        }
        let (action, subject) = match &closure {
            Some(closure) => ("maintenance on", told(closure)),
            None => ("maintenance off", String::new()),
        };
        let audit = Audit {
            actor: &self.actor,
            action,
            environment: Some(&environment.name),
            subject: &subject,
        };
        self.store.audit(&audit, now())?;
        Ok(self.router.maintain(&key, closure).await?)
    }
}

/// Whom it stays open to.
fn told(closure: &Closure) -> String {
    let allow = closure.maintenance.allow.iter();
    let allow: Vec<String> = allow.map(ToString::to_string).collect();
    match allow.as_slice() {
        [] => String::new(),
        allow => format!("open to {}", allow.join(", ")),
    }
}
