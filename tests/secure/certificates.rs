//! Certificates of the server and of the client, in whole runs.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::thread;

use crate::h2::{Act, Http2};
use crate::support::stub::Stub;
use crate::support::{Gone, small};
use crate::tls;

/// A run against a server that shows a certificate of `tests/support/tls/`.
fn shown(certificate: &str, host: &str, more: &str) -> Gone {
    let stub = Stub::claiming(|_, _| panic!("nobody came through"));
    let plain: SocketAddr = stub.origin().strip_prefix("http://").unwrap().parse().unwrap();
    let address = tls::with(plain, tls::config(certificate, false, &["http/1.1"]));
    let gone = small(&format!("https://{host}:{}/fhir", address.port()), more).run();
    assert!(stub.seen().is_empty());
    gone
}

/// What is said of the connection, without what differs from run to run.
fn told(gone: &Gone) -> String {
    let line = gone
        .stderr
        .lines()
        .find(|line| line.contains("invalid peer certificate"));
    line.unwrap_or(&gone.stderr).to_owned()
}

#[test]
fn a_server_that_cannot_be_trusted_is_not_judged_and_the_way_out_is_told() {
    let ca = format!("--ca {}", tls::file("ca.pem"));
    let other = format!("--ca {}", tls::file("stranger.pem"));
    for (certificate, more, wanted) in [
        ("server.pem", "", "--ca FILE names the authority that did"),
        (
            "server.pem",
            &*other,
            "neither an authority of --ca nor one that this machine trusts signed",
        ),
        ("expired.pem", &*ca, "the server's certificate has to be renewed"),
        (
            "elsewhere.pem",
            &*ca,
            "the base URL has to name the server as its certificate does",
        ),
    ] {
        let gone = shown(certificate, "127.0.0.1", more).ended(3);
        let said = told(&gone);
        assert!(
            said.contains("no connection to https://127.0.0.1:"),
            "{certificate}: {said}"
        );
        assert!(said.contains(wanted), "{certificate}: {said}");
        assert_eq!(gone.file_if_any("reports/latest/report.json"), None);
    }
    let said = told(&shown("elsewhere.pem", "127.0.0.1", &ca));
    assert!(said.contains("fhir.example"), "it says who it is for: {said}");
}

#[test]
fn a_server_that_speaks_no_tls() {
    // Such a server takes the first bytes for a bad request, and says so.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("https://{}/fhir", listener.local_addr().unwrap());
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");
        }
    });
    small(&base, "").run().ended(3).says("is it http:// and not https://?");
}

#[test]
fn a_client_certificate_in_a_whole_run() {
    let server = Http2::with(true, |_, _, _| Act::Answer);
    let with = |certificate: &str| {
        let [ca, cert, key] = ["ca.pem", &format!("{certificate}.pem"), &format!("{certificate}.key")].map(tls::file);
        small(
            &server.base,
            &format!("--ca {ca} --client-cert {cert} --client-key {key}"),
        )
        .run()
    };
    let gone = with("client").ended(0);
    assert!(gone.verdicts().values().all(|verdict| verdict == "pass"));
    let asked = server.asked().len();
    assert!(asked > 10);
    with("stranger")
        .ended(3)
        .says("the server does not take the client certificate of --client-cert");
    small(&server.base, &format!("--ca {}", tls::file("ca.pem")))
        .run()
        .ended(3)
        .says("the server wants a client certificate: --client-cert");
    assert_eq!(server.asked().len(), asked, "nobody else came through");
}
