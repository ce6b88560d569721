//! The image that a proxy's container is made of: this program and nothing else.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use bollard::Docker;
use bollard::query_parameters::CreateImageOptionsBuilder;
use futures_util::StreamExt as _;
use sha2::{Digest as _, Sha256};

use super::parts::{self, Part};
use crate::Error;
use crate::compose::{engine, image};

const REPOSITORY: &str = "shipway/proxy";

/// Makes the image of a program on an engine, unless it is there. Returns its name.
pub(super) async fn ensure(docker: &Docker, program: &Path) -> Result<String, Error> {
    check_platform(docker).await?;
    let packed = pack_aside(program.to_owned()).await;
    let (tag, archive) = packed.map_err(|source| Error::Io {
        action: format!("make an image of `{}`", program.display()),
        source,
    })?;
    let name = format!("{REPOSITORY}:{tag}");
    if image::id(docker, &name).await?.is_some() {
        return Ok(name);
    }
    let options = CreateImageOptionsBuilder::new()
        .from_src("-")
        .repo(REPOSITORY)
        .tag(&tag)
        .build();
    let body = bollard::body_full(archive.into());
    let mut told = std::pin::pin!(docker.create_image(Some(options), Some(body), None));
    while let Some(line) = told.next().await {
        line.map_err(engine::failed(format!("make the image `{name}`")))?;
    }
    Ok(name)
}

/// The program runs only where the machine is of its kind.
async fn check_platform(docker: &Docker) -> Result<(), Error> {
    let there = image::own_platform(docker).await?;
    let architecture = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    };
    let here = format!("linux/{architecture}");
    if here == there {
        return Ok(());
    }
    Err(Error::Io {
        action: "run the proxy there".to_owned(),
        source: io::Error::other(format!(
            "it is this program, which is for `{here}`, and that engine runs `{there}`: deploy \
             from a machine of that kind"
        )),
    })
}

/// Reads and packs away from the thread that others wait for.
async fn pack_aside(program: PathBuf) -> io::Result<(String, Vec<u8>)> {
    let packed = tokio::task::spawn_blocking(move || pack(&parts::collect(&program)?));
    packed.await.map_err(io::Error::other)?
}

/// The tag that follows from the content, and the archive.
fn pack(parts: &[Part]) -> io::Result<(String, Vec<u8>)> {
    let mut hash = Sha256::new();
    let mut archive = tar::Builder::new(Vec::new());
    for folder in folders(parts) {
        let mut header = header(0);
        header.set_entry_type(tar::EntryType::Directory);
        archive.append_data(&mut header, format!("{folder}/"), io::empty())?;
    }
    for part in parts {
        hash.update(&part.path);
        hash.update(&part.content);
        let mut header = header(part.content.len() as u64);
        archive.append_data(&mut header, &part.path, part.content.as_slice())?;
    }
    let digest = hash.finalize();
    let short: String = digest[..6]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let tag = format!("{}-{short}", env!("CARGO_PKG_VERSION"));
    Ok((tag, archive.into_inner()?))
}

/// The folders above the parts, each after those above itself.
fn folders(parts: &[Part]) -> BTreeSet<String> {
    let above = parts.iter().flat_map(|part| {
        let folders = Path::new(&part.path).ancestors().skip(1);
        folders.map(|folder| folder.display().to_string())
    });
    above.filter(|folder| !folder.is_empty()).collect()
}

fn header(size: u64) -> tar::Header {
    let mut header = tar::Header::new_gnu();
    header.set_size(size);
    header.set_mode(0o755);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(path: &str, content: &str) -> Part {
        Part {
            path: path.to_owned(),
            content: content.into(),
        }
    }

    #[test]
    fn the_name_follows_from_the_content_and_folders_come_first() {
        let parts = [part("shipway", "program"), part("usr/lib/libc.so.6", "c")];
        let (tag, packed) = pack(&parts).unwrap();
        assert_eq!(pack(&parts).unwrap().0, tag);
        assert_ne!(pack(&parts[..1]).unwrap().0, tag);
        let mut archive = tar::Archive::new(packed.as_slice());
        let paths: Vec<String> = archive
            .entries()
            .unwrap()
            .map(|entry| entry.unwrap().path().unwrap().display().to_string())
            .collect();
        assert_eq!(paths, ["usr/", "usr/lib/", "shipway", "usr/lib/libc.so.6"]);
    }
}
