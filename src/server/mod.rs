//! The embedded reference server: FHIR over HTTP as the specification says it, in memory.
//!
//! It exists so that suites can be tried, and so that a defect put into it on purpose shows whether the suites find it.
//! It claims in its CapabilityStatement precisely what it does, and refuses the rest as the specification asks.
//!
//! The road of a request: `router` takes it in, `route` tells what it is addressed to, `negotiate` how to answer,
//! then `read`, `history`, `write`, `metadata`, `search`, `operation` or `bundle` act on the `store`, and `reply` writes the answer.

mod body;
mod bundle;
mod elements;
pub mod emulation;
pub mod given;
mod history;
mod incoming;
mod later;
mod listed;
mod metadata;
pub mod mutant;
mod negotiate;
mod offer;
mod operation;
mod patch;
mod policy;
mod precondition;
mod query;
mod read;
mod reply;
mod rewrite;
mod route;
mod router;
mod search;
mod store;
mod subset;
pub mod variant;
mod write;

use std::future::IntoFuture;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::serve::ListenerExt;
use jiff::Timestamp;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::fhir::FhirVersion;

pub use emulation::Emulation;
pub use mutant::Mutant;
pub use router::router;
pub use variant::Variant;

/// The path below which the server answers; `[base]` is the origin and this.
pub const BASE_PATH: &str = "/fhir";

/// How to run the server. Take [`Options::default`] and change what differs.
#[derive(Clone, Debug)]
pub struct Options {
    /// The release it implements: any that the catalogue covers.
    pub release: FhirVersion,
    /// Where it listens; port 0 lets the system choose one.
    pub bind: SocketAddr,
    /// The largest body it takes, in bytes; more is answered 413.
    pub body_limit: usize,
    /// How many entries a page has when `_count` is not given.
    pub page_size: usize,
    /// How many entries a page has at most, whatever `_count` says.
    pub page_limit: usize,
    /// Defects that it has on purpose.
    pub mutants: Vec<&'static Mutant>,
    /// Ways in which it is another server than by itself, and as right.
    pub variants: Vec<&'static Variant>,
    /// The vendor's documented API that it behaves as.
    pub emulation: Option<&'static Emulation>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            release: FhirVersion::R4,
            bind: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            body_limit: 5 * 1024 * 1024,
            page_size: 50,
            page_limit: 1000,
            mutants: Vec::new(),
            variants: Vec::new(),
            emulation: None,
        }
    }
}

impl Options {
    /// The path of `[base]`: [`BASE_PATH`], unless a variant has another.
    #[must_use]
    pub fn base_path(&self) -> &'static str {
        let named = self.variants.iter().find_map(|variant| variant.base_path);
        named.unwrap_or(BASE_PATH)
    }
}

/// What every request is answered from.
#[derive(Debug)]
struct Shared {
    options: Options,
    store: Arc<store::Store>,
    started: Timestamp,
    /// The host of links where a request names none.
    authority: String,
    rewrites: rewrite::Rewrites,
    switches: rewrite::Switches,
    /// How many requests were rewritten.
    rewritten: AtomicU64,
    /// How many ids were counted out.
    made: Arc<AtomicU64>,
    /// Answers that are asked for later.
    later: Arc<later::Later>,
}

impl Shared {
    fn new(mut options: Options, address: SocketAddr) -> Self {
        let authority = authority(address);
        let mutants = options.mutants.iter().flat_map(|mutant| mutant.rewrites());
        let variants = options
            .variants
            .iter()
            .flat_map(|variant| variant.rewrites.iter().copied());
        let emulation = options
            .emulation
            .iter()
            .flat_map(|emulation| emulation.rewrites.iter().copied());
        let (rewrites, switches) = rewrite::Rewrites::of(mutants.chain(variants).chain(emulation));
        if switches.on(rewrite::Switch::SmallPages) {
            (options.page_size, options.page_limit) = (2, 2);
        }
        let store = store::Store::new(switches);
        let resources = options.emulation.into_iter().flat_map(Emulation::resources);
        resources.for_each(|resource| store.write().place(resource));
        Self {
            store: Arc::new(store),
            started: crate::fhir::time::now(),
            authority,
            rewrites,
            switches,
            rewritten: AtomicU64::new(0),
            made: Arc::default(),
            later: Arc::default(),
            options,
        }
    }

    /// The formats that it has.
    const fn offer(&self) -> negotiate::Offer {
        negotiate::Offer::of(self.options.release, self.switches)
    }

    /// The same server over another store: what a transaction sees.
    fn over(&self, store: Arc<store::Store>) -> Self {
        Self {
            options: self.options.clone(),
            store,
            started: self.started,
            authority: self.authority.clone(),
            rewrites: self.rewrites.clone(),
            switches: self.switches,
            rewritten: AtomicU64::new(0),
            made: self.made.clone(),
            later: self.later.clone(),
        }
    }

    /// An id that no resource has.
    fn new_id(&self) -> String {
        if self.on(rewrite::Switch::NumericIds) {
            return (1000 + self.made.fetch_add(1, Ordering::Relaxed)).to_string();
        }
        let id = store::new_id();
        if self.on(rewrite::Switch::PrefixedIds) {
            return format!("Id.{id}");
        }
        if self.on(rewrite::Switch::IdsWithUnderscores) {
            return id.replace('-', "_");
        }
        id
    }

    /// Whether the server keeps a documented rule: a mutant may be one that has forgotten it.
    fn keeps(&self, rule: &str) -> bool {
        self.options.mutants.iter().all(|mutant| mutant.name != rule)
    }

    /// Whether the server is to behave in that way.
    const fn on(&self, switch: rewrite::Switch) -> bool {
        self.switches.on(switch)
    }
}

/// The address as a client on this machine writes it: the unspecified one becomes the loopback.
fn authority(address: SocketAddr) -> String {
    let ip = match address.ip() {
        ip if !ip.is_unspecified() => ip,
        ip if ip.is_ipv4() => Ipv4Addr::LOCALHOST.into(),
        _ => Ipv6Addr::LOCALHOST.into(),
    };
    SocketAddr::new(ip, address.port()).to_string()
}

/// The server, to be started.
#[derive(Debug)]
pub struct Server;

impl Server {
    /// Binds the socket and begins to answer on the current tokio runtime.
    ///
    /// # Errors
    ///
    /// When the address cannot be bound, or when the release is not implemented.
    pub async fn start(options: Options) -> io::Result<Running> {
        if options.emulation.is_none() && !FhirVersion::HTTP.contains(&options.release) {
            let problem = format!(
                "the reference server implements R4, R4B, R5 and R6, not {}",
                options.release
            );
            return Err(io::Error::new(io::ErrorKind::Unsupported, problem));
        }
        let listener = TcpListener::bind(options.bind).await?;
        let address = listener.local_addr()?;
        // Answers are small and awaited: they leave at once. A socket that cannot do that works all the same.
        let listener = listener.tap_io(|socket| drop(socket.set_nodelay(true)));
        let (stop, stopped) = oneshot::channel::<()>();
        let base_path = options.base_path();
        let service = router::router_at(options, address);
        let serving = axum::serve(listener, service).with_graceful_shutdown(async move {
            // A dropped sender stops the server as well.
            let _ = stopped.await;
        });
        let task = tokio::spawn(serving.into_future());
        let base_url = format!("http://{}{base_path}", authority(address));
        Ok(Running {
            base_url,
            address,
            stop: Some(stop),
            task,
        })
    }
}

/// A server that answers. Dropping it stops it without waiting; [`Running::stop`] waits.
#[derive(Debug)]
pub struct Running {
    base_url: String,
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<io::Result<()>>,
}

impl Running {
    /// `[base]`, such as `http://127.0.0.1:41234/fhir`, without a slash at the end.
    #[must_use]
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// The address that was bound.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Takes no more connections, lets the requests under way finish (for a few seconds at most), and ends.
    pub async fn stop(mut self) {
        const PATIENCE: Duration = Duration::from_secs(5);
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if tokio::time::timeout(PATIENCE, &mut self.task).await.is_err() {
            self.task.abort();
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.stop.take());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_unspecified_address_is_written_as_loopback() {
        for (address, written) in [
            ("0.0.0.0:80", "127.0.0.1:80"),
            ("[::]:81", "[::1]:81"),
            ("192.0.2.1:82", "192.0.2.1:82"),
        ] {
            assert_eq!(authority(address.parse().unwrap()), written);
        }
    }

    #[tokio::test]
    async fn a_release_that_is_not_implemented_is_refused() {
        let options = Options {
            release: FhirVersion::Dstu2,
            ..Options::default()
        };
        let error = Server::start(options).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::Unsupported);
    }

    #[tokio::test]
    async fn a_taken_address_is_an_error() {
        let first = Server::start(Options::default()).await.unwrap();
        let options = Options {
            bind: first.address(),
            ..Options::default()
        };
        assert_eq!(
            Server::start(options).await.unwrap_err().kind(),
            io::ErrorKind::AddrInUse
        );
        first.stop().await;
    }
}
