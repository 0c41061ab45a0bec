//! Finds out why the certificate of a broker is not accepted: a handshake of our own gets the certificate. For each
//! broker there is at most one in a minute.

use std::collections::BTreeMap;
use std::io;
use std::net::{TcpStream, ToSocketAddrs};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, ClientConnection, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};

use crate::clock;
use crate::credentials::{ServerCheck, pem};

/// Time between two probes of a broker.
const AGAIN: Duration = Duration::from_secs(60);
/// How long a server may take for the connection and the handshake.
const LIMIT: Duration = Duration::from_secs(3);
/// Maximum number of brokers whose certificates are remembered.
const REMEMBERED: usize = 256;

/// How a client checks the certificates of its servers.
#[derive(Debug)]
pub(super) struct CertificateRules {
    /// The authorities that it trusts.
    pub(super) authorities: Authorities,
    /// Whether a certificate has to have the name of the server.
    pub(super) checks_host: bool,
    /// Whether the client has a certificate itself.
    pub(super) has_identity: bool,
}

/// Where the authorities come from that a client trusts.
#[derive(Debug)]
pub(super) enum Authorities {
    /// `cafile`, with this PEM text.
    File(String),
    /// The system.
    System,
    /// A property of librdkafka.
    Property,
}

/// What is known of the certificates of brokers. Shared by the clients of a module.
#[derive(Debug, Default)]
pub(super) struct CertificateProbes(Mutex<BTreeMap<String, Probe>>);

#[derive(Debug)]
struct Probe {
    began: Instant,
    /// `None` while the probe is running.
    finding: Option<Option<String>>,
}

/// What is known of one broker.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Finding {
    /// What is wrong with its certificate. `None` if that could not be found out.
    Known(Option<String>),
    /// A probe is running.
    Awaited,
    /// A probe is due: the caller starts it.
    Due,
}

impl CertificateProbes {
    /// What is known of a broker, `host:port`.
    pub(super) fn finding(&self, broker: &str, now: Instant) -> Finding {
        let mut probes = self.probes();
        match probes.get(broker) {
            Some(Probe { finding: None, .. }) => return Finding::Awaited,
            Some(Probe { began, finding: Some(known) }) if now.saturating_duration_since(*began) < AGAIN => {
                return Finding::Known(known.clone());
            }
            Some(_) => {}
            None if probes.len() >= REMEMBERED => return Finding::Known(None),
            None => {}
        }
        probes.insert(broker.to_owned(), Probe { began: now, finding: None });
        Finding::Due
    }

    /// Ends the probe of a broker.
    pub(super) fn record(&self, broker: &str, finding: Option<String>) {
        if let Some(probe) = self.probes().get_mut(broker) {
            probe.finding = Some(finding);
        }
    }

    fn probes(&self) -> MutexGuard<'_, BTreeMap<String, Probe>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Gets the certificate of a broker, `host:port`, and says what is wrong with it. `None` if nothing is found. Blocks for
/// a few seconds at most, besides the name lookup.
pub(super) fn explain(broker: &str, rules: &CertificateRules) -> Option<String> {
    let host = broker.rsplit_once(':').map_or(broker, |(host, _)| host);
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let chain = server_chain(broker, host).ok()?;
    let (roots, roots_from) = match &rules.authorities {
        Authorities::File(pem) => (Some(pem::root_store(pem.as_bytes())), "cafile"),
        Authorities::System => (system_roots(), "the system's authorities"),
        Authorities::Property => (None, ""),
    };
    let check =
        ServerCheck { host, checks_host: rules.checks_host, roots: roots.as_ref(), roots_from, now: clock::now() };
    let problems = check.problems(&chain);
    (!problems.is_empty()).then(|| problems.join("; "))
}

fn system_roots() -> Option<RootCertStore> {
    std::fs::read(pem::system_authorities()?).ok().map(|bytes| pem::root_store(&bytes))
}

/// The certificates that a server sends.
fn server_chain(broker: &str, host: &str) -> io::Result<Vec<CertificateDer<'static>>> {
    let taken = Arc::new(TakenChain::default());
    let verifier: Arc<dyn ServerCertVerifier> = Arc::<TakenChain>::clone(&taken);
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
    let mut tls = ClientConnection::new(Arc::new(config), name).map_err(io::Error::other)?;
    let deadline = clock::later(Instant::now(), LIMIT);
    let mut stream = connect(broker, deadline)?;
    // A server may send a byte now and then.
    while Instant::now() < deadline && taken.chain().is_empty() {
        stream.set_read_timeout(Some(left(deadline)))?;
        stream.set_write_timeout(Some(left(deadline)))?;
        while tls.wants_write() {
            tls.write_tls(&mut stream)?;
        }
        if tls.read_tls(&mut stream)? == 0 || tls.process_new_packets().is_err() {
            break;
        }
    }
    let chain = taken.chain().clone();
    Ok(chain)
}

fn connect(broker: &str, deadline: Instant) -> io::Result<TcpStream> {
    let mut last = io::Error::from(io::ErrorKind::NotFound);
    for address in broker.to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, left(deadline)) {
            Ok(stream) => return Ok(stream),
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// The time that is left. The system takes 0 as no limit.
fn left(deadline: Instant) -> Duration {
    deadline.saturating_duration_since(Instant::now()).max(Duration::from_millis(1))
}

/// Takes the certificates of a server and ends the handshake. Nothing is sent to a server that is not verified.
#[derive(Debug, Default)]
struct TakenChain(Mutex<Vec<CertificateDer<'static>>>);

impl TakenChain {
    fn chain(&self) -> MutexGuard<'_, Vec<CertificateDer<'static>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ServerCertVerifier for TakenChain {
    fn verify_server_cert(
        &self,
        own: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let all = std::iter::once(own).chain(intermediates);
        *self.chain() = all.map(|certificate| certificate.clone().into_owned()).collect();
        Err(Error::General("the certificate was only wanted to be looked at".to_owned()))
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(Error::General("no handshake is completed".to_owned()))
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(Error::General("no handshake is completed".to_owned()))
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        rustls::crypto::aws_lc_rs::default_provider().signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broker_is_probed_once_a_minute() {
        let (probes, begin) = (CertificateProbes::default(), Instant::now());
        let at = |second| probes.finding("b:1", begin + Duration::from_secs(second));
        assert_eq!([at(0), at(1)], [Finding::Due, Finding::Awaited]);
        probes.record("b:1", Some("it is old".to_owned()));
        assert_eq!(at(59), Finding::Known(Some("it is old".to_owned())));
        assert_eq!([at(60), at(61)], [Finding::Due, Finding::Awaited]);
        probes.record("b:1", None);
        assert_eq!(at(62), Finding::Known(None));
        for number in 0..REMEMBERED * 2 {
            let _finding = probes.finding(&number.to_string(), begin);
        }
        assert_eq!(probes.probes().len(), REMEMBERED);
        assert_eq!(probes.finding("another:1", begin), Finding::Known(None));
    }

    #[test]
    fn what_is_no_tls_server_has_no_certificate() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        drop(listener);
        let rules = CertificateRules { authorities: Authorities::System, checks_host: true, has_identity: false };
        assert_eq!(explain(&address, &rules), None);
    }
}
