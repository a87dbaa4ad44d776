//! `serve`: the reference server on its own.

use std::io;
use std::net::SocketAddr;

use crate::cli::args::ServeArgs;
use crate::cli::exit::Exit;
use crate::cli::{Failure, print, say};
use crate::server::{Options, Server};

/// Serves until Ctrl-C. The base URL is the first line of standard output.
///
/// # Errors
/// Where the address cannot be bound or the release is not implemented.
pub fn serve(args: &ServeArgs) -> Result<Exit, Failure> {
    let failed = |error: io::Error| Failure::new(Exit::Usage, format!("{}:{}: {error}", args.bind, args.port));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(failed)?;
    runtime.block_on(async {
        let running = Server::start(Options {
            release: args.system.map_or(args.fhir, |emulation| emulation.release),
            emulation: args.system,
            bind: SocketAddr::new(args.bind, args.port),
            mutants: args.mutants.clone(),
            variants: args.variants.clone(),
            ..Options::default()
        })
        .await
        .map_err(failed)?;
        print(&format!("{}\n", running.base_url()))?;
        if !args.bind.is_loopback() {
            say("this server keeps everything in memory and asks nobody for credentials; do not give it real data");
        }
        tokio::signal::ctrl_c().await.map_err(failed)?;
        running.stop().await;
        Ok(Exit::Success)
    })
}
