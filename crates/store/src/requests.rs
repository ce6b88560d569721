//! Requests as they are read: one, those that are open, and pages of them.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension as _, Row, ToSql};
use shipway_pipeline::digest::Digest;
use shipway_pipeline::id::RequestId;
use shipway_pipeline::name::EnvironmentName;
use shipway_pipeline::request::Request;

use crate::error::Error;
use crate::store::Store;

const ACTION: &str = "read requests";

/// Which requests are wanted, the newest first.
#[derive(Debug, Clone, Default)]
pub struct RequestPage {
    /// Only those of this environment.
    pub environment: Option<EnvironmentName>,
    /// Only those before this one.
    pub before: Option<RequestId>,
    /// At most so many.
    pub limit: usize,
    /// Only those that are not over.
    pub is_open: bool,
}

/// A request as lists tell it.
#[derive(Debug, Clone, PartialEq)]
pub struct Listed {
    /// The request, without what people consent to: a plan is long, and no list shows it.
    pub request: Request,
    /// The digest of the plan that people consent to.
    pub consent: Option<Digest>,
}

impl Store {
    /// A request by its number.
    ///
    /// # Errors
    /// The record cannot be read.
    pub fn request(&self, id: RequestId) -> Result<Option<Request>, Error> {
        read(&self.read(), id)
    }

    /// The requests that are not over, the oldest first.
    ///
    /// # Errors
    /// The records cannot be read.
    pub fn open_requests(&self) -> Result<Vec<Request>, Error> {
        self.select(OPEN, &[], parse)
    }

    /// How many requests are not over, by the name of their state.
    ///
    /// # Errors
    /// The records cannot be read.
    pub fn count_open_requests(&self) -> Result<BTreeMap<String, u64>, Error> {
        let connection = self.read();
        let mut statement = connection
            .prepare_cached(COUNT_OPEN)
            .map_err(Error::database(ACTION))?;
        let counted = statement
            .query_map([], |row| Ok((row.get(0)?, row.get::<_, i64>(1)? as u64)))
            .map_err(Error::database(ACTION))?;
        counted
            .collect::<Result<_, _>>()
            .map_err(Error::database(ACTION))
    }

    /// A page of requests, with all that is on record of each.
    ///
    /// # Errors
    /// The records cannot be read.
    pub fn requests(&self, page: &RequestPage) -> Result<Vec<Request>, Error> {
        self.page("document", page, parse)
    }

    /// A page of requests as lists tell them.
    ///
    /// # Errors
    /// The records cannot be read.
    pub fn listed_requests(&self, page: &RequestPage) -> Result<Vec<Listed>, Error> {
        self.page(LISTED, page, |row| {
            let request = parse(row)?;
            let consent: Option<String> = row.get(1).map_err(Error::database(ACTION))?;
            let consent = consent
                .map(|text| serde_json::from_value(text.into()))
                .transpose()
                .map_err(Error::document("request"))?;
            Ok(Listed { request, consent })
        })
    }

    fn page<T>(
        &self,
        columns: &str,
        page: &RequestPage,
        read: impl Fn(&Row<'_>) -> Result<T, Error>,
    ) -> Result<Vec<T>, Error> {
        let before = page.before.map_or(i64::MAX, |id| id.0 as i64);
        let name = page.environment.as_ref().map(EnvironmentName::as_str);
        let values: [&dyn ToSql; 3] = [&before, &(page.limit as i64), &name];
        let sql = of_page(columns, name.is_some(), page.is_open);
        self.select(&sql, &values, read)
    }

    fn select<T>(
        &self,
        sql: &str,
        values: &[&dyn ToSql],
        read: impl Fn(&Row<'_>) -> Result<T, Error>,
    ) -> Result<Vec<T>, Error> {
        let connection = self.read();
        let mut statement = connection
            .prepare_cached(sql)
            .map_err(Error::database(ACTION))?;
        let mut rows = statement.query(values).map_err(Error::database(ACTION))?;
        let mut all = Vec::new();
        while let Some(row) = rows.next().map_err(Error::database(ACTION))? {
            all.push(read(row)?);
        }
        Ok(all)
    }
}

/// The statement for the requests that are not over.
pub(crate) const OPEN: &str = "SELECT document FROM requests WHERE state <> 'ended' ORDER BY id";

/// The statement for their numbers.
pub(crate) const COUNT_OPEN: &str =
    "SELECT state, count(*) FROM requests WHERE state <> 'ended' GROUP BY state";

/// What a list needs of a request.
pub(crate) const LISTED: &str =
    "json_remove(document, '$.agreement'), json_extract(document, '$.agreement.digest')";

/// The statement of a page; `?3` is the environment.
pub(crate) fn of_page(columns: &str, is_of_one: bool, is_open: bool) -> String {
    let which = match (is_of_one, is_open) {
        (false, false) => "?3 IS NULL",
        (true, false) => "environment = ?3",
        (false, true) => "?3 IS NULL AND state <> 'ended'",
        // Few are open, and many are of an environment: `+` keeps SQLite from the other index.
        (true, true) => "+environment = ?3 AND state <> 'ended'",
    };
    format!("SELECT {columns} FROM requests WHERE {which} AND id < ?1 ORDER BY id DESC LIMIT ?2")
}

pub(crate) fn read(connection: &Connection, id: RequestId) -> Result<Option<Request>, Error> {
    let found = connection
        .query_row(
            "SELECT document FROM requests WHERE id = ?1",
            [id.0 as i64],
            |row| Ok(parse(row)),
        )
        .optional()
        .map_err(Error::database("read a request"))?;
    found.transpose()
}

fn parse(row: &Row<'_>) -> Result<Request, Error> {
    let document: String = row.get(0).map_err(Error::database(ACTION))?;
    serde_json::from_str(&document).map_err(Error::document("request"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Act, NewRequest};
    use shipway_pipeline::promotion::Lane;
    use shipway_pipeline::request::{Origin, Want};
    use shipway_pipeline::time::Timestamp;

    fn store(directory: &tempfile::TempDir) -> Store {
        let store = Store::open(directory.path()).unwrap();
        for environment in ["testing", "production", "testing"] {
            let new = NewRequest {
                environment: environment.parse().unwrap(),
                want: Want::Promote,
                lane: Lane::Regular,
                by: "anna".to_owned(),
                reason: None,
                origin: Origin::Person,
            };
            store.create_request(new, Timestamp(1)).unwrap();
        }
        store
    }

    fn page(limit: usize) -> RequestPage {
        RequestPage {
            limit,
            ..RequestPage::default()
        }
    }

    #[test]
    fn requests_are_numbered_read_again_and_paged() {
        let directory = tempfile::tempdir().unwrap();
        let store = store(&directory);
        let act = Act {
            by: "anna",
            verb: "cancel",
            now: Timestamp(2),
        };
        let numbers = |page: &RequestPage| {
            let found = store.requests(page).unwrap();
            let listed = store.listed_requests(page).unwrap();
            // A list tells of the same requests, in the same order.
            assert_eq!(
                found,
                listed
                    .into_iter()
                    .map(|one| one.request)
                    .collect::<Vec<_>>()
            );
            found.iter().map(|one| one.id.0).collect::<Vec<_>>()
        };
        assert_eq!(numbers(&page(2)), [3, 2]);
        let before = RequestPage {
            before: Some(RequestId(2)),
            ..page(2)
        };
        assert_eq!(numbers(&before), [1]);
        let testing = RequestPage {
            environment: "testing".parse().ok(),
            ..page(9)
        };
        assert_eq!(numbers(&testing), [3, 1]);
        let cancel = |request: &mut Request| {
            request.cancel("anna", act.now).unwrap();
            Ok::<_, Error>(())
        };
        store.change_request(RequestId(3), act, cancel).unwrap();
        let is_open = true;
        assert_eq!(numbers(&RequestPage { is_open, ..page(9) }), [2, 1]);
        assert_eq!(numbers(&RequestPage { is_open, ..testing }), [1]);
        let counted = store.count_open_requests().unwrap();
        assert_eq!(counted, BTreeMap::from([("queued".to_owned(), 2)]));
        let open = store.open_requests().unwrap();
        assert_eq!(open.iter().map(|one| one.id.0).collect::<Vec<_>>(), [1, 2]);
    }
}
