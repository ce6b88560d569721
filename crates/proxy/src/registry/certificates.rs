//! The certificates of the routes: those that are read, and those that are issued.

use shipway_pipeline::route::Route;

use crate::acme::{Place, Told};
use crate::control::Reloaded;
use crate::registry::Registry;
use crate::tls::Keyring;

/// The certificate of a host that is issued: how it is doing, and of the one that there is the
/// second at which it ends and who issued it.
type OfHost = (Place, Told, Option<(i64, String)>);

impl Registry {
    /// The certificates of the routes.
    pub(crate) fn keyring(&self) -> &Keyring {
        &self.keyring
    }

    /// Reads certificates that have changed on the disk.
    pub(crate) fn reload_changed(&mut self) {
        if self.keyring.read_changed(&self.state.routes) {
            self.keyring.publish(&self.state.routes);
        }
    }

    /// Does it now, asks again for what could not be had, and tells what came of it.
    pub(crate) fn reload(&mut self) -> Vec<Reloaded> {
        self.reload_changed();
        self.keeper.try_again();
        if let Some(access) = &self.shared.access {
            access.reopen();
        }
        self.reloaded()
    }

    /// Serves what was issued, and asks for what is due.
    pub(crate) fn keep_certificates(&mut self) {
        if self.keeper.hear() {
            self.reload_changed();
        }
        let keyring = &self.keyring;
        let present = |place: &Place| keyring.issued(place).map(|(validity, _)| validity);
        self.keeper.ask(&self.state.routes, present);
    }

    /// Leaves it to the process that takes over. When this returns, this one asks for nothing.
    pub(crate) async fn stop_asking(&mut self) {
        self.keeper.stop().await;
    }

    /// Goes on asking, since no process took over.
    pub(crate) fn go_on_asking(&mut self) {
        self.keeper.go_on();
    }

    /// How the certificate of each host of a route is doing, where they are issued, and who issued
    /// the one that there is and until when it holds.
    pub(crate) fn told(&self, route: &Route) -> Vec<OfHost> {
        let acme = route.tls.as_ref().and_then(|tls| tls.certificate.acme());
        let hosts = acme.into_iter().flat_map(|acme| {
            let hosts = route.hosts.iter();
            hosts.map(|host| Place::of(self.paths.dir(), acme, host))
        });
        let told = hosts.map(|place| {
            let issued = self.keyring.issued(&place);
            let told = self
                .keeper
                .told(&place, issued.map(|(validity, _)| validity));
            let issued = issued.map(|(validity, issuer)| (validity.ends, issuer.to_owned()));
            (place, told, issued)
        });
        told.collect()
    }
}
