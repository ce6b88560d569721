//! What a PostgreSQL database is and holds, as the server says.

use std::collections::BTreeMap;

use shipway_pipeline::backup::{Contents, Grant, Postgres, Sequence, Setting, identifier};

use crate::database::{DatabaseError, Row, Server, Session};

/// How many rows each table has; those of extensions are not saved. `\gexec` runs what was made.
const TABLES: &str = r"
SELECT format('SELECT %L, count(*) FROM ONLY %I.%I', n.nspname || '.' || c.relname, n.nspname, c.relname)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND c.relpersistence <> 't'
  AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\_%'
  AND NOT EXISTS (SELECT 1 FROM pg_depend d
    WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
ORDER BY n.nspname, c.relname
\gexec";

const SEQUENCES: &str = r"
SELECT schemaname || '.' || sequencename, coalesce(last_value, start_value)
FROM pg_sequences WHERE schemaname NOT LIKE 'pg\_%'";

const HAS_MIGRATIONS: &str = "SELECT to_regclass('django_migrations') IS NOT NULL";

const MIGRATIONS: &str =
    "SELECT DISTINCT ON (app) app, name FROM django_migrations ORDER BY app, id DESC";

/// Names that only some versions have are asked of the row as a whole.
const DATABASE: &str = "
SELECT pg_get_userbyid(d.datdba), pg_encoding_to_char(d.encoding), d.datcollate, d.datctype,
  coalesce(to_jsonb(d) ->> 'datlocprovider', 'c'),
  coalesce(to_jsonb(d) ->> 'datlocale', to_jsonb(d) ->> 'daticulocale', ''),
  d.datconnlimit, pg_database_size(d.oid), d.datacl IS NOT NULL, current_setting('server_version')
FROM pg_database d WHERE d.datname = current_database()";

const EXTENSIONS: &str = "SELECT extname, extversion FROM pg_extension";

const SETTINGS: &str = "
SELECT s.setrole <> 0, coalesce(pg_get_userbyid(nullif(s.setrole, 0)), ''), one
FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase, unnest(s.setconfig) one
WHERE d.datname = current_database() ORDER BY 2, 3";

const GRANTS: &str = "
SELECT a.grantee <> 0, coalesce(pg_get_userbyid(nullif(a.grantee, 0)), ''), a.privilege_type, a.is_grantable
FROM pg_database d, aclexplode(d.datacl) a WHERE d.datname = current_database() ORDER BY 2, 3";

/// What the database of a session is, besides its content.
pub(super) async fn database(
    session: &mut Session,
    server: &Server,
    program_version: String,
) -> Result<Postgres, DatabaseError> {
    let row = session.query(DATABASE).await?.into_iter().next();
    let row = row.unwrap_or_default();
    let has_grants = cell(&row, 8) == "t";
    let grants = match has_grants {
        true => Some(session.query(GRANTS).await?),
        false => None,
    };
    Ok(Postgres {
        name: server.name().to_owned(),
        owner: cell(&row, 0),
        encoding: cell(&row, 1),
        collate: cell(&row, 2),
        ctype: cell(&row, 3),
        provider: cell(&row, 4),
        locale: Some(cell(&row, 5)).filter(|locale| !locale.is_empty()),
        connection_limit: number(&cell(&row, 6)),
        bytes: number(&cell(&row, 7)),
        server_version: cell(&row, 9),
        program_version,
        extensions: pairs(session.query(EXTENSIONS).await?).collect(),
        settings: session.query(SETTINGS).await?.iter().map(setting).collect(),
        grants: grants.map(|rows| rows.iter().map(grant).collect()),
    })
}

/// What the database of a session holds; its sequences as they stand now.
pub(super) async fn contents(session: &mut Session) -> Result<Contents, DatabaseError> {
    let sequences = sequences(session).await?;
    let tables = pairs(session.query(TABLES).await?);
    let tables = tables.map(|(name, count)| (name, number(&count))).collect();
    let has_migrations = session.query(HAS_MIGRATIONS).await? == [["t"]];
    let migrations = if has_migrations {
        pairs(session.query(MIGRATIONS).await?).collect()
    } else {
        BTreeMap::new()
    };
    let both = |at: i64| Sequence {
        before: at,
        after: at,
    };
    Ok(Contents {
        tables,
        sequences: sequences
            .into_iter()
            .map(|(name, at)| (name, both(at)))
            .collect(),
        migrations,
    })
}

/// Where each sequence stands now, whatever the session's transaction sees.
pub(super) async fn sequences(
    session: &mut Session,
) -> Result<BTreeMap<String, i64>, DatabaseError> {
    let found = pairs(session.query(SEQUENCES).await?);
    Ok(found.map(|(name, at)| (name, number(&at))).collect())
}

fn setting(row: &Row) -> Setting {
    let one = cell(row, 2);
    let (name, value) = one.split_once('=').unwrap_or((&one, ""));
    Setting {
        role: (cell(row, 0) == "t").then(|| cell(row, 1)),
        name: name.to_owned(),
        value: value.to_owned(),
    }
}

fn grant(row: &Row) -> Grant {
    Grant {
        role: (cell(row, 0) == "t").then(|| cell(row, 1)),
        privilege: cell(row, 2),
        grantable: cell(row, 3) == "t",
    }
}

fn pairs(rows: Vec<Row>) -> impl Iterator<Item = (String, String)> {
    rows.into_iter().map(|row| (cell(&row, 0), cell(&row, 1)))
}

fn cell(row: &Row, index: usize) -> String {
    row.get(index).cloned().unwrap_or_default()
}

/// A number as the server writes it; whatever else it may write is none of any use.
fn number<T: std::str::FromStr + Default>(text: &str) -> T {
    text.parse().unwrap_or_default()
}

/// A statement that drops a database, with whoever is connected to it.
pub(super) fn drop_statement(name: &str) -> String {
    format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", identifier(name))
}
