//! Listeners with TLS and passwords (docs/src/reference/web-configuration.md): a real Prometheus scrapes them.

use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};

use crate::rig::http;
use crate::rig::https::HttpsClient;
use crate::rig::program::Program;
use crate::rig::prometheus::Prometheus;
use crate::rig::scratch::Scratch;
use crate::rig::{eventually, free_port, pause, seconds};

/// Above the interval in which files are compared.
const REREAD: Duration = Duration::from_secs(20);

/// Files of a listener, and what signs its certificates.
struct Door {
    scratch: Scratch,
    authority: CertifiedIssuer<'static, KeyPair>,
    port: u16,
    health: u16,
}

impl Door {
    fn new(web_config: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, "door");
        let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let door = Self { scratch: Scratch::new("door"), authority, port: free_port(), health: free_port() };
        door.scratch.write("ca.pem", door.authority.pem());
        door.renew();
        door.scratch.write("web.yml", web_config);
        door
    }

    fn identity(&self, name: &str) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new([name.to_owned()]).unwrap();
        (params.signed_by(&key, &self.authority).unwrap().pem(), key.serialize_pem())
    }

    /// Puts another certificate in the place of the server's.
    fn renew(&self) {
        let (certificate, key) = self.identity("127.0.0.1");
        self.scratch.write("server.pem", certificate);
        self.scratch.write("server.key", key);
    }

    /// A program with nothing to read, with this listener and one for health.
    fn open(&self, keys: &str) -> Program {
        let web = self.scratch.join("web.yml");
        Program::with_file_at(
            self.health,
            &format!(
                "[cluster.local]\nclass-name = \"kafka\"\nservers = [\"127.0.0.1:1\"]\n\
                 [httpserver.default]\naddress = \"127.0.0.1:{}\"\nweb-config-file = {:?}\n{keys}\
                 [httpserver.health]\naddress = \"127.0.0.1:{}\"\nserves = [\"health\"]\n",
                self.port,
                web.to_str().unwrap(),
                self.health
            ),
        )
    }

    /// Prometheus, with what it needs in a folder of its own.
    fn scraped(&self, password: &str, with_certificate: bool) -> Prometheus {
        let scratch = Scratch::new("prometheus");
        scratch.write("ca.pem", self.authority.pem());
        scratch.write("password", password);
        let (certificate, key) = self.identity("prometheus");
        scratch.write("client.pem", certificate);
        scratch.write("client.key", key);
        let identity = if with_certificate { ", cert_file: client.pem, key_file: client.key" } else { "" };
        let users = if password.is_empty() {
            String::new()
        } else {
            "  basic_auth: {username: prometheus, password_file: password}\n".to_owned()
        };
        let keys = format!("  scheme: https\n  tls_config: {{ca_file: ca.pem{identity}}}\n{users}");
        Prometheus::scraping_with(scratch, self.port, &keys)
    }

    fn client(&self) -> HttpsClient {
        HttpsClient::new(&self.authority.pem(), None)
    }
}

fn basic(password: &str) -> String {
    format!("Authorization: Basic {}\r\n", STANDARD.encode(format!("prometheus:{password}")))
}

const TLS: &str = "tls_server_config:\n  cert_file: server.pem\n  key_file: server.key\n";

fn users(cost: u32) -> String {
    format!("basic_auth_users:\n  prometheus: \"{}\"\n", bcrypt::hash("right", cost).unwrap())
}

#[test]
fn prometheus_scrapes_over_tls_with_a_password() {
    let door = Door::new(&format!("{TLS}{}", users(6)));
    let program = door.open("");
    let prometheus = door.scraped("right", false);
    assert_eq!(prometheus.target(), ("up".to_owned(), String::new()), "{}", program.log());
    assert!(prometheus.query("warrener_build_info").is_ok());
    let (health, error) = door.scraped("wrong", false).target();
    assert_eq!(health, "down");
    assert!(error.contains("401 Unauthorized"), "{error}");
    // The listener for health has neither, and nothing else.
    assert_eq!(program.get("/-/healthy").status, 200);
    assert_eq!(program.get("/metrics").status, 404);
    let log = program.log();
    assert!(!log.contains("$2") && !log.contains("right") && !log.contains("PRIVATE"), "{log}");
    program.terminate();
}

#[test]
fn prometheus_scrapes_with_a_certificate_and_not_without() {
    let clients = "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.pem\n  client_allowed_sans: [prometheus]\n";
    let door = Door::new(&format!("{TLS}{clients}"));
    let program = door.open("");
    assert_eq!(door.scraped("", true).target(), ("up".to_owned(), String::new()), "{}", program.log());
    let (health, error) = door.scraped("", false).target();
    assert_eq!(health, "down");
    assert!(error.contains("certificate required"), "{error}");
    let plain = http::get(door.port, "/metrics", &[]).unwrap();
    assert_eq!((plain.status, plain.text()), (400, "Client sent an HTTP request to an HTTPS server.\n"));
    program.terminate();
}

#[test]
fn a_renewed_certificate_and_a_changed_password_are_used_without_a_scrape_that_fails() {
    let door = Door::new(&format!("{TLS}{}", users(6)));
    let mut program = door.open("unprotected-health = true\n");
    let prometheus = door.scraped("right", false);
    assert_eq!(prometheus.target().0, "up");
    let (answer, first) = door.client().get(door.port, "/-/healthy", "").unwrap();
    assert_eq!(answer.status, 200);
    let mut failures = Vec::new();
    let mut look = |certificate: &str| {
        failures.extend(prometheus.target_now().ok().filter(|(health, _)| health != "up"));
        assert!(failures.is_empty(), "{certificate}: {failures:?}");
    };
    door.renew();
    eventually(REREAD, "renewed certificate", || {
        look("renewed");
        let (_, shown) = door.client().get(door.port, "/-/healthy", "")?;
        if shown == first { Err("the first one".to_owned()) } else { Ok(()) }
    });
    // A reload looks at once, long before the next comparison is due.
    let (_, second) = door.client().get(door.port, "/-/healthy", "").unwrap();
    door.renew();
    let began = Instant::now();
    program.signal(libc::SIGHUP);
    eventually(seconds(8), "renewed certificate", || {
        let (_, shown) = door.client().get(door.port, "/-/healthy", "")?;
        if shown == second { Err("the second one".to_owned()) } else { Ok(()) }
    });
    println!("used {:?} after SIGHUP", began.elapsed());
    look("reloaded");
    let expiry =
        "warrener_certificate_expiry_timestamp_seconds{kind=\"httpserver\",module=\"default\",certificate=\"server\"}";
    assert!(prometheus.query(expiry).unwrap() > 1.7e9);
    // A file that is wrong changes nothing, and is logged once.
    door.scratch.write("web.yml", "tls_server_config: {cert: none}\n");
    let said = "certificates or web configuration are wrong: the former ones stay in use";
    eventually(REREAD, "line of the log", || {
        look("wrong");
        if program.log().contains(said) { Ok(()) } else { Err(program.log()) }
    });
    pause(seconds(12));
    look("wrong");
    assert_eq!(program.log().matches(said).count(), 1, "{}", program.log());
    // Another password, which Prometheus does not know.
    door.scratch.write("web.yml", format!("{TLS}{}", users(6).replace("prometheus", "alice")));
    eventually(REREAD, "refused Prometheus", || match prometheus.target_now()? {
        (health, error) if health == "down" && error.contains("401") => Ok(()),
        other => Err(format!("{other:?}")),
    });
    program.terminate();
}

#[test]
fn a_verified_password_is_answered_within_100_ms_while_60_wrong_ones_are_compared() {
    let door = Door::new(&format!("{TLS}{}", users(9)));
    let program = door.open("");
    let client = door.client();
    assert_eq!(client.get(door.port, "/metrics", &basic("right")).unwrap().0.status, 200);
    let wrong: Vec<_> = (0..60)
        .map(|number| {
            let (client, port) = (client.clone(), door.port);
            std::thread::spawn(move || client.get(port, "/metrics", &basic(&number.to_string())).unwrap().0.status)
        })
        .collect();
    let mut took = Vec::new();
    while !wrong.iter().all(|one| one.is_finished()) {
        let began = Instant::now();
        assert_eq!(client.get(door.port, "/-/ready", &basic("right")).unwrap().0.status, 503);
        took.push(began.elapsed());
    }
    let answers: Vec<u16> = wrong.into_iter().map(|one| one.join().unwrap()).collect();
    let count = |status| answers.iter().filter(|answer| **answer == status).count();
    assert_eq!(count(401) + count(503), 60, "{answers:?}");
    took.sort();
    let longest = took.last().copied().unwrap();
    println!("{} answers, the slowest in {longest:?}; {} wrong passwords compared", took.len(), count(401));
    // Other tests run at the same time, so the slowest answers say something about them too.
    assert!(took[took.len() * 9 / 10] < Duration::from_millis(100), "{took:?}");
    program.terminate();
}
