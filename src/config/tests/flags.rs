//! Flags that make a configuration, and flags that override one.

use super::*;
use crate::model::Level;

#[test]
fn listen_replaces_every_server_and_log_level_the_level() {
    let text = "[cluster.c]\nclass-name = \"kafka\"\nservers = [\"a:1\"]\n[logging]\nlevel = \"warn\"\n\
                [httpserver.one]\naddress = \":1\"\nenable-admin = true\n[httpserver.two]\naddress = \":2\"\n";
    let overrides =
        Overrides { listen: Some("127.0.0.1:0".to_owned()), web_config_file: None, log_level: Some(Level::Trace) };
    let LoadedConfig { config, warnings, unsupported } = load(text, &REGISTRY, &overrides, &WORLD).unwrap();
    let servers: Vec<_> =
        config.http.iter().map(|it| (it.name.as_str(), it.address.as_str(), it.enable_admin)).collect();
    assert_eq!(servers, [("default", "127.0.0.1:0", false)]);
    assert_eq!(config.logging.level, Level::Trace);
    assert_eq!(lines(&warnings), ["httpserver: has no effect: --listen replaces it"]);
    assert_eq!(unsupported, []);
}

#[test]
fn web_config_file_takes_the_place_of_the_protection_of_every_server() {
    let text = "[cluster.c]\nclass-name = \"kafka\"\nservers = [\"a:1\"]\n\
                [tls.t]\ncertfile = \"client.pem\"\nkeyfile = \"client.key\"\n\
                [httpserver.one]\naddress = \":1\"\ntls = \"t\"\nunprotected-health = true\n\
                [httpserver.two]\naddress = \":2\"\nweb-config-file = \"web.yml\"\n";
    let overrides = Overrides { web_config_file: Some("other.yml".into()), ..Overrides::default() };
    let LoadedConfig { config, warnings, .. } = load(text, &REGISTRY, &overrides, &WORLD).unwrap();
    for server in &config.http {
        assert_eq!((server.tls.is_none(), server.web_config_file.as_deref()), (true, Some("other.yml".as_ref())));
    }
    assert_eq!(
        lines(&warnings),
        [
            "httpserver.one.tls: has no effect: --web.config.file replaces it",
            "httpserver.two.web-config-file: has no effect: --web.config.file replaces it",
        ]
    );
    let LoadedConfig { warnings, .. } = load(text, &REGISTRY, &Overrides::default(), &WORLD).unwrap();
    let unused = "httpserver.one.unprotected-health: has no effect: without web-config-file no password is asked for";
    assert_eq!(lines(&warnings), [unused]);
    let text = format!("{text}enable-admin = true\nenable-lifecycle = true\nserves = [\"status-page\", \"metrics\"]\n");
    let LoadedConfig { config, warnings, .. } = load(&text, &REGISTRY, &overrides, &WORLD).unwrap();
    assert_eq!(config.http[1].serves, [ServedPart::Metrics, ServedPart::StatusPage]);
    assert_eq!(
        lines(&warnings).get(1..3).unwrap(),
        [
            "httpserver.two.enable-admin: has no effect: serves does not list \"burrow\"",
            "httpserver.two.enable-lifecycle: has no effect: serves does not list \"lifecycle\"",
        ]
    );
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
    let config = from_flags(&flags, &REGISTRY, &Overrides::default()).unwrap();
    let consumer = &config.consumers[0];
    assert_eq!(
        (config.clusters[0].name.as_str(), consumer.name.as_str(), consumer.cluster.as_str()),
        ("default", "default", "default")
    );
    assert_eq!(connection(consumer).servers, ["a:1", "[::1]:2"]);
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
        from_flags(&flags, &REGISTRY, &Overrides::default()).unwrap_err().to_string(),
        "--brokers: expected host:port (a host name, IPv4 or [IPv6], and a port from 1 to 65535), found \"a\"\n\
         --group.exclude: expected a regular expression, found \"[\": unclosed character class\n\
         --topic.filter: expected a regular expression, found \"(\": unclosed group"
    );
}
