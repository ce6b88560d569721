//! One service.

use std::time::Duration;

use super::project::unsupported;
use super::reader::{Field, Reader};
use super::{build, depends_on, healthcheck, keys, mount, port, process, restart};
use crate::diagnostic::Code;
use crate::model::Service;
use crate::yaml::Span;

/// What Compose waits between the stop signal and the kill.
const STOP_GRACE_PERIOD: Duration = Duration::from_secs(10);

pub(super) fn service(
    name: &str,
    span: Span,
    field: &Field<'_>,
    reader: &mut Reader,
) -> Option<Service> {
    if field.node.is_null() {
        let message = format!("service `{name}` is empty");
        let help = "give it an `image` or a `build`".to_owned();
        reader.error_with_help(Code::EmptyService, message, span, help);
        return None;
    }
    let mapping = reader.map(field)?;
    reader.check_keys(field, keys::SERVICE);
    if let Some(extends) = mapping.entry("extends") {
        unsupported("extends", extends.key_span, reader);
    }
    let service = Service {
        name: name.to_owned(),
        span,
        image: reader.text_at(field, "image"),
        build: build::build(field, reader),
        command: reader.words_at(field, "command"),
        entrypoint: reader.words_at(field, "entrypoint"),
        environment: reader.pairs_at(field, "environment"),
        ports: port::ports(field, reader),
        mounts: mount::mounts(field, reader),
        healthcheck: healthcheck::healthcheck(field, reader),
        depends_on: depends_on::depends_on(field, reader),
        restart: restart::restart(field, reader),
        replicas: replicas(field, reader),
        stop_signal: reader
            .text_at(field, "stop_signal")
            .unwrap_or_else(|| "SIGTERM".to_owned()),
        stop_grace_period: reader
            .duration_at(field, "stop_grace_period")
            .unwrap_or(STOP_GRACE_PERIOD),
        working_dir: reader.text_at(field, "working_dir"),
        profiles: reader.texts_at(field, "profiles"),
        labels: labels(field, reader),
        process: process::process(field, reader),
    };
    check_source(&service, field, reader);
    Some(service)
}

fn replicas(field: &Field<'_>, reader: &mut Reader) -> u32 {
    let deploy = field.get("deploy");
    let replicas = deploy.as_ref().and_then(|deploy| {
        reader.map(deploy)?;
        reader.check_keys(deploy, keys::DEPLOY);
        reader.number_at::<u32>(deploy, "replicas")
    });
    let scale = reader.number_at::<u32>(field, "scale");
    if let (Some(replicas), Some(scale)) = (replicas, scale)
        && replicas != scale
    {
        let message = format!(
            "`{}.scale` is {scale} but `deploy.replicas` is {replicas}",
            field.name
        );
        let span = field
            .node
            .get("scale")
            .map_or(field.node.span, |node| node.span);
        reader.error_with_help(
            Code::Contradiction,
            message,
            span,
            "remove one of them".to_owned(),
        );
    }
    replicas.or(scale).unwrap_or(1)
}

fn labels(field: &Field<'_>, reader: &mut Reader) -> indexmap::IndexMap<String, String> {
    let pairs = reader.pairs_at(field, "labels");
    pairs
        .into_iter()
        .map(|(key, value)| (key, value.unwrap_or_default()))
        .collect()
}

/// A service must come from somewhere.
fn check_source(service: &Service, field: &Field<'_>, reader: &mut Reader) {
    // `provider` is a program of the host, `extends` has its own complaint.
    let other = ["build", "provider", "extends"]
        .iter()
        .any(|key| field.get(key).is_some());
    if service.image.is_none() && !other && service.process.is_none() {
        let message = format!(
            "service `{}` has neither an `image` nor a `build`",
            service.name
        );
        let help = "give it one of them".to_owned();
        reader.error_with_help(Code::NoImage, message, service.span, help);
    }
}
