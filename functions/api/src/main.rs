//! Wires `api` to Lambda.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    let env = aws::Env::process();
    aws::log::start(&env);
    let api = api::wire::wire(&env).map_err(|error| format!("{error:?}"))?;
    lambda_http::run(api::router(api)).await
}
