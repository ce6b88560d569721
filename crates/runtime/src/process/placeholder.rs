//! Replaces `{port}`, `{artifact}`, `{volume:NAME}`, `{secret:NAME}` and `{config:NAME}`.
//!
//! Only what looks like a placeholder is one: lower-case letters in braces, or those with a colon
//! and a name. JSON and format strings pass through untouched.

use shipway_pipeline::workload::FileKind;

/// A placeholder that a text holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Placeholder<'a> {
    /// `{port}`: the instance's port.
    Port,
    /// `{artifact}`: the artifact's directory.
    Artifact,
    /// `{volume:NAME}`: the directory of a named volume.
    Volume(&'a str),
    /// `{secret:NAME}` or `{config:NAME}`: the path of its file.
    File(FileKind, &'a str),
}

/// A placeholder that means nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{{{0}}}` is no placeholder (known: `{{port}}`, `{{artifact}}`, `{{volume:NAME}}`, `{{secret:NAME}}`, `{{config:NAME}}`)"
)]
pub(super) struct Unknown(String);

/// Replaces each placeholder by what `value` gives for it.
pub(super) fn replace(
    text: &str,
    mut value: impl FnMut(Placeholder<'_>) -> String,
) -> Result<String, Unknown> {
    let mut replaced = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        replaced.push_str(before);
        match after.split_once('}') {
            Some((word, behind)) if is_placeholder(word) => {
                replaced.push_str(&value(classify(word)?));
                rest = behind;
            }
            _ => {
                replaced.push('{');
                rest = after;
            }
        }
    }
    replaced.push_str(rest);
    Ok(replaced)
}

fn classify(word: &str) -> Result<Placeholder<'_>, Unknown> {
    match word.split_once(':') {
        None if word == "port" => Ok(Placeholder::Port),
        None if word == "artifact" => Ok(Placeholder::Artifact),
        Some(("volume", name)) if is_file_name(name) => Ok(Placeholder::Volume(name)),
        Some(("secret", name)) if is_file_name(name) => {
            Ok(Placeholder::File(FileKind::Secret, name))
        }
        Some(("config", name)) if is_file_name(name) => {
            Ok(Placeholder::File(FileKind::Config, name))
        }
        _ => Err(Unknown(word.to_owned())),
    }
}

fn is_placeholder(word: &str) -> bool {
    let (kind, name) = word.split_once(':').unwrap_or((word, "x"));
    !kind.is_empty()
        && kind.bytes().all(|byte| byte.is_ascii_lowercase())
        && !name.is_empty()
        && !name.contains(|c: char| c.is_whitespace() || c == '"' || c == '{')
}

/// The name becomes a file's or directory's, so it must not lead elsewhere.
fn is_file_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphanumeric())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn replaced(text: &str) -> Result<String, Unknown> {
        replace(text, |placeholder| match placeholder {
            Placeholder::Port => "20001".to_owned(),
            Placeholder::Artifact => "/a".to_owned(),
            Placeholder::Volume(name) => format!("/v/{name}"),
            Placeholder::File(kind, name) => format!("/f/{kind}-{name}"),
        })
    }

    #[test]
    fn placeholders_are_replaced_wherever_they_stand() {
        assert_eq!(
            replaced("{artifact}/x:{port},{volume:my-data}").unwrap(),
            "/a/x:20001,/v/my-data"
        );
        assert_eq!(
            replaced("{secret:key} {config:app.conf}").unwrap(),
            "/f/secret-key /f/config-app.conf"
        );
    }

    #[test]
    fn what_does_not_look_like_one_stays() {
        for text in [
            r#"{"port": 1}"#,
            "{}",
            "{0}",
            "{PORT}",
            "a { b",
            "{{ x }}",
            r#"{a:"b"}"#,
        ] {
            assert_eq!(replaced(text).as_deref(), Ok(text));
        }
    }

    #[test]
    fn an_unknown_one_is_an_error() {
        for text in ["{prot}", "{volume:../x}", "{secret:../x}", "{volume}"] {
            assert!(replaced(text).is_err(), "{text}");
        }
    }
}
