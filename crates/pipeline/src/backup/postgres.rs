//! A PostgreSQL database as a whole: what a dump of its content leaves out.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Settings whose value is a list of names, each quoted for itself.
const LISTS: [&str; 6] = [
    "local_preload_libraries",
    "search_path",
    "session_preload_libraries",
    "shared_preload_libraries",
    "temp_tablespaces",
    "unix_socket_directories",
];

/// A PostgreSQL database as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Postgres {
    /// Its name.
    pub name: String,
    /// The server's version.
    pub server_version: String,
    /// The version of the program that saved it.
    pub program_version: String,
    /// How many bytes it had.
    pub bytes: u64,
    /// Whose it is.
    pub owner: String,
    /// Its encoding.
    pub encoding: String,
    /// How texts are ordered.
    pub collate: String,
    /// What letters are.
    pub ctype: String,
    /// Who knows how: `c` for the C library, `i` for ICU, `b` for the server itself.
    pub provider: String,
    /// The locale, where that is not the C library.
    pub locale: Option<String>,
    /// How many connections it takes; -1 for any number.
    pub connection_limit: i32,
    /// Its extensions and their versions.
    pub extensions: BTreeMap<String, String>,
    /// What `ALTER DATABASE … SET` and `ALTER ROLE … IN DATABASE … SET` said.
    pub settings: Vec<Setting>,
    /// Who may do what with it; `None` where nobody ever said.
    pub grants: Option<Vec<Grant>>,
}

/// A setting of a database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Setting {
    /// The role that it holds for; everybody where not given.
    pub role: Option<String>,
    /// Its name.
    pub name: String,
    /// Its value, as the catalogue has it.
    pub value: String,
}

/// A right to a database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// Whose; everybody's where not given.
    pub role: Option<String>,
    /// What it allows.
    pub privilege: String,
    /// Whether it can be passed on.
    pub grantable: bool,
}

// === impl Postgres ===

impl Postgres {
    /// The statement that makes an empty database like this one. It must not be in a transaction.
    #[must_use]
    pub fn create(&self, name: &str) -> String {
        let locale = match (self.provider.as_str(), &self.locale) {
            ("i", Some(locale)) => format!(" LOCALE_PROVIDER icu ICU_LOCALE {}", literal(locale)),
            ("b", Some(locale)) => {
                format!(
                    " LOCALE_PROVIDER builtin BUILTIN_LOCALE {}",
                    literal(locale)
                )
            }
            _ => String::new(),
        };
        format!(
            "CREATE DATABASE {} TEMPLATE template0 OWNER {} ENCODING {} LC_COLLATE {} LC_CTYPE \
             {}{locale} CONNECTION LIMIT {}",
            identifier(name),
            identifier(&self.owner),
            literal(&self.encoding),
            literal(&self.collate),
            literal(&self.ctype),
            self.connection_limit,
        )
    }

    /// The statements that give a database the settings and the rights of this one.
    #[must_use]
    pub fn apply(&self, name: &str) -> Vec<String> {
        let database = identifier(name);
        let mut all: Vec<String> = self
            .settings
            .iter()
            .map(|setting| setting.statement(&database))
            .collect();
        if let Some(grants) = &self.grants {
            let owner = identifier(&self.owner);
            all.push(format!(
                "REVOKE ALL ON DATABASE {database} FROM PUBLIC, {owner}"
            ));
            all.extend(grants.iter().map(|grant| grant.statement(&database)));
        }
        all
    }
}

impl Setting {
    fn statement(&self, database: &str) -> String {
        let whose = match &self.role {
            Some(role) => format!("ALTER ROLE {} IN DATABASE {database}", identifier(role)),
            None => format!("ALTER DATABASE {database}"),
        };
        // A list is kept as it is written in SQL; quoted as a whole it would be one name.
        let value = if LISTS.contains(&self.name.as_str()) {
            self.value.clone()
        } else {
            literal(&self.value)
        };
        let name: Vec<String> = self.name.split('.').map(identifier).collect();
        format!("{whose} SET {} TO {value}", name.join("."))
    }
}

impl Grant {
    fn statement(&self, database: &str) -> String {
        let Self {
            role,
            privilege,
            grantable,
        } = self;
        let role = role.as_deref().map_or("PUBLIC".to_owned(), identifier);
        let option = if *grantable { " WITH GRANT OPTION" } else { "" };
        format!("GRANT {privilege} ON DATABASE {database} TO {role}{option}")
    }
}

/// A name in SQL.
///
/// ```
/// use shipway_pipeline::backup::identifier;
/// assert_eq!(identifier(r#"a"b"#), r#""a""b""#);
/// ```
#[must_use]
pub fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A text in SQL.
///
/// ```
/// use shipway_pipeline::backup::literal;
/// assert_eq!(literal(r"it's \ "), r"E'it''s \\ '");
/// ```
#[must_use]
pub fn literal(text: &str) -> String {
    format!("E'{}'", text.replace('\\', "\\\\").replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shop() -> Postgres {
        Postgres {
            name: "shop".to_owned(),
            server_version: "17.2".to_owned(),
            program_version: "17.2".to_owned(),
            bytes: 8_000_000,
            owner: "it's".to_owned(),
            encoding: "UTF8".to_owned(),
            collate: "C.UTF-8".to_owned(),
            ctype: "C.UTF-8".to_owned(),
            provider: "c".to_owned(),
            locale: None,
            connection_limit: -1,
            extensions: BTreeMap::new(),
            settings: Vec::new(),
            grants: None,
        }
    }

    #[test]
    fn an_empty_database_is_made_like_the_old_one() {
        assert_eq!(
            shop().create("new \"shop\""),
            "CREATE DATABASE \"new \"\"shop\"\"\" TEMPLATE template0 OWNER \"it's\" ENCODING \
             E'UTF8' LC_COLLATE E'C.UTF-8' LC_CTYPE E'C.UTF-8' CONNECTION LIMIT -1"
        );
        assert!(shop().apply("shop").is_empty());
    }

    #[test]
    fn settings_and_rights_are_said_again() {
        let setting = |role: Option<&str>, name: &str, value: &str| Setting {
            role: role.map(str::to_owned),
            name: name.to_owned(),
            value: value.to_owned(),
        };
        let mut shop = shop();
        shop.settings = vec![
            setting(None, "search_path", "\"$user\", public"),
            setting(None, "app.greeting", "it's"),
            setting(Some("reader"), "statement_timeout", "5s"),
        ];
        shop.grants = Some(vec![Grant {
            role: None,
            privilege: "CONNECT".to_owned(),
            grantable: false,
        }]);
        assert_eq!(
            shop.apply("new"),
            [
                "ALTER DATABASE \"new\" SET \"search_path\" TO \"$user\", public",
                "ALTER DATABASE \"new\" SET \"app\".\"greeting\" TO E'it''s'",
                "ALTER ROLE \"reader\" IN DATABASE \"new\" SET \"statement_timeout\" TO E'5s'",
                "REVOKE ALL ON DATABASE \"new\" FROM PUBLIC, \"it's\"",
                "GRANT CONNECT ON DATABASE \"new\" TO PUBLIC",
            ]
        );
    }
}
