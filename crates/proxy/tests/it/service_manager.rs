//! Who starts the proxy hears who serves.

use std::os::unix::net::UnixDatagram;

use crate::chain::*;
use crate::support::*;

#[tokio::test]
async fn the_service_manager_hears_who_serves() {
    let dir = tempfile::tempdir().unwrap();
    let socket = dir.path().join("notify");
    let manager = UnixDatagram::bind(&socket).unwrap();
    manager.set_read_timeout(Some(PATIENCE)).unwrap();
    let hear = || {
        let mut heard = [0; 256];
        let length = manager.recv(&mut heard).unwrap();
        String::from_utf8_lossy(&heard[..length]).into_owned()
    };
    let mut chain = Chain::start_with(|command| {
        command.env("NOTIFY_SOCKET", &socket);
    })
    .await;
    assert_eq!(hear(), "READY=1");
    let handed = chain.hand_over().await;
    let mut heard = [hear(), hear()];
    heard.sort();
    let main = format!("MAINPID={}\nREADY=1", handed.pid);
    assert_eq!(heard, [main, "READY=1".to_owned()]);
    chain.client.shutdown().await.unwrap();
    assert_eq!(hear(), "STOPPING=1");
}
