//! Loads whole files and compares the results. The files are in `tests/fixtures/config`; an invalid one has its
//! expected messages beside it. With `WARRENER_GOLDEN=write` in the environment the messages are written again, to be
//! reviewed before they are committed.

use crate::golden_tests::compare_file;
use crate::model::Level;
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use proptest::prelude::*;

use super::*;

pub(super) fn at(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

#[allow(clippy::disallowed_methods, reason = "fixtures are files")]
pub(super) fn text(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The environment of the fixtures.
fn env(name: &str) -> Option<OsString> {
    match name {
        "KAFKA_PASSWORD" => Some("hush-from-env".into()),
        "BROKER" => Some("kafka-from-env".into()),
        "EMPTY" => Some("".into()),
        _ => None,
    }
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    match path.to_str() {
        Some("password") => Ok(b"hush-from-file\r\n".to_vec()),
        Some("empty") => Ok(b"\n".to_vec()),
        Some("binary") => Ok(b"\xff\xfe".to_vec()),
        _ => Err("no such file".to_owned()),
    }
}

fn readable(path: &Path) -> Result<(), String> {
    match path.to_str() {
        Some("ca.pem" | "client.pem" | "client.key" | "web.yml") => Ok(()),
        _ => Err("no such file".to_owned()),
    }
}

pub(super) const WORLD: Outside<'static> = Outside { env: &env, read: &read, readable: &readable };

fn loaded(text: &str) -> Result<Loaded, Mistakes> {
    load(text, &Overrides::default(), &WORLD)
}

fn lines<T: ToString>(items: &[T]) -> Vec<String> {
    items.iter().map(ToString::to_string).collect()
}

/// Loads a valid file with `rest` appended.
fn with(rest: &str) -> Result<Loaded, Mistakes> {
    loaded(&format!("[cluster.local]\nclass-name = \"kafka\"\nservers = [\"kafka:9092\"]\n{rest}"))
}

#[test]
fn every_bad_file_has_its_whole_error_text() {
    let mut files: Vec<_> =
        std::fs::read_dir(at("tests/fixtures/config/bad")).unwrap().map(|e| e.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
    files.sort();
    assert!(files.len() > 30, "found {} bad files", files.len());
    for path in files {
        let Err(mistakes) = loaded(&text(&path)) else { panic!("{} has no mistake", path.display()) };
        let found = format!("{mistakes}\n");
        assert!(!found.contains("hush"), "{} shows a secret: {found}", path.display());
        compare_file(path.with_extension("txt"), &found);
    }
}

#[test]
fn good_files_load_without_a_word() {
    for path in std::fs::read_dir(at("tests/fixtures/config/good")).unwrap().map(|entry| entry.unwrap().path()) {
        let loaded = loaded(&text(&path)).unwrap_or_else(|mistakes| panic!("{}: {mistakes}", path.display()));
        assert_eq!(lines(&loaded.warnings), [""; 0], "{}", path.display());
        assert_eq!(lines(&loaded.unsupported), [""; 0], "{}", path.display());
    }
}

#[test]
fn the_commented_example_loads_without_a_word() {
    let loaded = loaded(&text(&at("docs/warrener.toml"))).unwrap_or_else(|mistakes| panic!("{mistakes}"));
    assert_eq!(lines(&loaded.warnings), [""; 0]);
    assert_eq!(lines(&loaded.unsupported), [""; 0]);
    let consumer = loaded.config.consumers.iter().find(|consumer| consumer.name == "local").unwrap();
    assert_eq!(consumer.connection.client.sasl.as_ref().unwrap().password.as_ref().unwrap().reveal(), "hush-from-env");
    assert!(!format!("{loaded:?}").contains("hush"), "a secret in Debug");
}

#[test]
fn a_file_with_every_key_loads_and_tells_what_is_not_supported_yet() {
    let loaded = loaded(&text(&at("tests/fixtures/config/every-key.toml"))).unwrap_or_else(|it| panic!("{it}"));
    assert_eq!(
        lines(&loaded.warnings),
        [
            "metrics.owners: has no effect unless granularity is \"partition\"",
            "sasl.plain: has no effect: no client-profile names it",
        ]
    );
    assert_eq!(
        lines(&loaded.unsupported),
        [
            "consumer.admin.class-name: kafka_admin: not supported yet",
            "consumer.local.share-group: not supported yet",
            "httpserver.default.enable-lifecycle: not supported yet",
            "httpserver.default.tls: not supported yet",
            "httpserver.default.web-config-file: not supported yet",
            "sasl.token.mechanism: OAUTHBEARER: not supported yet",
        ]
    );
    let hosts: Vec<_> = loaded.config.http[0].allowed_hosts.iter().map(ToString::to_string).collect();
    assert_eq!(hosts, ["lag.example.com", "127.0.0.1", "[::1]"]);
    let Config { clusters, consumers, storage, evaluator, http, metrics, logging, general } = loaded.config;
    assert_eq!(
        (clusters[0].offset_refresh, clusters[0].topic_refresh),
        (Duration::from_secs(5), Duration::from_secs(90))
    );
    assert!(clusters[0].topics.allows(b"orders") && !clusters[0].topics.allows(b"orders-tmp"));
    let names: Vec<_> = consumers.iter().map(|consumer| consumer.name.as_str()).collect();
    assert_eq!(names, ["admin", "legacy", "local"]);
    let ConsumerClass::KafkaZk(zookeeper) = &consumers[1].class else { panic!("{:?}", consumers[1].class) };
    assert_eq!((zookeeper.path.as_str(), zookeeper.timeout), ("/chroot", Duration::from_secs(20)));
    let ConsumerClass::Kafka(topic) = &consumers[2].class else { panic!("{:?}", consumers[2].class) };
    assert_eq!(topic.topic, "__other_offsets");
    assert_eq!(topic.start, Start::LatestThenBackfill);
    assert_eq!(topic.share_group.as_deref(), Some("warreners"));
    let client = &consumers[2].connection.client;
    assert_eq!((client.name.as_deref(), client.client_id.as_str()), (Some("secure"), "warrener-1"));
    let properties: Vec<_> = client.properties.iter().map(|(name, value)| (name.as_str(), value.reveal())).collect();
    assert_eq!(properties, [("fetch.message.max.bytes", "65536"), ("socket.keepalive.enable", "true")]);
    let tls = client.tls.as_ref().unwrap();
    assert_eq!(tls.identity.as_ref().unwrap().key_file, Path::new("client.key"));
    assert!(tls.no_verify);
    let sasl = client.sasl.as_ref().unwrap();
    assert_eq!((sasl.mechanism, sasl.username.as_str()), (Mechanism::ScramSha256, "warrener"));
    assert_eq!(sasl.password.as_ref().unwrap().reveal(), "hush-from-file");
    assert_eq!(sasl.password_file.as_deref(), Some(Path::new("password")));
    assert_eq!((storage.intervals.get(), storage.min_distance), (15, Duration::from_secs(1)));
    assert_eq!(storage.expire_group, Expiry::After(Duration::from_secs(604_800)));
    assert_eq!(evaluator, Evaluator { name: "default".to_owned(), minimum_complete: 0.5, allowed_lag: 3 });
    assert_eq!((http[0].address.as_str(), http[0].ready_timeout), ("127.0.0.1:9309", Duration::from_secs(60)));
    assert_eq!(metrics.granularity, Granularity::Topic);
    assert_eq!(metrics.labels.get("env").map(String::as_str), Some("prod"));
    assert_eq!(metrics.limits[1].lag_seconds, 90.0);
    assert_eq!(logging.level, Level::Debug);
    assert_eq!(logging.format, LogFormat::Json);
    assert_eq!(general.access_control_allow_origin.as_deref(), Some("https://lag.example.com"));
    assert!(http[0].enable_admin);
}

#[test]
fn no_label_that_a_page_has_can_be_given_to_every_series() {
    for page in ["page", "page-burrow", "page-kafka-lag-exporter", "page-kminion"] {
        let page = text(&at(&format!("tests/fixtures/{page}.txt")));
        let labels = page.split(['{', ',']).filter_map(|rest| Some(rest.split_once("=\"")?.0));
        let labels: BTreeSet<&str> = labels.filter(|label| !label.contains(' ') && *label != "env").collect();
        assert!(labels.len() > 3, "{labels:?}");
        for label in labels {
            let mistakes = with(&format!("[metrics]\nlabels = {{ {label} = \"x\" }}")).unwrap_err();
            let expected =
                format!("metrics.labels.{label}: expected a label name that no series has already, found \"{label}\"");
            assert_eq!(mistakes.to_string().trim_end(), expected);
        }
    }
}

#[test]
fn a_file_written_for_burrow_starts_unchanged_and_says_what_takes_whose_place() {
    let loaded =
        loaded(&text(&at("tests/fixtures/config/burrow.toml"))).unwrap_or_else(|mistakes| panic!("{mistakes}"));
    assert_eq!(lines(&loaded.unsupported), [""; 0]);
    let found = lines(&loaded.warnings).join("\n") + "\n";
    compare_file("tests/fixtures/config/burrow.warnings.txt", &found);
    let config = loaded.config;
    let cluster = &config.clusters[0];
    assert_eq!((cluster.name.as_str(), cluster.offset_refresh), ("local", Duration::from_secs(30)));
    assert_eq!(config.consumers[0].cluster, "local");
    assert!(!config.consumers[0].groups.allows(b"console-consumer-1"));
    assert_eq!(config.storage.expire_group, Expiry::After(Duration::from_secs(604_800)));
    assert_eq!(config.http[0].address, ":8000");
}

#[test]
fn a_cluster_alone_is_enough() {
    let Loaded { config, warnings, unsupported } = with("").unwrap();
    assert_eq!((warnings.len(), unsupported.len()), (0, 0));
    let consumer = &config.consumers[0];
    assert_eq!((consumer.name.as_str(), consumer.cluster.as_str()), ("local", "local"));
    assert_eq!(consumer.connection.servers, ["kafka:9092"]);
    let ConsumerClass::Kafka(topic) = &consumer.class else { panic!("{:?}", consumer.class) };
    assert_eq!((topic.topic.as_str(), topic.start), ("__consumer_offsets", Start::Earliest));
    assert_eq!(consumer.connection.client.client_id, "warrener");
    assert_eq!(config.clusters[0].offset_refresh, Duration::from_secs(10));
    assert_eq!(config.clusters[0].topic_refresh, Duration::from_secs(60));
    assert_eq!(config.storage.intervals.get(), 10);
    assert_eq!(config.storage.expire_group, Expiry::BySource);
    assert_eq!(config.http[0].address, "0.0.0.0:9308");
    assert_eq!(config.http[0].ready_timeout, Duration::from_secs(300));
    assert_eq!(config.metrics.names, [NameSet::KafkaExporter]);
    assert_eq!(config.logging.level, Level::Info);
}

#[test]
fn a_consumer_made_for_a_cluster_has_a_name_of_its_own() {
    let text = "[cluster.a]\nclass-name = \"kafka\"\nservers = [\"a:1\"]\n\
                [cluster.b]\nclass-name = \"kafka\"\nservers = [\"b:1\"]\n\
                [consumer.a]\nclass-name = \"kafka\"\nservers = [\"b:1\"]\ncluster = \"b\"\n";
    let consumers = loaded(text).unwrap().config.consumers;
    let names: Vec<_> = consumers.iter().map(|it| (it.name.as_str(), it.cluster.as_str())).collect();
    assert_eq!(names, [("a", "b"), ("a-kafka", "a")]);
}

#[test]
fn several_consumers_may_feed_one_cluster() {
    let consumer =
        |name| format!("[consumer.{name}]\nclass-name = \"kafka\"\nservers = [\"a:1\"]\ncluster = \"local\"\n");
    let consumers = with(&(consumer("one") + &consumer("two"))).unwrap().config.consumers;
    assert_eq!(consumers.len(), 2);
}

#[test]
fn a_name_that_differs_only_in_case_is_matched_with_a_warning() {
    let rest = "client-profile = \"Mine\"\n[client-profile.mine]\nclient-id = \"x\"\n\
                [consumer.c]\nclass-name = \"kafka\"\nservers = [\"a:1\"]\ncluster = \"LOCAL\"\n";
    let Loaded { config, warnings, .. } = with(rest).unwrap();
    assert_eq!(config.consumers[0].cluster, "local");
    assert_eq!(
        lines(&warnings),
        [
            "cluster.local.client-profile: \"Mine\" is taken for [client-profile.mine], whose case differs",
            "consumer.c.cluster: \"LOCAL\" is taken for [cluster.local], whose case differs",
        ]
    );
}

#[test]
fn a_key_without_effect_is_told() {
    let rest = "[client-profile.p]\ntls = \"\"\niam = \"eks\"\n[iam.eks]\nregion = \"here\"\n\
                [consumer.c]\nclass-name = \"kafka\"\nservers = [\"a:1\"]\ncluster = \"local\"\n\
                zookeeper-path = \"/x\"\nzookeeper-timeout = 3\nbackfill-earliest = true\n\
                [consumer.z]\nclass-name = \"kafka_zk\"\nservers = [\"a:1\"]\ncluster = \"local\"\n\
                start-latest = true\nshare-group = \"g\"\n[logging]\nlevel = \"FATAL\"\n";
    let Loaded { config, warnings, unsupported } = with(rest).unwrap();
    assert_eq!(
        lines(&warnings),
        [
            "client-profile.p: has no effect: no cluster or consumer names it",
            "client-profile.p.tls: is no TLS when empty, where Burrow would use TLS: name a [tls.*], which may be empty",
            "consumer.c.backfill-earliest: has no effect without start-latest = true",
            "consumer.c.zookeeper-path: has no effect unless class-name is \"kafka_zk\"",
            "consumer.c.zookeeper-timeout: has no effect unless class-name is \"kafka_zk\"",
            "consumer.z.share-group: has no effect unless class-name is \"kafka\"",
            "consumer.z.start-latest: has no effect unless class-name is \"kafka\"",
            "iam.eks: has no meaning unless a [client-profile.*] names it, which is not supported yet",
            "logging.level: \"FATAL\" is no level here: \"error\" takes its place",
        ]
    );
    assert_eq!(lines(&unsupported), ["client-profile.p.iam: not supported yet"]);
    assert_eq!(config.logging.level, Level::Error);
}

#[test]
fn a_profile_for_zookeeper_has_a_user_and_a_password_and_checks_certificates() {
    let zookeeper = "[consumer.z]\nclass-name = \"kafka_zk\"\nservers = [\"a:1\"]\ncluster = \"local\"\n\
                     client-profile = \"p\"\n";
    let profile = "[client-profile.p]\ntls = \"t\"\nsasl = \"s\"\nproperties = { debug = \"all\" }\n";
    let tls = "[tls.t]\nnoverify = true\n";
    let sasl = |user: &str| format!("[sasl.s]\nusername = \"{user}\"\npassword = \"hush\"\n");
    let Loaded { warnings, unsupported, .. } = with(&[zookeeper, profile, tls, &sasl("u")].concat()).unwrap();
    let warning = "consumer.z.client-profile: its properties are librdkafka's, and have no effect on ZooKeeper";
    assert_eq!(lines(&warnings), [warning]);
    let refused = "consumer.z.client-profile: noverify = true in [tls.t], for ZooKeeper: not supported yet";
    assert_eq!(lines(&unsupported), [refused]);
    let mistakes = with(&[zookeeper, profile, tls, &sasl("a:b")].concat()).unwrap_err();
    let expected = "consumer.z.client-profile: expected a profile whose [sasl.*] has a user name, without a colon, and a \
                    password, for ZooKeeper's digest, found \"s\"";
    assert_eq!(mistakes.to_string(), expected);
}

#[test]
fn gssapi_needs_the_build_that_has_it() {
    let loaded = with("[sasl.k]\nmechanism = \"GSSAPI\"\n").unwrap();
    let expected: &[&str] =
        if cfg!(feature = "gssapi") { &[] } else { &["sasl.k.mechanism: GSSAPI: not supported yet"] };
    assert_eq!(lines(&loaded.unsupported), expected);
}

#[test]
fn a_sasl_section_without_a_mechanism_is_plain_as_in_burrow() {
    let rest = "client-profile = \"p\"\n[client-profile.p]\nsasl = \"s\"\n\
                [sasl.s]\nusername = \"u\"\npassword = \"p$${x}\"\n";
    let config = with(rest).unwrap().config;
    let sasl = config.clusters[0].connection.client.sasl.clone().unwrap();
    assert_eq!((sasl.mechanism, sasl.password.unwrap().reveal()), (Mechanism::Plain, "p${x}"));
}

#[test]
fn an_expiry_of_zero_holds_for_every_source() {
    let storage = with("[storage.default]\nexpire-group = 0\n").unwrap().config.storage;
    assert_eq!(storage.expire_group, Expiry::After(Duration::ZERO));
}

#[test]
fn properties_may_be_written_with_dots() {
    let rest = "client-profile = \"p\"\n[client-profile.p.properties]\nsocket.keepalive.enable = true\n";
    let client = with(rest).unwrap().config.clusters[0].connection.client.clone();
    assert_eq!(client.properties.get("socket.keepalive.enable").unwrap().reveal(), "true");
}

#[test]
fn a_byte_order_mark_and_windows_line_ends_are_taken() {
    let text = "\u{feff}[cluster.local]\r\nclass-name = \"kafka\"\r\nservers = [\"kafka:9092\"]\r\n";
    assert_eq!(loaded(text).unwrap().config.clusters.len(), 1);
}

#[test]
fn listen_replaces_every_server_and_log_level_the_level() {
    let text = "[cluster.c]\nclass-name = \"kafka\"\nservers = [\"a:1\"]\n[logging]\nlevel = \"warn\"\n\
                [httpserver.one]\naddress = \":1\"\nenable-admin = true\n[httpserver.two]\naddress = \":2\"\n";
    let overrides = Overrides { listen: Some("127.0.0.1:0".to_owned()), log_level: Some(Level::Trace) };
    let Loaded { config, warnings, unsupported } = load(text, &overrides, &WORLD).unwrap();
    let servers: Vec<_> =
        config.http.iter().map(|it| (it.name.as_str(), it.address.as_str(), it.enable_admin)).collect();
    assert_eq!(servers, [("default", "127.0.0.1:0", false)]);
    assert_eq!(config.logging.level, Level::Trace);
    assert_eq!(lines(&warnings), ["httpserver: has no effect: --listen takes its place"]);
    assert_eq!(unsupported, []);
}

#[test]
fn flags_make_one_cluster_and_one_consumer_named_default() {
    let flags = Flags {
        brokers: vec!["a:1".to_owned(), "[::1]:2".to_owned()],
        topic_filter: Some(".*".to_owned()),
        topic_exclude: Some("^$".to_owned()),
        group_filter: Some("^pay".to_owned()),
        group_exclude: Some(String::new()),
    };
    let config = from_flags(&flags, &Overrides::default()).unwrap();
    let consumer = &config.consumers[0];
    assert_eq!(
        (config.clusters[0].name.as_str(), consumer.name.as_str(), consumer.cluster.as_str()),
        ("default", "default", "default")
    );
    assert_eq!(consumer.connection.servers, ["a:1", "[::1]:2"]);
    assert!(config.clusters[0].topics.allows(b"orders"));
    assert!(consumer.groups.allows(b"payments") && !consumer.groups.allows(b"billing"));
}

#[test]
fn mistakes_in_flags_are_told_all_at_once() {
    let flags = Flags {
        brokers: vec!["a".to_owned(), "b:1".to_owned()],
        topic_filter: Some("(".to_owned()),
        group_exclude: Some("[".to_owned()),
        ..Flags::default()
    };
    assert_eq!(
        from_flags(&flags, &Overrides::default()).unwrap_err().to_string(),
        "--brokers: expected host:port (a host name, IPv4 or [IPv6], and a port from 1 to 65535), found \"a\"\n\
         --group.exclude: expected a regular expression, found \"[\": unclosed character class\n\
         --topic.filter: expected a regular expression, found \"(\": unclosed group"
    );
}

#[test]
fn depth_and_length_do_no_harm() {
    let deep = |open: &str, close: &str| format!("a = {}1{}", open.repeat(100_000), close.repeat(100_000));
    for text in [
        deep("[", "]"),
        deep("{ b = ", " }"),
        format!("[{}]", ["a"; 100_000].join(".")),
        format!("[client-profile.p.properties]\n{} = 1", ["a"; 100_000].join(".")),
        format!("{} = 1", "k".repeat(1 << 20)),
        "k\n".repeat(100_000),
        "= ".repeat(100_000),
        "[a]\n".repeat(100_000),
        "a = \"\\q".repeat(100_000),
    ] {
        assert!(loaded(&text).is_err());
    }
}

fn scrap() -> impl Strategy<Value = String> {
    let words = [
        "[",
        "]",
        "[[",
        "]]",
        "{",
        "}",
        "=",
        ".",
        ",",
        "\n",
        "\r\n",
        "\"",
        "'",
        "#",
        "\\",
        "${",
        "$${",
        "${A:-b}",
        "\u{feff}",
        "\u{0}",
        "ö",
        "1",
        "-1",
        "1.5",
        "nan",
        "0x7f",
        "1979-05-27",
        "true",
        "9999999999999999999999",
        "cluster",
        "consumer",
        "client-profile",
        "tls",
        "sasl",
        "storage",
        "evaluator",
        "httpserver",
        "metrics",
        "limit",
        "labels",
        "properties",
        "logging",
        "general",
        "notifier",
        "local",
        "class-name",
        "kafka",
        "servers",
        "names",
        "intervals",
        "password-file",
        "[cluster.local]\n",
        "class-name = \"kafka\"\n",
        "servers = [\"a:1\"]\n",
        "[[metrics.limit]]\n",
        "lag-seconds = ",
    ];
    let word = prop_oneof![proptest::sample::select(words.to_vec()).prop_map(str::to_owned), ".{0,6}"];
    proptest::collection::vec(word, 0..60).prop_map(|words| words.concat())
}

proptest! {
    #[test]
    fn no_text_can_cause_a_panic(text in scrap()) {
        if let Err(mistakes) = loaded(&text) {
            prop_assert!(mistakes.iter().count() > 0);
        }
    }

    #[test]
    fn no_value_of_any_key_can_cause_a_panic(
        section in proptest::sample::select(vec![
            "cluster.local", "consumer.c", "client-profile.p", "tls.t", "sasl.s", "storage.s", "evaluator.e",
            "httpserver.h", "metrics", "logging", "general", "zookeeper", "notifier.n",
        ]),
        key in proptest::sample::select(vec![
            "class-name", "servers", "cluster", "client-profile", "offset-refresh", "group-allowlist", "tls", "sasl",
            "properties", "cafile", "mechanism", "intervals", "expire-group", "minimum-complete", "address", "names",
            "labels", "limit", "level", "start-latest", "zookeeper-path", "offsets-topic", "password-file",
        ]),
        value in prop_oneof![
            Just("[]".to_owned()), Just("{}".to_owned()), Just("[[]]".to_owned()), Just("[{}]".to_owned()),
            Just("inf".to_owned()), Just("07:32:00".to_owned()), any::<i64>().prop_map(|number| number.to_string()),
            any::<f64>().prop_map(|number| format!("{number:?}").to_lowercase()), ".*".prop_map(|text| format!("'''{text}'''")),
        ],
    ) {
        let _checked = loaded(&format!("[{section}]\n{key} = {value}\n"));
    }
}

#[test]
fn a_list_is_as_long_as_its_bound_and_no_longer() {
    let servers = |count: usize| format!("servers = [{}]\n", vec!["\"a:1\""; count].join(", "));
    let cluster = |count| format!("[cluster.local]\nclass-name = \"kafka\"\n{}", servers(count));
    let limits = |count: usize| with(&"[[metrics.limit]]\ngroup = \".\"\nlag-seconds = 1\n".repeat(count));
    let labels = |count: usize| {
        let labels: Vec<String> = (0..count).map(|number| format!("l{number} = \"x\"")).collect();
        with(&format!("[metrics]\nlabels = {{ {} }}\n", labels.join(", ")))
    };
    let sections = |kind: &str, count: usize, rest: &str| -> String {
        (0..count).map(|number| format!("[{kind}.n{number}]\n{}", rest.replace('#', &number.to_string()))).collect()
    };
    let http = |count| with(&sections("httpserver", count, "address = \":1#\"\n"));
    let consumer = "class-name = \"kafka\"\ncluster = \"local\"\nservers = [\"a:1\"]\n";
    let consumers = |count| with(&sections("consumer", count, consumer));
    let clusters = |count| loaded(&sections("cluster", count, "class-name = \"kafka\"\nservers = [\"a:1\"]\n"));
    let named = |length: usize| with(&format!("[client-profile.{}]\n", "n".repeat(length)));
    type Load<'l> = &'l dyn Fn(usize) -> Result<Loaded, Mistakes>;
    let cases: [(Load<'_>, usize, &str); 7] = [
        (
            &|count| loaded(&cluster(count)),
            1_000,
            "cluster.local.servers: expected a number of servers from 1 to 1000, found 1001",
        ),
        (&limits, 1_000, "metrics.limit: expected a number of sections from 0 to 1000, found 1001"),
        (&labels, 64, "metrics.labels: expected a number of labels from 0 to 64, found 65"),
        (&http, 16, "httpserver: expected a number of sections from 0 to 16, found 17"),
        (&consumers, 1_000, "consumer: expected a number of sections from 0 to 1000, found 1001"),
        (&clusters, 1_000, "cluster: expected a number of sections from 1 to 1000, found 1001"),
        (&named, 255, "expected a name of a length in bytes from 1 to 255, found 256"),
    ];
    for (load, most, expected) in cases {
        assert!(load(most).is_ok(), "{expected}: {}", load(most).unwrap_err());
        let mistakes = load(most + 1).unwrap_err().to_string();
        assert!(mistakes.contains(expected), "{mistakes}");
    }
}
