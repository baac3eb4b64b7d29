//! Wires `webhook-intake` to Lambda.
#![recursion_limit = "256"]

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    let env = aws::Env::process();
    aws::log::start(&env);
    let intake = webhook_intake::Intake::from_env(&env).map_err(|error| format!("{error:?}"))?;
    lambda_http::run(webhook_intake::router(intake)).await
}
