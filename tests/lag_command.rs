//! `warrener lag` beside Kafka's own tool.

use std::collections::BTreeMap;
use std::io::Read;
use std::net::TcpListener;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::rig::broker::{Cluster, Spec};
use crate::rig::maven::Version;
use crate::rig::process::Process;
use crate::rig::program::{command, quick};
use crate::rig::scratch::Scratch;
use crate::rig::tools::Row;
use crate::rig::wire::Committer;
use crate::rig::{eventually, pause, seconds};

const HEAD: &str = "CLUSTER  GROUP  TOPIC  PARTITION  CURRENT-OFFSET  LOG-END-OFFSET  LAG  TIME-LAG  STATUS  OWNER\n";

/// How one `warrener lag` ended.
struct Ended {
    code: i32,
    stdout: String,
    stderr: String,
    took: Duration,
}

fn start(arguments: &[&str], scratch: &Scratch) -> Process {
    let mut command = command();
    command.arg("lag").args(arguments);
    Process::piped(command, &scratch.join("stderr"))
}

fn end(mut process: Process, began: Instant) -> Ended {
    let mut stdout = String::new();
    process.child().stdout.take().unwrap().read_to_string(&mut stdout).unwrap();
    let (status, _) = process.wait(seconds(60));
    let code = status.code().unwrap_or_else(|| panic!("{status:?}: {}", process.log()));
    Ended { code, stdout, stderr: process.log(), took: began.elapsed() }
}

fn lag(arguments: &[&str]) -> Ended {
    let scratch = Scratch::new("lag");
    let began = Instant::now();
    end(start(arguments, &scratch), began)
}

/// The table's rows by group, topic and partition, each with its cells by column. No name here has a space in it.
fn parsed(table: &str) -> BTreeMap<String, Row> {
    let mut lines = table.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    let head = lines.next().unwrap();
    let row = |cells: Vec<&str>| {
        assert_eq!(cells.len(), head.len(), "{cells:?}");
        let row: Row = head.iter().zip(cells).map(|(name, cell)| ((*name).to_owned(), cell.to_owned())).collect();
        (key(&row), row)
    };
    lines.map(row).collect()
}

fn key(row: &Row) -> String {
    ["GROUP", "TOPIC", "PARTITION"].map(|column| row[column].as_str()).join("/")
}

fn numbers(row: &Row) -> Vec<String> {
    ["CURRENT-OFFSET", "LOG-END-OFFSET", "LAG"].map(|column| row[column].clone()).into()
}

#[test]
fn it_says_what_the_consumer_group_command_says_and_more() {
    let cluster = Spec::new(Version::LATEST).offsets_partitions(50).start();
    let brokers = cluster.bootstrap();
    let nobody = lag(&["--brokers", &brokers]);
    assert_eq!((nobody.code, nobody.stdout.as_str(), nobody.stderr.as_str()), (0, HEAD, ""));
    assert_eq!(lag(&["--brokers", &brokers, "--output", "json"]).stdout, "[]\n");
    let _members = fill(&cluster);
    equals_the_tool(&cluster);
    is_quick(&brokers);
    json_has_the_same(&brokers);
    groups_are_chosen(&brokers);
    a_closed_pipe_is_no_error(&brokers);
}

fn fill(cluster: &Cluster) -> Vec<Process> {
    let tools = cluster.tools();
    cluster.create_topic("orders", 3);
    (0..3).for_each(|partition| cluster.produce("orders", partition, 20));
    let members = vec![
        tools.consumer("idle", "orders", &[]),
        tools.consumer("stuck", "orders", &["enable.auto.commit=false", "client.id=stuck-client"]),
    ];
    tools.consume("gone", "orders", 8);
    let mut committer = Committer::new(cluster.port());
    committer.commit("slow", "orders", &[(0, 5), (2, 20)]);
    committer.commit("ev\u{1b}[31mil", "orders", &[(0, 20)]);
    eventually(seconds(60), "members of the live groups", || {
        let rows = tools.describe("--offsets");
        let owned = |group: &str| rows.iter().filter(|row| row["GROUP"] == group && row["CONSUMER-ID"] != "-").count();
        let caught_up = rows.iter().filter(|row| row["GROUP"] == "idle" && row["LAG"] == "0").count();
        if (owned("idle"), owned("stuck"), caught_up) == (3, 3, 3) { Ok(()) } else { Err(format!("{rows:?}")) }
    });
    members
}

fn equals_the_tool(cluster: &Cluster) {
    let told = lag(&["--brokers", &cluster.bootstrap()]);
    assert_eq!((told.code, told.stderr.as_str()), (0, ""), "{}", told.stdout);
    let ours = parsed(&told.stdout);
    let theirs: BTreeMap<String, Row> =
        cluster.tools().describe("--offsets").into_iter().map(|row| (key(&row), row)).collect();
    let shown = |name: &String| name.replace('\u{1b}', "\\u{1b}");
    assert_eq!(
        ours.keys().collect::<Vec<_>>(),
        theirs.keys().map(shown).collect::<Vec<_>>().iter().collect::<Vec<_>>()
    );
    for (name, theirs) in &theirs {
        let ours = &ours[&shown(name)];
        assert_eq!(numbers(ours), numbers(theirs), "{name}");
        let owner = match theirs["CONSUMER-ID"].as_str() {
            "-" => "-".to_owned(),
            _ => format!("{}@{}", theirs["CLIENT-ID"], theirs["HOST"].trim_start_matches('/')),
        };
        assert_eq!(ours["OWNER"], owner, "{name}");
        let waits = match theirs["LAG"].as_str() {
            "0" => ours["TIME-LAG"] == "0s",
            "-" => ours["TIME-LAG"] == "-",
            _ => !["-", "0s"].contains(&ours["TIME-LAG"].as_str()),
        };
        assert!(waits, "{ours:?}");
    }
    let lines: Vec<&str> = told.stdout.lines().collect();
    let status = |line: &str| line.split_whitespace().nth(8).unwrap().to_owned();
    assert_ne!(status(lines[1]), "OK", "the worst comes first: {}", told.stdout);
    assert_eq!(status(lines[lines.len() - 1]), "OK", "the best comes last: {}", told.stdout);
    assert!(!told.stdout.contains('\u{1b}'));
}

fn is_quick(brokers: &str) {
    let took: Vec<Duration> = (0..5).map(|_| lag(&["--brokers", brokers]).took).collect();
    assert!(took.iter().min() < Some(&seconds(2)), "{took:?}");
}

fn json_has_the_same(brokers: &str) {
    let (table, json) = (lag(&["--brokers", brokers]), lag(&["--brokers", brokers, "--output", "json"]));
    let rows: Vec<Value> = serde_json::from_str(&json.stdout).unwrap();
    let names = HEAD.split_whitespace();
    let columns: Vec<(&str, String)> = names.map(|name| (name, name.to_lowercase().replace('-', "_"))).collect();
    let cells = |row: &Value| {
        assert_eq!(row.as_object().unwrap().len(), columns.len());
        let cell = |(name, key): &(&str, String)| match (&row[key], *name) {
            (Value::Null, _) => "-".to_owned(),
            (Value::Number(seconds), "TIME-LAG") if seconds.as_f64() == Some(0.0) => "0s".to_owned(),
            (Value::Number(number), _) => number.to_string(),
            (Value::String(text), _) => text.replace('\u{1b}', "\\u{1b}"),
            other => panic!("{other:?}"),
        };
        columns.iter().map(cell).collect::<Vec<_>>()
    };
    let ours: Vec<Vec<String>> = rows.iter().map(cells).collect();
    let theirs: Vec<Vec<String>> =
        table.stdout.lines().skip(1).map(|line| line.split_whitespace().map(str::to_owned).collect()).collect();
    let without_time = |rows: Vec<Vec<String>>| -> Vec<Vec<String>> {
        let keep = |(index, cell): (usize, String)| (index != 7).then_some(cell);
        rows.into_iter().map(|row| row.into_iter().enumerate().filter_map(keep).collect()).collect()
    };
    assert_eq!(without_time(ours), without_time(theirs));
}

fn groups_are_chosen(brokers: &str) {
    let groups = |told: &Ended| {
        let mut groups: Vec<String> = parsed(&told.stdout).into_values().map(|row| row["GROUP"].clone()).collect();
        groups.dedup();
        groups
    };
    let two = lag(&["--brokers", brokers, "--group", "slow", "--group", "gone"]);
    assert_eq!((two.code, groups(&two), two.stderr.as_str()), (0, vec!["gone".to_owned(), "slow".to_owned()], ""));
    let unknown = lag(&["--brokers", brokers, "--group", "slow", "--group", "slo"]);
    assert_eq!((unknown.code, groups(&unknown)), (1, vec!["slow".to_owned()]));
    assert_eq!(unknown.stderr, "group \"slo\" was not found\n");
}

fn a_closed_pipe_is_no_error(brokers: &str) {
    let scratch = Scratch::new("lag");
    let mut process = start(&["--brokers", brokers], &scratch);
    drop(process.child().stdout.take());
    let (status, _) = process.wait(seconds(30));
    assert_eq!((status.code(), process.log().as_str()), (Some(0), ""));
}

#[test]
fn a_cluster_that_does_not_answer_costs_its_own_rows_and_the_exit_code() {
    let cluster = Spec::common();
    cluster.create_topic("half", 1);
    cluster.produce("half", 0, 10);
    Committer::new(cluster.port()).commit("half-reader", "half", &[(0, 4)]);
    let scratch = Scratch::new("lag-config");
    // A port that a run could not listen on, and a start that would show nothing of the past.
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let more = format!(
        "start-latest = true\n[cluster.dead]\nclass-name = \"kafka\"\nservers = [\"127.0.0.1:1\"]\n\
         [httpserver.default]\naddress = \"{}\"\n[logging]\nlevel = \"debug\"\n",
        taken.local_addr().unwrap()
    );
    let file = scratch.write("two.toml", quick(&cluster.bootstrap(), "", &more));
    let told = lag(&["--config", file.to_str().unwrap(), "--timeout", "3s", "--group", "half-reader"]);
    assert_eq!(told.code, 1, "{}", told.stderr);
    assert!(told.took >= seconds(3) && told.took < seconds(6), "{:?}", told.took);
    let rows: Vec<Row> = parsed(&told.stdout).into_values().collect();
    let of = |row: &Row| ["CLUSTER", "GROUP", "LAG"].map(|column| row[column].clone());
    assert_eq!(rows.iter().map(of).collect::<Vec<_>>(), [["local", "half-reader", "6"].map(str::to_owned)]);
    let last = told.stderr.lines().last().unwrap();
    assert_eq!(last, "cluster \"dead\" did not answer within 3s: 127.0.0.1:1: connect failed: Connection refused");
    assert!(!told.stderr.contains("DEBUG") && !told.stderr.contains("INFO"), "{}", told.stderr);
}

#[test]
fn a_signal_ends_the_wait_and_what_is_known_is_printed() {
    for signal in [libc::SIGINT, libc::SIGTERM] {
        let scratch = Scratch::new("lag");
        let mut process = start(&["--brokers", "127.0.0.1:1", "--timeout", "60"], &scratch);
        eventually(seconds(10), "first complaint", || match process.log() {
            log if log.contains("Connection refused") => Ok(()),
            log => Err(log),
        });
        pause(Duration::from_millis(100));
        let began = Instant::now();
        process.signal(signal);
        let told = end(process, began);
        assert_eq!((told.code, told.stdout.as_str()), (1, HEAD), "{}", told.stderr);
        assert!(told.took < seconds(3), "{:?}", told.took);
        let last = told.stderr.lines().last().unwrap();
        assert!(last.starts_with("cluster \"default\" did not answer before the reading was interrupted: "), "{last}");
    }
}
