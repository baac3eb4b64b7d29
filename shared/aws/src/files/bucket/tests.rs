//! The bucket against a service on this machine that follows a script.

use std::net::Ipv4Addr;

use kernel::Time;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::super::whole;
use super::*;

/// A bucket whose requests are answered with these words, one connection each; what was asked comes out of the channel.
async fn bucket(answers: &'static [&'static str]) -> (Bucket, UnboundedReceiver<String>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let (told, asked) = unbounded_channel();
    tokio::spawn(async move {
        for answer in answers {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut read = Vec::new();
            while !ended(&read) {
                let mut part = vec![0; 4096];
                let bytes = stream.read(&mut part).await.unwrap();
                read.extend_from_slice(&part[..bytes]);
            }
            told.send(String::from_utf8(read).unwrap()).unwrap();
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    let clock = Clock::manual(Time::parse("2026-03-01T09:30:00Z").unwrap());
    (Bucket::new(Connection::loopback(&endpoint), "files".to_owned(), clock), asked)
}

/// Whether the whole request is there.
fn ended(read: &[u8]) -> bool {
    let text = String::from_utf8_lossy(read).into_owned();
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).map_or(0, |said| said.parse().unwrap());
    body.len() >= length
}

async fn all(mut parts: Parts) -> Result<Vec<u8>, String> {
    let mut all = Vec::new();
    while let Some(part) = parts.next().await {
        all.extend_from_slice(&part?);
    }
    Ok(all)
}

const MISSING: &str = "HTTP/1.1 404 Not Found\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
const REFUSED: &str = "HTTP/1.1 403 Forbidden\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";

#[tokio::test]
async fn a_file_is_written_once_and_its_size_is_promised() {
    let done = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
    let before = "HTTP/1.1 412 Precondition Failed\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
    let answers: &'static [&'static str] = Box::leak(Box::new([done, before, REFUSED]));
    let (bucket, mut asked) = bucket(answers).await;
    bucket.write("t/a", "image/png", 3, whole("abc")).await.unwrap();
    let text = asked.recv().await.unwrap();
    assert!(text.starts_with("PUT /files/t/a HTTP/1.1\r\n") && text.ends_with("\r\n\r\nabc"), "{text}");
    for header in [
        "content-length: 3",
        "content-type: image/png",
        "if-none-match: *",
        "x-amz-content-sha256: UNSIGNED-PAYLOAD",
        "x-amz-date: 20260301T093000Z",
        "authorization: AWS4-HMAC-SHA256 Credential=local/20260301/us-east-1/s3/aws4_request",
    ] {
        assert!(text.contains(header), "{header}: {text}");
    }
    bucket.write("t/a", "image/png", 3, whole("abc")).await.unwrap();
    assert!(matches!(bucket.write("t/a", "image/png", 3, whole("abc")).await, Err(Error::Unavailable(_))));
}

#[tokio::test]
async fn a_file_is_read_by_one_request_and_a_broken_one_is_no_file() {
    let (bucket, mut asked) = bucket(&[
        "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 6\r\n\r\nabcdef",
        "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 6\r\n\r\nabc",
        MISSING,
        REFUSED,
    ])
    .await;
    assert_eq!(all(bucket.read("t/a")).await.unwrap(), b"abcdef");
    assert!(asked.recv().await.unwrap().starts_with("GET /files/t/a HTTP/1.1\r\n"));
    assert!(all(bucket.read("t/a")).await.unwrap_err().starts_with("a stored file broke off"));
    assert_eq!(all(bucket.read("t/a")).await.unwrap_err(), GONE);
    assert_eq!(all(bucket.read("t/a")).await.unwrap_err(), "S3 refuses a request with status 403");
}

#[tokio::test]
async fn a_file_is_read_on_from_where_it_was_left() {
    let (bucket, mut asked) = bucket(&[
        "HTTP/1.1 206 Partial Content\r\nconnection: close\r\ncontent-length: 3\r\n\r\ndef",
        "HTTP/1.1 416 Range Not Satisfiable\r\nconnection: close\r\ncontent-length: 0\r\n\r\n",
    ])
    .await;
    assert_eq!(all(bucket.read_from("t/a", 3)).await.unwrap(), b"def");
    assert!(asked.recv().await.unwrap().contains("\r\nrange: bytes=3-\r\n"));
    assert_eq!(all(bucket.read_from("t/a", 6)).await.unwrap(), b"");
}

#[tokio::test]
async fn what_is_there_is_told_from_what_is_not() {
    let (bucket, mut asked) = bucket(&[
        "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 77\r\n\r\n",
        MISSING,
        REFUSED,
        "HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n",
        REFUSED,
    ])
    .await;
    assert_eq!(bucket.size("t/a").await, Ok(Some(77)));
    assert!(asked.recv().await.unwrap().starts_with("HEAD /files/t/a HTTP/1.1\r\n"));
    assert_eq!(bucket.size("t/a").await, Ok(None));
    assert!(bucket.size("t/a").await.is_err());
    bucket.delete("t/a").await.unwrap();
    assert!(bucket.delete("t/a").await.is_err());
}

#[tokio::test]
async fn links_are_for_the_bucket_and_say_what_they_allow() {
    let (bucket, _) = bucket(&[]).await;
    let brought = bucket.upload("t/a", "image/png", 3, 3600).await.unwrap();
    assert!(
        brought.url.contains("/files/t/a?X-Amz-Algorithm=") && brought.url.contains("X-Amz-Expires=3600"),
        "{}",
        brought.url
    );
    assert!(brought.url.contains("content-length%3Bcontent-type%3Bhost%3Bif-none-match"), "{}", brought.url);
    assert_eq!(brought.headers, [("content-type", "image/png".to_owned()), ("if-none-match", "*".to_owned())]);
    assert_eq!(brought.expires_at, Time::parse("2026-03-01T10:30:00Z").unwrap());
    let fetched = bucket.download("t/a", "\u{fc} 1.png", "image/png", 900).await.unwrap();
    assert!(fetched.url.contains("response-content-disposition=attachment%3B%20filename%2A%3DUTF-8%27%27%25C3%25BC%25201.png"));
    assert!(fetched.url.contains("response-content-type=image%2Fpng") && fetched.headers.is_empty());
    assert!(!format!("{fetched:?}").contains("Signature"));
}
