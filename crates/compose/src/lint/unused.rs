//! Definitions that no service uses.

use super::subject::View;
use crate::diagnostic::{Code, Diagnostic};

/// A volume, network, secret or config is defined, and used by no service.
pub(super) fn definitions(view: &View<'_>) -> Vec<Diagnostic> {
    let unused = view.loaded.project.unused.iter();
    unused
        // `default` is every service's that names no other network.
        .filter(|one| (one.section, one.name.as_str()) != ("networks", "default"))
        .map(|one| {
            let kind = one.section.trim_end_matches('s');
            let message = format!("{kind} `{}` is used by no service", one.name);
            Diagnostic::new(Code::UnusedDefinition, message)
                .with_label(one.span, "")
                .with_help("remove it, or name it in the service that needs it")
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::testing::{context, loaded};

    fn unused(text: &str) -> Vec<String> {
        let loaded = loaded(text);
        let context = context();
        let found = definitions(&View::new(&loaded, &context));
        found.into_iter().map(|one| one.message).collect()
    }

    #[test]
    fn what_no_service_names_is_unused() {
        let text = "
services: {web: {image: a}}
volumes: {data: {}}
networks: {default: {}, back: {}}
secrets: {key: {file: ./key}}
configs: {conf: {file: ./conf}}
";
        assert_eq!(
            unused(text),
            [
                "volume `data` is used by no service",
                "network `back` is used by no service",
                "secret `key` is used by no service",
                "config `conf` is used by no service",
            ]
        );
    }

    #[test]
    fn every_form_of_use_counts_profiles_and_builds_included() {
        let text = "
services:
  web:
    image: a
    build: {context: ., secrets: [token]}
    volumes: ['data:/data', {type: volume, source: media, target: /media}]
    networks: [back]
    secrets: [key]
  task: {image: b, profiles: [tasks], volumes: ['seed:/seed'], configs: [{source: conf, target: /c}]}
volumes: {data: {}, media: {}, seed: {}}
networks: {back: {}}
secrets: {key: {file: ./key}, token: {file: ./token}}
configs: {conf: {file: ./conf}}
";
        assert!(unused(text).is_empty());
    }
}
