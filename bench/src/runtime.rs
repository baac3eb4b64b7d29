//! A stand-in for the Lambda Runtime API on loopback, and for the table: it hands out one event and notes when it was asked and
//! when it was answered.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Instant;

use crate::Fallible;

/// What a function did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sign {
    /// It asked for an event.
    Asked(Instant),
    /// It answered.
    Answered(Instant),
    /// It reported an error.
    Failed,
}

/// Serves one function. Answers with the port and what it does.
pub(crate) fn serve(event: String) -> Fallible<(u16, Receiver<Sign>)> {
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    let port = listener.local_addr()?.port();
    let (signs, seen) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (event, signs) = (event.clone(), signs.clone());
            std::thread::spawn(move || converse(&stream, &event, &signs));
        }
    });
    Ok((port, seen))
}

fn converse(stream: &TcpStream, event: &str, signs: &Sender<Sign>) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut writer = stream.try_clone().ok()?;
    loop {
        let mut first = String::new();
        if reader.read_line(&mut first).ok()? == 0 {
            return None;
        }
        let now = Instant::now();
        let close = body(&mut reader)?;
        if first.starts_with("GET") && first.contains("/next") {
            signs.send(Sign::Asked(now)).ok()?;
            let head = "HTTP/1.1 200 OK\r\nlambda-runtime-aws-request-id: 1\r\nlambda-runtime-deadline-ms: 99999999999999\r\n\
                lambda-runtime-invoked-function-arn: arn:aws:lambda:us-east-1:0:function:bench\r\n\
                content-type: application/json\r\ncontent-length: ";
            write!(writer, "{head}{}\r\n\r\n{event}", event.len()).ok()?;
        } else if first.contains("/invocation/") && first.contains("/response") {
            signs.send(Sign::Answered(now)).ok()?;
            writer.write_all(b"HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n").ok()?;
        } else if first.contains("/error") {
            signs.send(Sign::Failed).ok()?;
            writer.write_all(b"HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n").ok()?;
        } else {
            // The table, with nothing in it.
            let nothing = "{\"Count\":0,\"Items\":[],\"ScannedCount\":0}";
            let head = "HTTP/1.1 200 OK\r\ncontent-type: application/x-amz-json-1.0\r\ncontent-length: ";
            write!(writer, "{head}{}\r\n\r\n{nothing}", nothing.len()).ok()?;
        }
        if close {
            return None;
        }
    }
}

/// Reads headers and body; whether the connection is to be closed after the answer.
fn body(reader: &mut BufReader<TcpStream>) -> Option<bool> {
    let (mut length, mut chunked, mut close) = (0_u64, false, false);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let line = line.trim().to_ascii_lowercase();
        if line.is_empty() {
            break;
        }
        match line.split_once(':') {
            Some(("content-length", value)) => length = value.trim().parse().ok()?,
            Some(("transfer-encoding", _)) => chunked = true,
            Some(("connection", value)) => close = value.trim() == "close",
            Some(_) | None => {}
        }
    }
    let mut sink = std::io::sink();
    if !chunked {
        std::io::copy(&mut reader.by_ref().take(length), &mut sink).ok()?;
        return Some(close);
    }
    loop {
        let mut size = String::new();
        reader.read_line(&mut size).ok()?;
        let size = u64::from_str_radix(size.trim().split(';').next()?, 16).ok()?;
        std::io::copy(&mut reader.by_ref().take(size + 2), &mut sink).ok()?;
        if size == 0 {
            return Some(close);
        }
    }
}
