//! `auth check`: what is wrong, and what can be done about it.

use crate::authority::{Authority, Rules};
use crate::embedded::{Embedded, outcome};
use crate::stub::{Stub, answer, silence};
use crate::support::{Gone, assay};
use crate::{check_client, jwks, key_file};

/// What the program said, without ports and keys of this machine.
fn told(gone: &Gone, known: &[(&str, &str)]) -> String {
    let text = format!("{}{}", gone.stdout, gone.stderr);
    known.iter().fold(text, |text, (long, short)| text.replace(long, short))
}

fn with_key(base: &str, key: &str, more: &str) -> Gone {
    check_client(base, &format!("--oauth-key {} {more}", key_file(key))).run()
}

fn keyed(rules: Rules) -> Rules {
    Rules {
        jwks: Some(jwks("p384.pem")),
        ..rules
    }
}

/// A server whose clients come with a key, what it answers to the check, and how that ends.
fn checked(rules: Rules, key: &str, more: &str, code: i32) -> String {
    let authority = Authority::start(rules);
    let server = authority.protected();
    let more = more.replace("[token]", &authority.url());
    let gone = with_key(&server.base, key, &more).ended(code);
    let kid = jwks(key)["keys"][0]["kid"].as_str().unwrap().to_owned();
    told(
        &gone,
        &[(&authority.url(), "[token]"), (&server.base, "[base]"), (&kid, "[kid]")],
    )
}

#[test]
fn all_is_well() {
    insta::assert_snapshot!(checked(
        keyed(Rules::default()),
        "p384.pem",
        "--oauth-scope system/*.read",
        0
    ));
}

#[test]
fn another_key() {
    insta::assert_snapshot!(checked(keyed(Rules::default()), "rsa.pem", "", 3));
}

#[test]
fn another_key_under_the_same_name() {
    let mut set = jwks("rsa.pem");
    set["keys"][0]["kid"] = "mine".into();
    let rules = Rules {
        jwks: Some(set),
        ..Rules::default()
    };
    insta::assert_snapshot!(checked(rules, "rsa-other.pem", "--oauth-kid mine", 3));
}

#[test]
fn another_audience() {
    let rules = Rules {
        audience: Some("https://as.example/oauth2".into()),
        ..keyed(Rules::default())
    };
    insta::assert_snapshot!(checked(rules, "p384.pem", "", 3));
}

#[test]
fn another_client() {
    let rules = Rules {
        client: "somebody-else".into(),
        ..keyed(Rules::default())
    };
    insta::assert_snapshot!(checked(rules, "p384.pem", "", 3));
}

#[test]
fn clocks_that_differ() {
    for (clock, name) in [(600, "clock_ahead"), (-600, "clock_behind")] {
        let rules = Rules {
            clock,
            ..keyed(Rules::default())
        };
        let told = checked(rules, "p384.pem", "", 3);
        // A second may pass meanwhile.
        let told = told.replace("599 s", "600 s").replace("601 s", "600 s");
        insta::assert_snapshot!(name, told);
    }
}

#[test]
fn a_scope_that_is_not_given() {
    insta::assert_snapshot!(checked(
        keyed(Rules::default()),
        "p384.pem",
        "--oauth-scope system/*.cruds",
        3
    ));
}

#[test]
fn a_wrong_secret() {
    for (name, more) in [("secret_header", ""), ("secret_body", "--oauth-secret-in body")] {
        let authority = Authority::start(Rules {
            secret: Some(("s3cret".into(), false)),
            ..Rules::default()
        });
        let server = authority.protected();
        let gone = check_client(&server.base, &format!("--oauth-secret-env SECRET {more}"))
            .env("SECRET", "another-secret")
            .run()
            .ended(3)
            .says_not("another-secret");
        insta::assert_snapshot!(
            name,
            told(&gone, &[(&authority.url(), "[token]"), (&server.base, "[base]")])
        );
    }
}

#[test]
fn a_token_endpoint_that_is_down() {
    let down = "http://127.0.0.1:1/token";
    let server = Embedded::start();
    let gone = with_key(&server.base, "p384.pem", &format!("--token-url {down}")).ended(3);
    assert!(
        gone.stderr.contains("no connection to http://127.0.0.1:1"),
        "{}",
        gone.stderr
    );
    assert!(gone.stderr.contains("is the token endpoint up"), "{}", gone.stderr);
    // A run says it in one line.
    let key = key_file("p384.pem");
    let words = [
        "run",
        &server.base,
        "--oauth-client",
        "assay",
        "--oauth-key",
        &key,
        "--token-url",
        down,
    ];
    let gone = assay(words).run().ended(3).says("there is no access token");
    assert_eq!(gone.stderr.lines().count(), 1, "{}", gone.stderr);
    assert!(server.recorded().is_empty(), "nothing is asked without a token");
}

#[test]
fn token_endpoints_that_misbehave() {
    let long = "x".repeat(2_000_000);
    let mut all = String::new();
    for (status, body) in [
        ("200 OK", "<html>Log in</html>"),
        ("200 OK", "{}"),
        ("200 OK", r#"{"access_token":"abc\ndef","token_type":"bearer"}"#),
        ("200 OK", r#"{"access_token":"abcdef","token_type":"mac"}"#),
        ("200 OK", &long),
        ("302 Found", ""),
        ("404 Not Found", "nothing here"),
        ("500 Internal Server Error", "{}"),
        ("503 Service Unavailable", r#"{"error":"temporarily_unavailable"}"#),
    ] {
        let rules = Rules {
            always: Some((status, body.to_owned())),
            ..keyed(Rules::default())
        };
        let told = checked(rules, "p384.pem", "", 3);
        let errors = told.lines().filter(|line| !line.starts_with(['c', 't']));
        all.extend(errors.map(|line| format!("{line}\n")));
    }
    insta::assert_snapshot!(all);
}

#[test]
fn a_token_endpoint_that_says_nothing() {
    let stub = Stub::start(|_, _| silence());
    let server = Embedded::start();
    let gone = with_key(
        &server.base,
        "p384.pem",
        &format!("--token-url {}/token --timeout 2s", stub.origin()),
    );
    gone.ended(3).says("no answer within 2 s");
    assert_eq!(stub.seen().len(), 1);
}

#[test]
fn a_server_without_a_smart_configuration() {
    let server = Embedded::start();
    let gone = with_key(&server.base, "p384.pem", "").ended(3);
    insta::assert_snapshot!(told(
        &gone,
        &[
            (&server.base, "[base]"),
            (jwks("p384.pem")["keys"][0]["kid"].as_str().unwrap(), "[kid]")
        ]
    ));
}

#[test]
fn a_smart_configuration_that_leads_nowhere_good() {
    let mut all = String::new();
    for body in [
        "{}",
        "nothing",
        r#"{"token_endpoint":"/token"}"#,
        r#"{"token_endpoint":"http://as.example/token"}"#,
        r#"{"token_endpoint":"https://ada:hidden@as.example/token"}"#,
    ] {
        let stub = Stub::start(move |_, out| answer(out, "200 OK", &[], body.as_bytes()));
        let gone = with_key(&stub.base(), "p384.pem", "").ended(3).says_not("hidden");
        let told = told(&gone, &[(&stub.base(), "[base]")]);
        all.extend(
            told.lines()
                .filter(|line| !line.starts_with("client"))
                .map(|line| format!("{line}\n")),
        );
    }
    insta::assert_snapshot!(all);
}

#[test]
fn a_server_that_does_not_take_the_token() {
    let authority = Authority::start(keyed(Rules::default()));
    for (status, name) in [(401, "token_refused"), (403, "token_not_enough")] {
        let server = authority.protected_with(move |request| {
            let challenge = [("www-authenticate", "Bearer error=\"insufficient_scope\"")];
            request
                .path()
                .starts_with("Patient")
                .then(|| outcome(status, &challenge))
        });
        let gone = with_key(&server.base, "p384.pem", "--oauth-scope system/*.read").ended(3);
        let kid = jwks("p384.pem")["keys"][0]["kid"].as_str().unwrap().to_owned();
        insta::assert_snapshot!(
            name,
            told(
                &gone,
                &[(&authority.url(), "[token]"), (&server.base, "[base]"), (&kid, "[kid]")]
            )
        );
    }
}

#[test]
fn a_server_that_lets_everybody_in() {
    let server = Embedded::start();
    let gone = assay(["auth", "check", &server.base, "--bearer-env", "TOKEN"])
        .env("TOKEN", "any-token")
        .run()
        .ended(0);
    insta::assert_snapshot!(told(&gone, &[(&server.base, "[base]")]));
}

#[test]
fn settings_that_do_not_fit_together() {
    let mut all = String::new();
    for words in [
        "auth check",
        "auth check http://127.0.0.1:1/fhir",
        "auth check http://127.0.0.1:1/fhir --bearer-env A --oauth-client c --oauth-secret-env NO_SUCH",
        "auth check http://127.0.0.1:1/fhir --bearer-env A --bearer-file b.txt",
        "auth check http://127.0.0.1:1/fhir --oauth-client c",
        "auth check http://127.0.0.1:1/fhir --oauth-secret-env S --oauth-scope a --token-url https://as.example/token",
        "auth check http://127.0.0.1:1/fhir --oauth-client c --oauth-secret-env NO_SUCH --oauth-key none.pem --oauth-kid k",
        "auth check http://127.0.0.1:1/fhir --oauth-client c --oauth-secret-env A --oauth-audience x --token-url as/token",
        "auth check http://127.0.0.1:1/fhir --oauth-client c --oauth-key bad.pem --oauth-secret-in body",
        "auth check http://127.0.0.1:1/fhir --oauth-client c --oauth-key bad.pem --oauth-param x --oauth-param client_secret=hidden",
        "auth check http://127.0.0.1:1/fhir --client-cert bad.pem",
        "auth check https://127.0.0.1:1/fhir --client-key bad.pem",
        "auth check http://fhir.example/r4 --bearer-env A",
        "auth check http://fhir.example/r4 --oauth-client c --oauth-secret-env A",
        "auth jwks --key bad.pem --key none.pem",
        "auth jwks --key bad.pem --key none.pem --kid k",
    ] {
        let gone = crate::support::words(words)
            .with("bad.pem", "no key")
            .with("b.txt", "another")
            .env("A", "a-secret")
            .run()
            .ended(2)
            .says_not("hidden")
            .says_not("a-secret");
        all.push_str(&format!("$ {words}\n{}\n", gone.stderr));
    }
    insta::assert_snapshot!(all);
}

#[test]
fn the_public_half_of_keys() {
    let (old, new) = (key_file("rsa.pem"), key_file("p384.pem"));
    let gone = assay(["auth", "jwks", "--key", &old, "--key", &new]).run().ended(0);
    let set: serde_json::Value = serde_json::from_str(&gone.stdout).unwrap();
    let keys = set["keys"].as_array().unwrap();
    let told = keys
        .iter()
        .map(|key| (key["alg"].as_str().unwrap(), key["use"].as_str().unwrap()));
    assert_eq!(told.collect::<Vec<_>>(), [("RS384", "sig"), ("ES384", "sig")]);
    for private in ["\"d\"", "\"p\"", "\"q\"", "\"dp\"", "\"dq\"", "\"qi\""] {
        assert!(!gone.stdout.contains(private));
    }
}
