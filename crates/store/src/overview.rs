//! What is on record of environments, all of it as it was at one moment.

use shipway_pipeline::name::EnvironmentName;
use shipway_pipeline::release::Release;

use crate::environment::{self, Environment};
use crate::error::Error;
use crate::lease::{self, Holder};
use crate::release;
use crate::store::Store;
use crate::summary::{self, Summary};

/// What is on record of an environment.
#[derive(Debug, Clone, Default)]
pub struct Overview {
    /// What is live.
    pub environment: Environment,
    /// The release that is live.
    pub release: Option<Release>,
    /// The deployment that is not over.
    pub unfinished: Option<Summary>,
    /// Who took the environment last and has not given it back. Read only where a deployment is
    /// not over.
    pub holder: Option<Holder>,
}

impl Store {
    /// What is on record of environments, in the same order: read in one transaction, so what one
    /// says fits to what another one says.
    ///
    /// # Errors
    /// The records cannot be read.
    pub fn overviews<'a>(
        &self,
        names: impl IntoIterator<Item = &'a EnvironmentName>,
    ) -> Result<Vec<Overview>, Error> {
        const ACTION: &str = "read what is on record";
        let mut connection = self.read();
        let transaction = connection.transaction().map_err(Error::database(ACTION))?;
        let read = |name: &EnvironmentName| {
            let environment = environment::read(&transaction, name)?;
            let release = match &environment.live {
                Some(live) => release::read(&transaction, &live.release)?,
                None => None,
            };
            let unfinished = summary::unfinished(&transaction, name)?;
            let holder = match &unfinished {
                Some(_) => lease::holder(&transaction, name)?,
                None => None,
            };
            Ok(Overview {
                environment,
                release,
                unfinished,
                holder,
            })
        };
        names.into_iter().map(read).collect()
    }

    /// What is on record of one environment.
    ///
    /// # Errors
    /// The records cannot be read.
    pub fn overview(&self, name: &EnvironmentName) -> Result<Overview, Error> {
        let mut all = self.overviews([name])?;
        Ok(all.pop().unwrap_or_default())
    }
}
