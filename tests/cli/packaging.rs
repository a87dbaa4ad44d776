//! What installs and runs the program elsewhere: the files of CI systems are what their schemas say, and the scripts do it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use clap::Parser;
use fhir_assay::cli::args::Cli;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::support::embedded::{Embedded, outcome};
use crate::support::file;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap()
}

/// The documents of a YAML file.
fn documents(path: &str) -> Vec<Value> {
    serde_yaml::Deserializer::from_str(&read(path))
        .map(|document| Value::deserialize(document).unwrap())
        .collect()
}

fn validator(schema: &str) -> jsonschema::Validator {
    let schema: Value = serde_json::from_str(&read(&format!("tests/schemas/{schema}"))).unwrap();
    jsonschema::options().build(&schema).unwrap()
}

/// Every document of a file is what the schema asks for.
fn assert_yaml(path: &str, schema: &str) -> Vec<Value> {
    let schema = validator(schema);
    let documents = documents(path);
    let errors: Vec<_> = documents
        .iter()
        .flat_map(|document| schema.iter_errors(document))
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(!documents.is_empty() && errors.is_empty(), "{path}: {errors:#?}");
    assert!(
        !schema.is_valid(&Value::String("nonsense".into())),
        "the schema refuses something"
    );
    documents
}

#[test]
fn the_files_of_ci_systems_are_what_their_schemas_say() {
    let action = &assert_yaml("action.yml", "github-action.json")[0];
    assert_yaml(".github/workflows/ci.yml", "github-workflow.json");
    assert_yaml(".github/workflows/release.yml", "github-workflow.json");
    assert_yaml("deploy/gitlab/fhir-assay.gitlab-ci.yml", "gitlab-ci.json");
    // What somebody else wrote never becomes part of a script.
    for step in action["runs"]["steps"].as_array().unwrap() {
        assert!(!step["run"].as_str().unwrap_or_default().contains("${{"), "{step}");
    }
}

const KUBERNETES: &str = "kubernetes-1.37.json";
const JOBS: [&str; 2] = ["deploy/kubernetes/shards.yaml", "deploy/kubernetes/merge.yaml"];

#[test]
fn the_jobs_of_kubernetes_are_what_it_takes_and_say_what_the_program_takes() {
    let mut commands = 0;
    for file in JOBS {
        for document in assert_yaml(file, KUBERNETES) {
            if document["kind"] != "Job" {
                continue;
            }
            let job = &document["spec"];
            let pod = &job["template"]["spec"];
            assert_eq!(pod["restartPolicy"], "Never", "{file}");
            for container in pod["containers"].as_array().unwrap() {
                let arguments: Vec<&str> = container["args"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|word| word.as_str().unwrap())
                    .collect();
                let line = ["fhir-assay"].into_iter().chain(arguments.iter().copied());
                Cli::try_parse_from(line).unwrap_or_else(|error| panic!("{file}: {error}"));
                commands += 1;
                if job["completionMode"] == "Indexed" {
                    let count = job["completions"].to_string();
                    assert!(
                        arguments.windows(2).any(|pair| pair == ["--shards", &count]),
                        "{file}: {arguments:?}"
                    );
                }
                for mount in container["volumeMounts"].as_array().unwrap() {
                    let volumes = pod["volumes"].as_array().unwrap();
                    assert!(volumes.iter().any(|volume| volume["name"] == mount["name"]), "{file}");
                }
            }
        }
    }
    assert_eq!(commands, 2);
}

/// The schema is strict: what Kubernetes would drop without a word, or refuse, is an error in the place where it stands.
#[test]
fn the_schema_of_kubernetes_refuses_slips() {
    let schema = validator(KUBERNETES);
    let job = documents(JOBS[0]).into_iter().find(|it| it["kind"] == "Job").unwrap();
    let container = "/spec/template/spec/containers/0";
    for (holder, name, value) in [
        (container.to_owned(), "volumeMount", json!([])),
        (container.to_owned(), "args", json!("run --shard auto")),
        (format!("{container}/securityContext"), "runAsNonRoot", json!("yes")),
        (format!("{container}/env/0/valueFrom"), "configMap", json!({})),
        (String::from("/spec"), "completions", json!("4")),
        (
            String::from("/spec/template"),
            "spec",
            json!({ "restartPolicy": "Never" }),
        ),
        (String::new(), "kind", json!("Jobs")),
        (String::new(), "apiVersion", json!("batch/v1beta1")),
    ] {
        let mut wrong = job.clone();
        let whole = wrong.pointer_mut(&holder).unwrap().as_object_mut().unwrap();
        whole.insert(name.to_owned(), value);
        let errors: Vec<String> = schema
            .iter_errors(&wrong)
            .map(|error| format!("{} {error}", error.instance_path()))
            .collect();
        assert!(
            errors.iter().any(|error| error.starts_with(&holder)),
            "{holder}/{name} is not noticed: {errors:?}"
        );
    }
}

#[test]
fn releases_are_named_alike_everywhere() {
    let release: Value = serde_yaml::from_str(&read(".github/workflows/release.yml")).unwrap();
    let install = read("deploy/github/install.sh");
    for entry in release["jobs"]["build"]["strategy"]["matrix"]["include"]
        .as_array()
        .unwrap()
    {
        let target = entry["target"].as_str().unwrap();
        assert!(
            install.contains(&format!("target={target} ")),
            "{target} can be installed"
        );
    }
    assert!(install.contains("name=fhir-assay-$target") && read(".ci/package").contains("name=fhir-assay-$target"));
    assert!(read("Cargo.toml").contains("releases/download/v{ version }/{ name }-{ target }.tar.gz"));
}

/// A script of `deploy/github/` in an empty folder, with these variables, and the outputs of its step.
#[cfg(unix)]
fn script(name: &str, variables: &[(&str, &str)]) -> (Output, String, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let outputs: PathBuf = folder.path().join("outputs");
    let mut command = Command::new(root().join("deploy/github").join(name));
    command
        .current_dir(folder.path())
        .env_remove("GITHUB_STEP_SUMMARY")
        .env_remove("RUNNER_TEMP")
        .env("GITHUB_ACTIONS", "true")
        .env("GITHUB_OUTPUT", &outputs)
        .envs(variables.iter().copied());
    let output = command.output().unwrap();
    let outputs = std::fs::read_to_string(outputs).unwrap_or_default();
    (output, outputs, folder)
}

#[cfg(unix)]
#[test]
fn the_action_runs_and_tells_what_came_of_it() {
    let server = Embedded::with(|request| (request.method == "PUT").then(|| outcome(422, &[])), |_| {});
    let args = format!("--suite\n{}\n--timeout=5s\n", file("small.yaml"));
    let variables = |fail| {
        [
            ("PROGRAM", env!("CARGO_BIN_EXE_fhir-assay")),
            ("BASE_URL", &server.base),
            ("ARGS", &args),
            ("REPORTS", "out/of the run"),
            ("FAIL", fail),
        ]
    };
    let (output, outputs, folder) = script("run.sh", &variables("true"));
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    for line in [
        "verdict=fail",
        "failed=1",
        "not-judged=0",
        "exit-code=1",
        "sarif=out/of the run/report.sarif",
    ] {
        assert!(outputs.lines().any(|known| known == line), "{line} in {outputs}");
    }
    for name in ["report.html", "report.json", "junit.xml", "report.md", "report.sarif"] {
        assert!(folder.path().join("out/of the run").join(name).is_file(), "{name}");
    }
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert!(stdout.contains("\n::error file="), "{stdout}");
    let (output, outputs, _folder) = script("run.sh", &variables("false"));
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(outputs.contains("exit-code=1"), "{outputs}");
}

#[cfg(unix)]
#[test]
fn a_wrong_workflow_is_no_verdict() {
    let program = ("PROGRAM", env!("CARGO_BIN_EXE_fhir-assay"));
    let (output, ..) = script(
        "run.sh",
        &[
            program,
            ("ARGS", "--no-such-option"),
            ("REPORTS", "out"),
            ("FAIL", "false"),
        ],
    );
    assert_eq!(output.status.code(), Some(2), "{output:?}");
}

/// A release as a folder that is reached by `file:`.
#[cfg(target_os = "linux")]
#[test]
fn a_release_is_installed_when_its_checksum_fits() {
    let releases = tempfile::tempdir().unwrap();
    let name = format!("fhir-assay-{}-unknown-linux-musl", std::env::consts::ARCH);
    let folder = releases.path().join("me/it/releases/download/v0.1.0");
    std::fs::create_dir_all(folder.join(&name)).unwrap();
    let program = folder.join(&name).join("fhir-assay");
    std::fs::write(&program, "#!/bin/sh\necho it is there\n").unwrap();
    let pack = format!(
        "chmod +x {name}/fhir-assay && tar -czf {name}.tar.gz {name} && sha256sum {name}.tar.gz > {name}.tar.gz.sha256"
    );
    assert!(
        Command::new("sh")
            .args(["-c", &pack])
            .current_dir(&folder)
            .status()
            .unwrap()
            .success()
    );
    let server = format!("file://{}", releases.path().display());
    let variables = [
        ("SERVER", &*server),
        ("REPOSITORY", "me/it"),
        ("VERSION", "v0.1.0"),
        ("PROGRAM", ""),
    ];
    let (output, outputs, _folder) = script("install.sh", &variables);
    assert!(output.status.success(), "{output:?}");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "it is there\n");
    assert!(
        outputs.starts_with("program=/") && outputs.trim_end().ends_with("/fhir-assay"),
        "{outputs}"
    );

    std::fs::write(folder.join(format!("{name}.tar.gz")), "something else").unwrap();
    let (output, outputs, _folder) = script("install.sh", &variables);
    assert!(!output.status.success() && outputs.is_empty(), "{output:?}");
}

#[cfg(unix)]
#[test]
fn an_action_without_a_version_says_so() {
    let variables = [
        ("SERVER", "file:///nowhere"),
        ("REPOSITORY", "me/it"),
        ("VERSION", "main"),
        ("PROGRAM", ""),
    ];
    let (output, ..) = script("install.sh", &variables);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("is no version such as v0.1.0"));
}
