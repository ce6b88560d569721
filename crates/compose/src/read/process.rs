//! `x-shipway.process`.

use super::reader::{Field, Reader};
use crate::diagnostic::Code;
use crate::process::{BuildStep, Process};
use crate::yaml::Node;

const SHIPWAY: &[&str] = &["process"];

const PROCESS: &[&str] = &["build", "command", "directory", "environment", "path"];

const BUILD_STEP: &[&str] = &["inputs", "output", "run"];

pub(super) fn process(name: &str, service: &Node, reader: &mut Reader) -> Option<Process> {
    let service = Field {
        node: service,
        name: format!("services.{name}"),
    };
    let shipway = service.get("x-shipway")?;
    reader.map(&shipway)?;
    reader.check_keys(&shipway, SHIPWAY);
    let field = shipway.get("process")?;
    reader.map(&field)?;
    reader.check_keys(&field, PROCESS);
    let steps = reader.list_at(&field, "build");
    Some(Process {
        build: steps
            .iter()
            .filter_map(|step| build_step(step, reader))
            .collect(),
        path: reader.texts_at(&field, "path"),
        environment: reader.pairs_at(&field, "environment"),
        command: reader.words_at(&field, "command"),
        directory: reader.text_at(&field, "directory"),
    })
}

fn build_step(step: &Field<'_>, reader: &mut Reader) -> Option<BuildStep> {
    if let Some(line) = step.node.as_str() {
        return Some(BuildStep {
            run: line.to_owned(),
            inputs: Vec::new(),
            output: None,
        });
    }
    reader.map(step)?;
    reader.check_keys(step, BUILD_STEP);
    let Some(run) = reader.text_at(step, "run") else {
        let message = format!("`{}` has no `run`", step.name);
        reader.error(Code::WrongValue, message, step.node.span);
        return None;
    };
    let inputs = reader.texts_at(step, "inputs");
    Some(BuildStep {
        run,
        inputs,
        output: reader.text_at(step, "output"),
    })
}
