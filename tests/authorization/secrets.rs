//! Secrets are planted in every place that they can come from, and every byte that is written is looked through.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::authority::{Authority, Rules};
use crate::embedded::{Embedded, Recorded, outcome};
use crate::support::{Assay, Gone, assay, file, small};
use crate::{everything_in, jwks, key_file};

const REPORTS: [&str; 5] = [
    "console=o/c.txt",
    "junit=o/j.xml",
    "json=o/j.json",
    "markdown=o/m.md",
    "html=o/h.html",
];

/// All that was said and written, looked through for secrets and for what is left of them.
#[track_caller]
fn holds_none_of(gone: &Gone, secrets: &[&str]) {
    let mut all = everything_in(gone.folder.path());
    all.push(("stdout".into(), gone.stdout.clone().into_bytes()));
    all.push(("stderr".into(), gone.stderr.clone().into_bytes()));
    for (place, bytes) in &all {
        let text = String::from_utf8_lossy(bytes);
        for secret in secrets {
            let encoded = STANDARD.encode(secret);
            let whole_groups = &encoded[..encoded.len() / 4 * 4 - 4];
            for form in [*secret, whole_groups] {
                assert!(!text.contains(form), "{place} holds `{form}`");
            }
        }
    }
}

fn with_reports(assay: Assay) -> Assay {
    std::fs::create_dir(assay.folder().join("o")).unwrap();
    assay
}

/// The arguments of a run of the small suite with all reports.
fn run(base: &str, more: &[&str]) -> Assay {
    let suite = file("small.yaml");
    let fixed = ["run", base, "--suite", &suite, "--timeout", "30s"];
    let reports = REPORTS.iter().flat_map(|report| ["--report", *report]);
    with_reports(assay(fixed.into_iter().chain(reports).chain(more.iter().copied())))
}

/// A server that sends back all that it was sent, in headers and bodies, well-formed and not.
fn echoing(request: &mut Recorded) {
    let sent: Vec<String> = ["authorization", "x-api-key", "x-session", "x-tenant"]
        .iter()
        .filter_map(|name| Some(request.header(name)?.to_owned()))
        .collect();
    let sent = sent.join(" ");
    let bare = sent.replace("Bearer ", "");
    let headers = &mut request.answer_headers;
    headers.insert("x-echo", sent.parse().unwrap());
    headers.insert("www-authenticate", format!("Bearer realm=\"{bare}\"").parse().unwrap());
    headers.insert("set-cookie", format!("session={bare}").parse().unwrap());
    headers.insert("warning", format!("199 - \"{bare}\"").parse().unwrap());
    if request.method == "PUT" {
        let mut bytes = b"\xff\xfe ".to_vec();
        bytes.extend_from_slice(sent.as_bytes());
        request.answer = bytes.into();
        request.status = 200;
    } else if request.method == "GET" && request.path().starts_with("Patient/") {
        let quoted = serde_json::Value::from(sent.as_str()).to_string();
        let slashed = quoted.replace('/', "\\/");
        let dotnet = quoted.replace('+', "\\u002B");
        let text = String::from_utf8_lossy(&request.answer).replacen(
            '{',
            &format!("{{\"language\":{quoted},\"implicitRules\":{slashed},\"extra\":{dotnet},"),
            1,
        );
        request.answer = text.into();
    }
}

/// No line of a file in PEM stands in what the program left.
fn holds_nothing_of_the_key(gone: &Gone, path: &str) {
    let pem = std::fs::read_to_string(path).unwrap();
    let lines: Vec<&str> = pem.lines().filter(|line| !line.starts_with('-')).collect();
    holds_none_of(gone, &lines);
}

#[test]
fn of_a_token_that_is_fetched_while_the_run_goes_on() {
    let authority = Authority::start(Rules {
        secret: Some(("cl1ent/s3cret+x=".into(), false)),
        expires_in: None,
        ..Rules::default()
    });
    let guard = std::sync::Arc::clone(&authority);
    let reads = std::sync::atomic::AtomicUsize::new(0);
    let server = Embedded::with(
        move |request| {
            // Half-way the token is taken back: the second one has to be hidden too.
            if request.method == "GET" && reads.fetch_add(1, std::sync::atomic::Ordering::SeqCst) == 3 {
                guard.revoke();
            }
            guard.guard(request)
        },
        echoing,
    );
    let gone = run(
        &server.base,
        &[
            "--oauth-client",
            "assay",
            "--oauth-secret-env",
            "SECRET",
            "--header",
            "X-Api-Key: k3y/+in=header",
            "--header",
            "X-Session: Token s3ssion/+key=",
            "--header-env",
            "X-Tenant=TENANT",
            "--record",
            "o/r.har",
            "--evidence",
            "o/evidence",
        ],
    )
    .env("SECRET", "cl1ent/s3cret+x=")
    .env("TENANT", "Clinic ten4nt/+of=env")
    .run();
    assert!(matches!(gone.code, 1 | 3), "{}{}", gone.stdout, gone.stderr);
    let tokens = authority.given();
    assert!(tokens.len() >= 2);
    let mut secrets = vec![
        "cl1ent/s3cret+x=",
        "cl1ent",
        "k3y/+in=header",
        "ten4nt",
        "s3ssion",
        "r3fresh-token",
    ];
    secrets.extend(tokens.iter().map(String::as_str));
    secrets.push("t0ken-");
    holds_none_of(&gone, &secrets);
    // The reports are there, and say that something was hidden.
    for report in REPORTS {
        let name = report.split_once('=').unwrap().1;
        assert!(!gone.file(name).is_empty());
    }
    assert!(gone.file("o/j.json").contains("***"));
    // Half-way the token was another: both are hidden in the recording.
    assert!(gone.file("o/r.har").contains("***"));
    assert!(gone.folder.path().join("o/evidence").is_dir());
}

#[test]
fn of_files_with_tokens_and_passwords() {
    for (option, content, secrets) in [
        (
            "--bearer-file",
            "f1le/t0ken+of=bearer",
            vec!["f1le/t0ken+of=bearer", "t0ken+of"],
        ),
        ("--basic-file", "ada:l0velace/+=pw", vec!["l0velace"]),
    ] {
        let elsewhere = tempfile::tempdir().unwrap();
        let path = elsewhere.path().join("secret.txt");
        std::fs::write(&path, content).unwrap();
        let server = Embedded::with(|_| None, echoing);
        let gone = run(&server.base, &[option, path.to_str().unwrap()]).run();
        holds_none_of(&gone, &secrets);
        let encoded = STANDARD.encode(content);
        holds_none_of(&gone, &[&encoded]);
    }
}

#[test]
fn of_clients_that_are_refused() {
    // The authorization server says what it was sent: the secret, the assertion.
    let authority = Authority::start(Rules {
        secret: Some(("the-right-one".into(), true)),
        echo: true,
        ..Rules::default()
    });
    let server = authority.protected();
    for command in ["run", "auth check"] {
        for place in ["header", "body"] {
            let words: Vec<&str> = command.split(' ').chain([server.base.as_str()]).collect();
            let more = [
                "--oauth-client",
                "assay",
                "--oauth-secret-env",
                "SECRET",
                "--oauth-secret-in",
                place,
            ];
            let gone = assay(words.into_iter().chain(more))
                .env("SECRET", "wr0ng/s3cret+x=")
                .run()
                .ended(3);
            holds_none_of(&gone, &["wr0ng/s3cret+x=", "wr0ng", "wr0ng%2Fs3cret"]);
            assert!(gone.stderr.contains("***"), "{}", gone.stderr);
        }
    }
    let authority = Authority::start(Rules {
        jwks: Some(jwks("rsa.pem")),
        echo: true,
        ..Rules::default()
    });
    let server = authority.protected();
    let key = key_file("p384.pem");
    let gone = assay([
        "auth",
        "check",
        &server.base,
        "--oauth-client",
        "assay",
        "--oauth-key",
        &key,
    ])
    .run()
    .ended(3);
    for request in authority.asked() {
        let form: Vec<(String, String)> = url::form_urlencoded::parse(&request.body).into_owned().collect();
        let (_, assertion) = form.iter().find(|(name, _)| name == "client_assertion").unwrap();
        holds_none_of(&gone, &[assertion]);
    }
    holds_nothing_of_the_key(&gone, &key);
}

#[test]
fn of_keys_that_cannot_be_read() {
    for (option, name) in [
        ("--oauth-key", "rsa-1024.pem"),
        ("--oauth-key", "p256.pem"),
        ("--oauth-key", "rsa-encrypted.pem"),
        ("--client-cert", "rsa.pem"),
    ] {
        let path = key_file(name);
        let words = [
            "auth",
            "check",
            "https://127.0.0.1:1/fhir",
            "--oauth-client",
            "assay",
            option,
            &path,
        ];
        let gone = assay(words).run().ended(2);
        holds_nothing_of_the_key(&gone, &path);
    }
}

#[test]
fn of_urls_with_users() {
    for words in [
        "run http://ada:pl4nted@127.0.0.1:1/fhir",
        "list cases http://ada:pl4nted@127.0.0.1:1/fhir",
        "auth check http://ada:pl4nted@127.0.0.1:1/fhir",
        "run http://127.0.0.1:1/fhir --oauth-client c --oauth-secret-env S --token-url https://ada:pl4nted@as.example/t",
        "run http://127.0.0.1:1/fhir --oauth-client c --oauth-secret-env S --oauth-param client_secret=pl4nted",
        "run http://127.0.0.1:1/fhir --oauth-client c --oauth-secret-env S --token-url http://127.0.0.1:1/t?key=pl4nted",
        "run http://127.0.0.1:1/fhir --header X-Key-Without-Colon",
    ] {
        let gone = crate::support::words(words).env("S", "s3cret-of-c").run();
        assert!(matches!(gone.code, 2 | 3), "{words}: {}", gone.stderr);
        holds_none_of(&gone, &["pl4nted", "s3cret-of-c"]);
    }
}

#[test]
fn of_a_proxy() {
    let gone = small("https://fhir.example.invalid/r4", "--bearer-env TOKEN")
        .env("HTTPS_PROXY", "http://ada:pl4nted@127.0.0.1:1")
        .env("https_proxy", "http://ada:pl4nted@127.0.0.1:1")
        .env("TOKEN", "t0ken-in-env")
        .run()
        .ended(3);
    holds_none_of(&gone, &["pl4nted", "t0ken-in-env"]);
}

#[test]
fn of_a_server_that_is_asked_for_its_claims() {
    let server = Embedded::with(|_| Some(outcome(401, &[])), echoing);
    let gone = assay(["list", "cases", &server.base, "--bearer-env", "TOKEN"])
        .env("TOKEN", "t0ken-in-env")
        .run()
        .ended(3);
    holds_none_of(&gone, &["t0ken-in-env"]);
}
