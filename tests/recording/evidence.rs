//! Evidence: what a run leaves is verified, and whatever was done to it since is seen.

use fhir_assay::evidence::{Files, RunMark, archive, examine, seal};
use serde_json::{Value, json};

use crate::support::embedded::{Embedded, outcome};
use crate::support::{Gone, assay, small};

/// The key pair of RFC 8032, section 7.1, test 1.
const PRIVATE: &str = "-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g
-----END PRIVATE KEY-----
";
const PUBLIC: &str = "-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=
-----END PUBLIC KEY-----
";

/// Runs the small suite, whose updates are refused, and packs the evidence.
fn packed() -> Vec<u8> {
    let server = Embedded::with(|request| (request.method == "PUT").then(|| outcome(422, &[])), |_| {});
    let gone = small(&server.base, "--evidence run.zip --sign-key key.pem --quiet")
        .with("key.pem", PRIVATE)
        .run()
        .ended(1);
    let names: Vec<_> = std::fs::read_dir(gone.folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert!(
        !names.iter().any(|name| name.to_string_lossy().contains("part")),
        "{names:?}"
    );
    std::fs::read(gone.folder.path().join("run.zip")).unwrap()
}

fn verify(zip: impl AsRef<[u8]>, more: &[&str]) -> Gone {
    assay(["verify", "run.zip"].into_iter().chain(more.iter().copied()))
        .with("run.zip", zip)
        .with("public.pem", PUBLIC)
        .run()
}

/// Seals the files again, as somebody who hides a change would.
fn sealed_again(files: &Files) -> Vec<u8> {
    let manifest: Value = serde_json::from_slice(&files["manifest.json"]).unwrap();
    let mut mark: RunMark = serde_json::from_value(manifest["run"].clone()).unwrap();
    let result: Value = serde_json::from_slice(&files["result.json"]).unwrap();
    mark.verdict = serde_json::from_value(result["verdict"].clone()).unwrap();
    let mut files = files.clone();
    files.remove("manifest.json");
    files.remove("manifest.sig");
    archive::zip(&seal(files, mark, None).unwrap()).unwrap()
}

#[test]
fn evidence_is_verified_and_every_change_is_seen() {
    let zip = packed();
    verify(&zip, &[])
        .ended(0)
        .says("there is one, which was not looked at")
        .says("cases are judged as they were")
        .says("Verified.");
    verify(&zip, &["--public-key", "public.pem"])
        .ended(0)
        .says("by the key that was given");
    let files = archive::unzip(&zip).unwrap();
    for name in [
        "result.json",
        "recording.har",
        "report.html",
        "junit.xml",
        "capability-statement.json",
        "manifest.sig",
    ] {
        assert!(files.contains_key(name), "{name}");
    }
    // Each file changed, and each taken away.
    for name in files.keys() {
        let mut changed = files.clone();
        changed.get_mut(name).unwrap()[0] ^= 1;
        let key = fhir_assay::evidence::PublicKey::read(PUBLIC.as_bytes()).unwrap();
        assert!(examine(&changed, Some(&key)).is_err(), "{name}");
        changed.remove(name);
        assert!(examine(&changed, Some(&key)).is_err(), "{name}");
    }
    let mut changed = files.clone();
    changed.get_mut("report.html").unwrap().push(b'x');
    changed.remove("junit.xml");
    changed.insert("extra.txt".into(), Vec::new());
    let gone = verify(archive::zip(&changed).unwrap(), &[]).ended(1);
    insta::assert_snapshot!(gone.stdout);
}

#[test]
fn a_verdict_that_was_made_up_is_seen_though_the_manifest_fits() {
    let files = archive::unzip(&packed()).unwrap();
    let mut better = files.clone();
    let mut result: Value = serde_json::from_slice(&files["result.json"]).unwrap();
    result["verdict"] = json!("pass");
    for case in result["suites"][0]["cases"].as_array_mut().unwrap() {
        if case["verdict"] == "fail" {
            case["verdict"] = json!("pass");
        }
    }
    better.insert("result.json".into(), result.to_string().into_bytes());
    verify(sealed_again(&better), &[])
        .ended(1)
        .says("small::update was pass, and judged again it is fail")
        .says("Not verified.");
    verify(sealed_again(&better), &["--public-key", "public.pem"])
        .ended(1)
        .says("it is not signed");
    // An answer that was made up is judged as what it is.
    let mut other = files.clone();
    let har = String::from_utf8(files["recording.har"].clone()).unwrap();
    other.insert(
        "recording.har".into(),
        har.replacen("\"status\":422", "\"status\":500", 1).into_bytes(),
    );
    verify(sealed_again(&other), &[]).ended(0);
    let har = har.replacen("\"status\":201", "\"status\":400", 1);
    other.insert("recording.har".into(), har.into_bytes());
    verify(sealed_again(&other), &[]).ended(1);
}

#[test]
fn a_folder_is_evidence_too() {
    let server = Embedded::start();
    let gone = small(&server.base, "--evidence proof --record kept.har").run().ended(0);
    assert!(gone.folder.path().join("kept.har").is_file());
    let root = gone.folder.path().join("proof");
    let path = root.display().to_string();
    assay(["verify", &path])
        .run()
        .ended(0)
        .says("none: who put it together is not known");
    small(&server.base, &format!("--evidence {path}"))
        .run()
        .ended(2)
        .says("this folder is not empty");
    std::fs::write(root.join("extra"), "x").unwrap();
    assay(["verify", &path]).run().ended(1).says("extra was added");
    std::fs::remove_file(root.join("extra")).unwrap();
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("/etc/hostname", root.join("link")).unwrap();
        assay(["verify", &path]).run().ended(2).says("links are not followed");
    }
}

#[test]
fn what_is_no_evidence_ends_with_2_or_1() {
    verify(b"no zip", &[]).ended(2).says("it cannot be read as a ZIP file");
    verify(archive::zip(&Files::new()).unwrap(), &[])
        .ended(1)
        .says("there is no manifest.json");
    assay(["verify", "nothing.zip"]).run().ended(2);
    verify(packed(), &["--public-key", "run.zip"])
        .ended(2)
        .says("there is no public key of Ed25519 in PEM");
    let server = Embedded::start();
    small(&server.base, "--evidence run.zip --sign-key public.pem")
        .with("public.pem", PUBLIC)
        .run()
        .ended(2)
        .says("there is no private key of Ed25519 in PEM");
    small(&server.base, "--sign-key public.pem").run().ended(2);
}

/// What a system documents, its deviations and its rules are part of what a run was judged by.
#[test]
fn a_run_of_a_system_is_judged_again_as_one() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/suites/systems/oracle-health-r4");
    for (system, path) in [
        ("oracle-health-r4", "suites/systems/oracle-health-r4/system.yaml"),
        (folder, "own/system.yaml"),
    ] {
        let gone = assay(["run", "--system", system, "--evidence", "run.zip", "--quiet"])
            .run()
            .ended(0);
        let zip = std::fs::read(gone.folder.path().join("run.zip")).unwrap();
        verify(&zip, &[]).ended(0).says("cases are judged as they were");
        let files = archive::unzip(&zip).unwrap();
        assert!(files.contains_key(path), "{path}");
    }
}

#[test]
fn a_folder_in_the_place_of_the_file_is_told_before_the_run() {
    let server = Embedded::start();
    let asked = small(&server.base, "--evidence run.zip");
    std::fs::create_dir(asked.folder().join("run.zip")).unwrap();
    asked.run().ended(2).says("is a directory");
    assert!(server.recorded().is_empty());
}
