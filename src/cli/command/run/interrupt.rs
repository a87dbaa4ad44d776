//! Ctrl-C and SIGTERM.

use crate::cli::exit::Exit;
use crate::cli::say;
use crate::run::Stop;
use crate::verdict::RunResult;

/// Runs on, but asks for the end at the first Ctrl-C (or SIGTERM), and quits at the second. Tells whether it was asked.
pub(super) async fn with_interrupts(running: impl Future<Output = RunResult>, stop: &Stop) -> (RunResult, bool) {
    let mut running = std::pin::pin!(running);
    let mut listening = Interrupts::listen();
    let mut interrupts = 0;
    loop {
        tokio::select! {
            biased;
            result = &mut running => return (result, interrupts > 0),
            () = listening.next() => {
                interrupts += 1;
                if interrupts > 1 {
                    say("stopped: what the run created may still be on the server");
                    std::process::exit(Exit::Interrupted.code().into());
                }
                // Nobody may be reading any more: that must not keep what was created from being deleted.
                say("stopping: what the run created is being deleted; once more to quit at once");
                stop.ask("the run was interrupted");
            }
        }
    }
}

/// Ctrl-C and SIGTERM from now on, also those that come while nobody waits for them.
pub(super) struct Interrupts {
    #[cfg(unix)]
    signals: [Option<tokio::signal::unix::Signal>; 2],
}

impl Interrupts {
    /// Begins to listen. Has to be called in a runtime.
    #[cfg(unix)]
    pub(super) fn listen() -> Self {
        use tokio::signal::unix::{SignalKind, signal};
        Self {
            signals: [SignalKind::interrupt(), SignalKind::terminate()].map(|kind| signal(kind).ok()),
        }
    }

    /// Begins to listen.
    #[cfg(not(unix))]
    pub(super) const fn listen() -> Self {
        Self {}
    }

    /// Waits for the next one.
    #[cfg(unix)]
    pub(super) async fn next(&mut self) {
        let [interrupt, terminate] = &mut self.signals;
        tokio::select! {
            () = received(interrupt) => {}
            () = received(terminate) => {}
        }
    }

    /// Waits for the next one.
    #[cfg(not(unix))]
    pub(super) async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

#[cfg(unix)]
async fn received(signal: &mut Option<tokio::signal::unix::Signal>) {
    let came = match signal {
        Some(signal) => signal.recv().await,
        None => None,
    };
    if came.is_none() {
        std::future::pending::<()>().await;
    }
}
