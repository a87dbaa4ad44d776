//! `--var`: what a tester gives, read as what the suites ask for.

use std::fmt;
use std::sync::Arc;
use std::{fs, io};

use indexmap::IndexMap;
use serde_json::Value;
use url::Url;

use super::args::GivenArgs;
use super::settings::did_you_mean;
use crate::suite::given::Holds;
use crate::suite::{Given, GivenVariable, Suite};

/// Where a variable is looked for in the environment: `second-base` is `FHIR_ASSAY_VAR_SECOND_BASE`.
const IN_ENVIRONMENT: &str = "FHIR_ASSAY_VAR_";

/// Everything that is wrong with what was given.
#[derive(Debug)]
pub struct GivenProblems(Vec<String>);

impl fmt::Display for GivenProblems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\nerror: "))
    }
}

impl std::error::Error for GivenProblems {}

/// The values of `--var`; of the environment where `--var` does not name a variable; and of `known` where neither does, which is
/// what is known of the server anyway.
///
/// # Errors
/// Names that no suite asks for, values of another kind, and files that cannot be read: all of them.
pub fn given(
    args: &GivenArgs,
    suites: &[Arc<Suite>],
    variable: &dyn Fn(&str) -> Option<String>,
    known: Vec<(&str, Value)>,
) -> Result<Given, GivenProblems> {
    let asked = asked(suites);
    let mut given = Given::default();
    let mut problems = Vec::new();
    for written in &args.vars {
        let Some((name, value)) = written.split_once('=') else {
            problems.push(format!("--var {written}: write NAME=VALUE, or NAME=@FILE"));
            continue;
        };
        let Some(variables) = asked.get(name) else {
            problems.push(unknown(name, &asked));
            continue;
        };
        if given.has(name) {
            problems.push(format!("--var {name} is given twice"));
            continue;
        }
        match read(variables, value) {
            Ok(value) => give(&mut given, name, variables, value),
            Err(why) => problems.push(format!("--var {name}: {why}")),
        }
    }
    for (name, variables) in &asked {
        if given.has(name) {
            continue;
        }
        let in_environment = format!("{IN_ENVIRONMENT}{}", name.to_ascii_uppercase().replace('-', "_"));
        let Some(value) = variable(&in_environment) else {
            continue;
        };
        match read(variables, &value) {
            Ok(value) => give(&mut given, name, variables, value),
            Err(why) => problems.push(format!("{in_environment}: {why}")),
        }
    }
    for (name, value) in known {
        if asked.contains_key(name) && !given.has(name) {
            given.set(name, value);
        }
    }
    if problems.is_empty() {
        Ok(given)
    } else {
        Err(GivenProblems(problems))
    }
}

/// A secret that a run could come to know: a recording, which holds what was sent as it was sent, would tell it.
#[must_use]
pub fn secret<'s>(given: &Given, suites: &'s [Arc<Suite>]) -> Option<&'s str> {
    let asked = suites.iter().flat_map(|suite| suite.given.values());
    let mut known = asked.filter(|variable| variable.secret && (variable.find.is_some() || given.has(&variable.name)));
    known.next().map(|variable| variable.name.value.as_str())
}

fn give(given: &mut Given, name: &str, variables: &[&GivenVariable], value: Value) {
    if variables.iter().any(|variable| variable.secret) {
        given.set_secret(name, value);
    } else {
        given.set(name, value);
    }
}

/// The URLs that were given: requests may go there.
#[must_use]
pub fn urls(given: &Given, suites: &[Arc<Suite>]) -> Vec<Url> {
    let asked = suites.iter().flat_map(|suite| suite.given.values());
    let urls = asked.filter(|variable| variable.holds == Holds::Url);
    let urls = urls.filter_map(|variable| given.get(&variable.name)?.as_str()?.parse().ok());
    let mut urls: Vec<Url> = urls.collect();
    urls.dedup();
    urls
}

/// What the suites ask for, by name.
fn asked(suites: &[Arc<Suite>]) -> IndexMap<&str, Vec<&GivenVariable>> {
    let mut asked: IndexMap<&str, Vec<&GivenVariable>> = IndexMap::new();
    for (name, variable) in suites.iter().flat_map(|suite| suite.given.iter()) {
        asked.entry(name).or_default().push(variable);
    }
    asked
}

fn unknown(name: &str, asked: &IndexMap<&str, Vec<&GivenVariable>>) -> String {
    if asked.is_empty() {
        return format!("--var {name}: the suites of this run ask for nothing");
    }
    let near = did_you_mean(name, asked.keys().copied());
    let known: Vec<String> = asked
        .values()
        .filter_map(|variables| variables.first())
        .map(|variable| format!("\n  {}  {}", variable.hint(), variable.title))
        .collect();
    format!(
        "--var {name}: no suite of this run asks for `{name}`{near}\nthey ask for:{}",
        known.concat()
    )
}

/// A value as all the suites that ask for it want it. It is not shown where it is wrong: it may be a secret.
fn read(variables: &[&GivenVariable], written: &str) -> Result<Value, String> {
    let kind = variables.first().map(|variable| variable.holds).unwrap_or_default();
    let text = match written.strip_prefix('@') {
        // `@@x` is the text `@x`.
        Some(text) if text.starts_with('@') => text.to_owned(),
        Some(path) => file(path).map_err(|error| format!("{path}: {error}"))?,
        None => written.to_owned(),
    };
    let value = match kind {
        Holds::Resource => {
            serde_json::from_str(&text).map_err(|error| format!("it has to be a resource, and is no JSON: {error}"))?
        }
        Holds::Text | Holds::Url => Value::String(text),
    };
    for variable in variables {
        variable
            .holds
            .check(&value)
            .map_err(|should| format!("it has to be {should}; asked for is {}", variable.title))?;
    }
    Ok(value)
}

/// More than any fixture has.
const LARGEST: u64 = 10_000_000;

fn file(path: &str) -> io::Result<String> {
    use io::Read as _;
    let mut text = String::new();
    let read = fs::File::open(path)?.take(LARGEST + 1).read_to_string(&mut text)?;
    if read as u64 > LARGEST {
        return Err(io::Error::new(
            io::ErrorKind::FileTooLarge,
            format!("it has more than {} MB", LARGEST / 1_000_000),
        ));
    }
    // Editors end a file with a line break that nobody means.
    let end = text.trim_end_matches(['\n', '\r']).len();
    text.truncate(end);
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::SourceFile;
    use crate::suite::parse::{FixtureFault, FixtureSource, parse};

    struct NoFixtures;

    impl FixtureSource for NoFixtures {
        fn fixture(&self, _: &SourceFile, _: &str) -> Result<Arc<Value>, FixtureFault> {
            Err(FixtureFault::Unreadable("there are none".into()))
        }
    }

    fn suites() -> Vec<Arc<Suite>> {
        let text = "suite: a.b\ntitle: t\nfhir: R4\ngiven:\n  patient: { title: the id of a Patient that exists }\n  \
                    second-base: { title: another base URL, holds: url }\n  broken: { title: a body that is refused, holds: resource }\n\
                    cases:\n  - id: c\n    title: t\n    steps:\n      - read: Patient/${patient}\n";
        let file = Arc::new(SourceFile::new("a.yaml", text));
        vec![Arc::new(
            parse(&file, &NoFixtures, crate::requirement::Catalogue::embedded())
                .suite
                .expect("a suite"),
        )]
    }

    fn told(vars: &[&str], environment: &[(&str, &str)]) -> String {
        let args = GivenArgs {
            vars: vars.iter().map(|text| (*text).to_owned()).collect(),
        };
        let variable = |name: &str| {
            let found = environment.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        match given(
            &args,
            &suites(),
            &variable,
            vec![("patient", "known".into()), ("other", 1.into())],
        ) {
            Ok(given) => given
                .iter()
                .map(|(name, value)| format!("{name} = {value}\n"))
                .collect(),
            Err(problems) => problems.to_string(),
        }
    }

    #[test]
    fn values_come_from_the_command_line_then_from_the_environment() {
        let environment = [
            ("FHIR_ASSAY_VAR_PATIENT", "2"),
            ("FHIR_ASSAY_VAR_SECOND_BASE", "https://example.org/fhir"),
        ];
        let vars = ["patient=@@1=x", r#"broken={ "resourceType": "Patient" }"#];
        insta::assert_snapshot!(told(&vars, &environment), @r#"
        patient = "@1=x"
        broken = {"resourceType":"Patient"}
        second-base = "https://example.org/fhir"
        "#);
    }

    #[test]
    fn everything_that_is_wrong_is_told_at_once() {
        let vars = [
            "patient",
            "patint=1",
            "broken={",
            "broken=[]",
            "second-base=/fhir",
            "patient=@/none/here",
            "patient=",
        ];
        insta::assert_snapshot!(told(&vars, &[]));
        insta::assert_snapshot!(told(&[], &[("FHIR_ASSAY_VAR_BROKEN", "x")]));
    }

    #[test]
    fn a_file_holds_a_value_without_the_line_break_at_its_end() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("patient.txt");
        fs::write(&path, "12724066\n").expect("a writable folder");
        assert_eq!(
            told(&[&format!("patient=@{}", path.display())], &[]),
            "patient = \"12724066\"\n"
        );
    }
}
