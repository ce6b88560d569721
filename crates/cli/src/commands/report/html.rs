//! The evidence as one page that needs nothing else.

use maud::{DOCTYPE, Markup, PreEscaped, html};
use shipway_pipeline::deployment::State;
use shipway_pipeline::gate::Verdict;
use shipway_pipeline::journal::{Entry, Record};
use shipway_pipeline::plan::Plan;
use shipway_pipeline::request::Request;

use super::evidence::{Attempt, Checked, Evidence};
use crate::commands::show;
use crate::render::time;

const STYLE: &str = "
body { font: 15px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; color: #1a1a1a; background: #fff }
h1, h2 { line-height: 1.2 } h2 { margin-top: 2.5rem; border-bottom: 1px solid #ccc }
table { border-collapse: collapse; width: 100% } th, td { text-align: left; vertical-align: top; padding: .25rem .75rem .25rem 0; border-bottom: 1px solid #eee }
code, pre { font: 13px/1.45 ui-monospace, monospace } pre { background: #f6f6f6; padding: .75rem; overflow-x: auto; max-height: 30rem }
.good { color: #17692c } .bad { color: #a4161a } .unknown { color: #8a5a00 }
";

/// The page.
pub(super) fn page(evidence: &Evidence) -> String {
    let release = &evidence.release;
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width";
                title { "Release " (release.id) " of " (evidence.project) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                h1 { "Release " (release.id) " of " (evidence.project) }
                p { "Put together " (time::absolute(evidence.made)) " by " (evidence.made_by) " with shipway " (evidence.shipway) "." }
                (release_section(evidence))
                h2 { "Gates" }
                @if evidence.gates.is_empty() { p { "No gate was run for this commit." } }
                @for checked in &evidence.gates { (gate(checked)) }
                h2 { "Requests and approvals" }
                @if evidence.requests.is_empty() { p { "None: nobody else had to agree." } }
                @for request in &evidence.requests { (asked(request)) }
                h2 { "Deployments" }
                @if evidence.deployments.is_empty() { p { "It was never deployed." } }
                @for attempt in &evidence.deployments { (deployed(attempt)) }
                (audit_section(evidence))
            }
        }
    };
    page.into_string()
}

fn release_section(evidence: &Evidence) -> Markup {
    let release = &evidence.release;
    html! {
        table {
            tr { th { "Commit" } td { code { (release.commit) } br; (release.subject) } }
            @if let Some(branch) = &release.branch { tr { th { "Branch" } td { (branch) } } }
            tr { th { "Built" } td { (time::absolute(release.created)) " by " (release.created_by) } }
            @for (service, artifact) in &release.artifacts {
                tr { th { (service) } td { code { (artifact) } } }
            }
        }
    }
}

fn gate(checked: &Checked) -> Markup {
    let run = &checked.run;
    let class = match run.verdict {
        Verdict::Passed => "good",
        Verdict::Failed { .. } => "bad",
        Verdict::Inconclusive { .. } => "unknown",
    };
    html! {
        details {
            summary {
                strong { (run.gate) } " " span class=(class) { (run.verdict) }
                ", " (time::absolute(run.ended)) ", took " (time::short(run.ended.since(run.began)))
                ", asked for by " (run.by)
            }
            @match &checked.log_text {
                Some(log) => pre { (log) },
                None => p { "Its log was removed." },
            }
        }
    }
}

fn asked(request: &Request) -> Markup {
    html! {
        h3 { (request.id) ": " (request.want) " in " (request.environment) }
        table {
            tr { th { "Asked for" } td { (time::absolute(request.created)) " by " (request.by) } }
            tr { th { "Rules" } td { (request.lane.as_str()) } }
            @if let Some(reason) = &request.reason { tr { th { "Reason" } td { (reason) } } }
            @if let Some(agreement) = &request.agreement {
                tr { th { "Plan" } td { code { (agreement.digest) } } }
            }
            @for approval in &request.approvals {
                tr {
                    th { "Approved" }
                    td { (time::absolute(approval.at)) " by " (approval.by) ", plan " code { (approval.digest.short()) } }
                }
            }
            tr { th { "End" } td { (request.state) } }
        }
    }
}

fn deployed(attempt: &Attempt) -> Markup {
    let deployment = &attempt.deployment;
    let plan = &deployment.plan;
    html! {
        h3 { (deployment.id) ": " (plan.kind.as_str()) " in " (plan.environment) }
        table {
            tr { th { "Asked for" } td { (time::absolute(deployment.created)) " by " (deployment.requested_by) } }
            tr { th { "Outcome" } td { (deployment.state.name(plan)) } }
            @if let State::Finished { cause: Some(cause), .. } = &deployment.state {
                tr { th { "Cause" } td { (cause) @if !cause.evidence().is_empty() { pre { (cause.evidence().join("\n")) } } } }
            }
            tr { th { "Took" } td { (time::short(deployment.changed.since(deployment.created))) } }
        }
        details {
            summary { (attempt.journal.len()) " entries of its journal" }
            table { @for record in &attempt.journal { (entry(plan, record)) } }
        }
    }
}

fn entry(plan: &Plan, record: &Record) -> Markup {
    let is_failure = matches!(record.entry, Entry::Failed { .. });
    html! {
        tr {
            td { (time::absolute(record.at)) }
            td class=(if is_failure { "bad" } else { "" }) { (show::line(plan, &record.entry)) }
        }
    }
}

fn audit_section(evidence: &Evidence) -> Markup {
    html! {
        h2 { "Audit trail" }
        p { "The lines that name this release, its requests and its deployments. Each digest is of its line and of the digest before; `shipway audit verify` checks all of them." }
        table {
            @for line in &evidence.audit {
                tr {
                    td { (line.sequence) }
                    td { (time::absolute(line.at)) }
                    td { (line.actor) }
                    td { (line.action) }
                    td { (line.environment.as_deref().unwrap_or_default()) }
                    td { (line.subject) @if let Some(digest) = &line.digest { br; code { (digest.short()) } } }
                }
            }
        }
    }
}
