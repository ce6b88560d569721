//! Listening sockets: one per worker at the same address, so that the kernel spreads connections.

use std::io;
use std::net::{SocketAddr, TcpListener};

use socket2::{Domain, Protocol, Socket, Type};

/// Connections that wait to be taken: bursts of clients that reconnect after a restart fit in;
/// the kernel caps it by its own limit.
const BACKLOG: i32 = 4096;

/// Opens a listener at `address` for each worker, or none at all.
pub(crate) fn bind(address: SocketAddr, workers: usize) -> io::Result<Vec<TcpListener>> {
    // Sockets that share a port may be of different processes. A plain bind tells whether the
    // port is somebody else's.
    socket(address)?.bind(&address.into())?;
    (0..workers).map(|_| listener(address)).collect()
}

fn listener(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = socket(address)?;
    socket.set_reuse_port(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

fn socket(address: SocketAddr) -> io::Result<Socket> {
    let domain = Domain::for_address(address);
    let socket = Socket::new(domain, Type::STREAM.nonblocking(), Some(Protocol::TCP))?;
    // Connections of a proxy before this one may linger in the kernel.
    socket.set_reuse_address(true)?;
    Ok(socket)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_that_is_taken_is_refused_even_where_its_holder_would_share_it() {
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let plain = TcpListener::bind(any).unwrap();
        assert!(bind(plain.local_addr().unwrap(), 2).is_err());
        let free = plain.local_addr().unwrap();
        drop(plain);
        let shared = bind(free, 2).unwrap();
        assert_eq!(shared.len(), 2);
        assert_eq!(bind(free, 2).unwrap_err().kind(), io::ErrorKind::AddrInUse);
    }
}
