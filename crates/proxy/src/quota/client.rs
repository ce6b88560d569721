//! Who counts as one client.

use std::net::IpAddr;

/// One client: an address, of version 6 the network of 64 bits that a subscriber has.
pub(super) type Client = u64;

/// The client that an address is of. Those of version 4 are where version 6 has no networks.
pub(super) fn of(address: IpAddr) -> Client {
    match address.to_canonical() {
        IpAddr::V4(address) => (1 << 32) | u64::from(address.to_bits()),
        IpAddr::V6(address) => (address.to_bits() >> 64) as u64,
    }
}
