//! What is new in a release, compared with what is live: commits, configuration, secrets, images.

use std::process::ExitCode;

use owo_colors::OwoColorize as _;
use shipway_engine::deploy::Request;
use shipway_engine::git::{Commit, Repository};
use shipway_pipeline::difference::Difference;

use crate::commands::diff;
use crate::context::Context;
use crate::error::Result;
use crate::render::{self, Form};

/// More commits than this are counted and not listed.
const COMMITS: usize = 50;

/// What is new.
struct News {
    /// What is live now; none where nothing is.
    before: Option<String>,
    after: String,
    commits: Vec<Commit>,
    /// So many more.
    more: usize,
    /// Commits that what is live has and the release lacks.
    lost: usize,
    difference: Option<Difference>,
}

/// Shows what is new, and the plan by which it would go live.
pub(crate) fn print(context: &Context, request: &Request<'_>, form: Form) -> Result {
    let news = find(context, request)?;
    let plan = context.engine.plan(request)?;
    if form.is_for_people() {
        anstream::print!("{}", news.text());
        render::plan::print(&plan, &request.release, form)?;
        return Ok(ExitCode::SUCCESS);
    }
    let document = serde_json::json!({
        "event": "plan",
        "changes": !request.surroundings.is_settled(),
        "news": news.document(),
        "plan": plan,
        "digest": plan.consent(),
        "release": request.release,
    });
    match form {
        Form::Events => anstream::println!("{document}"),
        _ => render::json(&document)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn find(context: &Context, request: &Request<'_>) -> Result<News> {
    let store = &context.engine.store;
    let release = &request.release;
    let mut news = News {
        before: None,
        after: release.id.to_string(),
        commits: Vec::new(),
        more: 0,
        lost: 0,
        difference: None,
    };
    let Some(live) = store.environment(&request.environment.name)?.live else {
        return Ok(news);
    };
    news.before = Some(live.release.to_string());
    let new = (release, &request.workload);
    news.difference = Some(diff::from_live(context, &live, new)?);
    if let Some(old) = store.release(&live.release)? {
        let repository = Repository::find(&context.project.directory)?;
        (news.commits, news.more) = repository.between(&old.commit, &release.commit, COMMITS)?;
        let (lost, more) = repository.between(&release.commit, &old.commit, COMMITS)?;
        news.lost = lost.len() + more;
    }
    Ok(news)
}

// === impl News ===

impl News {
    fn text(&self) -> String {
        let Some(before) = &self.before else {
            return format!("{} is the first release here\n\n", self.after);
        };
        let mut text = format!("{}\n", "Commits".bold());
        if self.commits.is_empty() {
            text.push_str("  none that is new\n");
        }
        for commit in &self.commits {
            let short = commit.id.get(..8).unwrap_or(&commit.id);
            text.push_str(&format!("  {} {}\n", short.dimmed(), commit.subject));
        }
        if self.more > 0 {
            text.push_str(&format!("  and {} more\n", self.more));
        }
        if self.lost > 0 {
            let told = format!("  {} that {before} has are not in it\n", self.lost);
            text.push_str(&told.yellow().to_string());
        }
        if let Some(difference) = &self.difference {
            text.push('\n');
            text.push_str(&diff::told(difference, before, &self.after));
        }
        text.push('\n');
        text
    }

    fn document(&self) -> serde_json::Value {
        let commits: Vec<_> = self
            .commits
            .iter()
            .map(|commit| serde_json::json!({ "id": commit.id, "subject": commit.subject }))
            .collect();
        let before = self.before.as_deref().unwrap_or_default();
        let difference = self.difference.as_ref();
        serde_json::json!({
            "before": self.before,
            "after": self.after,
            "commits": commits,
            "more_commits": self.more,
            "lost_commits": self.lost,
            "difference": difference.map(|it| diff::document(it, before, &self.after)),
        })
    }
}
