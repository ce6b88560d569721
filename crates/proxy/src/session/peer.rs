//! Who is at the other end of a client connection.

use std::net::IpAddr;

use http::HeaderValue;

/// Who is at the other end.
#[derive(Debug, Clone)]
pub(crate) struct Peer {
    pub(crate) address: IpAddr,
    /// Ready for headers: made once per connection, shared by its requests and streams.
    pub(crate) header: HeaderValue,
    pub(crate) is_trusted: bool,
    /// Whether nobody on the way can read along.
    pub(crate) is_secure: bool,
}

// === impl Peer ===

impl Peer {
    /// Who comes from an address, without TLS; what it says of others is not believed.
    pub(crate) fn at(address: IpAddr) -> Self {
        let header = HeaderValue::try_from(address.to_string());
        Self {
            address,
            // An address always is a header's value. RFC 7239 has a word for what is not known.
            header: header.unwrap_or(HeaderValue::from_static("unknown")),
            is_trusted: false,
            is_secure: false,
        }
    }

    /// What it speaks, as URLs begin.
    pub(crate) fn scheme(&self) -> &'static str {
        if self.is_secure { "https" } else { "http" }
    }
}
