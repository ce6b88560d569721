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

/// Shares sockets that another process opened among workers: each socket is taken from, since
/// clients wait in the queue of each, and each worker has one to take from.
pub(crate) fn deal(
    address: SocketAddr,
    sockets: Vec<TcpListener>,
    workers: usize,
) -> io::Result<Vec<Vec<TcpListener>>> {
    let mut dealt: Vec<Vec<TcpListener>> = (0..workers).map(|_| Vec::new()).collect();
    let opened = sockets.len();
    for (number, socket) in sockets.into_iter().enumerate() {
        dealt[number % workers].push(socket);
    }
    for worker in opened..workers {
        // Where no further one may be opened, as below 1024 without the right to, two workers
        // take from one queue.
        let more = listener(address).or_else(|_| dealt[worker % opened][0].try_clone())?;
        dealt[worker].push(more);
    }
    Ok(dealt)
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

    #[test]
    fn each_worker_has_a_socket_and_each_socket_a_worker() {
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let held = TcpListener::bind(any).unwrap();
        let address = held.local_addr().unwrap();
        drop(held);
        for (opened, workers, each) in [
            (2, 2, &[1, 1][..]),
            (3, 2, &[2, 1]),
            (2, 1, &[2]),
            (1, 3, &[1, 1, 1]),
        ] {
            let sockets = bind(address, opened).unwrap();
            let dealt = deal(address, sockets, workers).unwrap();
            let counts: Vec<usize> = dealt.iter().map(Vec::len).collect();
            assert_eq!(counts, each);
        }
    }
}
