//! The way to another host's proxy.

use std::sync::Arc;

use async_trait::async_trait;
use shipway_proxy::control::{Client, Dial, Stream};
use shipway_runtime::compose::ProxyContainer;

/// A client of another host's proxy.
#[must_use]
pub fn client_of(container: &ProxyContainer) -> Client {
    Client::dialling(Arc::new(Through(container.clone())))
}

/// The way through a host's engine.
#[derive(Debug)]
struct Through(ProxyContainer);

#[async_trait]
impl Dial for Through {
    async fn dial(&self) -> std::io::Result<Box<dyn Stream>> {
        Ok(Box::new(self.0.dial().await?))
    }

    fn place(&self) -> String {
        self.0.place()
    }
}
