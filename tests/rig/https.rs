//! HTTP over TLS, by rustls.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use super::http::{Response, parse};

/// A client that trusts one authority, with or without a certificate of its own.
#[derive(Clone)]
pub struct HttpsClient(Arc<ClientConfig>);

impl HttpsClient {
    /// `identity` is a certificate and its key. All are PEM texts.
    pub fn new(authority: &str, identity: Option<(&str, &str)>) -> Self {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(authority.as_bytes()).unwrap()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let builder = builder.with_root_certificates(roots);
        Self(Arc::new(match identity {
            None => builder.with_no_client_auth(),
            Some((certificate, key)) => {
                let chain = vec![CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap()];
                builder.with_client_auth_cert(chain, PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap()).unwrap()
            }
        }))
    }

    /// `GET path` with these further head lines, on a connection of its own; with the certificate that was shown.
    pub fn get(&self, port: u16, path: &str, lines: &str) -> Result<(Response, CertificateDer<'static>), String> {
        let socket = TcpStream::connect(("127.0.0.1", port)).map_err(|error| format!("connect: {error}"))?;
        socket.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        let name = ServerName::try_from("127.0.0.1").unwrap();
        let mut stream = StreamOwned::new(ClientConnection::new(Arc::clone(&self.0), name).unwrap(), socket);
        let head = format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n{lines}\r\n");
        let sent = stream.write_all(head.as_bytes());
        let mut answer = Vec::new();
        let read = stream.read_to_end(&mut answer);
        let shown = stream.conn.peer_certificates().map(|chain| chain[0].clone().into_owned());
        let answer = parse(&answer).ok_or_else(|| format!("sent {sent:?}, read {read:?}"))?;
        Ok((answer, shown.ok_or("no certificate")?))
    }
}
