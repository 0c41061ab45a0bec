//! Sections and keys: defaults, warnings, and rules between several keys.

use std::collections::BTreeSet;
use std::time::Duration;

use super::*;
use crate::consumer::kafka::{self, StartMode};
use crate::consumer::kafka_zk;
use crate::model::Level;

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
                format!("metrics.labels.{label}: expected a label name that no metric uses, found \"{label}\"");
            assert_eq!(mistakes.to_string().trim_end(), expected);
        }
    }
}

#[test]
fn a_cluster_alone_is_enough() {
    let LoadedConfig { config, warnings, unsupported } = with("").unwrap();
    assert_eq!((warnings.len(), unsupported.len()), (0, 0));
    let consumer = &config.consumers[0];
    assert_eq!((consumer.name.as_str(), consumer.cluster.as_str()), ("local", "local"));
    assert_eq!(connection(consumer).servers, ["kafka:9092"]);
    let topic: &kafka::KafkaSettings = consumer.settings.of().unwrap();
    assert_eq!((topic.topic.as_str(), topic.start), ("__consumer_offsets", StartMode::Earliest));
    assert_eq!(connection(consumer).client.client_id, "warrener");
    assert_eq!(config.clusters[0].offset_refresh, Duration::from_secs(10));
    assert_eq!(config.clusters[0].topic_refresh, Duration::from_secs(60));
    assert_eq!(config.storage.intervals.get(), 10);
    assert_eq!(config.storage.expire_group, ExpireGroup::BySource);
    assert_eq!(config.http[0].address, "0.0.0.0:9308");
    assert_eq!(config.http[0].ready_timeout, Duration::from_secs(300));
    assert_eq!(config.metrics.names, [NameSet::DEFAULT]);
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
    let LoadedConfig { config, warnings, .. } = with(rest).unwrap();
    assert_eq!(config.consumers[0].cluster, "local");
    assert_eq!(
        lines(&warnings),
        [
            "cluster.local.client-profile: \"Mine\" is read as [client-profile.mine], which differs in case",
            "consumer.c.cluster: \"LOCAL\" is read as [cluster.local], which differs in case",
        ]
    );
}

#[test]
fn a_key_without_effect_is_told() {
    let rest = "[client-profile.p]\ntls = \"\"\n[iam.eks]\nregion = \"here\"\n\
                [consumer.c]\nclass-name = \"kafka\"\nservers = [\"a:1\"]\ncluster = \"local\"\n\
                zookeeper-path = \"/x\"\nzookeeper-timeout = 3\nbackfill-earliest = true\n\
                [consumer.z]\nclass-name = \"kafka_zk\"\nservers = [\"a:1\"]\ncluster = \"local\"\n\
                start-latest = true\nshare-group = \"g\"\n[logging]\nlevel = \"FATAL\"\n";
    let LoadedConfig { config, warnings, .. } = with(rest).unwrap();
    assert_eq!(
        lines(&warnings),
        [
            "client-profile.p: has no effect: no cluster or consumer names it",
            "client-profile.p.tls: an empty name means no TLS (in Burrow it means TLS); to use TLS, name a [tls.*], which may be empty",
            "consumer.c.backfill-earliest: has no effect without start-latest = true",
            "consumer.c.zookeeper-path: has no effect unless class-name is \"kafka_zk\"",
            "consumer.c.zookeeper-timeout: has no effect unless class-name is \"kafka_zk\"",
            "consumer.z.share-group: has no effect unless class-name is \"kafka\"",
            "consumer.z.start-latest: has no effect unless class-name is \"kafka\"",
            "iam.eks: has no effect: no client-profile names it",
            "logging.level: \"FATAL\" is not a level here: \"error\" is used instead",
        ]
    );
    assert_eq!(config.logging.level, Level::Error);
}

#[test]
fn a_value_of_a_key_of_another_class_is_checked_all_the_same() {
    let consumer = |class: &str, key: &str| {
        let text = format!("[consumer.c]\nclass-name = \"{class}\"\nservers = [\"a:1\"]\ncluster = \"local\"\n{key}\n");
        with(&text).unwrap_err().to_string()
    };
    let expected = "consumer.c.offsets-topic: expected a string, found an integer";
    assert_eq!(consumer("kafka_zk", "offsets-topic = 5"), expected);
    let path = "consumer.c.zookeeper-path: expected a path such as /kafka, which begins with / and does not end with /, \
                found \"x\"";
    assert_eq!(consumer("kafka", "zookeeper-path = \"x\""), path);
    assert_eq!(consumer("kafka_admin", "zookeeper-path = \"x\""), path);
}

#[test]
fn a_profile_for_zookeeper_has_a_user_and_a_password_and_checks_certificates() {
    let zookeeper = "[consumer.z]\nclass-name = \"kafka_zk\"\nservers = [\"a:1\"]\ncluster = \"local\"\n\
                     client-profile = \"p\"\n";
    let profile = "[client-profile.p]\ntls = \"t\"\nsasl = \"s\"\nproperties = { debug = \"all\" }\n";
    let tls = "[tls.t]\nnoverify = true\n";
    let sasl = |user: &str| format!("[sasl.s]\nusername = \"{user}\"\npassword = \"hush\"\n");
    let LoadedConfig { warnings, unsupported, .. } = with(&[zookeeper, profile, tls, &sasl("u")].concat()).unwrap();
    let warning = "consumer.z.client-profile: the properties of the profile apply to librdkafka only, not to ZooKeeper";
    assert_eq!(lines(&warnings), [warning]);
    let refused = "consumer.z.client-profile: noverify = true in [tls.t], for ZooKeeper: not supported: the ZooKeeper \
                   client always verifies the server's certificate; set cafile instead";
    assert_eq!(lines(&unsupported), [refused]);
    let mistakes = with(&[zookeeper, profile, tls, &sasl("a:b")].concat()).unwrap_err();
    let expected = "consumer.z.client-profile: expected a profile whose [sasl.*] has a password and a user name without \
                    a colon, for ZooKeeper's digest, found [sasl.s]";
    assert_eq!(mistakes.to_string(), expected);
}

#[test]
fn what_the_zookeeper_client_cannot_do_is_refused_with_the_reason() {
    let zookeeper = "[consumer.z]\nclass-name = \"kafka_zk\"\nservers = [\"a:1\"]\ncluster = \"local\"\n\
                     client-profile = \"p\"\n[client-profile.p]\nsasl = \"s\"\n[sasl.s]\nmechanism = \"GSSAPI\"\n";
    let refused = "consumer.z.client-profile: mechanism GSSAPI in [sasl.s], for ZooKeeper: not supported: the ZooKeeper \
                   client of this program knows the digest of a user name and a password only";
    assert!(lines(&with(zookeeper).unwrap().unsupported).contains(&refused.to_owned()));
}

#[test]
fn gssapi_needs_the_build_that_has_it() {
    let loaded = with("[sasl.k]\nmechanism = \"GSSAPI\"\n").unwrap();
    let refused = "sasl.k.mechanism: GSSAPI: not supported: it needs a build with the cargo feature gssapi";
    let expected: &[&str] = if cfg!(feature = "gssapi") { &[] } else { &[refused] };
    assert_eq!(lines(&loaded.unsupported), expected);
}

#[test]
fn a_sasl_section_without_a_mechanism_is_plain_as_in_burrow() {
    let rest = "client-profile = \"p\"\n[client-profile.p]\nsasl = \"s\"\n\
                [sasl.s]\nusername = \"u\"\npassword = \"p$${x}\"\n";
    let config = with(rest).unwrap().config;
    let sasl = config.clusters[0].connection.client.sasl.clone().unwrap();
    let password = Some(PasswordSource::Value(Secret::new("p${x}".to_owned())));
    assert_eq!((sasl.mechanism, sasl.password), (SaslMechanism::Plain, password));
}

#[test]
fn an_expiry_of_zero_holds_for_every_source() {
    let storage = with("[storage.default]\nexpire-group = 0\n").unwrap().config.storage;
    assert_eq!(storage.expire_group, ExpireGroup::After(Duration::ZERO));
}

#[test]
fn properties_may_be_written_with_dots() {
    let rest = "client-profile = \"p\"\n[client-profile.p.properties]\nsocket.keepalive.enable = true\n";
    let client = with(rest).unwrap().config.clusters[0].connection.client.clone();
    assert_eq!(client.properties.get("socket.keepalive.enable").unwrap().reveal(), "true");
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
    type Load<'l> = &'l dyn Fn(usize) -> Result<LoadedConfig, Mistakes>;
    let cases: [(Load<'_>, usize, &str); 7] = [
        (&|count| loaded(&cluster(count)), 1_000, "cluster.local.servers: expected at most 1000 servers, found 1001"),
        (&limits, 1_000, "metrics.limit: expected at most 1000 sections, found 1001"),
        (&labels, 64, "metrics.labels: expected at most 64 labels, found 65"),
        (&http, 16, "httpserver: expected at most 16 sections, found 17"),
        (&consumers, 1_000, "consumer: expected at most 1000 sections, found 1001"),
        (&clusters, 1_000, "cluster: expected at most 1000 sections, found 1001"),
        (&named, 255, "expected a name of 1 to 255 bytes, found 256"),
    ];
    for (load, most, expected) in cases {
        assert!(load(most).is_ok(), "{expected}: {}", load(most).unwrap_err());
        let mistakes = load(most + 1).unwrap_err().to_string();
        assert!(mistakes.contains(expected), "{mistakes}");
    }
}

/// A class with a file and without servers.
#[derive(Debug)]
struct FileClass;

#[derive(Debug, PartialEq)]
struct FileSettings(Option<PathBuf>);

impl ConsumerClass for FileClass {
    fn facts(&self) -> ClassFacts {
        ClassFacts { name: "file", is_supported: true, waits_for: "reading the file", record_errors: &[] }
    }

    fn keys(&self) -> &'static [&'static str] {
        &["path"]
    }

    fn read(&self, section: &mut ConsumerSection<'_, '_, '_>) -> Box<dyn ConsumerSettings> {
        Box::new(FileSettings(section.required_file("path", "the path of a file")))
    }
}

impl ConsumerSettings for FileSettings {
    fn connection(&self) -> Option<&ConnectionConfig> {
        None
    }

    fn lines(&self) -> Vec<SettingLine> {
        Vec::new()
    }

    fn equals(&self, other: &dyn ConsumerSettings) -> bool {
        other.of() == Some(self)
    }
}

#[test]
fn a_class_reads_its_own_keys_and_each_key_of_other_classes_is_warned_of_once() {
    const CLASSES: [&dyn ConsumerClass; 3] = [&FileClass, &kafka::KafkaClass, &kafka_zk::KafkaZkClass];
    let registry = Registry { classes: &CLASSES, ..REGISTRY };
    let load_with = |keys: &str| {
        let cluster = "[cluster.local]\nclass-name = \"kafka\"\nservers = [\"a:1\"]\n";
        let text = format!("{cluster}[consumer.c]\nclass-name = \"file\"\ncluster = \"local\"\n{keys}");
        load(&text, &registry, &Overrides::default(), &WORLD)
    };
    let loaded = load_with("path = \"ca.pem\"\nservers = [\"a:1\"]\n").unwrap();
    let settings: &FileSettings = loaded.config.consumers[0].settings.of().unwrap();
    assert_eq!(settings.0.as_deref(), Some(Path::new("ca.pem")));
    let expected = "consumer.c.servers: has no effect unless class-name is \"kafka\" or \"kafka_zk\"";
    assert_eq!(lines(&loaded.warnings), [expected]);
    let missing = load_with("").unwrap_err().to_string();
    assert_eq!(missing, "consumer.c.path: expected the path of a file, but the key is missing");
    let unreadable = load_with("path = \"nowhere\"\n").unwrap_err().to_string();
    assert_eq!(unreadable, "consumer.c.path: expected a readable file, found \"nowhere\": no such file");
    let wrong = load_with("path = 5\n").unwrap_err().to_string();
    assert_eq!(wrong, "consumer.c.path: expected a string, found an integer");
}
