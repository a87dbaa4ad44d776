//! Ctrl-C and SIGTERM.

use crate::cli::exit::Exit;
use crate::run::Stop;
use crate::verdict::RunResult;

/// Runs on, but asks for the end at the first Ctrl-C (or SIGTERM), and quits at the second. Tells whether it was asked.
pub(super) async fn with_interrupts(running: impl Future<Output = RunResult>, stop: &Stop) -> (RunResult, bool) {
    let mut running = std::pin::pin!(running);
    let mut interrupts = 0;
    loop {
        tokio::select! {
            biased;
            result = &mut running => return (result, interrupts > 0),
            () = interrupted() => {
                interrupts += 1;
                if interrupts > 1 {
                    eprintln!("stopped: what the run created may still be on the server");
                    std::process::exit(Exit::Interrupted.code().into());
                }
                eprintln!("stopping: what the run created is being deleted; once more to quit at once");
                stop.ask("the run was interrupted");
            }
        }
    }
}

/// Waits for the next Ctrl-C or SIGTERM.
#[cfg(unix)]
pub(super) async fn interrupted() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut terminated) => {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminated.recv() => {}
            }
        }
        Err(_) => wait_for_ctrl_c().await,
    }
}

#[cfg(not(unix))]
pub(super) async fn interrupted() {
    wait_for_ctrl_c().await;
}

async fn wait_for_ctrl_c() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}
