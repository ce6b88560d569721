//! A server's URL as the variables that PostgreSQL's programs read.
//!
//! A password on a command line is seen by everybody on the machine, so nothing of a URL becomes
//! one.

use crate::secret::SecretValue;

/// Schemes that frameworks give PostgreSQL.
const SCHEMES: [&str; 5] = ["postgres", "postgresql", "postgis", "psql", "pgsql"];

/// Parameters of a connection, each with the variable that says the same.
const PARAMETERS: &[(&str, &str)] = &[
    ("host", "PGHOST"),
    ("port", "PGPORT"),
    ("user", "PGUSER"),
    ("password", "PGPASSWORD"),
    ("dbname", "PGDATABASE"),
    ("connect_timeout", "PGCONNECT_TIMEOUT"),
    ("options", "PGOPTIONS"),
    ("sslmode", "PGSSLMODE"),
    ("sslrootcert", "PGSSLROOTCERT"),
    ("sslcert", "PGSSLCERT"),
    ("sslkey", "PGSSLKEY"),
    ("channel_binding", "PGCHANNELBINDING"),
    ("target_session_attrs", "PGTARGETSESSIONATTRS"),
];

/// A text that is no URL of a PostgreSQL server. The text is not told: it may hold a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidUrl {
    /// Another scheme, or none.
    #[error("it does not begin with `postgres://`")]
    Scheme,
    /// A percent sign without two digits behind it, or bytes that are no text.
    #[error("it holds a percent sign that encodes nothing")]
    Encoding,
    /// A parameter that no variable stands for.
    #[error("its parameter `{0}` is not known")]
    Parameter(String),
    /// It does not say which database.
    #[error("it names no database")]
    NoDatabase,
}

/// Reads a server's URL as the variables that PostgreSQL's programs read, one of them
/// `PGDATABASE`.
///
/// ```
/// use shipway_pipeline::database::parse_url;
/// let found = parse_url("postgres://shop:p%40ss@db.example.org:5433/shop?sslmode=require").unwrap();
/// let names: Vec<&str> = found.iter().map(|(name, _)| *name).collect();
/// assert_eq!(names, ["PGUSER", "PGPASSWORD", "PGHOST", "PGPORT", "PGDATABASE", "PGSSLMODE"]);
/// assert_eq!(found[1].1.expose(), b"p@ss");
/// assert!(!format!("{found:?}").contains("p@ss"));
/// ```
///
/// # Errors
/// It is none, or says something that no variable can.
pub fn parse_url(text: &str) -> Result<Vec<(&'static str, SecretValue)>, InvalidUrl> {
    let (scheme, rest) = text.trim().split_once("://").ok_or(InvalidUrl::Scheme)?;
    if !SCHEMES.contains(&scheme) {
        return Err(InvalidUrl::Scheme);
    }
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (authority, name) = rest.split_once('/').unwrap_or((rest, ""));
    let (login, address) = authority.rsplit_once('@').unwrap_or(("", authority));
    let (user, password) = login.split_once(':').unwrap_or((login, ""));
    let (host, port) = host_and_port(address);
    let mut found = Variables::default();
    found.set("PGUSER", user)?;
    found.set("PGPASSWORD", password)?;
    found.set("PGHOST", host)?;
    found.set("PGPORT", port)?;
    found.set("PGDATABASE", name)?;
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        let mut known = PARAMETERS.iter();
        let (_, variable) = known
            .find(|(name, _)| *name == key)
            .ok_or_else(|| InvalidUrl::Parameter(key.to_owned()))?;
        found.set(variable, value)?;
    }
    if found.0.iter().any(|(name, _)| *name == "PGDATABASE") {
        Ok(found.0)
    } else {
        Err(InvalidUrl::NoDatabase)
    }
}

/// An address of IPv6 stands in brackets, because it is full of colons.
fn host_and_port(address: &str) -> (&str, &str) {
    if let Some((host, rest)) = address
        .strip_prefix('[')
        .and_then(|rest| rest.split_once(']'))
    {
        return (host, rest.strip_prefix(':').unwrap_or_default());
    }
    address.split_once(':').unwrap_or((address, ""))
}

/// What was said so far; a parameter is said over what stands before it.
#[derive(Default)]
struct Variables(Vec<(&'static str, SecretValue)>);

impl Variables {
    fn set(&mut self, name: &'static str, encoded: &str) -> Result<(), InvalidUrl> {
        if encoded.is_empty() {
            return Ok(());
        }
        let value = SecretValue::new(decode(encoded)?.into_bytes());
        match self.0.iter_mut().find(|(known, _)| *known == name) {
            Some(known) => known.1 = value,
            None => self.0.push((name, value)),
        }
        Ok(())
    }
}

fn decode(encoded: &str) -> Result<String, InvalidUrl> {
    let mut bytes = Vec::with_capacity(encoded.len());
    let mut rest = encoded.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let mut digit = || {
            let digit = rest.next().and_then(|byte| char::from(byte).to_digit(16));
            digit.ok_or(InvalidUrl::Encoding)
        };
        let (high, low) = (digit()?, digit()?);
        bytes.push((high * 16 + low) as u8);
    }
    // A variable ends at a zero byte.
    if bytes.contains(&0) {
        return Err(InvalidUrl::Encoding);
    }
    String::from_utf8(bytes).map_err(|_| InvalidUrl::Encoding)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> String {
        let parts = parse_url(text).unwrap().into_iter();
        let parts = parts
            .map(|(name, value)| format!("{name}={}", String::from_utf8_lossy(value.expose())));
        parts.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn what_a_url_leaves_out_is_not_said() {
        assert_eq!(told("postgresql:///shop"), "PGDATABASE=shop");
        assert_eq!(
            told("postgis://me@[::1]:5/shop"),
            "PGUSER=me PGHOST=::1 PGPORT=5 PGDATABASE=shop"
        );
    }

    #[test]
    fn a_parameter_wins_over_what_stands_before_it() {
        let socket = "postgres://me:x@/shop?host=%2Frun%2Fpostgresql&port=5433";
        assert_eq!(
            told(socket),
            "PGUSER=me PGPASSWORD=x PGDATABASE=shop PGHOST=/run/postgresql PGPORT=5433"
        );
        // A password may hold an `@` that nobody encoded.
        assert!(told("postgres://me:a@b@host/shop").contains("PGPASSWORD=a@b PGHOST=host"));
    }

    #[test]
    fn what_cannot_be_said_is_refused() {
        for (text, error) in [
            ("mysql://x/y", InvalidUrl::Scheme),
            ("shop", InvalidUrl::Scheme),
            ("postgres://h/a%2", InvalidUrl::Encoding),
            ("postgres://h/%00", InvalidUrl::Encoding),
            ("postgres://h", InvalidUrl::NoDatabase),
            ("postgres://h/d?a=b", InvalidUrl::Parameter("a".to_owned())),
        ] {
            assert_eq!(parse_url(text), Err(error), "{text}");
        }
    }
}
