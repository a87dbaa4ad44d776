use std::io::{Cursor, Write};

use proptest::prelude::*;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::*;
use crate::fhir::FhirVersion;
use crate::verdict::{ToolInfo, Verdict};

const PRIVATE: &str = "-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g
-----END PRIVATE KEY-----
";
/// That of RFC 8032, section 7.1, test 1.
const PUBLIC: &str = "-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=
-----END PUBLIC KEY-----
";

fn run() -> RunMark {
    RunMark {
        tool: ToolInfo {
            name: "fhir-assay".into(),
            version: "0.1.0".into(),
        },
        base: "http://localhost/fhir".into(),
        release: FhirVersion::R4,
        started: "2026-01-01T00:00:00.000Z".into(),
        verdict: Verdict::Pass,
        suites: vec!["suites/http/read.yaml".into()],
        system: None,
        profiles: Vec::new(),
    }
}

fn files() -> Files {
    let content = [
        ("result.json", "{}"),
        ("suites/http/read.yaml", "suite: x"),
        ("report.html", "<html>"),
    ];
    let pair = |(path, content): (&str, &str)| (path.to_owned(), content.as_bytes().to_vec());
    content.into_iter().map(pair).collect()
}

fn sealed() -> Files {
    seal(files(), run(), Some(&SigningKey::read(PRIVATE.as_bytes()).unwrap())).unwrap()
}

fn key() -> PublicKey {
    PublicKey::read(PUBLIC.as_bytes()).unwrap()
}

#[test]
fn what_is_as_it_was_is_found_to_be() {
    let sealed = sealed();
    let (manifest, signed) = examine(&sealed, Some(&key())).unwrap();
    assert_eq!((manifest.run, signed), (run(), Signed::Yes));
    assert_eq!(examine(&sealed, None).unwrap().1, Signed::NotLookedAt);
    let unsigned = seal(files(), run(), None).unwrap();
    assert_eq!(examine(&unsigned, None).unwrap().1, Signed::No);
    let told = examine(&unsigned, Some(&key())).unwrap_err();
    assert_eq!(
        told,
        ["there is no manifest.sig, though a key was given: it is not signed"]
    );
}

#[test]
fn keys_of_other_kinds_are_none() {
    assert_eq!(
        SigningKey::read(PUBLIC.as_bytes()).unwrap_err(),
        signature::KeyError::Private
    );
    assert_eq!(
        PublicKey::read(PRIVATE.as_bytes()).unwrap_err(),
        signature::KeyError::Public
    );
    assert!(PublicKey::read(b"").is_err() && SigningKey::read(b"\xff").is_err());
    let shorter = PUBLIC.replace("cHURo=", "AA==");
    assert!(PublicKey::read(shorter.as_bytes()).is_err());
}

proptest! {
    /// Any byte of any file, changed to any other.
    #[test]
    fn every_change_is_seen(file in 0_usize..5, at: prop::sample::Index, flip in 1_u8..) {
        let mut sealed = sealed();
        let path = sealed.keys().nth(file).unwrap().clone();
        let bytes = sealed.get_mut(&path).unwrap();
        let at = at.index(bytes.len());
        bytes[at] ^= flip;
        // White space around a signature means nothing.
        prop_assume!(path != SIGNATURE || !sealed[&path].trim_ascii().eq(self::sealed()[&path].trim_ascii()));
        prop_assert!(examine(&sealed, Some(&key())).is_err(), "{} {}", path, at);
    }

    #[test]
    fn what_is_taken_away_or_added_is_seen(file in 0_usize..5, name in "[a-z]{1,8}(/[a-z]{1,8})?\\.txt") {
        let mut less = sealed();
        let path = less.keys().nth(file).unwrap().clone();
        less.remove(&path);
        prop_assert!(examine(&less, Some(&key())).is_err());
        let mut more = sealed();
        more.insert(name.clone(), b"x".to_vec());
        let told = examine(&more, Some(&key())).unwrap_err();
        prop_assert_eq!(told, vec![format!("{name} was added: the manifest does not list it")]);
    }

    #[test]
    fn a_zip_file_gives_back_what_went_in(files in prop::collection::btree_map("[a-zA-Z0-9._-]{1,8}[a-z](/[a-z]{1,8}){0,3}",
        prop::collection::vec(any::<u8>(), 0..200), 0..12)) {
        let packed = archive::zip(&files).unwrap();
        prop_assert_eq!(archive::zip(&files).unwrap(), packed.clone());
        prop_assert_eq!(archive::unzip(&packed).unwrap(), files);
    }

    #[test]
    fn what_is_no_zip_file_panics_nowhere(bytes in prop::collection::vec(any::<u8>(), 0..300), at: prop::sample::Index) {
        prop_assert!(archive::unzip(&bytes).is_err());
        let mut packed = archive::zip(&sealed()).unwrap();
        let at = at.index(packed.len());
        packed[at] ^= 0x55;
        let _ = archive::unzip(&packed);
        packed.truncate(at);
        prop_assert!(archive::unzip(&packed).is_err());
    }
}

fn packed(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in entries {
        writer
            .start_file(
                *name,
                SimpleFileOptions::default().compression_method(CompressionMethod::Deflated),
            )
            .unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

#[test]
fn paths_that_lead_out_are_refused() {
    for name in [
        "../outside",
        "/etc/passwd",
        "a/../../outside",
        "a/./b",
        "a//b",
        "C:/windows",
        "a\\..\\b",
        "folder/",
        "a\nb",
    ] {
        let told = archive::unzip(&packed(&[(name, b"x")])).unwrap_err();
        assert!(matches!(told, ArchiveError::Path(_)), "{name}: {told}");
    }
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    writer
        .add_symlink("link", "/etc/passwd", SimpleFileOptions::default())
        .unwrap();
    let link = writer.finish().unwrap().into_inner();
    assert!(matches!(archive::unzip(&link), Err(ArchiveError::NoFile(_))));
}

#[test]
fn a_bomb_is_not_unpacked() {
    // 40 times 32 MB of zeros are 1.3 GB, and a small file.
    let zeros = vec![0_u8; 32 << 20];
    let names: Vec<String> = (0..40).map(|number| format!("zeros-{number}")).collect();
    let entries: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), zeros.as_slice())).collect();
    let bomb = packed(&entries);
    assert!(bomb.len() < 4_000_000, "{}", bomb.len());
    assert!(matches!(archive::unzip(&bomb), Err(ArchiveError::TooLarge)));
    let many: Vec<String> = (0..10_001).map(|number| number.to_string()).collect();
    let many: Vec<(&str, &[u8])> = many.iter().map(|name| (name.as_str(), &b""[..])).collect();
    assert!(matches!(archive::unzip(&packed(&many)), Err(ArchiveError::TooLarge)));
}

/// What is there twice is read otherwise by other programs: which of the two was looked at nobody could know.
#[test]
fn a_file_that_is_there_twice_is_no_evidence() {
    let mut twice = packed(&[("a.json", b"one"), ("b.json", b"two")]);
    for at in 0..twice.len() - 6 {
        if &twice[at..at + 6] == b"b.json" {
            twice[at] = b'a';
        }
    }
    assert!(matches!(archive::unzip(&twice), Err(ArchiveError::Twice)));
}
