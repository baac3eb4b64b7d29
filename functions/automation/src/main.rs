//! Wires `automation` to Lambda.
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
    let automation = automation::Automation::from_env(&env).map_err(|error| format!("{error:?}"))?;
    let automation = &automation;
    let handle =
        |event: LambdaEvent<SqsEvent>| async move { Ok::<_, Error>(automation::handle(automation, event.payload).await) };
    lambda_runtime::run(service_fn(handle)).await
}
