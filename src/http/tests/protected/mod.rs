//! Listeners with TLS and passwords.

mod certificates;
mod hostile;
mod passwords;
mod tls;

use std::path::Path;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, SanType};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};
use tempfile::TempDir;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::*;
use crate::config::HttpServerConfig;
use crate::http::HashingQueue;

const HEALTHY: &str = "GET /-/healthy HTTP/1.1\r\nHost: a\r\n\r\n";

/// A certificate and its key, in PEM form.
#[derive(Clone)]
struct Identity {
    certificate: String,
    key: String,
}

/// An authority.
struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new(name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    fn sign(&self, params: CertificateParams) -> Identity {
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap().pem();
        Identity { certificate, key: key.serialize_pem() }
    }
}

fn named(name: &str) -> CertificateParams {
    CertificateParams::new([name.to_owned()]).unwrap()
}

/// A folder with a web configuration and the files that it names: `server.pem`, `server.key`, `ca.pem`.
struct World {
    folder: TempDir,
    authority: Authority,
}

impl World {
    fn new(web_config: &str) -> Self {
        let world = Self { folder: tempfile::tempdir().unwrap(), authority: Authority::new("own") };
        world.write("ca.pem", world.authority.0.pem());
        world.renew();
        world.write("web.yml", web_config);
        world
    }

    fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        std::fs::write(self.folder.path().join(name), text).unwrap();
    }

    /// Writes another certificate of the server, and returns it.
    fn renew(&self) -> String {
        let identity = self.authority.sign(named("localhost"));
        self.write("server.pem", &identity.certificate);
        self.write("server.key", &identity.key);
        identity.certificate
    }

    fn section(&self) -> HttpServerConfig {
        let web_config_file = Some(self.folder.path().join("web.yml"));
        HttpServerConfig { web_config_file, ..HttpServerConfig::default() }
    }

    fn access(&self) -> Arc<ListenerAccess> {
        ListenerAccess::open(&self.section(), &HashingQueue::new()).unwrap()
    }

    fn start(&self) -> Running {
        start(Endpoints { access: self.access(), ..plain_site() })
    }

    fn client(&self) -> TlsClient {
        TlsClient { roots: self.authority.0.pem(), ..TlsClient::default() }
    }
}

/// TLS with the certificate of [`World`], and more lines below `tls_server_config`.
fn with_tls(lines: &str) -> String {
    format!("tls_server_config:\n  cert_file: server.pem\n  key_file: server.key\n{lines}")
}

/// What a client offers.
#[derive(Clone, Default)]
struct TlsClient {
    roots: String,
    identity: Option<Identity>,
    versions: Vec<&'static SupportedProtocolVersion>,
    protocols: Vec<&'static [u8]>,
}

impl TlsClient {
    fn with(&self, identity: &Identity) -> Self {
        Self { identity: Some(identity.clone()), ..self.clone() }
    }

    fn config(&self) -> ClientConfig {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(self.roots.as_bytes()).unwrap()).unwrap();
        let versions = if self.versions.is_empty() { rustls::ALL_VERSIONS } else { &self.versions };
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(provider).with_protocol_versions(versions).unwrap();
        let builder = builder.with_root_certificates(roots);
        let mut config = match &self.identity {
            None => builder.with_no_client_auth(),
            Some(Identity { certificate, key }) => {
                let chain = vec![CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap()];
                builder.with_client_auth_cert(chain, PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap()).unwrap()
            }
        };
        config.alpn_protocols = self.protocols.iter().map(|protocol| protocol.to_vec()).collect();
        config
    }

    async fn connect_to(&self, at: SocketAddr, config: ClientConfig) -> std::io::Result<TlsStream<TcpStream>> {
        let socket = TcpStream::connect(at).await?;
        let name = ServerName::try_from("localhost").unwrap();
        timeout(PATIENCE, TlsConnector::from(Arc::new(config)).connect(name, socket)).await.unwrap()
    }

    async fn connect(&self, server: &Running) -> std::io::Result<TlsStream<TcpStream>> {
        self.connect_to(server.at, self.config()).await
    }

    /// The answer to one request.
    async fn ask(&self, server: &Running, request: &str) -> std::io::Result<String> {
        let mut stream = self.connect(server).await?;
        stream.write_all(request.as_bytes()).await?;
        hear_all(&mut stream).await
    }

    async fn get(&self, server: &Running, path: &str, lines: &str) -> std::io::Result<String> {
        self.ask(server, &format!("GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{lines}\r\n")).await
    }
}

async fn hear_all(stream: &mut TlsStream<TcpStream>) -> std::io::Result<String> {
    let mut bytes = Vec::new();
    timeout(PATIENCE, stream.read_to_end(&mut bytes)).await.unwrap()?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// One request on a connection that stays open.
async fn talk_tls(stream: &mut TlsStream<TcpStream>, request: &str) -> String {
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut heard = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&heard).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
            if body.len() >= length.parse().unwrap() {
                return text;
            }
        }
        heard.push(timeout(PATIENCE, stream.read_u8()).await.unwrap().unwrap());
    }
}

fn basic(user: &str, password: &str) -> String {
    use base64::Engine;
    let encoded = base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}"));
    format!("Authorization: Basic {encoded}\r\n")
}

fn users(cost: u32) -> String {
    format!("basic_auth_users:\n  prometheus: \"{}\"\n", bcrypt::hash("right", cost).unwrap())
}

#[test]
fn the_section_says_what_a_listener_is_protected_with() {
    let world = World::new("");
    let (plain, tls) = (HttpServerConfig::default(), world.section());
    assert!(ListenerAccess::open(&plain, &HashingQueue::new()).unwrap().tls().is_none());
    assert!(ListenerAccess::open(&tls, &HashingQueue::new()).unwrap().tls().is_none());
    let path = |name: &str| world.folder.path().join(name);
    let of_burrow = |certificate: &str, key: &str| HttpServerConfig {
        tls: Some(crate::config::TlsConfig {
            name: "inside".to_owned(),
            ca_file: Some(path("ca.pem")),
            identity: Some(crate::config::TlsIdentity { cert_file: path(certificate), key_file: path(key) }),
            no_verify: false,
        }),
        ..HttpServerConfig::default()
    };
    let access = ListenerAccess::open(&of_burrow("server.pem", "server.key"), &HashingQueue::new()).unwrap();
    assert!(access.tls().is_some());
    let folder = format!("{}/", world.folder.path().display());
    let mistakes = |certificate: &str, key: &str| {
        let report = ListenerAccess::check(&of_burrow(certificate, key));
        report.mistakes.iter().map(|line| line.replace(&folder, "")).collect::<Vec<_>>()
    };
    assert_eq!(mistakes("server.pem", "server.key"), [""; 0]);
    assert_eq!(
        mistakes("none.pem", "ca.pem"),
        [
            "tls.inside.certfile: expected a readable file, found \"none.pem\": No such file or directory (os error 2)",
            "tls.inside.keyfile: expected a private key in PEM form that is not encrypted, found none",
        ]
    );
    assert_eq!(
        mistakes("ca.pem", "server.key"),
        ["tls.inside.certfile: expected the certificate of the private key, found that of another one"]
    );
    assert!(Path::new(&folder).exists());
}
