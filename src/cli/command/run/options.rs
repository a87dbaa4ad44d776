//! What the command line asks of the runner.

use std::collections::HashSet;

use clap::ValueEnum;
use indexmap::IndexMap;

use crate::cli::args::RunArgs;
use crate::fhir::profile::Profiles;
use crate::run::RunOptions;
use crate::suite::Given;

/// The options of a run, and what is told of them in the result.
pub(super) fn options(args: &RunArgs, given: &Given, journal: bool) -> RunOptions {
    let mut told: IndexMap<String, String> = IndexMap::new();
    let mut tell = |name: &str, value: String| {
        if !value.is_empty() {
            told.insert(name.to_owned(), value);
        }
    };
    let filters = &args.filters;
    tell("seed", args.seed.map(|seed| seed.to_string()).unwrap_or_default());
    tell("jobs", args.jobs.to_string());
    tell("system", filters.system.clone().unwrap_or_default());
    tell("suite", filters.suites.join(" "));
    tell("case", filters.cases.join(" "));
    tell("requirement", filters.requirements.join(" "));
    tell(
        "interaction",
        filters
            .interactions
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(" "),
    );
    tell("tag", filters.tags.join(" "));
    tell(
        "level",
        filters
            .level
            .map(|level| crate::requirement::Level::from(level).to_string())
            .unwrap_or_default(),
    );
    tell("types", filters.types.join(","));
    tell(
        "shard",
        filters.shard.map(|shard| shard.to_string()).unwrap_or_default(),
    );
    let again = args.rerun_failed.as_ref().map(|path| path.display().to_string());
    tell("rerun-failed", again.unwrap_or_default());
    let profiles = args.profiles.iter().map(|path| path.display().to_string());
    tell("profile", profiles.collect::<Vec<_>>().join(" "));
    let fail_on = args.gate.fail_on.to_possible_value();
    tell(
        "fail-on",
        fail_on.map(|value| value.get_name().to_owned()).unwrap_or_default(),
    );
    let baseline = args.gate.baseline.as_ref().map(|path| path.display().to_string());
    tell("baseline", baseline.unwrap_or_default());
    tell(
        "strict-baseline",
        if args.gate.strict_baseline {
            "yes".into()
        } else {
            String::new()
        },
    );
    for (name, value) in given.told() {
        tell(&format!("var {name}"), value);
    }
    tell("timeout", format!("{} s", args.target.timeout.as_secs_f64()));
    tell(
        "fhir",
        args.target.fhir.map(|release| release.to_string()).unwrap_or_default(),
    );
    tell(
        "assume",
        args.target
            .assume
            .as_ref()
            .map(|path| path.display().to_string())
            .unwrap_or_default(),
    );
    let safety = &args.safety;
    tell(
        "allow-writes",
        if safety.allow_writes {
            "yes".into()
        } else {
            String::new()
        },
    );
    tell("read-only", if safety.read_only { "yes".into() } else { String::new() });
    tell("rate", safety.rate.map(|rate| rate.to_string()).unwrap_or_default());
    let replay = args.recording.replay.as_ref();
    tell(
        "replay",
        replay.map(|path| path.display().to_string()).unwrap_or_default(),
    );
    tell("fail-fast", if args.fail_fast { "yes".into() } else { String::new() });
    tell("no-cleanup", if args.no_cleanup { "yes".into() } else { String::new() });
    RunOptions {
        profiles: Profiles::default(),
        system: None,
        jobs: args.jobs.into(),
        // Never from --seed: two runs at one server must not have ids in common.
        marks: uuid::Uuid::new_v4().as_u64_pair().0,
        shuffle: args.seed,
        first: HashSet::new(),
        cleanup: !args.no_cleanup,
        fail_fast: args.fail_fast,
        keep_bodies: !journal,
        patience: None,
        request_ids: true,
        ended: None,
        told,
    }
}
