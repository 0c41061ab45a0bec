//! The files in `tests/fixtures/config` and `docs/warrener.toml`, loaded as a whole.

use std::path::Path;
use std::time::Duration;

use super::*;
use crate::consumer::kafka::StartMode;
use crate::consumer::{kafka, kafka_zk};
use crate::golden_tests::compare_file;
use crate::model::Level;

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
    let sasl = connection(consumer).client.sasl.as_ref().unwrap();
    assert_eq!(sasl.password, Some(PasswordSource::Value(Secret::new("hush-from-env".to_owned()))));
    assert!(!format!("{loaded:?}").contains("hush"), "a secret in Debug");
}

#[test]
fn a_file_with_every_key_loads_and_tells_what_is_not_supported_yet() {
    let loaded = loaded(&text(&at("tests/fixtures/config/every-key.toml"))).unwrap_or_else(|it| panic!("{it}"));
    assert_eq!(
        lines(&loaded.warnings),
        [
            "client-profile.amazon: has no effect: no cluster or consumer names it",
            "client-profile.token: the token of mechanism OAUTHBEARER is sent without TLS: whoever can read the network \
             traffic can use it; set tls",
            "client-profile.workload: has no effect: no cluster or consumer names it",
            "httpserver.inside.tls: cafile of [tls.internal] has no effect on a listener, as in Burrow; to ask clients for \
             certificates, use web-config-file with client_ca_file",
            "httpserver.inside.tls: noverify of [tls.internal] has no effect on a listener, as in Burrow; to ask clients \
             for certificates, use web-config-file with client_ca_file",
            "metrics.owners: has no effect unless granularity is \"partition\"",
            "sasl.amazon: has no effect: no client-profile names it",
            "sasl.asserted: has no effect: no client-profile names it",
            "sasl.fixed: has no effect: no client-profile names it",
            "sasl.kerberos: has no effect: no client-profile names it",
            "sasl.plain: has no effect: no client-profile names it",
            "sasl.rotated: has no effect: no client-profile names it",
            "tls.internal.noverify: certificates of servers are not verified: whoever answers in the place of a server \
             can read and change what is sent; set cafile instead",
        ]
    );
    let gssapi = "sasl.kerberos.mechanism: GSSAPI: not supported: it needs a build with the cargo feature gssapi";
    let unsupported = lines(&loaded.unsupported);
    assert_eq!(unsupported.contains(&gssapi.to_owned()), !cfg!(feature = "gssapi"));
    assert_eq!(
        unsupported.into_iter().filter(|text| text != gssapi).collect::<Vec<_>>(),
        ["consumer.admin.class-name: kafka_admin: not supported yet", "consumer.local.share-group: not supported yet",]
    );
    let hosts: Vec<_> = loaded.config.http[0].allowed_hosts.iter().map(ToString::to_string).collect();
    assert_eq!(hosts, ["lag.example.com", "127.0.0.1", "[::1]"]);
    let Config { clusters, consumers, storage, limits, evaluator, http, metrics, logging, general } = loaded.config;
    assert_eq!(
        (clusters[0].offset_refresh, clusters[0].topic_refresh),
        (Duration::from_secs(5), Duration::from_secs(90))
    );
    assert!(clusters[0].topics.allows(b"orders") && !clusters[0].topics.allows(b"orders-tmp"));
    let names: Vec<_> = consumers.iter().map(|consumer| consumer.name.as_str()).collect();
    assert_eq!(names, ["admin", "legacy", "local"]);
    let zookeeper: &kafka_zk::KafkaZkSettings = consumers[1].settings.of().unwrap();
    assert_eq!((zookeeper.path.as_str(), zookeeper.timeout), ("/chroot", Duration::from_secs(20)));
    let topic: &kafka::KafkaSettings = consumers[2].settings.of().unwrap();
    assert_eq!(topic.topic, "__other_offsets");
    assert_eq!(topic.start, StartMode::LatestThenBackfill);
    assert_eq!(topic.share_group.as_deref(), Some("warreners"));
    let client = &connection(&consumers[2]).client;
    assert_eq!((client.name.as_deref(), client.client_id.as_str()), (Some("secure"), "warrener-1"));
    let properties: Vec<_> = client.properties.iter().map(|(name, value)| (name.as_str(), value.reveal())).collect();
    assert_eq!(properties, [("fetch.message.max.bytes", "65536"), ("socket.keepalive.enable", "true")]);
    let tls = client.tls.as_ref().unwrap();
    assert_eq!(tls.identity.as_ref().unwrap().key_file, Path::new("client.key"));
    assert!(tls.no_verify);
    let sasl = client.sasl.as_ref().unwrap();
    assert_eq!((sasl.mechanism, sasl.username.as_str()), (SaslMechanism::ScramSha256, "warrener"));
    assert_eq!(sasl.password, Some(PasswordSource::File("password".into())));
    assert_eq!((storage.intervals.get(), storage.min_distance), (15, Duration::from_secs(1)));
    assert_eq!(storage.expire_group, ExpireGroup::After(Duration::from_secs(604_800)));
    let memory = MemoryLimit::Bytes(512 * 1024 * 1024);
    assert_eq!(limits, LimitsConfig { groups: Some(20_000), group_partitions: Some(400_000), memory });
    assert_eq!(evaluator, EvaluatorConfig { name: "default".to_owned(), minimum_complete: 0.5, allowed_lag: 3 });
    assert_eq!((http[0].address.as_str(), http[0].ready_timeout), ("127.0.0.1:9309", Duration::from_secs(60)));
    assert_eq!(metrics.granularity, Granularity::Topic);
    assert_eq!(metrics.labels.get("env").map(String::as_str), Some("prod"));
    assert_eq!(metrics.limits[1].lag_seconds, 90.0);
    assert_eq!(logging.level, Level::Debug);
    assert_eq!(logging.format, LogFormat::Json);
    assert_eq!(general.access_control_allow_origin.as_deref(), Some("https://lag.example.com"));
    assert!(http[0].enable_admin && http[0].unprotected_health);
    assert_eq!(http[0].web_config_file.as_deref(), Some(Path::new("web.yml")));
    use ServedPart::{Burrow, Health, Lifecycle, Metrics};
    assert_eq!(http[0].serves, [Health, Metrics, Burrow, Lifecycle]);
    assert_eq!(http[1].tls.as_ref().unwrap().identity.as_ref().unwrap().key_file, Path::new("client.key"));
    assert_eq!(http[1].serves, ServedPart::ALL);
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
    assert_eq!(config.storage.expire_group, ExpireGroup::After(Duration::from_secs(604_800)));
    assert_eq!(config.http[0].address, ":8000");
}
