//! Masks the secrets of a Compose document.
//!
//! A secret is told by its name, or by the name of the variable that holds it; its value is then
//! masked wherever else it stands, in a command as much as in a label.

use std::borrow::Cow;

use shipway_compose::yaml::{Node, Scalar, Value};

use crate::mask;

/// Mappings whose keys are names that somebody chose.
const NAMED: [&str; 4] = ["environment", "args", "labels", "driver_opts"];

/// Shorter values stand for too much else: `1`, `shop`.
const SHORTEST: usize = 6;

/// Masks the secrets of a Compose document.
pub(super) fn mask(tree: &mut Node) {
    let mut found = Vec::new();
    walk(tree, "", "", &mut found);
    found.sort_by_key(|secret: &String| std::cmp::Reverse(secret.len()));
    found.dedup();
    everywhere(tree, &found);
}

/// Masks by names; `parent` and `key` lead to the node.
fn walk(node: &mut Node, parent: &str, key: &str, found: &mut Vec<String>) {
    match &mut node.value {
        Value::Null => {}
        Value::Scalar(scalar) => {
            let is_content = key == "content" && !scalar.text.is_empty();
            let shown = if is_content {
                Cow::Borrowed(mask::MASK)
            } else if NAMED.contains(&parent) {
                mask::value(key, &scalar.text)
            } else {
                mask::value("", &scalar.text)
            };
            if shown == mask::MASK {
                *scalar = hide(&scalar.text, found);
            } else if shown != scalar.text {
                *scalar = Scalar::string(shown.into_owned());
            }
        }
        Value::Sequence(items) => {
            let mut follows = false;
            for item in items {
                let before = item.as_str().is_some_and(mask::is_before_secret);
                match &mut item.value {
                    Value::Scalar(scalar) if follows && !scalar.text.starts_with('-') => {
                        *scalar = hide(&scalar.text, found);
                    }
                    _ => walk(item, parent, "", found),
                }
                follows = before;
            }
        }
        Value::Mapping(mapping) => {
            for (name, child) in mapping.iter_mut() {
                walk(child, key, name, found);
            }
        }
    }
}

/// Remembers a secret and gives what stands in its place.
fn hide(secret: &str, found: &mut Vec<String>) -> Scalar {
    if secret.len() >= SHORTEST {
        found.push(secret.to_owned());
    }
    Scalar::string(mask::MASK)
}

/// Masks known secrets in whatever text they stand.
fn everywhere(node: &mut Node, secrets: &[String]) {
    match &mut node.value {
        Value::Null => {}
        Value::Scalar(scalar) => {
            for secret in secrets {
                if scalar.text.contains(secret.as_str()) {
                    *scalar = Scalar::string(scalar.text.replace(secret.as_str(), mask::MASK));
                }
            }
        }
        Value::Sequence(items) => {
            for item in items {
                everywhere(item, secrets);
            }
        }
        Value::Mapping(mapping) => {
            for (_, child) in mapping.iter_mut() {
                everywhere(child, secrets);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use shipway_compose::yaml::{Limits, parse, render};

    use super::*;

    #[test]
    fn a_secret_is_masked_wherever_it_stands() {
        let text = "\
services:
  cache:
    command: redis-server --requirepass hunter2-hunter2
    environment:
      REDIS_PASSWORD: hunter2-hunter2
      NODES: redis://a:one-two@a,redis://a:one-two@b
      REDIS_URL: redis://shop:swordfish@cache/0
      SECRET_KEY_FILE: /run/secrets/key
      DEBUG: '1'
    secrets: [password]
  queue:
    command: [queue, --token, one-token, --name, kept]
    labels: {line: queue one-token}
configs:
  app:
    content: anything
";
        let mut tree = parse(text, 0, Limits::default()).unwrap();
        mask(&mut tree);
        let shown = render(&tree);
        assert!(!shown.contains("hunter2"), "{shown}");
        assert!(!shown.contains("swordfish"), "{shown}");
        assert!(!shown.contains("anything"), "{shown}");
        assert!(!shown.contains("one-"), "{shown}");
        for kept in [
            "- kept",
            "/run/secrets/key",
            "redis-server",
            "- password",
            "@cache/0",
        ] {
            assert!(shown.contains(kept), "{kept} in {shown}");
        }
    }
}
