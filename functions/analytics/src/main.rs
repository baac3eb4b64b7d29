//! Wires `analytics` to Lambda.
#![recursion_limit = "256"]

use aws_lambda_events::event::dynamodb::Event;
use lambda_runtime::{Error, LambdaEvent, service_fn};

/// The C library's is slow at the many small pieces that a message is made of.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let env = aws::Env::process();
    aws::log::start(&env);
    let analytics = analytics::Analytics::from_env(&env).map_err(|error| format!("{error:?}"))?;
    let analytics = &analytics;
    let handle = |event: LambdaEvent<Event>| async move {
        analytics::handle(analytics, event.payload).await.map_err(|error| Error::from(format!("{error:?}")))
    };
    lambda_runtime::run(service_fn(handle)).await
}
