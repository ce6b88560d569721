//! What is read of a delivery: the same few words of all servers.

use serde::Deserialize;
use shipway_pipeline::push::{CommitId, Push, printable};

use super::Refused;

#[derive(Deserialize)]
struct Payload {
    #[serde(rename = "ref")]
    reference: String,
    before: String,
    after: String,
    repository: Option<Repository>,
    project: Option<Project>,
    pusher: Option<Pusher>,
    user_username: Option<String>,
}

/// GitHub's and Gitea's.
#[derive(Deserialize)]
struct Repository {
    full_name: Option<String>,
}

/// GitLab's.
#[derive(Deserialize)]
struct Project {
    path_with_namespace: Option<String>,
}

/// GitHub's `name`, Gitea's `login`.
#[derive(Deserialize)]
struct Pusher {
    login: Option<String>,
    name: Option<String>,
}

/// Reads a push.
pub(super) fn push(body: &[u8]) -> Result<Push, Refused> {
    let unreadable = |error: &dyn std::fmt::Display| Refused::Payload(error.to_string());
    let payload: Payload = serde_json::from_slice(body).map_err(|error| unreadable(&error))?;
    let reference = payload
        .reference
        .parse()
        .map_err(|error| unreadable(&error))?;
    let commit = |text: &str| CommitId::of_hook(text).map_err(|error| unreadable(&error));
    let repository = payload.repository.and_then(|one| one.full_name);
    let project = payload.project.and_then(|one| one.path_with_namespace);
    let pusher = payload.pusher.and_then(|one| one.login.or(one.name));
    let by = payload.user_username.or(pusher);
    Ok(Push {
        repository: repository.or(project).map(|name| printable(&name)),
        reference,
        old: commit(&payload.before)?,
        new: commit(&payload.after)?,
        by: by.map_or_else(|| "somebody".to_owned(), |name| printable(&name)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_server_says_it_in_its_own_words() {
        let (old, new) = ("0".repeat(40), "a".repeat(40));
        let head = format!(r#""ref":"refs/heads/main","before":"{old}","after":"{new}""#);
        for rest in [
            r#""repository":{"full_name":"acme/shop","id":7},"pusher":{"name":"alice"}"#,
            r#""repository":{"full_name":"acme/shop"},"pusher":{"login":"alice","name":"x"}"#,
            r#""project":{"path_with_namespace":"acme/shop"},"user_username":"alice","repository":{"name":"shop"}"#,
        ] {
            let push = push(format!("{{{head},{rest}}}").as_bytes()).unwrap();
            assert_eq!(push.repository.as_deref(), Some("acme/shop"));
            assert_eq!(push.by, "alice");
            assert_eq!((push.old, push.new.unwrap().as_str()), (None, new.as_str()));
        }
    }

    #[test]
    fn what_cannot_be_understood_is_refused() {
        let zeros = "0".repeat(40);
        for bad in [
            "".to_owned(),
            "{}".to_owned(),
            "[[[[".to_owned(),
            format!(r#"{{"ref":"refs/heads/../x","before":"{zeros}","after":"{zeros}"}}"#),
            format!(r#"{{"ref":"refs/heads/x","before":"HEAD","after":"{zeros}"}}"#),
            format!(r#"{{"ref":7,"before":"{zeros}","after":"{zeros}"}}"#),
        ] {
            assert!(
                matches!(push(bad.as_bytes()), Err(Refused::Payload(_))),
                "{bad}"
            );
        }
    }
}
