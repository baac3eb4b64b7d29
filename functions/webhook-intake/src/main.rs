//! Wires `webhook-intake` to Lambda.
#![recursion_limit = "256"]

/// The C library's is slow at the many small pieces that a message is made of.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    let env = aws::Env::process();
    aws::log::start(&env);
    let intake = webhook_intake::Intake::from_env(&env).map_err(|error| format!("{error:?}"))?;
    lambda_http::run(webhook_intake::router(intake)).await
}
