//! The table of web configurations in `tests/fixtures/web-config`: a file for each rule of the toolkit, and for each rule
//! that warrener adds. A bad file has its whole error text beside it; a good one has its warnings beside it, if there
//! are any. `@CERT@`, `@KEY@` and `@CA@` stand for PEM texts, `@HASH@` for a bcrypt hash, `@FOLDER@` for the file's folder.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use rcgen::{CertificateParams, KeyPair};
use tempfile::TempDir;

use super::*;
use crate::documentation::{DocPage, codes};
use crate::golden_tests::compare_file;
use crate::http::access::findings::AccessReport;

/// A folder with `server.pem`, `server.key`, `client.key` and `ca.pem`.
struct World {
    folder: TempDir,
    texts: [(&'static str, String); 4],
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (server, key) = certificate("server");
        let ((authority, _), (_, client_key)) = (certificate("ca"), certificate("client"));
        for (name, text) in
            [("server.pem", &server), ("server.key", &key), ("client.key", &client_key), ("ca.pem", &authority)]
        {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        let indented = |text: &str| text.trim_end().replace('\n', "\n    ");
        let texts = [
            ("@CERT@", indented(&server)),
            ("@KEY@", indented(&key)),
            ("@CA@", indented(&authority)),
            ("@HASH@", bcrypt::hash("right", 4).unwrap()),
        ];
        Self { folder, texts }
    }

    /// Reads a fixture.
    fn read(&self, fixture: &Path) -> (WebConfig, AccessReport) {
        let mut text = std::fs::read_to_string(fixture).unwrap();
        for (mark, value) in &self.texts {
            text = text.replace(mark, value);
        }
        let folder = self.folder.path().display().to_string();
        let path = self.folder.path().join("web.yml");
        std::fs::write(&path, text.replace("@FOLDER@", &folder)).unwrap();
        let findings = AccessFindings::default();
        let found = read(&path, &mut SourceFiles::default(), &findings);
        let mut report = findings.report();
        for line in report.mistakes.iter_mut().chain(&mut report.warnings) {
            *line = line.replace(&format!("{folder}/"), "");
        }
        (found, report)
    }
}

fn certificate(name: &str) -> (String, String) {
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new([name.to_owned()]).unwrap().self_signed(&key).unwrap();
    (certificate.pem(), key.serialize_pem())
}

fn fixtures(kind: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/web-config").join(kind);
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "yml"));
    files.sort();
    files
}

fn lines(lines: &[String]) -> String {
    lines.iter().map(|line| format!("{line}\n")).collect()
}

#[test]
fn every_bad_web_configuration_has_its_whole_error_text() {
    let (world, files) = (World::new(), fixtures("bad"));
    assert!(files.len() > 70, "found {} bad files", files.len());
    for path in files {
        let (_, AccessReport { mistakes, .. }) = world.read(&path);
        assert!(!mistakes.is_empty(), "{} has no mistake", path.display());
        let found = lines(&mistakes);
        assert!(!found.to_lowercase().contains("hush"), "{} shows a secret: {found}", path.display());
        compare_file(path.with_extension("txt"), &found);
    }
}

#[test]
fn every_good_web_configuration_is_read_and_says_what_has_no_effect() {
    let (world, files) = (World::new(), fixtures("good"));
    assert!(files.len() > 35, "found {} good files", files.len());
    for path in files {
        let (_, AccessReport { mistakes, warnings }) = world.read(&path);
        assert_eq!(lines(&mistakes), "", "{}", path.display());
        let expected = path.with_extension("txt");
        if warnings.is_empty() {
            assert!(!expected.exists(), "{} has no warning", path.display());
        } else {
            compare_file(expected, &lines(&warnings));
        }
    }
}

#[test]
fn what_is_read_is_what_the_file_says() {
    let world = World::new();
    let read = |name: &str| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/fixtures/web-config/good/{name}.yml"));
        world.read(&path).0
    };
    for nothing in ["empty", "comments", "empty-sections", "empty-maps", "empty-texts", "rate-off", "rate-burst-alone"]
    {
        let WebConfig { tls, users, headers, rate_limit } = read(nothing);
        let empty = tls.is_none() && users.is_empty() && headers.is_empty() && rate_limit.is_none();
        assert!(empty, "{nothing}");
    }
    assert_eq!(read("rate").rate_limit, Some((Duration::from_millis(100), 20)));
    assert_eq!(read("rate-long").rate_limit, Some((Duration::from_millis(90_500), 1)));
    let headers = read("headers").headers;
    let headers: Vec<_> = headers.iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap())).collect();
    assert_eq!(
        headers,
        [
            ("content-security-policy", "default-src 'self'"),
            ("strict-transport-security", "max-age=31536000"),
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "sameorigin"),
            ("x-xss-protection", "1"),
        ]
    );
    assert_eq!(format!("{:?}", read("users").users), r#"["alice", "dave"]"#);
    let tls = read("ciphers").tls.unwrap();
    assert!(!tls.config.ignore_client_order);
    let suites: Vec<_> = tls.config.crypto_provider().cipher_suites.iter().map(|suite| suite.suite()).collect();
    use rustls::CipherSuite as Suite;
    assert_eq!(
        suites,
        [
            Suite::TLS13_AES_256_GCM_SHA384,
            Suite::TLS13_AES_128_GCM_SHA256,
            Suite::TLS13_CHACHA20_POLY1305_SHA256,
            Suite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
            Suite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
        ]
    );
    let tls = read("curves").tls.unwrap();
    let groups: Vec<_> = tls.config.crypto_provider().kx_groups.iter().map(|group| group.name()).collect();
    assert_eq!(groups, [rustls::NamedGroup::X25519, rustls::NamedGroup::secp256r1, rustls::NamedGroup::secp384r1]);
    assert_eq!(tls.config.alpn_protocols, [b"http/1.1"]);
    assert!(tls.config.ignore_client_order && tls.expiry.server.is_some() && tls.expiry.authority.is_none());
    assert!(read("require-and-verify").tls.unwrap().expiry.authority.is_some());
}

#[test]
fn a_file_that_cannot_be_read_is_a_mistake() {
    let findings = AccessFindings::default();
    let folder = tempfile::tempdir().unwrap();
    let (missing, folder, binary) = (folder.path().join("none.yml"), folder.path(), folder.path().join("binary.yml"));
    std::fs::write(&binary, b"a: \xff").unwrap();
    for path in [&missing, folder, &binary] {
        read(path, &mut SourceFiles::default(), &findings);
    }
    let report = findings.report();
    let shown: Vec<_> = report.mistakes.iter().map(|line| line.split_once(": ").unwrap().1).collect();
    assert_eq!(
        shown,
        [
            "cannot read the web configuration: No such file or directory (os error 2)",
            "cannot read the web configuration: not a regular file",
            "expected UTF-8 text",
        ]
    );
}

/// What stands in code in a column of a table of the reference, below a heading.
fn documented(page: &DocPage, heading: &str, column: usize) -> BTreeSet<String> {
    let tables = page.section(heading).introduction().tables();
    let cells = tables[0].rows.iter().flat_map(|row| codes(&row[column]));
    cells.map(str::to_owned).collect()
}

fn set<'n>(names: impl IntoIterator<Item = &'n str>) -> BTreeSet<String> {
    names.into_iter().map(str::to_owned).collect()
}

#[test]
fn the_reference_has_every_key_and_no_other() {
    let page = DocPage::read("docs/src/reference/web-configuration.md");
    for section in ["tls_server_config", "http_server_config", "rate_limit"] {
        assert_eq!(documented(&page, &format!("## {section}"), 0), set(syntax::keys_of(section)), "{section}");
    }
    for section in syntax::keys_of("") {
        assert!(page.headings().any(|heading| heading == format!("## {section}")), "{section}");
    }
}

#[test]
fn the_reference_has_every_name_that_is_a_value_and_no_other() {
    let page = DocPage::read("docs/src/reference/web-configuration.md");
    let names = |with: bool| {
        let suites = suites::SUITES.iter().filter(move |(_, found)| found.is_some() == with).map(|(name, _)| *name);
        let curves = suites::CURVES.iter().filter(move |(_, found)| found.is_some() == with).map(|(name, _)| *name);
        set(suites.chain(curves))
    };
    assert_eq!(documented(&page, "### Suites and curves", 0), names(true));
    assert_eq!(documented(&page, "### Suites and curves", 1), names(false));
    let types = documented(&page, "### Certificates of clients", 0);
    assert_eq!(
        types,
        set(tls::CLIENT_AUTH_TYPES.iter().map(|(name, _)| *name).filter(|name| *name != "RequireClientCert"))
    );
    let tables = page.section("## http_server_config").introduction().tables();
    let headers: BTreeSet<_> =
        tables[1].rows.iter().map(|row| (codes(&row[0])[0].to_owned(), set(codes(&row[1])))).collect();
    let ours = headers::ALLOWED.iter().map(|(name, values)| ((*name).to_owned(), set(values.iter().copied())));
    assert_eq!(headers, ours.collect());
    let users = page.section("## basic_auth_users").text();
    assert!(users.contains(&format!("A hash has a cost from {} to {}.", users::COSTS.start(), users::COSTS.end())));
    assert!(users.contains("at most 1,000.") && users::MOST_USERS == 1_000, "{users}");
}

#[test]
fn durations_are_those_of_go() {
    for (text, milliseconds) in [
        ("0", Some(0)),
        ("0s", Some(0)),
        ("1s", Some(1_000)),
        ("+1.5s", Some(1_500)),
        (".5s", Some(500)),
        ("1h2m3s4ms", Some(3_723_004)),
        ("1000us", Some(1)),
        ("1000\u{b5}s", Some(1)),
        ("1000000ns", Some(1)),
        ("", None),
        ("1", None),
        ("s", None),
        ("-1s", None),
        ("1 s", None),
        ("1d", None),
        ("1..5s", None),
        ("1e3s", None),
        ("999999999999999999999999999999h", None),
    ] {
        assert_eq!(parse_duration(text), milliseconds.map(Duration::from_millis), "{text}");
    }
}
