//! Secrets and configs on another host, in a volume that each deployment has of its own.
//!
//! Nothing but the Engine API reaches that host. It takes an archive for a container, and the
//! container, which is never started, has the volume. What is mounted into services is the file
//! below the volume's own directory: a file's mode and owner are as on this host, and the
//! directory in between is closed to the other users over there.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use bollard::Docker;
use bollard::models::{
    ContainerCreateBody, HostConfig, Mount, MountType, MountVolumeOptions, VolumeCreateRequest,
};
use bollard::query_parameters::{
    CreateContainerOptionsBuilder, RemoveVolumeOptions, UploadToContainerOptionsBuilder,
};
use shipway_pipeline::id::DeploymentId;
use shipway_pipeline::secret::SecretValue;

use super::engine::{failed, is_missing};
use super::{label, name, stop};
use crate::state::secret_file::Access;
use crate::{ColourKey, ColourSpec, Error};

/// Says of a volume that it holds secrets and configs.
const LABEL: &str = "shipway.files";

/// Where the container that is never started has the volume. No image has anything there.
const TARGET: &str = "/shipway-files";

/// Within the volume, for root alone: the engine lets others through to a volume's own directory.
const CLOSED: &str = "closed";

const CLOSED_MODE: u32 = 0o700;

/// A volume for a deployment's files.
pub(super) struct Place {
    volume: String,
    /// Where the files stand on the engine's host.
    pub(super) directory: PathBuf,
}

/// Makes the volume of a deployment's files, unless it exists.
pub(super) async fn ensure(
    docker: &Docker,
    key: &ColourKey,
    deployment: DeploymentId,
) -> Result<Place, Error> {
    let volume = volume(key, &deployment.to_string());
    let mut labels: HashMap<String, String> = label::of_key(key).into_iter().collect();
    labels.insert(label::DEPLOYMENT.to_owned(), deployment.to_string());
    labels.insert(LABEL.to_owned(), "true".to_owned());
    let request = VolumeCreateRequest {
        name: Some(volume.clone()),
        labels: Some(labels),
        ..VolumeCreateRequest::default()
    };
    let made = docker.create_volume(request).await;
    let made = made.map_err(failed(format!("make the volume `{volume}`")))?;
    Ok(Place {
        directory: Path::new(&made.mountpoint).join(CLOSED),
        volume,
    })
}

/// Writes the files. Those that are there are replaced by the same.
pub(super) async fn write(
    docker: &Docker,
    place: &Place,
    spec: &ColourSpec,
    files: Vec<(String, &SecretValue, Access)>,
) -> Result<(), Error> {
    let archive = archive(&files).map_err(|source| Error::Io {
        action: "pack secrets and configs".to_owned(),
        source,
    })?;
    let container = format!("{}_writer", place.volume);
    // One that an interrupted call left.
    stop::remove(docker, &container, false).await?;
    create(docker, place, spec, &container).await?;
    let options = UploadToContainerOptionsBuilder::new().path(TARGET).build();
    let sent = docker
        .upload_to_container(
            &container,
            Some(options),
            bollard::body_full(archive.into()),
        )
        .await;
    stop::remove(docker, &container, false).await?;
    sent.map_err(failed(format!(
        "write secrets and configs to the volume `{}`",
        place.volume
    )))
}

/// Removes the volume of a deployment's files; one that is gone is no error.
pub(super) async fn remove(
    docker: &Docker,
    key: &ColourKey,
    deployment: &str,
) -> Result<(), Error> {
    let volume = volume(key, deployment);
    stop::remove(docker, &format!("{volume}_writer"), false).await?;
    match docker
        .remove_volume(&volume, None::<RemoveVolumeOptions>)
        .await
    {
        Ok(()) => Ok(()),
        Err(error) if is_missing(&error) => Ok(()),
        Err(error) => Err(failed(format!("remove the volume `{volume}`"))(error)),
    }
}

fn volume(key: &ColourKey, deployment: &str) -> String {
    format!("{}_files_{deployment}", name::project(key))
}

/// Makes a container that is never started, of an image that is there anyway.
async fn create(
    docker: &Docker,
    place: &Place,
    spec: &ColourSpec,
    container: &str,
) -> Result<(), Error> {
    let services = spec.services.iter();
    let image = services
        .filter_map(|service| spec.artifact.digests.get(&service.name))
        .next();
    let body = ContainerCreateBody {
        image: image.cloned(),
        entrypoint: Some(vec!["never-started".to_owned()]),
        network_disabled: Some(true),
        host_config: Some(HostConfig {
            mounts: Some(vec![Mount {
                target: Some(TARGET.to_owned()),
                source: Some(place.volume.clone()),
                typ: Some(MountType::VOLUME),
                volume_options: Some(MountVolumeOptions {
                    no_copy: Some(true),
                    ..MountVolumeOptions::default()
                }),
                ..Mount::default()
            }]),
            ..HostConfig::default()
        }),
        ..ContainerCreateBody::default()
    };
    let options = CreateContainerOptionsBuilder::new().name(container).build();
    let created = docker.create_container(Some(options), body).await;
    created
        .map(drop)
        .map_err(failed(format!("make the container `{container}`")))
}

fn archive(files: &[(String, &SecretValue, Access)]) -> std::io::Result<Vec<u8>> {
    let mut archive = tar::Builder::new(Vec::new());
    let mut folder = header(0, CLOSED_MODE);
    folder.set_entry_type(tar::EntryType::Directory);
    archive.append_data(&mut folder, format!("{CLOSED}/"), std::io::empty())?;
    for (name, value, access) in files {
        let content = value.expose();
        let mut entry = header(content.len() as u64, access.mode);
        entry.set_uid(access.uid.unwrap_or_default().into());
        entry.set_gid(access.gid.unwrap_or_default().into());
        archive.append_data(&mut entry, format!("{CLOSED}/{name}"), content)?;
    }
    archive.into_inner()
}

fn header(size: u64, mode: u32) -> tar::Header {
    let mut header = tar::Header::new_gnu();
    header.set_size(size);
    header.set_mode(mode);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    #[test]
    fn files_stand_in_a_closed_directory_with_their_modes_and_owners() {
        let value = SecretValue::new(b"hunter2".to_vec());
        let access = Access {
            mode: 0o400,
            uid: Some(103),
            gid: None,
        };
        let packed = archive(&[("secret-key".to_owned(), &value, access)]).unwrap();
        let mut archive = tar::Archive::new(packed.as_slice());
        let mut seen = Vec::new();
        for entry in archive.entries().unwrap() {
            let mut entry = entry.unwrap();
            let mut content = String::new();
            entry.read_to_string(&mut content).unwrap();
            let header = entry.header();
            let path = entry.path().unwrap().display().to_string();
            let owner = (header.uid().unwrap(), header.gid().unwrap());
            seen.push((path, header.mode().unwrap(), owner, content));
        }
        let expected = [
            ("closed/".to_owned(), 0o700, (0, 0), String::new()),
            (
                "closed/secret-key".to_owned(),
                0o400,
                (103, 0),
                "hunter2".to_owned(),
            ),
        ];
        assert_eq!(seen, expected);
    }
}
