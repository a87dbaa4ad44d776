//! Every way to prove who one is, in a whole run.

use crate::authority::{Authority, Rules};
use crate::stub::Stub;
use crate::support::small;
use crate::{jwks, key_file, tls};

fn with_secret(in_body: bool) -> Rules {
    Rules {
        secret: Some(("s3cret: of/the+client".into(), in_body)),
        ..Rules::default()
    }
}

/// Runs the small suite with the secret in the header.
fn run_with_secret(base: &str) {
    small(base, "--oauth-client assay --oauth-secret-env SECRET")
        .env("SECRET", "s3cret: of/the+client")
        .run()
        .ended(0);
}

#[test]
fn a_secret_in_the_header() {
    let authority = Authority::start(with_secret(false));
    let server = authority.protected();
    run_with_secret(&server.base);
    assert_eq!(authority.asked().len(), 1, "one token for all cases");
}

#[test]
fn a_secret_in_the_body() {
    let authority = Authority::start(with_secret(true));
    let server = authority.protected();
    let more = "--oauth-client assay --oauth-secret-file secret.txt --oauth-secret-in body";
    small(&server.base, &format!("{more} --token-url {}", authority.url()))
        .with("secret.txt", "s3cret: of/the+client\n")
        .run()
        .ended(0);
    let asked = authority.asked();
    assert_eq!((asked.len(), asked[0].header("authorization")), (1, None));
    // The token URL was given: nobody was asked for it.
    assert!(
        !server
            .recorded()
            .iter()
            .any(|request| request.target.contains("well-known"))
    );
}

#[test]
fn a_key_of_rsa_and_one_of_p_384() {
    for key in ["rsa.pem", "rsa-pkcs1.pem", "p384.pem", "p384-sec1.pem"] {
        let authority = Authority::start(Rules {
            jwks: Some(jwks(key)),
            ..Rules::default()
        });
        let server = authority.protected();
        let more = format!(
            "--oauth-client assay --oauth-key {} --oauth-scope system/*.read --oauth-scope system/*.write",
            key_file(key)
        );
        small(&server.base, &more).run().ended(0);
        let asked = authority.asked();
        let form: Vec<(String, String)> = url::form_urlencoded::parse(&asked[0].body).into_owned().collect();
        assert!(
            form.contains(&("scope".into(), "system/*.read system/*.write".into())),
            "{form:?}"
        );
        assert_eq!(authority.given().len(), 1);
    }
}

#[test]
fn a_key_from_the_environment_with_a_kid_and_an_audience_of_its_own() {
    let mut set = jwks("p384.pem");
    set["keys"][0]["kid"] = "mine".into();
    let authority = Authority::start(Rules {
        jwks: Some(set),
        audience: Some("https://as.example/".into()),
        ..Rules::default()
    });
    let server = authority.protected();
    let more = "--oauth-client assay --oauth-key-env KEY --oauth-kid mine --oauth-audience https://as.example/";
    small(&server.base, more)
        .env("KEY", &std::fs::read_to_string(key_file("p384.pem")).unwrap())
        .run()
        .ended(0);
}

#[test]
fn a_token_and_a_password_from_files() {
    let server = crate::embedded::Embedded::with(
        |request| {
            (request.header("authorization") != Some("Bearer a-token")).then(|| crate::embedded::outcome(401, &[]))
        },
        |_| {},
    );
    small(&server.base, "--bearer-file token.txt")
        .with("token.txt", "a-token\n")
        .run()
        .ended(0);
    let server = crate::embedded::Embedded::with(
        |request| {
            let right = request.header("authorization") == Some("Basic YWRhOmwwdmVsYWNl");
            (!right).then(|| crate::embedded::outcome(401, &[]))
        },
        |_| {},
    );
    small(&server.base, "--basic-file pair.txt")
        .with("pair.txt", "ada:l0velace\n")
        .run()
        .ended(0);
}

#[test]
fn a_client_certificate() {
    let stub =
        Stub::claiming(|_, out| crate::stub::json(out, "200 OK", r#"{"resourceType":"Bundle","type":"searchset"}"#));
    let plain = stub.origin().strip_prefix("http://").unwrap().parse().unwrap();
    let base = format!(
        "https://{}/fhir",
        tls::with(plain, tls::config("server.pem", true, &[]))
    );
    let ca = tls::file("ca.pem");
    let with = |certificate: &str, key: &str| {
        crate::assay([
            "auth",
            "check",
            &base,
            "--ca",
            &ca,
            "--timeout",
            "5s",
            "--client-cert",
            &tls::file(certificate),
            "--client-key",
            &tls::file(key),
        ])
        .run()
    };
    with("client.pem", "client.key").ended(0).says("Patient?_count=1: 200");
    let seen = stub.seen().len();
    with("stranger.pem", "stranger.key")
        .ended(3)
        .says("the server does not take the client certificate of --client-cert");
    with("client.pem", "stranger.key")
        .ended(2)
        .says("the key is not the key of the certificate");
    small(&base, &format!("--ca {ca}"))
        .run()
        .ended(3)
        .says("the server wants a client certificate: --client-cert");
    assert_eq!(stub.seen().len(), seen, "nobody else came through");
}

#[test]
fn the_token_goes_to_the_server_and_the_secret_to_the_token_endpoint_alone() {
    let authority = Authority::start(with_secret(false));
    let server = authority.protected();
    run_with_secret(&server.base);
    let token = &authority.given()[0];
    for request in authority.asked() {
        assert!(!format!("{request:?}").contains(token.as_str()));
    }
    for request in server.recorded() {
        let authorization = request.header("authorization");
        match request.target.contains("well-known") {
            true => assert_eq!(authorization, None),
            false => assert_eq!(authorization, Some(format!("Bearer {token}").as_str())),
        }
    }
}
