//! `--shard auto`: the part of the plan that a CI system or scheduler gives to this process.
//!
//! It is asked for and never guessed: a run that silently leaves cases out would be the worst of gates.

use std::path::PathBuf;
use std::{env, fs};

use super::args::{FilterArgs, Output, ShardArg};
use crate::plan::Shard;
use crate::report::Format;

/// Why no shard can be had from the environment.
#[derive(Debug, thiserror::Error)]
pub enum ShardError {
    /// Two systems say different things.
    #[error("--shard auto: {one} says {first}, and {other} says {second}; write --shard K/N")]
    Contradiction {
        /// A system.
        one: &'static str,
        /// Its shard.
        first: Shard,
        /// Another system.
        other: &'static str,
        /// Its shard.
        second: Shard,
    },
    /// The number of shards is not that of the system.
    #[error("--shards is {asked}, and {system} says {shard}")]
    OtherCount {
        /// What was asked for.
        asked: u32,
        /// The system.
        system: &'static str,
        /// Its shard.
        shard: Shard,
    },
    /// A number of shards, and nothing that asks for one of them.
    #[error("--shards says how many parts --shard auto has: write both, or --shard K/N alone")]
    NotAuto,
    /// An index is there, and no number of shards.
    #[error("--shard auto: {variable} is {value}, but nothing says how many shards there are; --shards N does")]
    NoCount {
        /// The variable.
        variable: &'static str,
        /// Its value.
        value: String,
    },
    /// A variable holds no number, or one beyond the others.
    #[error("--shard auto: {index}={index_value} and {count}={count_value} are no shard")]
    NoShard {
        /// The variable of the index.
        index: &'static str,
        /// Its value.
        index_value: String,
        /// The variable of the number, or `--shards`.
        count: &'static str,
        /// Its value.
        count_value: String,
    },
    /// A file that a system asked for cannot be written.
    #[error("{path}: {error}")]
    File {
        /// The file.
        path: String,
        /// Why.
        error: std::io::Error,
    },
}

/// A system that starts one process for each shard.
struct System {
    name: &'static str,
    index: &'static str,
    count: Option<&'static str>,
    /// The number of its first shard.
    first: u32,
}

const SYSTEMS: [System; 5] = [
    System {
        name: "GitLab",
        index: "CI_NODE_INDEX",
        count: Some("CI_NODE_TOTAL"),
        first: 1,
    },
    System {
        name: "CircleCI",
        index: "CIRCLE_NODE_INDEX",
        count: Some("CIRCLE_NODE_TOTAL"),
        first: 0,
    },
    System {
        name: "Buildkite",
        index: "BUILDKITE_PARALLEL_JOB",
        count: Some("BUILDKITE_PARALLEL_JOB_COUNT"),
        first: 0,
    },
    System {
        name: "Bazel",
        index: "TEST_SHARD_INDEX",
        count: Some("TEST_TOTAL_SHARDS"),
        first: 0,
    },
    System {
        name: "Kubernetes",
        index: "JOB_COMPLETION_INDEX",
        count: None,
        first: 0,
    },
];

/// The shard that the environment gives, and the system that does. `None` where nothing does, or there is only one.
///
/// # Errors
/// Values that are no shard, and systems that contradict each other or `--shards`.
pub fn found(
    shards: Option<u32>,
    variable: &dyn Fn(&str) -> Option<String>,
) -> Result<Option<(Shard, &'static str)>, ShardError> {
    let mut found: Option<(Shard, &'static str)> = None;
    for system in &SYSTEMS {
        let Some((shard, name)) = of(system, shards, variable)? else {
            continue;
        };
        if let Some(asked) = shards.filter(|asked| *asked != shard.count()) {
            return Err(ShardError::OtherCount {
                asked,
                system: name,
                shard,
            });
        }
        match found {
            Some((first, one)) if first != shard => {
                return Err(ShardError::Contradiction {
                    one,
                    first,
                    other: name,
                    second: shard,
                });
            }
            Some(_) => {}
            None => found = Some((shard, name)),
        }
    }
    // A job that is not divided has one part: all of it.
    Ok(found.filter(|(shard, _)| shard.count() > 1))
}

fn of(
    system: &System,
    shards: Option<u32>,
    variable: &dyn Fn(&str) -> Option<String>,
) -> Result<Option<(Shard, &'static str)>, ShardError> {
    let count_name = system.count.unwrap_or("--shards");
    let count = match system.count {
        Some(name) => variable(name),
        None => shards.map(|count| count.to_string()),
    };
    let (index_value, count_value) = match (variable(system.index), count) {
        (None, None) => return Ok(None),
        // GitLab says that a job is not divided, and gives no number then.
        (None, Some(count)) if count.trim() == "1" || system.count.is_none() => return Ok(None),
        (None, Some(count)) => (String::new(), count),
        (Some(index), None) => {
            return Err(ShardError::NoCount {
                variable: system.index,
                value: index,
            });
        }
        (Some(index), Some(count)) => (index, count),
    };
    let number = |text: &str| text.trim().parse::<u32>().ok();
    let shard = number(&index_value)
        .and_then(|index| index.checked_add(1 - system.first))
        .zip(number(&count_value))
        .and_then(|(index, count)| Shard::new(index, count).ok());
    match shard {
        Some(shard) => Ok(Some((shard, system.name))),
        None => Err(ShardError::NoShard {
            index: system.index,
            index_value,
            count: count_name,
            count_value,
        }),
    }
}

/// What became of `--shard`.
#[derive(Debug, Default)]
pub struct Settled {
    /// What a person should know of it.
    pub notice: Option<String>,
    /// The report that Bazel asks for, where shards were to be found out.
    pub output: Option<Output>,
}

/// Puts the shard of the environment in the place of `auto`.
///
/// # Errors
/// As [`found`], and a file that Bazel asks for and that cannot be written.
pub fn settle(filters: &mut FilterArgs) -> Result<Settled, ShardError> {
    let variable = |name: &str| env::var(name).ok();
    if filters.shard != Some(ShardArg::Auto) {
        if filters.shards.is_some() {
            return Err(ShardError::NotAuto);
        }
        // Only a hint: what is wrong in variables that nobody asked for is nobody's concern.
        let divided = found(None, &variable)
            .ok()
            .flatten()
            .filter(|_| filters.shard.is_none());
        let notice = divided.map(|(shard, system)| {
            format!(
                "{system} runs this job in {} parts, and each of them runs all cases; --shard auto divides them",
                shard.count()
            )
        });
        return Ok(Settled { notice, output: None });
    }
    // Bazel runs a test in one piece where it does not see that the test knows of shards.
    if let Some(path) = variable("TEST_SHARD_STATUS_FILE") {
        fs::write(&path, "").map_err(|error| ShardError::File { path, error })?;
    }
    let found = found(filters.shards, &variable)?;
    filters.shard = found.map(|(shard, _)| ShardArg::Part(shard));
    let notice = match found {
        Some((shard, system)) => format!("SHARD {shard} only, by {system}: the other cases run elsewhere"),
        None => "--shard auto: nothing divides this job, so all cases are run".to_owned(),
    };
    let output = env::var_os("XML_OUTPUT_FILE").map(|path| Output {
        format: Format::Junit,
        path: PathBuf::from(path),
    });
    Ok(Settled {
        notice: Some(notice),
        output,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn in_environment(shards: Option<u32>, variables: &[(&str, &str)]) -> Result<Option<String>, String> {
        let variable = |name: &str| {
            let known = variables.iter().find(|(known, _)| *known == name);
            known.map(|(_, value)| (*value).to_owned())
        };
        found(shards, &variable)
            .map(|found| found.map(|(shard, system)| format!("{shard} {system}")))
            .map_err(|error| error.to_string())
    }

    #[test]
    fn each_system_counts_in_its_own_way() {
        let told = |text: &str| Ok(Some(text.to_owned()));
        assert_eq!(
            in_environment(None, &[("CI_NODE_INDEX", "2"), ("CI_NODE_TOTAL", "5")]),
            told("2/5 GitLab")
        );
        assert_eq!(
            in_environment(None, &[("CIRCLE_NODE_INDEX", "0"), ("CIRCLE_NODE_TOTAL", "4")]),
            told("1/4 CircleCI")
        );
        assert_eq!(
            in_environment(
                None,
                &[("BUILDKITE_PARALLEL_JOB", "3"), ("BUILDKITE_PARALLEL_JOB_COUNT", "4")]
            ),
            told("4/4 Buildkite")
        );
        assert_eq!(
            in_environment(None, &[("TEST_SHARD_INDEX", "1"), ("TEST_TOTAL_SHARDS", "2")]),
            told("2/2 Bazel")
        );
        assert_eq!(
            in_environment(Some(3), &[("JOB_COMPLETION_INDEX", "2")]),
            told("3/3 Kubernetes")
        );
    }

    #[test]
    fn a_job_in_one_piece_has_no_shard() {
        for variables in [
            &[][..],
            &[("CI_NODE_TOTAL", "1")],
            &[("CIRCLE_NODE_INDEX", "0"), ("CIRCLE_NODE_TOTAL", "1")],
        ] {
            assert_eq!(in_environment(None, variables), Ok(None), "{variables:?}");
        }
        assert_eq!(in_environment(Some(4), &[]), Ok(None));
    }

    #[test]
    fn what_contradicts_itself_is_an_error() {
        let told = [
            in_environment(None, &[("CI_NODE_INDEX", "6"), ("CI_NODE_TOTAL", "5")]),
            in_environment(None, &[("CI_NODE_TOTAL", "5")]),
            in_environment(None, &[("CIRCLE_NODE_INDEX", "x"), ("CIRCLE_NODE_TOTAL", "5")]),
            in_environment(None, &[("JOB_COMPLETION_INDEX", "2")]),
            in_environment(Some(2), &[("JOB_COMPLETION_INDEX", "2")]),
            in_environment(Some(4), &[("CI_NODE_INDEX", "2"), ("CI_NODE_TOTAL", "5")]),
            in_environment(
                None,
                &[
                    ("CI_NODE_INDEX", "2"),
                    ("CI_NODE_TOTAL", "5"),
                    ("TEST_SHARD_INDEX", "2"),
                    ("TEST_TOTAL_SHARDS", "5"),
                ],
            ),
            in_environment(None, &[("TEST_SHARD_INDEX", "4294967295"), ("TEST_TOTAL_SHARDS", "5")]),
        ];
        let told: Vec<String> = told.into_iter().map(Result::unwrap_err).collect();
        insta::assert_snapshot!(told.join("\n"), @r"
        --shard auto: CI_NODE_INDEX=6 and CI_NODE_TOTAL=5 are no shard
        --shard auto: CI_NODE_INDEX= and CI_NODE_TOTAL=5 are no shard
        --shard auto: CIRCLE_NODE_INDEX=x and CIRCLE_NODE_TOTAL=5 are no shard
        --shard auto: JOB_COMPLETION_INDEX is 2, but nothing says how many shards there are; --shards N does
        --shard auto: JOB_COMPLETION_INDEX=2 and --shards=2 are no shard
        --shards is 4, and GitLab says 2/5
        --shard auto: GitLab says 2/5, and Bazel says 3/5; write --shard K/N
        --shard auto: TEST_SHARD_INDEX=4294967295 and TEST_TOTAL_SHARDS=5 are no shard
        ");
    }
}
