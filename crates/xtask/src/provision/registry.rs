//! An OCI registry on the loopback address, for what the tests push.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use super::answer::wait_for;
use super::daemon::Daemon;
use super::places::Places;
use super::tools;

const STARTING: Duration = Duration::from_secs(20);
const ASKING: Duration = Duration::from_secs(2);

/// The first of these ports that is free is taken and kept: images are named after it. 5000, which
/// everybody's registry has, may be somebody's.
const PORTS: std::ops::Range<u16> = 5050..5100;

/// Makes our registry answer, and returns its address.
pub(super) fn provide(places: &Places) -> Result<SocketAddr> {
    let daemon = daemon(places);
    if let Some(address) = running(places) {
        return Ok(address);
    }
    tools::provide(places)?;
    let folder = places.registry();
    fs::create_dir_all(&folder).context("cannot make the registry's directory")?;
    let address = choose(recorded(places)).context("no port is free for the registry")?;
    let configuration = folder.join("config.yml");
    fs::write(&configuration, render_configuration(&folder, address))
        .and_then(|()| fs::write(folder.join("address"), address.to_string()))
        .context("cannot write the registry's configuration")?;
    daemon.start(&serve(&places.registry_program(), &configuration))?;
    wait_for(
        "the registry",
        STARTING,
        || answers(address).then_some(()),
        || daemon.running().is_some(),
    )
    .with_context(|| {
        format!(
            "the registry does not start: see {}",
            daemon.log().display()
        )
    })?;
    println!("the registry answers: {address}");
    Ok(address)
}

/// The address of our registry, if it answers.
pub(crate) fn running(places: &Places) -> Option<SocketAddr> {
    daemon(places).running()?;
    recorded(places).filter(|address| answers(*address))
}

/// Ends our registry; what was pushed to it stays.
pub(super) fn stop(places: &Places) -> Result<bool> {
    daemon(places).stop()
}

fn daemon(places: &Places) -> Daemon {
    Daemon::new(places, "registry")
}

fn recorded(places: &Places) -> Option<SocketAddr> {
    let text = fs::read_to_string(places.registry().join("address")).ok()?;
    text.trim().parse().ok()
}

fn choose(recorded: Option<SocketAddr>) -> Option<SocketAddr> {
    recorded
        .into_iter()
        .chain(PORTS.map(|port| SocketAddr::from((Ipv4Addr::LOCALHOST, port))))
        .find(|address| TcpListener::bind(address).is_ok())
}

fn render_configuration(folder: &Path, address: SocketAddr) -> String {
    format!(
        "version: 0.1\n\
         log:\n  level: warn\n\
         storage:\n  filesystem:\n    rootdirectory: {}\n  delete:\n    enabled: true\n\
         http:\n  addr: {address}\n",
        folder.join("data").display()
    )
}

fn serve(program: &Path, configuration: &Path) -> Command {
    let mut command = Command::new(program);
    command.arg("serve").arg(configuration);
    command
}

/// Whether a registry says at this address that it is one.
fn answers(address: SocketAddr) -> bool {
    let ask = || -> std::io::Result<String> {
        let mut stream = TcpStream::connect_timeout(&address, ASKING)?;
        stream.set_read_timeout(Some(ASKING))?;
        stream.write_all(b"GET /v2/ HTTP/1.0\r\nHost: registry\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    };
    ask().is_ok_and(|answer| answer.starts_with("HTTP/1.0 200"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_port_of_before_is_kept_unless_it_is_taken() {
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let before = taken.local_addr().unwrap();
        let other = choose(Some(before)).unwrap();
        assert!(PORTS.contains(&other.port()), "{other}");
        drop(taken);
        assert_eq!(choose(Some(before)), Some(before));
    }

    #[test]
    fn it_listens_on_the_loopback_address_and_keeps_its_data_with_it() {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 5050));
        let text = render_configuration(Path::new("/cache/registry"), address);
        assert!(text.contains("addr: 127.0.0.1:5050\n"), "{text}");
        assert!(
            text.contains("rootdirectory: /cache/registry/data\n"),
            "{text}"
        );
    }
}
