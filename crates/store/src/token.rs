//! Tokens: by which people and programs show who they are. Only hashes of them are kept.

use rusqlite::{OptionalExtension, Row, params};
use shipway_pipeline::access::Grant;
use shipway_pipeline::id::TokenId;
use shipway_pipeline::time::Timestamp;

use crate::error::Error;
use crate::store::Store;

/// A token to be kept.
#[derive(Debug, Clone)]
pub struct NewToken<'a> {
    /// The person or program that it is for.
    pub name: &'a str,
    /// The SHA-256 of its random part.
    pub hash: &'a [u8; 32],
    /// What it may do.
    pub grant: &'a Grant,
    /// From when on it is worth nothing.
    pub expires: Option<Timestamp>,
    /// Who made it.
    pub created_by: &'a str,
}

/// What is known of a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenRecord {
    /// Its number.
    pub id: TokenId,
    /// The person or program that it is for.
    pub name: String,
    /// The SHA-256 of its random part.
    pub hash: Vec<u8>,
    /// What it may do.
    pub grant: Grant,
    /// When it was made.
    pub created: Timestamp,
    /// By whom.
    pub created_by: String,
    /// From when on it is worth nothing.
    pub expires: Option<Timestamp>,
    /// When it was taken back.
    pub revoked: Option<Timestamp>,
    /// When it was last used, to the minute.
    pub used: Option<Timestamp>,
}

/// A use is recorded once in this time: a write for each call would cost more than the call.
const NOTED_EVERY: u64 = 60_000;

const COLUMNS: &str = "id, name, hash, access, created, created_by, expires, revoked, used";

impl Store {
    /// Keeps a token.
    ///
    /// # Errors
    /// The record cannot be written.
    pub fn create_token(&self, new: &NewToken<'_>, now: Timestamp) -> Result<TokenId, Error> {
        const ACTION: &str = "keep a token";
        let grant = serde_json::to_string(new.grant).map_err(Error::document("token"))?;
        self.write(ACTION, |transaction| {
            transaction
                .query_row(
                    "INSERT INTO tokens (name, hash, access, created, created_by, expires)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6) RETURNING id",
                    params![
                        new.name,
                        new.hash,
                        grant,
                        now.0 as i64,
                        new.created_by,
                        new.expires.map(|at| at.0 as i64)
                    ],
                    |row| row.get::<_, i64>(0),
                )
                .map(|id| TokenId(id as u64))
                .map_err(Error::database(ACTION))
        })
    }

    /// A token by its number, be it of worth or not.
    ///
    /// # Errors
    /// The record cannot be read.
    pub fn token(&self, id: TokenId) -> Result<Option<TokenRecord>, Error> {
        let row = self
            .read()
            .query_row(
                &format!("SELECT {COLUMNS} FROM tokens WHERE id = ?1"),
                [id.0 as i64],
                Columns::read,
            )
            .optional()
            .map_err(Error::database("read a token"))?;
        row.map(Columns::parse).transpose()
    }

    /// All tokens in the order in which they were made, those of no worth included.
    ///
    /// # Errors
    /// The records cannot be read.
    pub fn tokens(&self) -> Result<Vec<TokenRecord>, Error> {
        const ACTION: &str = "list tokens";
        let connection = self.read();
        let mut statement = connection
            .prepare(&format!("SELECT {COLUMNS} FROM tokens ORDER BY id"))
            .map_err(Error::database(ACTION))?;
        let rows = statement
            .query_map([], Columns::read)
            .map_err(Error::database(ACTION))?;
        rows.map(|row| row.map_err(Error::database(ACTION))?.parse())
            .collect()
    }

    /// Takes a token back; `false` where there is none, or it was taken back before.
    ///
    /// # Errors
    /// The record cannot be written.
    pub fn revoke_token(&self, id: TokenId, by: &str, now: Timestamp) -> Result<bool, Error> {
        const ACTION: &str = "revoke a token";
        self.write(ACTION, |transaction| {
            transaction
                .execute(
                    "UPDATE tokens SET revoked = ?2, revoked_by = ?3
                     WHERE id = ?1 AND revoked IS NULL",
                    params![id.0 as i64, now.0 as i64, by],
                )
                .map(|count| count > 0)
                .map_err(Error::database(ACTION))
        })
    }

    /// Notes that a token was used, at most once a minute.
    ///
    /// # Errors
    /// The record cannot be written.
    pub fn note_token_use(&self, token: &TokenRecord, now: Timestamp) -> Result<(), Error> {
        const ACTION: &str = "note the use of a token";
        let is_noted = |used: Timestamp| now.since(used).as_millis() < u128::from(NOTED_EVERY);
        if token.used.is_some_and(is_noted) {
            return Ok(());
        }
        self.write(ACTION, |transaction| {
            transaction
                .execute(
                    "UPDATE tokens SET used = ?2 WHERE id = ?1",
                    params![token.id.0 as i64, now.0 as i64],
                )
                .map(|_| ())
                .map_err(Error::database(ACTION))
        })
    }
}

// === impl TokenRecord ===

impl TokenRecord {
    /// Why it is of no worth, in one word; `None` where it is good.
    pub fn flaw(&self, now: Timestamp) -> Option<&'static str> {
        if self.revoked.is_some() {
            Some("revoked")
        } else if self.expires.is_some_and(|at| at <= now) {
            Some("expired")
        } else {
            None
        }
    }
}

/// The row as it is stored.
struct Columns {
    id: i64,
    name: String,
    hash: Vec<u8>,
    access: String,
    created: i64,
    created_by: String,
    expires: Option<i64>,
    revoked: Option<i64>,
    used: Option<i64>,
}

impl Columns {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            name: row.get(1)?,
            hash: row.get(2)?,
            access: row.get(3)?,
            created: row.get(4)?,
            created_by: row.get(5)?,
            expires: row.get(6)?,
            revoked: row.get(7)?,
            used: row.get(8)?,
        })
    }

    fn parse(self) -> Result<TokenRecord, Error> {
        let at = |millis: i64| Timestamp(millis as u64);
        Ok(TokenRecord {
            id: TokenId(self.id as u64),
            name: self.name,
            hash: self.hash,
            grant: serde_json::from_str(&self.access).map_err(Error::document("token"))?,
            created: at(self.created),
            created_by: self.created_by,
            expires: self.expires.map(at),
            revoked: self.revoked.map(at),
            used: self.used.map(at),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use shipway_pipeline::access::Role;

    #[test]
    fn a_token_is_good_until_it_expires_or_is_taken_back() {
        let home = tempfile::tempdir().unwrap();
        let store = Store::open(home.path()).unwrap();
        let grant = Grant::new(Role::Deployer, ["staging".parse().unwrap()]);
        let new = NewToken {
            name: "alice",
            hash: &[7; 32],
            grant: &grant,
            expires: Some(Timestamp(100_000)),
            created_by: "root",
        };
        let id = store.create_token(&new, Timestamp(1)).unwrap();
        let token = store.token(id).unwrap().unwrap();
        assert_eq!((token.name.as_str(), &token.grant), ("alice", &grant));
        assert_eq!(token.flaw(Timestamp(99_999)), None);
        assert_eq!(token.flaw(Timestamp(100_000)), Some("expired"));

        store.note_token_use(&token, Timestamp(5)).unwrap();
        let token = store.token(id).unwrap().unwrap();
        store.note_token_use(&token, Timestamp(6)).unwrap();
        assert_eq!(store.tokens().unwrap()[0].used, Some(Timestamp(5)));

        assert!(store.revoke_token(id, "root", Timestamp(7)).unwrap());
        assert!(!store.revoke_token(id, "root", Timestamp(8)).unwrap());
        let token = store.token(id).unwrap().unwrap();
        assert_eq!(token.flaw(Timestamp(8)), Some("revoked"));
        assert_eq!(store.token(TokenId(99)).unwrap(), None);
    }
}
