//! `fhir-assay.toml` and the environment.

use crate::support::embedded::Embedded;
use crate::support::{Assay, file, words};

/// The small suite against a server that only the configuration names.
fn run(more: &str, config: &str) -> Assay {
    words(&format!("run --suite {} --timeout 30s {more}", file("small.yaml"))).with("fhir-assay.toml", config)
}

fn shown(more: &str, config: &str) -> Assay {
    words(&format!("config show {more}")).with("fhir-assay.toml", config)
}

#[test]
fn a_target_is_a_server_with_all_that_belongs_to_it() {
    let server = Embedded::start();
    let config = format!(
        "[run]\njobs = 2\ntarget = \"here\"\n\n[targets.here]\nbase = \"{}\"\nheader = {{ X-Tenant = \"a\" }}\n\n[targets.there]\nbase = \"http://127.0.0.1:9/fhir\"\n",
        server.base
    );
    let report = run("", &config).run().ended(0).report();
    assert_eq!(
        (&report["target"]["base"], &report["options"]["jobs"]),
        (&server.base.clone().into(), &"2".into())
    );
    assert!(
        server
            .recorded()
            .iter()
            .all(|request| request.header("x-tenant") == Some("a"))
    );
    run("--target there", &config).run().ended(3);
    run("--target ther", &config)
        .run()
        .ended(2)
        .says("did you mean `there`?");
    run(&format!("{} --target here", server.base), &config)
        .run()
        .ended(2)
        .says("both name the server under test");
    run("--target here", "")
        .run()
        .ended(2)
        .says("there is no section [targets.here] in fhir-assay.toml");
}

#[test]
fn what_belongs_to_a_target_goes_to_no_other_server() {
    let server = Embedded::start();
    let config =
        "[run]\ntarget = \"there\"\n[targets.there]\nbase = \"http://127.0.0.1:9/fhir\"\nbearer-env = \"TOKEN\"\n";
    run(&server.base, config).env("TOKEN", "s3cret").run().ended(0);
    assert!(
        server
            .recorded()
            .iter()
            .all(|request| request.header("authorization").is_none())
    );
}

#[test]
fn flags_win_over_the_environment_and_that_over_the_file() {
    let config = "[run]\njobs = 2\nfail-on = \"should\"\nseed = 7\ntimeout = \"1s\"\n[targets.a]\nbase = \"https://a.example.org\"\nseed = 8\ntimeout = \"2s\"\n";
    let gone = shown("--target a --jobs 4", config)
        .env("FHIR_ASSAY_JOBS", "3")
        .env("FHIR_ASSAY_TIMEOUT", "3s")
        .run()
        .ended(0);
    insta::assert_snapshot!(gone.stdout);
    let json = shown("--target a --json", config).run().ended(0).stdout;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(
        json["seed"],
        serde_json::json!({ "value": ["8"], "source": "fhir-assay.toml:8" })
    );
}

#[test]
fn secrets_are_masked_and_do_not_belong_in_a_file() {
    let config = "[run]\nbase = \"https://ada:l0velace@a.example.org/fhir\"\nheader = [\"X-Key: s3cret\"]\nbearer-env = \"TOKEN\"\n";
    let gone = shown("", config).env("TOKEN", "t0ken").run().ended(0);
    gone.says("X-Key: ***")
        .says("TOKEN (set)")
        .says_not("s3cret")
        .says_not("t0ken")
        .says_not("l0velace");
    let gone = shown("", "[run]\nheader = [\"Authorization: Bearer s3cret\"]\n")
        .run()
        .ended(2);
    gone.says("does not belong in a file").says("fhir-assay.toml:2");
}

#[test]
fn everything_that_is_wrong_in_a_file_is_told_at_once() {
    let config = "\
jobs = 3
[runs]
[run]
jbos = 4
jobs = \"many\"
fail-on = \"shal\"
fail-fast = \"yes\"
target = \"stagging\"
timeout = \"5\"
case = [1, [2]]
[targets]
one = 1
[targets.staging]
base = \"\"
";
    let gone = run("", config).run().ended(2);
    insta::assert_snapshot!(gone.stderr);
    run("", "[run\n").run().ended(2).says("fhir-assay.toml:1");
    run("--config other.toml", "").run().ended(2).says("other.toml");
}

#[test]
fn a_variable_that_names_nothing_is_an_error() {
    run("", "")
        .env("FHIR_ASSAY_JBOS", "3")
        .run()
        .ended(2)
        .says("FHIR_ASSAY_JBOS")
        .says("did you mean `jobs`?");
    run("", "")
        .env("FHIR_ASSAY_JOBS", "many")
        .run()
        .ended(2)
        .says("FHIR_ASSAY_JOBS");
    run("", "")
        .env("FHIR_ASSAY_FAIL_FAST", "perhaps")
        .run()
        .ended(2)
        .says("`true` or `false`");
}

#[test]
fn where_a_file_has_servers_one_is_named() {
    let config = "[targets.a]\nbase = \"http://127.0.0.1:9/a\"\n[targets.b]\nbase = \"http://127.0.0.1:9/b\"\n";
    run("", config).run().ended(2).says("fhir-assay.toml has a, b");
}

#[test]
fn init_asks_the_server_and_writes_what_runs() {
    let server = Embedded::start();
    let gone = words(&format!("init {} --name desk", server.base)).run().ended(0);
    let written = gone.file("fhir-assay.toml");
    insta::assert_snapshot!(written.replace(&server.base, "http://127.0.0.1:8080/fhir"));
    run("", &written).run().ended(0);
    let schema = jsonschema::validator_for(&fhir_assay::cli::config::schema()).unwrap();
    let options = shown("--json", &written).run().ended(0).stdout;
    assert!(options.contains("fhir-assay.toml:"), "{options}");
    let as_json = serde_json::json!({ "run": { "target": "desk" }, "targets": { "desk": { "base": server.base, "fhir": "R4" } } });
    assert!(schema.is_valid(&as_json) && !schema.is_valid(&serde_json::json!({ "run": { "jbos": 1 } })));
    words("init")
        .with("fhir-assay.toml", "# mine")
        .run()
        .ended(2)
        .says("--force");
    words("init http://127.0.0.1:9/fhir").run().ended(3);
    words("init").run().ended(0);
}

#[test]
fn other_commands_go_by_it_too() {
    let server = Embedded::start();
    let config = format!(
        "[run]\nsuite = [\"http.read\"]\nreport = [\"json=never.json\"]\ntarget = \"near\"\nfail-on = \"never\"\n\
         [targets.near]\nbase = \"{}\"\nbasic-env = \"NEAR\"\nfhir = \"R4\"\n\
         [targets.far]\nbase = \"http://127.0.0.1:1/fhir\"\nfhir = \"R5\"\n",
        server.base
    );
    let asked = |more: &str| words(more).with("fhir-assay.toml", &config).env("NEAR", "ada:secret");
    let listed = asked("list suites").run().ended(0);
    assert!(
        listed.stdout.starts_with("http.read ") && listed.stdout.lines().count() == 1,
        "{}",
        listed.stdout
    );
    // The server that the configuration names is asked for its claims.
    asked("list suites --target far").run().ended(3);
    asked("list suites --target fra")
        .run()
        .ended(2)
        .says("did you mean `far`");
    asked("list suites --suite http.update http://127.0.0.1:1/fhir")
        .run()
        .ended(3);
    let two = config.replace("target = \"near\"\n", "");
    words("list suites").with("fhir-assay.toml", &two).run().ended(0);
    words("list suites")
        .env("FHIR_ASSAY_SUITE", "http.read")
        .run()
        .ended(0)
        .says("http.read");
    asked("auth check").run().ended(0);
    asked("auth check --target far").run().ended(2).says("no credentials");
    // By the release of its target; the reports of a run are not those of other commands.
    let r5 = r#"{"resourceType": "Patient", "gender": "female", "animal": {}}"#;
    let gone = asked("validate a.json --target far").with("a.json", r5).run();
    assert!(gone.file_if_any("never.json").is_none());
    let told = gone.ended(1);
    assert!(told.stdout.contains("R5"), "{}", told.stdout);
}

#[test]
fn profiles_of_the_configuration_are_those_of_validate() {
    let package = format!("{}/tests/profiles/package", env!("CARGO_MANIFEST_DIR"));
    let config = format!("[run]\nprofile = [\"{package}\"]\n");
    let claims = "http://example.org/assay/StructureDefinition/patient";
    let body = format!(r#"{{"resourceType": "Patient", "meta": {{"profile": ["{claims}"]}}}}"#);
    let told = |config: &str| {
        let asked = words("validate a.json")
            .with("a.json", &body)
            .with("fhir-assay.toml", config);
        asked.run().stdout
    };
    assert!(told("[run]\n").contains("not loaded"), "{}", told("[run]\n"));
    assert!(!told(&config).contains("not loaded"), "{}", told(&config));
}
