//! Tests the renewal of clients against librdkafka's mock cluster.

use std::path::Path;
use std::sync::Arc;
use std::thread::sleep;
use std::time::{Duration, Instant};

use rdkafka::mocking::MockCluster;

use super::*;
use crate::config::{Secret, TlsConfig};
use crate::kafka::client::tests::plain;
use crate::kafka::{ClientRole, ClientSupervisor, KafkaContext};

const LIMIT: Duration = Duration::from_secs(60);

/// A client whose profile names a file of authorities, but which connects without TLS, as the mock cluster does.
fn client(servers: &str, ca_file: &Path) -> Arc<Client> {
    let mut connection = plain(servers);
    let ca_file = Some(ca_file.to_owned());
    connection.client.tls = Some(TlsConfig { name: "t".to_owned(), ca_file, identity: None, no_verify: false });
    let plaintext = Secret::new("plaintext".to_owned());
    connection.client.properties.insert("security.protocol".to_owned(), plaintext);
    let context = KafkaContext::new("c", "cluster", "c");
    Arc::new(Client::new(&connection, ClientRole::Cluster, context).unwrap())
}

fn certificate() -> String {
    let pair = rcgen::KeyPair::generate().unwrap();
    rcgen::CertificateParams::default().self_signed(&pair).unwrap().pem()
}

/// Checks a client every second, of which there are ten in a real one. Returns the client that takes over, or `None`
/// once `is_enough` says so.
fn supervise(
    supervisor: &mut ClientSupervisor,
    begin: Instant,
    is_enough: impl Fn(Duration) -> bool,
) -> Option<Arc<Client>> {
    let started = Instant::now();
    let mut passed = Duration::ZERO;
    while !is_enough(passed) {
        assert!(started.elapsed() < LIMIT);
        passed += Duration::from_secs(1);
        supervisor.client().poll_events();
        if let Some(client) = supervisor.check(begin + passed) {
            return Some(client);
        }
        sleep(Duration::from_millis(100));
    }
    None
}

#[test]
fn a_client_with_the_changed_files_takes_over_once_it_is_connected() {
    let mock = MockCluster::new(1).unwrap();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), certificate()).unwrap();
    let old = client(&mock.bootstrap_servers(), file.path());
    let mut supervisor = ClientSupervisor::new(Arc::clone(&old));
    let begin = Instant::now();
    assert!(supervise(&mut supervisor, begin, |passed| passed > Duration::from_secs(20)).is_none(), "nothing changed");
    std::fs::write(file.path(), certificate()).unwrap();
    let new = supervise(&mut supervisor, begin + Duration::from_secs(21), |_| false).unwrap();
    assert!(!Arc::ptr_eq(&old, &new) && Arc::ptr_eq(&new, supervisor.client()));
    assert!(new.newer_credentials(Instant::now()).is_none(), "it was made of the newest files");
    assert!(old.newer_credentials(Instant::now()).is_some());
    // It already knows a broker, and its failures are those of the module.
    assert!(new.metadata(Duration::from_secs(10), |_| true).is_ok_and(|view| view.brokers.len() == 1));
    let lost = crate::kafka::FailureCause::of_code(crate::kafka::ErrorCode::TRANSPORT, "lost");
    new.context().record_failure(&lost);
    assert_eq!(old.context().cause(), Some(lost));
}

#[test]
fn the_old_client_goes_on_while_the_new_one_does_not_connect() {
    let mock = MockCluster::new(1).unwrap();
    let servers = mock.bootstrap_servers();
    drop(mock);
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), certificate()).unwrap();
    let old = client(&servers, file.path());
    let mut renewal = ClientRenewal::default();
    let begin = Instant::now();
    std::fs::write(file.path(), certificate()).unwrap();
    let started = Instant::now();
    let mut passed = Duration::ZERO;
    while renewal.failed.is_none() {
        assert!(started.elapsed() < LIMIT);
        passed += Duration::from_secs(1);
        renewal.poll_events();
        assert!(renewal.check(&old, begin + passed).is_none());
        sleep(Duration::from_millis(50));
    }
    assert!(renewal.trial.is_none() && passed >= TRIAL);
    assert_eq!(old.context().cause(), None, "what fails on trial is no failure of the module");
    // The next trial waits, for as long as a client without a connection is left alone.
    assert!(renewal.check(&old, begin + passed + Duration::from_secs(1)).is_none() && renewal.trial.is_none());
    assert!(renewal.check(&old, begin + passed + PAUSE_ALONE).is_none() && renewal.trial.is_some());
}
