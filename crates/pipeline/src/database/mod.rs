//! Where an environment's database is, by what was configured and by what runs.

mod url;

use crate::config::Database;
use crate::name::ServiceName;
use crate::role::{Role, image_name};
use crate::secret::SecretValue;
use crate::workload::{Member, Workload};

pub use url::{InvalidUrl, parse_url};

/// Images that are PostgreSQL, by the last part of their name.
const POSTGRES_IMAGES: [&str; 6] = [
    "postgres",
    "postgresql",
    "postgis",
    "pgvector",
    "timescaledb",
    "timescaledb-ha",
];

/// Where an environment's database is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A PostgreSQL server in the container of a service.
    Service {
        /// Whose.
        service: ServiceName,
        /// Who it is asked as.
        user: String,
        /// Which of its databases.
        name: String,
        /// That user's password, where the service's environment has it.
        password: Option<SecretValue>,
    },
    /// A PostgreSQL server elsewhere.
    Url {
        /// The variable that holds its URL.
        variable: String,
    },
    /// An SQLite file.
    Sqlite {
        /// The volume that holds it.
        volume: String,
        /// Its path in the volume.
        file: String,
    },
}

/// Why it is not known what an environment's database is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unknown {
    /// No service is one, and nothing was configured.
    #[error("no service has an image of PostgreSQL, and `shipway.yml` names no database")]
    None,
    /// More than one service could be it.
    #[error("`{}` are PostgreSQL servers, and `shipway.yml` does not say which one is meant", names(.0))]
    Several(Vec<ServiceName>),
    /// What was configured is not there.
    #[error("the service `{0}` of `database` is not run here")]
    NoService(ServiceName),
    /// What was configured is replaced with each release.
    #[error("the service `{0}` of `database` is not `stateful`")]
    NotStateful(ServiceName),
}

/// Finds an environment's database.
///
/// # Errors
/// Nothing is one, or several could be.
pub fn locate(configured: Option<&Database>, workload: &Workload) -> Result<Place, Unknown> {
    let (service, user, name) = match configured {
        Some(Database::Url { variable }) => {
            return Ok(Place::Url {
                variable: variable.clone(),
            });
        }
        Some(Database::Sqlite { volume, file }) => {
            return Ok(Place::Sqlite {
                volume: volume.clone(),
                file: file.clone(),
            });
        }
        Some(Database::Service {
            service,
            user,
            name,
        }) => (service.as_ref(), user.clone(), name.clone()),
        None => (None, None, None),
    };
    let member = match service {
        Some(service) => named(service, workload)?,
        None => only(workload)?,
    };
    let of_image = |names: [&str; 2]| {
        let mut values = names.into_iter().filter_map(|name| variable(member, name));
        values.next()
    };
    // What the images do themselves where a variable is not set.
    let user = user
        .or_else(|| of_image(["POSTGRES_USER", "POSTGRESQL_USERNAME"]))
        .unwrap_or_else(|| "postgres".to_owned());
    let name = name.or_else(|| of_image(["POSTGRES_DB", "POSTGRESQL_DATABASE"]));
    Ok(Place::Service {
        service: member.name.clone(),
        name: name.unwrap_or_else(|| user.clone()),
        user,
        password: of_image(["POSTGRES_PASSWORD", "POSTGRESQL_PASSWORD"])
            .map(|text| SecretValue::new(text.into_bytes())),
    })
}

fn named<'w>(service: &ServiceName, workload: &'w Workload) -> Result<&'w Member, Unknown> {
    let mut members = workload.members.iter();
    let member = members.find(|member| member.name == *service);
    let member = member.ok_or_else(|| Unknown::NoService(service.clone()))?;
    if member.role == Role::Stateful {
        Ok(member)
    } else {
        Err(Unknown::NotStateful(service.clone()))
    }
}

fn only(workload: &Workload) -> Result<&Member, Unknown> {
    let is_server = |member: &&Member| {
        let image = member.service.image.as_deref();
        member.role == Role::Stateful
            && image.is_some_and(|image| POSTGRES_IMAGES.contains(&image_name(image)))
    };
    let found: Vec<&Member> = workload.members.iter().filter(is_server).collect();
    match found.as_slice() {
        [] => Err(Unknown::None),
        [member] => Ok(member),
        several => Err(Unknown::Several(
            several.iter().map(|member| member.name.clone()).collect(),
        )),
    }
}

/// A variable of a service, where it has a value.
fn variable(member: &Member, name: &str) -> Option<String> {
    let value = member.service.environment.get(name)?.clone();
    value.filter(|value| !value.is_empty())
}

fn names(all: &[ServiceName]) -> String {
    let all: Vec<&str> = all.iter().map(ServiceName::as_str).collect();
    all.join("`, `")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures;

    fn server(name: &str, image: &str, variables: &[(&str, &str)]) -> Member {
        let mut service = fixtures::service(name, 1);
        service.image = Some(image.to_owned());
        let variables = variables.iter();
        service.environment = variables
            .map(|(name, value)| ((*name).to_owned(), Some((*value).to_owned())))
            .collect();
        Member {
            name: name.parse().unwrap(),
            role: Role::Stateful,
            service,
        }
    }

    fn workload(servers: Vec<Member>) -> Workload {
        let mut workload = fixtures::workload(1);
        workload.members.extend(servers);
        workload
    }

    #[test]
    fn the_one_server_is_the_database_as_its_image_has_it() {
        let db = server(
            "db",
            "registry.example.org/postgis/postgis:16",
            &[("POSTGRES_USER", "shop"), ("POSTGRES_PASSWORD", "secret")],
        );
        let found = locate(None, &workload(vec![db, server("cache", "redis:7", &[])])).unwrap();
        let Place::Service {
            user,
            name,
            password,
            ..
        } = &found
        else {
            panic!("{found:?}");
        };
        assert_eq!((user.as_str(), name.as_str()), ("shop", "shop"));
        assert_eq!(password.as_ref().unwrap().expose(), b"secret");
        assert!(!format!("{found:?}").contains("secret"));
    }

    #[test]
    fn of_two_servers_one_must_be_named() {
        let two = workload(vec![
            server("db", "postgres:17", &[("POSTGRES_DB", "shop")]),
            server("stats", "timescale/timescaledb:2", &[]),
        ]);
        assert!(matches!(locate(None, &two), Err(Unknown::Several(_))));
        let configured = |service: &str| Database::Service {
            service: Some(service.parse().unwrap()),
            user: Some("reader".to_owned()),
            name: None,
        };
        let found = locate(Some(&configured("db")), &two).unwrap();
        let db = Place::Service {
            service: "db".parse().unwrap(),
            user: "reader".to_owned(),
            name: "shop".to_owned(),
            password: None,
        };
        assert_eq!(found, db);
        let refused = |service| locate(Some(&configured(service)), &two).unwrap_err();
        assert!(matches!(refused("web"), Unknown::NotStateful(_)));
        assert!(matches!(refused("dbx"), Unknown::NoService(_)));
    }

    #[test]
    fn without_a_server_there_is_no_database() {
        assert_eq!(locate(None, &workload(vec![])), Err(Unknown::None));
    }
}
