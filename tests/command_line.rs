//! The command line: what it takes, what it refuses, and with which code it ends.

use std::process::Output;

use crate::rig::broker::Spec;
use crate::rig::process::Process;
use crate::rig::program::{Program, command, quick};
use crate::rig::scratch::Scratch;
use crate::rig::{eventually, free_port, http, seconds};

/// Runs it to its end, which comes soon or is forced.
fn run(arguments: &[&str]) -> Output {
    let scratch = Scratch::new("command-line");
    let mut command = command();
    command.args(arguments);
    let mut process = Process::piped(command, &scratch.join("stderr"));
    let (status, _) = process.wait(seconds(10));
    let mut stdout = Vec::new();
    std::io::Read::read_to_end(process.child().stdout.as_mut().unwrap(), &mut stdout).unwrap();
    Output { status, stdout, stderr: process.log().into_bytes() }
}

fn code(arguments: &[&str]) -> (i32, String) {
    let output = run(arguments);
    let said = [output.stdout, output.stderr].concat();
    (output.status.code().unwrap(), String::from_utf8(said).unwrap())
}

#[test]
fn help_and_version_end_with_0() {
    for arguments in [
        &["--help"][..],
        &["--version"],
        &["run", "--help"],
        &["check", "--help"],
        &["demo", "--help"],
        &["lag", "--help"],
    ] {
        let (code, said) = code(arguments);
        assert_eq!(code, 0, "{arguments:?}: {said}");
    }
    assert!(code(&["--version"]).1.contains(env!("CARGO_PKG_VERSION")));
}

#[test]
fn usage_errors_end_with_64_and_say_why_on_stderr() {
    for arguments in [
        &[][..],
        &["--no-such-flag"],
        &["nosuchcommand"],
        &["--brokers", "127.0.0.1:1", "--config", "x.toml"],
        &["--config", "/no/such/file.toml"],
        &["run"],
        &["check"],
        &["--brokers", ""],
        &["--brokers", "no-port"],
        &["--brokers", "h:0"],
        &["--brokers", "h:70000"],
        &["--brokers", "127.0.0.1:1", "--listen", "nowhere"],
        &["--brokers", "127.0.0.1:1", "--log-level", "loud"],
        &["completion", "tcsh-but-wrong"],
        &["lag"],
        &["lag", "--config", "/no/such/file.toml"],
        &["lag", "--brokers", "no-port"],
        &["lag", "--brokers", "127.0.0.1:1", "--timeout", "soon"],
        &["lag", "--brokers", "127.0.0.1:1", "--output", "xml"],
        &["lag", "--brokers", "127.0.0.1:1", "--listen", ":0"],
    ] {
        let output = run(arguments);
        assert_eq!(output.status.code(), Some(64), "{arguments:?}: {output:?}");
        assert!(!output.stderr.is_empty(), "{arguments:?} ends without a word");
    }
}

#[test]
fn completion_prints_a_script() {
    for shell in ["bash", "zsh", "fish"] {
        let (code, script) = code(&["completion", shell]);
        assert_eq!(code, 0, "{shell}");
        assert!(script.contains("warrener") && script.contains("brokers"), "{shell}: {script}");
    }
}

#[test]
fn an_address_in_use_ends_it_with_1() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let (code, said) = code(&["--brokers", "127.0.0.1:1", "--listen", &address]);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains(&address), "{said}");
}

#[test]
fn check_takes_a_good_file_and_names_every_mistake_of_a_bad_one() {
    let scratch = Scratch::new("check");
    let good = scratch.write("good.toml", quick("127.0.0.1:1", "", ""));
    let (ended, said) = code(&["check", "--config", good.to_str().unwrap()]);
    assert_eq!(ended, 0, "{said}");
    assert!(said.contains("local"), "{said}");
    let bad = quick(
        "127.0.0.1:1",
        "",
        "[metrics]\ngranularty = \"topic\"\n[storage.x]\nclass-name = \"inmemory\"\nintervals = 0\n",
    )
    .replace("cluster = \"local\"", "cluster = \"nowhere\"");
    let bad = scratch.write("bad.toml", bad);
    for verb in ["check", "run"] {
        let (ended, said) = code(&[verb, "--config", bad.to_str().unwrap()]);
        assert_eq!(ended, 64, "{said}");
        for part in ["metrics.granularty", "granularity", "storage.x.intervals", "consumer.local.cluster", "nowhere"] {
            assert!(said.contains(part), "{verb}: {part} is missing: {said}");
        }
    }
}

#[test]
fn a_property_that_is_refused_ends_check_run_and_lag_alike_before_librdkafka_acts_on_it() {
    let scratch = Scratch::new("properties");
    let loaded = scratch.join("loaded");
    let cases = [
        ("\"no.such.thing\" = 1", "No such configuration property"),
        ("\"socket.timeout.ms\" = 1", "is outside allowed range"),
        ("\"fetch.max.bytes\" = 10", "cannot create a Kafka client"),
        ("\"internal.termination.signal\" = 15", "librdkafka would take the signals that end the program"),
        ("\"test.mock.num.brokers\" = 3", "librdkafka would show a simulated cluster"),
        ("\"topic.auto.offset.reset\" = \"latest\"", "it stands for \"auto.offset.reset\""),
        (&format!("\"plugin.library.paths\" = {loaded:?}"), "it loads code into the process"),
    ];
    for (property, why) in cases {
        let text =
            quick("127.0.0.1:1", "client-profile = \"p\"", &format!("[client-profile.p.properties]\n{property}\n"));
        let file = scratch.write("properties.toml", text);
        let said = ["check", "run", "lag"].map(|verb| code(&[verb, "--config", file.to_str().unwrap()]));
        assert_eq!(said.each_ref().map(|(code, _)| *code), [64; 3], "{property}: {said:?}");
        assert!(said[0].1.contains("client-profile.p") && said[0].1.contains(why), "{property}: {}", said[0].1);
        assert_eq!((&said[0].1, &said[0].1), (&said[1].1, &said[2].1));
    }
    let good = "[client-profile.p.properties]\n\"broker.address.family\" = \"v4\"\n\"broker.address.ttl\" = 1000\n";
    let good = scratch.write("good.toml", quick("127.0.0.1:1", "client-profile = \"p\"", good));
    assert_eq!(code(&["check", "--config", good.to_str().unwrap()]).0, 0);
}

#[test]
fn key_material_that_is_none_is_a_mistake_of_the_file() {
    let scratch = Scratch::new("key-material");
    let none = scratch.write("none.pem", "this is no key");
    let more = format!(
        "[client-profile.p]\ntls = \"t\"\n[tls.t]\ncafile = {none:?}\n[consumer.z]\nclass-name = \"kafka_zk\"\n\
         cluster = \"local\"\nservers = [\"127.0.0.1:1\"]\nclient-profile = \"p\"\n"
    );
    let file = scratch.write("tls.toml", quick("127.0.0.1:1", "client-profile = \"p\"", &more));
    for verb in ["check", "run", "lag"] {
        let (ended, said) = code(&[verb, "--config", file.to_str().unwrap()]);
        assert_eq!(ended, 64, "{said}");
        let expected =
            format!("tls.t.cafile: expected a PEM file with certificates, found {}: it has none", none.display());
        assert!(said.contains(&expected), "{said}");
    }
}

#[test]
fn a_feature_that_is_not_there_yet_is_refused_by_run_and_warned_of_by_check() {
    let scratch = Scratch::new("unsupported");
    let more = "[consumer.asks]\nclass-name = \"kafka_admin\"\ncluster = \"local\"\nservers = [\"127.0.0.1:1\"]\n";
    let file = scratch.write("file.toml", quick("127.0.0.1:1", "", more));
    let refused = "consumer.asks.class-name: kafka_admin: not supported yet";
    for (verb, expected) in [("check", 0), ("run", 64)] {
        let (ended, said) = code(&[verb, "--config", file.to_str().unwrap()]);
        assert_eq!(ended, expected, "{said}");
        assert!(said.contains(refused), "{said}");
    }
}

#[test]
fn a_wrong_web_configuration_is_refused_with_every_mistake_but_by_lag_which_has_no_listeners() {
    let scratch = Scratch::new("web");
    let web = scratch.write("web.yml", "tls_server_config:\n  cert_file: none.pem\n  max_version: TLS11\n");
    let (web, file) = (web.to_str().unwrap(), scratch.write("file.toml", quick("127.0.0.1:1", "", "")));
    let file = file.to_str().unwrap();
    for verb in ["check", "run"] {
        let (ended, said) = code(&[verb, "--config", file, "--web.config.file", web]);
        assert_eq!(ended, 64, "{said}");
        let place = format!("httpserver.default.web-config-file: {web}: tls_server_config");
        for mistake in [
            "cert_file: expected a readable file, found \"none.pem\": No such file or directory (os error 2)",
            "key: expected key or key_file, found neither",
            "max_version: expected TLS12 or TLS13, found an older version, which is not supported",
        ] {
            assert!(said.contains(&format!("{place}.{mistake}\n")), "{mistake}: {said}");
        }
    }
    let more = format!("[httpserver.default]\naddress = \"127.0.0.1:0\"\nweb-config-file = {web:?}\n");
    let file = scratch.write("other.toml", quick("127.0.0.1:1", "", &more));
    let (ended, said) = code(&["lag", "--timeout", "1", "--config", file.to_str().unwrap()]);
    assert_eq!(ended, 1, "{said}");
}

#[test]
fn flags_come_from_the_environment_too() {
    let port = free_port();
    let scratch = Scratch::new("environment");
    let mut command = command();
    command.env("WARRENER_BROKERS", "127.0.0.1:1").env("WARRENER_LISTEN", format!("127.0.0.1:{port}"));
    let _process = Process::start(command, &scratch.join("log"));
    eventually(seconds(10), "listening warrener", || http::get(port, "/-/healthy", &[]));
}

#[test]
fn sighup_without_a_file_is_only_logged_and_sigint_ends_it_with_0() {
    let mut program = Program::with_brokers("127.0.0.1:1");
    program.signal(libc::SIGHUP);
    eventually(seconds(5), "log line about SIGHUP", || match program.log() {
        log if log.contains("the configuration is not read again: it came from the command line") => Ok(()),
        log => Err(log),
    });
    assert_eq!(program.get("/-/healthy").status, 200);
    assert!(program.runs());
    program.terminate();
    let mut program = Program::with_brokers("127.0.0.1:1");
    program.signal(libc::SIGINT);
    assert_eq!(program.wait(seconds(5)).code(), Some(0));
}

/// Burrow's own sample file, at a real broker: the parts that no broker of the rig has are left out.
#[test]
fn a_file_written_for_burrow_starts_unchanged() {
    let cluster = Spec::common();
    cluster.create_topic("burrowed", 1);
    let file = BURROW.replace("kafka01.example.com:10251", &cluster.bootstrap());
    let program = Program::with_config(&file);
    program.await_ready(seconds(60));
    let page = program.page();
    assert_eq!(page.value("kafka_topic_partitions", &[("cluster", "local"), ("topic", "burrowed")]), Some(1.0));
    let log = program.log();
    for key in ["general.pidfile", "zookeeper", "notifier"] {
        assert!(log.contains(key), "no warning names {key}: {log}");
    }
    program.terminate();
}

/// `config/burrow.toml` of LinkedIn's Burrow, without its ZooKeeper consumer.
const BURROW: &str = r#"
[general]
pidfile="burrow.pid"
stdout-logfile="burrow.out"
access-control-allow-origin="mysite.example.com"

[logging]
filename="logs/burrow.log"
level="info"
maxsize=100
maxbackups=30
maxage=10
use-localtime=false
use-compression=true

[zookeeper]
servers=[ "zkhost01.example.com:2181", "zkhost02.example.com:2181", "zkhost03.example.com:2181" ]
timeout=6
root-path="/burrow"

[client-profile.test]
client-id="burrow-test"
kafka-version="0.10.0"

[cluster.local]
class-name="kafka"
servers=[ "kafka01.example.com:10251" ]
client-profile="test"
topic-refresh=120
offset-refresh=30
groups-reaper-refresh=0

[consumer.local]
class-name="kafka"
cluster="local"
servers=[ "kafka01.example.com:10251" ]
client-profile="test"
group-denylist="^(console-consumer-|python-kafka-consumer-|quick-).*$"
group-allowlist=""

[httpserver.default]
address=":8000"

[storage.default]
class-name="inmemory"
workers=20
intervals=15
expire-group=604800
min-distance=1

[notifier.default]
class-name="http"
url-open="http://someservice.example.com:1467/v1/event"
interval=60
timeout=5
keepalive=30
extras={ api_key="REDACTED", app="burrow", tier="STG", fabric="mydc" }
template-open="conf/default-http-post.tmpl"
template-close="conf/default-http-delete.tmpl"
method-close="DELETE"
send-close=true
threshold=1
"#;
