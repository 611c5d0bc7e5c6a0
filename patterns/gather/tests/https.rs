//! The demo fetches `https` addresses, and tells a certificate that it trusts from one that it does
//! not.
//!
//! Only where the trusted certificates can be given in a file: macOS and Windows ask the system.

use std::fs;
use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::Arc;

use rcgen::{CertifiedKey, generate_simple_self_signed};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::process::Command;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

fn certificate() -> CertifiedKey<rcgen::KeyPair> {
    generate_simple_self_signed(["127.0.0.1".to_owned()]).expect("an address is a valid name")
}

/// What the demo prints for `url` when it trusts the certificate in `trusted` and no other.
async fn demo(url: &str, trusted: &Path) -> String {
    let no_certificates = tempfile::tempdir().expect("a folder can be made");
    let output = Command::new(env!("CARGO_BIN_EXE_gather"))
        .arg(url)
        .env("SSL_CERT_FILE", trusted)
        .env("SSL_CERT_DIR", no_certificates.path())
        .env("NO_PROXY", "*")
        .output()
        .await
        .expect("the demo starts");
    String::from_utf8(output.stdout).expect("the demo prints UTF-8")
}

#[tokio::test]
async fn https_needs_a_certificate_that_is_trusted() {
    let own = certificate();
    let folder = tempfile::tempdir().unwrap();
    let (own_file, other_file) = (folder.path().join("own"), folder.path().join("other"));
    fs::write(&own_file, own.cert.pem()).unwrap();
    fs::write(&other_file, certificate().cert.pem()).unwrap();

    let key = PrivateKeyDer::try_from(own.signing_key.serialize_der()).unwrap();
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![own.cert.der().clone()], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let url = format!(
        "https://127.0.0.1:{}/",
        listener.local_addr().unwrap().port()
    );

    let serve = async {
        let (connection, _) = listener.accept().await.unwrap();
        // The client that does not trust us hangs up.
        let mut connection = acceptor.accept(connection).await.ok()?;
        assert_ne!(connection.read(&mut [0; 1024]).await.unwrap(), 0);
        let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello";
        connection.write_all(answer).await.unwrap();
        connection.shutdown().await.unwrap();
        Some(())
    };
    let (served, output) = tokio::join!(serve, demo(&url, &own_file));
    assert!(served.is_some());
    assert!(output.contains("200 OK, 5 bytes"), "{output}");

    let serve = async {
        let (connection, _) = listener.accept().await.unwrap();
        acceptor.accept(connection).await.is_ok()
    };
    let (_, output) = tokio::join!(serve, demo(&url, &other_file));
    assert!(
        output.contains("failed: TLS: invalid peer certificate"),
        "{output}"
    );
}
