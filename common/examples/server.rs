//! Serves items until Ctrl-C, to be tried with curl.

use std::io::{Write, stdout};
use std::process::ExitCode;

use anyhow::Context;
use clap::Parser;
use common::server::Server;

/// An HTTP server on loopback that is slow, or wrong, on demand. Ctrl-C stops it.
#[derive(Parser)]
struct Arguments {
    /// Port to listen on; 0 takes one that is free
    #[arg(long, default_value_t = 0)]
    port: u16,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::from(130),
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Returns after Ctrl-C.
async fn run(Arguments { port }: Arguments) -> anyhow::Result<()> {
    let server = Server::start_at(port)
        .await
        .with_context(|| format!("--port {port}"))?;
    writeln!(stdout(), "http://{}/", server.address())?;
    tokio::signal::ctrl_c().await?;
    server.shutdown().await;
    Ok(())
}
