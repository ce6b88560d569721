//! Ports for environments to listen on.

use std::net::{Ipv4Addr, TcpListener};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};

/// Below those that instances get, and below those that outgoing connections come from: nobody
/// takes one of them between its choice and its use.
const FIRST: u16 = 12_000;
const COUNT: u16 = 7_000;

/// A port that no other test is given while this value lives.
#[derive(Debug)]
pub struct PortClaim {
    /// The port.
    pub port: u16,
    _name: UnixDatagram,
}

impl PortClaim {
    /// A port that is free.
    ///
    /// # Panics
    /// When none is.
    pub fn any() -> Self {
        // Tests run in processes of their own; each begins its search elsewhere.
        let start = std::process::id() as u16;
        (0..COUNT)
            .map(|step| FIRST + start.wrapping_mul(37).wrapping_add(step) % COUNT)
            .find_map(Self::of)
            .expect("some port is free")
    }

    fn of(port: u16) -> Option<Self> {
        let name = SocketAddr::from_abstract_name(format!("shipway-testkit/{port}")).ok()?;
        let name = UnixDatagram::bind_addr(&name).ok()?;
        TcpListener::bind((Ipv4Addr::LOCALHOST, port)).ok()?;
        Some(Self { port, _name: name })
    }
}
