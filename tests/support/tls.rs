//! TLS in front of a server: for everybody, or for whoever shows a certificate of the right authority.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};
use tokio_rustls::server::TlsStream;

/// The path of a file of `tests/support/tls/`.
pub fn file(name: &str) -> String {
    super::support::file(&format!("tls/{name}"))
}

/// TLS with a certificate of `tests/support/tls/`, all of which have one key; whether a client has to show one of its own;
/// and the protocols that are offered (ALPN).
pub fn config(certificate: &str, asks: bool, protocols: &[&str]) -> ServerConfig {
    let pem = |name: &str| CertificateDer::from_pem_file(file(name)).unwrap();
    let builder = match asks {
        true => {
            let mut roots = RootCertStore::empty();
            roots.add(pem("ca.pem")).unwrap();
            let verifier = WebPkiClientVerifier::builder(Arc::new(roots)).build().unwrap();
            ServerConfig::builder().with_client_cert_verifier(verifier)
        }
        false => ServerConfig::builder().with_no_client_auth(),
    };
    let key = PrivateKeyDer::from_pem_file(file("server.key")).unwrap();
    let mut config = builder.with_single_cert(vec![pem(certificate)], key).unwrap();
    config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
    config
}

/// Listens on a free port, speaks TLS, and hands on to a server that does not.
pub fn with(server: SocketAddr, config: ServerConfig) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async move {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            loop {
                let Ok((stream, _)) = listener.accept().await else {
                    return;
                };
                let acceptor = acceptor.clone();
                tokio::spawn(async move {
                    let mut secure = accept(&acceptor, stream).await?;
                    let mut plain = TcpStream::connect(server).await?;
                    tokio::io::copy_bidirectional(&mut secure, &mut plain).await?;
                    Ok::<(), io::Error>(())
                });
            }
        });
    });
    address
}

/// The greeting. Whoever is refused has said more by then: what is unread when a socket is closed would reset it, and the
/// alert would be lost.
pub async fn accept(acceptor: &TlsAcceptor, stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
    match acceptor.accept(stream).into_fallible().await {
        Ok(secure) => Ok(secure),
        Err((error, mut stream)) => {
            let _ = stream.shutdown().await;
            let rest = async { tokio::io::copy(&mut stream, &mut tokio::io::sink()).await };
            let _ = tokio::time::timeout(Duration::from_secs(5), rest).await;
            Err(error)
        }
    }
}
