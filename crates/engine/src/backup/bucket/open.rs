//! The bucket of an environment, and what lets one in.

use std::time::Duration;

use object_store::aws::AmazonS3Builder;
use object_store::{Error, RetryConfig};
use shipway_pipeline::config::{Environment, S3};
use shipway_pipeline::name::{EnvironmentName, ProjectName};

use super::client::Connector;
use super::objects::{Bucket, Place};
use crate::backup::BackupError;
use crate::database::DatabaseError;
use crate::executor::Engine;

/// The variables that every program of this kind reads.
const KEY: &str = "AWS_ACCESS_KEY_ID";
const SECRET: &str = "AWS_SECRET_ACCESS_KEY";
const TOKEN: &str = "AWS_SESSION_TOKEN";

/// A store that is restarted is back by then; whoever waits longer wants to know.
const RETRIED_FOR: Duration = Duration::from_secs(20);
const RETRIES: usize = 5;

/// What lets one in.
struct Credentials {
    key: String,
    secret: String,
    token: Option<String>,
}

impl Engine {
    /// The bucket of an environment, where it has one. Nothing is asked of it yet.
    pub(super) fn bucket(&self, environment: &Environment) -> Result<Option<Bucket>, BackupError> {
        let Some(s3) = &environment.backup.s3 else {
            return Ok(None);
        };
        let project = &self.databases.project()?.config.project;
        let place = place(s3, project, &environment.name);
        let credentials = Credentials {
            key: self.needed_key(environment, &place, KEY)?,
            secret: self.needed_key(environment, &place, SECRET)?,
            token: self.key(environment, TOKEN)?,
        };
        open(s3, place, credentials).map(Some)
    }

    fn needed_key(
        &self,
        environment: &Environment,
        place: &Place,
        name: &'static str,
    ) -> Result<String, BackupError> {
        let found = self.key(environment, name)?;
        found.ok_or_else(|| BackupError::NoKey {
            place: place.to_string(),
            variable: name,
        })
    }

    /// A part of the credentials: a variable of the environment, as the shell or its files have it,
    /// or else a secret of that name.
    fn key(&self, environment: &Environment, name: &str) -> Result<Option<String>, BackupError> {
        let project = self.databases.project()?;
        let variables = project.variables(environment);
        let variables = variables.map_err(DatabaseError::from)?;
        if let Some(value) = variables.get(name).filter(|value| !value.is_empty()) {
            return Ok(Some(value));
        }
        let Ok(name) = name.parse() else {
            return Ok(None);
        };
        let secret = self.own_secret(&environment.name, &name)?;
        Ok(secret.map(|value| String::from_utf8_lossy(value.expose()).trim().to_owned()))
    }
}

/// Where the backups of an environment are: two projects in one bucket are apart.
fn place(s3: &S3, project: &ProjectName, environment: &EnvironmentName) -> Place {
    let prefix = s3.prefix.as_deref().unwrap_or(project.as_str());
    let parts = prefix.split('/').filter(|part| !part.is_empty());
    let parts: Vec<&str> = parts.chain([environment.as_str()]).collect();
    Place {
        bucket: s3.bucket.clone(),
        folder: parts.join("/"),
    }
}

fn open(s3: &S3, place: Place, credentials: Credentials) -> Result<Bucket, BackupError> {
    let mut builder = AmazonS3Builder::new()
        .with_bucket_name(&s3.bucket)
        .with_region(&s3.region)
        .with_access_key_id(credentials.key)
        .with_secret_access_key(credentials.secret)
        .with_http_connector(Connector)
        .with_retry(RetryConfig {
            max_retries: RETRIES,
            retry_timeout: RETRIED_FOR,
            ..RetryConfig::default()
        });
    if let Some(token) = credentials.token {
        builder = builder.with_token(token);
    }
    if let Some(endpoint) = &s3.endpoint {
        builder = builder.with_endpoint(endpoint);
    }
    let failed = |source: Error| BackupError::Bucket {
        action: "open",
        place: place.to_string(),
        source: Box::new(source),
    };
    let store = builder.build().map_err(failed)?;
    Bucket::try_new(store, place)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_projects_in_one_bucket_are_apart() {
        let (project, environment) = ("shop".parse().unwrap(), "production".parse().unwrap());
        let mut s3 = S3 {
            bucket: "backups".to_owned(),
            prefix: None,
            endpoint: None,
            region: "us-east-1".to_owned(),
        };
        let shown = |s3: &S3| place(s3, &project, &environment).to_string();
        assert_eq!(shown(&s3), "s3://backups/shop/production");
        s3.prefix = Some("/of//us/".to_owned());
        assert_eq!(shown(&s3), "s3://backups/of/us/production");
        s3.prefix = Some("/".to_owned());
        assert_eq!(shown(&s3), "s3://backups/production");
    }
}
