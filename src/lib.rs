//! fhir-assay tests FHIR REST servers against the specification, requirement by requirement.
//!
//! The road that data travels is the list of modules: [`suite`] (what is asked) -> [`plan`] (what will be run) -> [`run`]
//! (doing it) -> [`exchange`] (what went over the wire) -> [`check`] (the judges) -> [`verdict`] (what they say) ->
//! [`report`] (saying it). [`transport`] performs exchanges, [`requirement`] holds the rules of the specification, [`fhir`]
//! and [`source`] are the ground, and [`server`] is a reference server to try it all on. `ARCHITECTURE.md` is the map.
//!
//! A run is five lines, once there is a server and a client for it:
//!
//! ```
//! use std::time::Instant;
//!
//! use fhir_assay::{Catalogue, Client, ClientOptions, Format, Plan, RunOptions, Runner, Selection, Server, ServerOptions};
//! use fhir_assay::{Suites, Target, Verdict, base_url};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let server = Server::start(ServerOptions::default()).await?; // or one of your own
//! let base = base_url(server.base_url())?;
//! let client = Client::new(&base, ClientOptions::default(), Instant::now())?;
//!
//! let suites = Suites::embedded()?;
//! let (target, _) = Target::probe(&client, &base, None).await?;
//! let selection = Selection::all().cases(&["http.read::created-*".into()])?;
//! let plan = Plan::build(suites.as_slice(), Catalogue::embedded(), target.release, Some(&target.capability), &selection);
//! let result = Runner::new(&client, &target, Catalogue::embedded(), RunOptions::default()).run(plan, |_| {}).await;
//!
//! println!("{}", Format::Markdown.render(&result));
//! assert_eq!(result.cases().filter(|case| case.verdict == Verdict::Pass).count(), 1);
//! assert_eq!(result.cases().filter(|case| case.verdict > Verdict::Pass).count(), 0);
//! # Ok(())
//! # }
//! # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(example()).unwrap();
//! ```
//!
//! What it cannot do: it judges the REST API and not the meaning of data. Terminology and profiles are not checked, and the
//! embedded suites hold what `fhir-assay list requirements` says they hold.

// Where nobody reads, `println!` and `eprintln!` panic: `cli::print` and `cli::say` do not.
#![cfg_attr(not(test), deny(clippy::print_stderr, clippy::print_stdout))]

pub mod baseline;
pub mod check;
pub mod cli;
pub mod comparison;
pub mod evidence;
pub mod exchange;
pub mod fhir;
pub mod libtest;
pub mod plan;
pub mod proof;
pub mod recording;
pub mod report;
pub mod requirement;
pub mod run;
pub mod server;
pub mod source;
pub mod suite;
pub mod system;
pub mod transport;
pub mod verdict;

pub use fhir::FhirVersion;
pub use plan::{Plan, Selection};
pub use report::Format;
pub use requirement::Catalogue;
pub use run::{RunOptions, Runner};
pub use server::{Options as ServerOptions, Server};
pub use suite::Suites;
pub use transport::probe::base_url;
pub use transport::{Client, ClientOptions, Target};
pub use verdict::{RunResult, Verdict};
