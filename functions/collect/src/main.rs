//! Wires `collect` to Lambda.
#![recursion_limit = "256"]

use aws_lambda_events::event::sqs::SqsEvent;
use lambda_runtime::{Error, LambdaEvent, service_fn};

/// The C library's is slow at the many small pieces that a message is made of.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let env = aws::Env::process();
    aws::log::start(&env);
    let collector = collect::Collector::from_env(&env).map_err(|error| format!("{error:?}"))?;
    let collector = &collector;
    let handle = |event: LambdaEvent<SqsEvent>| async move { Ok::<_, Error>(collect::handle(collector, event.payload).await) };
    lambda_runtime::run(service_fn(handle)).await
}
