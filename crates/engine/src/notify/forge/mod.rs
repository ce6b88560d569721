//! Code forges: what they are asked, one after the other, and what their answers mean.

mod asker;
mod github;
mod gitlab;

use reqwest::Client;
use shipway_pipeline::notify::retry::{Attempt, Verdict};
use shipway_pipeline::notify::{Event, Forge, ForgeKind, Notice, Stand};
use shipway_pipeline::time::Timestamp;

use asker::Asker;

/// Tells a forge where a deployment stands.
pub(super) async fn tell(
    client: &Client,
    (forge, token): (&Forge, &str),
    notice: &Notice,
    now: Timestamp,
) -> Result<Attempt, String> {
    let asker = Asker::try_new(client, forge, token, now)?;
    let told = match (Stand::of(notice), &notice.commit) {
        _ if notice.event == Event::Test => match forge.forge {
            ForgeKind::GitHub => github::look(&asker, forge).await,
            ForgeKind::GitLab => gitlab::look(&asker, forge).await,
        },
        (Some(stand), Some(commit)) => match forge.forge {
            ForgeKind::GitHub => github::tell(&asker, forge, (notice, commit, stand)).await,
            ForgeKind::GitLab => gitlab::tell(&asker, forge, (notice, commit, stand)).await,
        },
        _ => Ok("it is about no commit".to_owned()),
    };
    Ok(told.map_or_else(
        |attempt| attempt,
        |told| Attempt {
            verdict: Verdict::Accepted,
            told,
        },
    ))
}
