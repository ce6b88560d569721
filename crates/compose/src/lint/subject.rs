//! What a lint looks at.

use std::cell::OnceCell;

use super::setting::{self, Setting};
use super::{Context, Role};
use crate::Loaded;
use crate::diagnostic::{Code, Diagnostic};
use crate::model::{Mount, Port, Service};
use crate::short;
use crate::yaml::{Entry, Node, Span};

/// A project, and the services that a deployment runs.
pub(super) struct View<'a> {
    pub(super) loaded: &'a Loaded,
    pub(super) context: &'a Context<'a>,
    pub(super) subjects: Vec<Subject<'a>>,
    settings: OnceCell<Vec<Setting<'a>>>,
}

/// A service, typed and as a tree with places.
#[derive(Clone, Copy)]
pub(super) struct Subject<'a> {
    pub(super) service: &'a Service,
    pub(super) node: &'a Node,
    pub(super) role: Option<Role>,
}

// === impl View ===

impl<'a> View<'a> {
    pub(super) fn new(loaded: &'a Loaded, context: &'a Context<'a>) -> Self {
        let project = &loaded.project;
        // A service with profiles runs when somebody asks for it, never by a deployment.
        let deployed = project
            .services
            .values()
            .filter(|service| service.profiles.is_empty());
        let subjects = deployed
            .filter_map(|service| {
                Some(Subject {
                    service,
                    node: project.tree.at(&["services", &service.name])?,
                    role: context.roles.get(service.name.as_str()).copied(),
                })
            })
            .collect();
        Self {
            loaded,
            context,
            subjects,
            settings: OnceCell::new(),
        }
    }

    /// The variables that services get.
    pub(super) fn settings(&self) -> &[Setting<'a>] {
        self.settings.get_or_init(|| setting::settings(self))
    }

    /// Services of one role.
    pub(super) fn with_role(&self, role: Role) -> impl Iterator<Item = &Subject<'a>> {
        self.subjects
            .iter()
            .filter(move |subject| subject.role == Some(role))
    }

    /// Services that run twice during a switch.
    pub(super) fn coloured(&self) -> impl Iterator<Item = &Subject<'a>> {
        self.subjects.iter().filter(|one| one.is_coloured())
    }

    /// Whether an image is built from the project's own files.
    pub(super) fn is_built(&self, subject: &Subject<'_>) -> bool {
        let service = subject.service;
        let by_another = self
            .loaded
            .project
            .services
            .values()
            .any(|other| other.build.is_some() && other.image == service.image);
        service.build.is_some() || (service.image.is_some() && by_another)
    }
}

// === impl Subject ===

impl<'a> Subject<'a> {
    pub(super) fn name(&self) -> &'a str {
        &self.service.name
    }

    pub(super) fn is_coloured(&self) -> bool {
        self.role.is_some_and(Role::is_coloured)
    }

    /// Returns a key of the service.
    pub(super) fn entry(&self, key: &str) -> Option<&'a Entry> {
        self.node.as_map()?.entry(key)
    }

    /// Returns where a key stands, or else the service.
    pub(super) fn place(&self, key: &str) -> Span {
        self.entry(key)
            .map_or(self.service.span, |entry| entry.key_span)
    }

    /// Makes a diagnostic that shows a key of the service.
    pub(super) fn found(&self, code: Code, key: &str, message: String) -> Diagnostic {
        Diagnostic::new(code, message).with_label(self.place(key), "")
    }

    /// Returns where a port stands.
    pub(super) fn port_place(&self, port: &Port) -> Span {
        let target = port.target.to_string();
        self.item_place("ports", |item| match item.as_str() {
            Some(text) => {
                let parts = short::port::split(text);
                parts.target == target && parts.published == port.published.as_deref()
            }
            None => {
                let text = |key| item.get(key).and_then(Node::as_str);
                text("target") == Some(&target) && text("published") == port.published.as_deref()
            }
        })
    }

    /// Returns where a mount stands.
    pub(super) fn mount_place(&self, mount: &Mount) -> Span {
        self.item_place("volumes", |item| match item.as_str() {
            Some(text) => short::volume::split(text).is_some_and(|it| it.target == mount.target),
            None => item.get("target").and_then(Node::as_str) == Some(&mount.target),
        })
    }

    fn item_place(&self, key: &str, is_it: impl Fn(&Node) -> bool) -> Span {
        self.node
            .get(key)
            .and_then(Node::as_sequence)
            .and_then(|items| items.iter().find(|item| is_it(item)))
            .map_or_else(|| self.place(key), |item| item.span)
    }
}
