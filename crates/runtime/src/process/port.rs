//! Which port an instance listens on.
//!
//! A port is claimed by binding an abstract unix socket named after it, for as long as the
//! supervisor lives. Abstract names belong to the network namespace, as ports do: the claim holds
//! among all users and state directories, leaves no file, and ends with its holder.

use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::ops::RangeInclusive;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{self as unix, UnixDatagram};

/// The ports that instances get: below 32768, where Linux takes the ports of outgoing
/// connections from, and above what most servers use by default.
pub const RANGE: RangeInclusive<u16> = 20_000..=29_999;

/// A port that nobody else is given while this value lives.
#[derive(Debug)]
pub(super) struct Claim {
    port: u16,
    _name: UnixDatagram,
}

// === impl Claim ===

impl Claim {
    /// The first free port of [`RANGE`], counted round from the one that `hint` points to.
    ///
    /// The same hint tends to give the same port, which makes logs easier to follow.
    ///
    /// # Errors
    /// No port of the range is free.
    pub(super) fn any(hint: u64) -> io::Result<Self> {
        let (first, count) = (*RANGE.start(), RANGE.len() as u64);
        for step in 0..count {
            let offset = (hint % count + step) % count;
            let port = first + u16::try_from(offset).map_err(io::Error::other)?;
            match Self::of(port) {
                Err(error) if error.kind() == ErrorKind::AddrInUse => {}
                result => return result,
            }
        }
        let text = format!("no port from {first} to {} is free", RANGE.end());
        Err(io::Error::new(ErrorKind::AddrInUse, text))
    }

    /// This very port.
    ///
    /// # Errors
    /// Somebody has it, or listens on it without having asked.
    pub(super) fn of(port: u16) -> io::Result<Self> {
        let name = unix::SocketAddr::from_abstract_name(format!("shipway/port/{port}"))?;
        let claim = UnixDatagram::bind_addr(&name)?;
        TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
        Ok(Self { port, _name: claim })
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }
}

/// Where an instance with this port takes connections.
pub(super) fn address(port: u16) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_given_once_while_claimed() {
        let first = Claim::any(77).unwrap();
        let second = Claim::any(77).unwrap();
        assert_ne!(first.port(), second.port());
        assert!(RANGE.contains(&first.port()));
        assert_eq!(
            Claim::of(first.port()).unwrap_err().kind(),
            ErrorKind::AddrInUse
        );
    }

    #[test]
    fn a_port_that_somebody_listens_on_is_not_given() {
        let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        assert!(Claim::of(port).is_err());
    }
}
