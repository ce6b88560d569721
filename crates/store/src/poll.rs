//! Where the branches of polled repositories stood at the last look.

use rusqlite::{OptionalExtension as _, params};
use shipway_pipeline::poll::Heads;

use crate::error::Error;
use crate::store::Store;

impl Store {
    /// Where a repository's branches stood; `None` where nobody looked yet.
    ///
    /// # Errors
    /// The record cannot be read.
    pub fn polled(&self, repository: &str) -> Result<Option<Heads>, Error> {
        let found: Option<String> = self
            .read()
            .query_row(
                "SELECT heads FROM polled WHERE repository = ?1",
                [repository],
                |row| row.get(0),
            )
            .optional()
            .map_err(Error::database("read what was polled"))?;
        let heads = found.map(|document| serde_json::from_str(&document));
        heads.transpose().map_err(Error::document("branches"))
    }

    /// Records where a repository's branches stand.
    ///
    /// # Errors
    /// The record cannot be written.
    pub fn put_polled(&self, repository: &str, heads: &Heads) -> Result<(), Error> {
        const ACTION: &str = "record what was polled";
        let document = serde_json::to_string(heads).map_err(Error::document("branches"))?;
        self.write(ACTION, |transaction| {
            transaction
                .execute(
                    "INSERT INTO polled (repository, heads) VALUES (?1, ?2)
                     ON CONFLICT (repository) DO UPDATE SET heads = ?2",
                    params![repository, document],
                )
                .map_err(Error::database(ACTION))?;
            Ok(())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use shipway_pipeline::poll::read;

    #[test]
    fn what_was_polled_is_known_by_its_repository() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path()).unwrap();
        assert_eq!(store.polled("a").unwrap(), None);
        let heads = read(&format!("{}\trefs/heads/main\n", "1".repeat(40)));
        store.put_polled("a", &Heads::new()).unwrap();
        store.put_polled("a", &heads).unwrap();
        assert_eq!(store.polled("a").unwrap(), Some(heads));
        assert_eq!(store.polled("b").unwrap(), None);
    }
}
