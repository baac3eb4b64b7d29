//! The functions as they are deployed: size, time from start to the first request to the Runtime API, time to the first answer.
//! Beside them the floor: a C program that does nothing but connect, ask and answer.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};

use crate::runtime::{Sign, serve};
use crate::{Fallible, note, wire};

const FUNCTIONS: [&str; 8] = ["api", "webhook-intake", "relay", "send", "reminder-scan", "analytics", "automation", "collect"];
/// Starts of each; the median counts.
const STARTS: usize = 21;

/// The folder of what is built for deployment: beside the bench's own profile, whichever that is.
pub(crate) fn folder() -> Fallible<PathBuf> {
    Ok(std::env::current_exe()?.parent().and_then(Path::parent).ok_or("no folder")?.join("release"))
}

/// An event that needs nothing but the function itself, and for `reminder-scan` an empty table.
pub(crate) fn event(function: &str) -> String {
    let http = |path: &str| {
        json!({
            "version": "2.0", "routeKey": "$default", "rawPath": path, "rawQueryString": "", "headers": { "host": "bench" },
            "isBase64Encoded": false,
            "requestContext": {
                "accountId": "0", "apiId": "0", "domainName": "bench", "domainPrefix": "bench", "requestId": "0",
                "routeKey": "$default", "stage": "$default", "time": "01/Jan/2026:00:00:00 +0000", "timeEpoch": 0,
                "http": { "method": "GET", "path": path, "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1", "userAgent": "bench" }
            }
        })
    };
    match function {
        "api" => http("/problems").to_string(),
        "webhook-intake" => http("/t/o/none.gif").to_string(),
        "reminder-scan" => json!({
            "version": "0", "id": "0", "detail-type": "Scheduled Event", "source": "aws.events", "account": "0",
            "time": "2026-01-01T00:00:00Z", "region": "us-east-1", "resources": [], "detail": {}
        })
        .to_string(),
        _ => json!({ "Records": [] }).to_string(),
    }
}

pub(crate) fn measure() -> Fallible<Value> {
    let mut build = Command::new("cargo");
    build.args(["build", "--release", "--quiet"]).args(FUNCTIONS.iter().flat_map(|name| ["-p", name]));
    if !build.stdout(Stdio::null()).status()?.success() {
        return Err("the functions do not build".into());
    }
    let folder = folder()?;
    let mut found = Map::new();
    for name in FUNCTIONS {
        let path = folder.join(name);
        let (first_poll, first_answer) = median(&path, &event(name))?;
        note(&format!("{name}: first poll {first_poll} ms, first answer {first_answer} ms"));
        let megabytes = std::fs::metadata(&path)?.len() as f64 / 1e6;
        found.insert(
            name.to_owned(),
            json!({ "mb": (megabytes * 100.0).round() / 100.0, "first_poll_ms": first_poll, "first_answer_ms": first_answer }),
        );
    }
    let floor = match floor() {
        Some(path) => {
            let (first_poll, first_answer) = median(&path, "{}")?;
            json!({ "first_poll_ms": first_poll, "first_answer_ms": first_answer })
        }
        None => Value::Null,
    };
    Ok(json!({ "binaries": found, "floor": floor, "scan_over_the_wire": wire::measure()? }))
}

/// The floor program, when there is a C compiler.
fn floor() -> Option<PathBuf> {
    let folder = std::env::temp_dir().join(format!("switchboard-floor-{}", std::process::id()));
    std::fs::create_dir_all(&folder).ok()?;
    let (source, program) = (folder.join("floor.c"), folder.join("floor"));
    std::fs::write(&source, include_str!("floor.c")).ok()?;
    let made = Command::new("cc").args(["-O2", "-o"]).arg(&program).arg(&source).status().ok()?;
    made.success().then_some(program)
}

fn median(program: &Path, event: &str) -> Fallible<(f64, f64)> {
    let mut polls = Vec::new();
    let mut answers = Vec::new();
    for _ in 0..STARTS {
        let (poll, answer) = start(program, event)?;
        polls.push(poll);
        answers.push(answer);
    }
    let middle = |mut times: Vec<f64>| {
        times.sort_by(f64::total_cmp);
        (times.get(STARTS / 2).copied().unwrap_or(0.0) * 100.0).round() / 100.0
    };
    Ok((middle(polls), middle(answers)))
}

fn start(program: &Path, event: &str) -> Fallible<(f64, f64)> {
    let (port, signs) = serve(event.to_owned())?;
    let here = format!("127.0.0.1:{port}");
    let began = Instant::now();
    let mut child = deployed(program, &here, &format!("http://{here}"), "bench").spawn()?;
    let seen = watch(&signs);
    let _ = child.kill();
    let _ = child.wait();
    let (asked, answered) = seen.ok_or_else(|| format!("{} did not answer", program.display()))?;
    let millis = |at: Instant| at.duration_since(began).as_secs_f64() * 1000.0;
    Ok((millis(asked), millis(answered)))
}

/// A function as it is deployed, whose Runtime API, services and table are there.
pub(crate) fn deployed(program: &Path, runtime: &str, endpoint: &str, table: &str) -> Command {
    let mut command = Command::new(program);
    command
        .env_clear()
        .env("AWS_LAMBDA_RUNTIME_API", runtime)
        .env("AWS_LAMBDA_FUNCTION_NAME", "bench")
        .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256")
        .env("AWS_LAMBDA_FUNCTION_VERSION", "1")
        .env("AWS_LAMBDA_LOG_STREAM_NAME", "bench")
        .env("AWS_LAMBDA_LOG_GROUP_NAME", "bench")
        .env("AWS_REGION", "us-east-1")
        .env("AWS_ACCESS_KEY_ID", "bench")
        .env("AWS_SECRET_ACCESS_KEY", "bench")
        .env("AWS_ENDPOINT_URL", endpoint)
        .env("TABLE_NAME", table)
        .env("DEPLOYMENT_SECRET", "a deployment secret for the bench alone")
        .env("PLATFORM_KEY", "bench")
        .env("KMS_KEY_ID", "bench")
        .env("AUTOMATION_QUEUE_URL", endpoint)
        .env("COLLECT_QUEUE_URL", endpoint)
        .env("SEND_QUEUE_URL", endpoint)
        .env("PUBLIC_URL", endpoint)
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

/// When it asked for its first event, and when it answered that.
pub(crate) fn watch(signs: &Receiver<Sign>) -> Option<(Instant, Instant)> {
    let mut first = None;
    loop {
        match signs.recv_timeout(Duration::from_secs(20)).ok()? {
            Sign::Asked(at) => {
                first.get_or_insert(at);
            }
            Sign::Answered(at) => return first.map(|first| (first, at)),
            Sign::Failed => return None,
        }
    }
}
