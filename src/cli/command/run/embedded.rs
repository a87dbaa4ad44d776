//! The reference server as the target of a run.

use std::sync::mpsc;
use std::{io, thread};

use crate::cli::Failure;
use crate::cli::exit::Exit;
use crate::fhir::FhirVersion;
use crate::server::{Emulation, Options, Server};

/// The reference server in a thread of its own, so that it does not share the runner's time.
pub(super) struct Embedded {
    pub(super) base: String,
    _stop: tokio::sync::oneshot::Sender<()>,
}

impl Embedded {
    /// Starts it on a free port, as an emulation where one is named.
    ///
    /// # Errors
    /// Where it cannot listen.
    pub(super) fn start(release: FhirVersion, emulation: Option<&'static Emulation>) -> Result<Self, Failure> {
        let failed = |text: String| Failure::new(Exit::Unjudged, format!("the embedded server cannot start: {text}"));
        let (tell, told) = mpsc::channel();
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        thread::Builder::new()
            .name("server".into())
            .spawn(move || {
                let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
                    Ok(runtime) => runtime,
                    Err(error) => return drop(tell.send(Err(error))),
                };
                runtime.block_on(async {
                    let options = Options {
                        release,
                        emulation,
                        ..Options::default()
                    };
                    match Server::start(options).await {
                        Err(error) => drop(tell.send(Err(error))),
                        Ok(running) => {
                            let _ = tell.send(Ok(running.base_url().to_owned()));
                            let _ = stopped.await;
                        }
                    }
                });
            })
            .map_err(|error| failed(error.to_string()))?;
        match told.recv() {
            Ok(Ok(base)) => Ok(Self { base, _stop: stop }),
            Ok(Err(error)) if error.kind() == io::ErrorKind::Unsupported => {
                Err(Failure::new(Exit::Usage, error.to_string()))
            }
            Ok(Err(error)) => Err(failed(error.to_string())),
            Err(_) => Err(failed("its thread ended".into())),
        }
    }
}
