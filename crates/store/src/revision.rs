//! Whether anything was written since somebody looked.

use crate::error::Error;
use crate::store::Store;

/// What tells one state of the database from another, without reading any of it.
///
/// Equal ones mean that nothing was committed in between, neither by this process nor by another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Revision {
    others: i64,
    own: u64,
}

impl Store {
    /// The database's state at this moment.
    ///
    /// # Errors
    /// It cannot be asked.
    pub fn revision(&self) -> Result<Revision, Error> {
        let connection = self.read();
        // What this connection writes does not move it, so its own changes are counted beside it.
        let others = connection
            .pragma_query_value(None, "data_version", |row| row.get(0))
            .map_err(Error::database("look for changes"))?;
        Ok(Revision {
            others,
            own: connection.total_changes(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Audit;
    use shipway_pipeline::time::Timestamp;

    #[test]
    fn a_change_is_seen_whoever_makes_it() {
        let directory = tempfile::tempdir().unwrap();
        let [one, other] = [(); 2].map(|()| Store::open(directory.path()).unwrap());
        let audit = Audit {
            actor: "anna",
            action: "look",
            environment: None,
            subject: "",
        };
        let before = one.revision().unwrap();
        assert_eq!(one.revision().unwrap(), before);
        one.audit(&audit, Timestamp(1)).unwrap();
        let own = one.revision().unwrap();
        assert_ne!(own, before);
        other.audit(&audit, Timestamp(2)).unwrap();
        assert_ne!(one.revision().unwrap(), own);
    }
}
