//! A process is killed while it writes: what it was told is written is written.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use super::*;

/// Not a test of its own: the victim. It writes into the folder it runs in and says what was acknowledged, until it is killed.
#[ignore = "the process that another test kills"]
#[test]
fn victim() {
    if !Path::new("victim-wanted").is_file() {
        return;
    }
    let engine = Engine::open(Path::new(".")).unwrap();
    let store = store(&engine);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let ids = Ids::System;
    for number in 0.. {
        let slug = format!("s{}-{number:06}", std::process::id());
        runtime.block_on(found(&store, &ids, &slug)).unwrap();
        println!("\nacknowledged {slug}");
    }
}

#[tokio::test]
async fn what_was_acknowledged_before_a_kill_is_there_after_it() {
    let folder = Folder::new();
    std::fs::write(folder.0.join("victim-wanted"), b"").unwrap();
    let mut acknowledged = Vec::new();
    for writes in [5, 40, 3] {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", concat!(module_path!(), "::victim").split_once("::").unwrap().1, "--nocapture"])
            .current_dir(&folder.0)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let told = lines.map_while(Result::ok).filter_map(|line| line.strip_prefix("acknowledged ").map(str::to_owned));
        acknowledged.extend(told.take(writes));
        child.kill().unwrap();
        child.wait().unwrap();
    }
    assert_eq!(acknowledged.len(), 48);
    let engine = folder.open();
    let kept = tenants(&store(&engine)).await;
    for slug in &acknowledged {
        assert!(kept.contains(slug), "{slug} was lost");
    }
    let records = drain(&engine, None, 100);
    assert_eq!(records.len(), 2 * kept.len(), "each write is in the stream, and nothing else is");
}
