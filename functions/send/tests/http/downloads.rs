//! Files that are fetched.

use futures_util::StreamExt;
use net::download::Download;

use super::*;

async fn fetch(deed: Deed) -> (Result<Download, String>, Stub) {
    let stub = Stub::start(vec![Script::of(&[deed])]).await;
    let call = HttpCall { method: Method::Get, body: Body::default(), ..call(stub.port) };
    (wire(client(&stub)).download(&call, &Clock::manual(now())).await, stub)
}

/// The bytes, and how many parts they came in.
async fn read(mut download: Download) -> Result<(Vec<u8>, usize), String> {
    let (mut all, mut count) = (Vec::new(), 0);
    while let Some(part) = download.parts.next().await {
        all.extend_from_slice(&part?);
        count += 1;
    }
    Ok((all, count))
}

#[tokio::test]
async fn a_file_comes_a_part_at_a_time() {
    let large = "0123456789".repeat(400_000);
    let (download, stub) = fetch(Deed::Say(says("200 OK", "content-type: application/pdf\r\n", &large))).await;
    let download = download.unwrap();
    assert_eq!(
        (download.status, download.bytes, download.media_type.as_deref()),
        (200, Some(4_000_000), Some("application/pdf"))
    );
    let (bytes, parts) = read(download).await.unwrap();
    assert!(bytes == large.as_bytes() && parts > 1, "{parts} parts");
    assert!(stub.asked()[0].body.is_empty());
}

#[tokio::test]
async fn a_file_that_breaks_off_is_no_file_and_no_redirect_is_followed_here() {
    let half = "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n12345".to_owned();
    let (download, _) = fetch(Deed::SayAndHangUp(half)).await;
    assert_eq!(read(download.unwrap()).await.unwrap_err(), "the file broke off");
    let (download, stub) = fetch(Deed::Say(says("302 Found", "location: https://files.example/a\r\n", ""))).await;
    let download = download.unwrap();
    assert_eq!((download.status, download.location.as_deref()), (302, Some("https://files.example/a")));
    assert_eq!(stub.connections(), 1);
    assert!(fetch(Deed::Silence).await.0.unwrap_err().ends_with("no answer in time"));
}
