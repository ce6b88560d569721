//! Streams whose answers are compressed.

use super::client::Http2;
use crate::compress::*;
use crate::support::*;

#[tokio::test]
async fn answers_are_shorter_and_streams_end() {
    let proxy = Proxy::start().await;
    let page = page();
    let listen = compressing(&proxy, sending(whole(&page)).await).await;
    let client = Http2::connect(listen).await;
    for _ in 0..2 {
        let request = http::Request::get("http://shop/").header("accept-encoding", "br");
        let answer = client.ask(request.body(()).unwrap(), b"").await.unwrap();
        assert_eq!(answer.header("content-encoding"), Some("br"));
        assert_eq!(answer.header("content-length"), None);
        assert!(unbrotlied(&answer.body) == page);
    }
}
