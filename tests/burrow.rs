//! Burrow's API on a real broker, against what Kafka's own tools say.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::rig::broker::{Cluster, Spec};
use crate::rig::http::{raw, request};
use crate::rig::maven::Version;
use crate::rig::program::Program;
use crate::rig::tools::{Place, Row};
use crate::rig::wire::Committer;
use crate::rig::{eventually, seconds};

/// A name with all that a path must not hold as it is.
const ODD: (&str, &str) = ("gr\u{fc}n/1 %?#", "gr%C3%BCn%2F1%20%25%3F%23");

/// The body of an answer, whose status is as expected.
fn body(program: &Program, path: &str, status: u16) -> Value {
    let answer = program.get(path);
    assert_eq!((answer.status, answer.header("content-type")), (status, Some("application/json")), "{path}");
    serde_json::from_slice(&answer.body).unwrap_or_else(|error| panic!("{path}: {error}: {}", answer.text()))
}

fn names(list: &Value) -> BTreeSet<String> {
    list.as_array().unwrap().iter().map(|name| name.as_str().unwrap().to_owned()).collect()
}

/// Committed offset, lag, host and client id of a partition; -1 and 0 where there is none.
type Facts = (i64, i64, String, String);

/// By the tool.
fn told(rows: &[Row]) -> BTreeMap<Place, Facts> {
    let number = |word: &str, none| if word == "-" { none } else { word.parse().unwrap() };
    let word = |word: &str| if word == "-" { String::new() } else { word.to_owned() };
    let facts = |row: &Row| {
        let (committed, lag) = (number(&row["CURRENT-OFFSET"], -1), number(&row["LAG"], 0));
        (committed, lag, word(&row["HOST"]), word(&row["CLIENT-ID"]))
    };
    let place = |row: &Row| (row["GROUP"].clone(), row["TOPIC"].clone(), row["PARTITION"].parse().unwrap());
    rows.iter().map(|row| (place(row), facts(row))).collect()
}

/// By `/lag`, for what the tool lists.
fn shown(program: &Program, groups: &BTreeSet<String>, listed: &BTreeMap<Place, Facts>) -> BTreeMap<Place, Facts> {
    let mut all = BTreeMap::new();
    for group in groups {
        let status = body(program, &format!("/v3/kafka/local/consumer/{group}/lag"), 200)["status"].clone();
        let partitions = status["partitions"].as_array().unwrap();
        assert_eq!(status["partition_count"], partitions.len(), "{status}");
        let lags = partitions.iter().map(|partition| partition["current_lag"].as_i64().unwrap());
        assert_eq!(status["totallag"], lags.clone().sum::<i64>(), "{status}");
        assert_eq!(status["maxlag"]["current_lag"].as_i64(), lags.max(), "{status}");
        for partition in partitions {
            let text = |key: &str| partition[key].as_str().unwrap().to_owned();
            let number = |value: &Value| value.as_i64();
            let place =
                (group.clone(), text("topic"), i32::try_from(number(&partition["partition"]).unwrap()).unwrap());
            let committed = number(&partition["end"]["offset"]).unwrap_or(-1);
            let facts = (committed, number(&partition["current_lag"]).unwrap(), text("owner"), text("client_id"));
            // The tool leaves out what is neither committed nor owned.
            if listed.contains_key(&place) || facts != (-1, 0, String::new(), String::new()) {
                all.insert(place, facts);
            }
        }
    }
    all
}

fn served() -> (Cluster, Program) {
    let cluster = Spec::new(Version::LATEST).start();
    for (topic, partitions) in [("orders", 3), ("spare", 2)] {
        cluster.create_topic(topic, partitions);
    }
    for partition in 0..3 {
        cluster.produce("orders", partition, 20);
    }
    let program = Program::administered(&cluster.bootstrap());
    (cluster, program)
}

#[test]
fn the_api_says_what_kafkas_tools_say() {
    let (cluster, program) = served();
    let tools = cluster.tools();
    let _idle = tools.consumer("idle", "orders", &[]);
    let _stuck = tools.consumer("stuck", "spare", &["enable.auto.commit=false"]);
    tools.consume("behind", "orders", 15);
    let mut committer = Committer::new(cluster.port());
    committer.commit(ODD.0, "orders", &[(1, 5)]);
    let all: BTreeSet<String> = ["behind", "idle", "stuck", ODD.0].map(str::to_owned).into();
    // A group that commits to nothing has no partition to be judged: its detail says what it owns.
    let judged: BTreeSet<String> = ["behind", "idle"].map(str::to_owned).into();
    eventually(seconds(60), "bodies as the tools have it", || {
        let rows = tools.describe("--offsets");
        let mut listed = told(&rows);
        let owned = listed.iter().filter(|((group, ..), _)| group == "stuck").count();
        let caught_up = listed.iter().filter(|((group, ..), facts)| group == "idle" && facts.1 == 0).count();
        listed.retain(|(group, ..), _| judged.contains(group));
        let ours = names(&body(&program, "/v3/kafka/local/consumer", 200)["consumers"]);
        if ours != all || owned != 2 || caught_up != 3 {
            return Err(format!("{ours:?}: {rows:?}"));
        }
        let found = shown(&program, &judged, &listed);
        if found == listed { Ok(()) } else { Err(format!("\nours   {found:?}\ntheirs {listed:?}")) }
    });
    let ends = tools.offsets("-1");
    let orders: Vec<i64> = (0..3).map(|partition| ends[&("orders".to_owned(), partition)]).collect();
    assert_eq!(body(&program, "/v3/kafka/local/topic/orders", 200)["offsets"], json!(orders));
    assert_eq!(body(&program, "/v3/kafka/local/topic/nothing", 404)["message"], "cluster or topic not found");
    let topics = names(&body(&program, "/v3/kafka/local/topic", 200)["topics"]);
    assert_eq!(topics, ["__consumer_offsets", "orders", "spare"].map(str::to_owned).into());
    let of =
        |topic: &str| names(&body(&program, &format!("/v3/kafka/local/topic/{topic}/consumers"), 200)["consumers"]);
    assert_eq!(of("orders"), ["behind", "idle", ODD.0].map(str::to_owned).into());
    assert_eq!(of("spare"), ["stuck".to_owned()].into());
    let stuck = body(&program, "/v3/kafka/local/consumer/stuck", 200)["topics"]["spare"].clone();
    let waiting = json!({"offsets": [], "owner": "/127.0.0.1", "client_id": "console-consumer", "current-lag": 0});
    assert_eq!(stuck, json!([waiting, waiting]));
    let odd = body(&program, &format!("/v3/kafka/local/consumer/{}/status", ODD.1), 200);
    assert_eq!((&odd["status"]["group"], &odd["status"]["totallag"]), (&json!(ODD.0), &json!(15)));
    assert_eq!(odd["request"]["url"], format!("/v3/kafka/local/consumer/{}/status", ODD.0));
    let detail = body(&program, &format!("/v3/kafka/local/consumer/{}", ODD.1), 200)["topics"]["orders"].clone();
    assert_eq!(detail.as_array().unwrap().len(), 3);
    assert_eq!((&detail[1]["offsets"][8], &detail[1]["offsets"][9]["lag"]), (&Value::Null, &json!(15)));
}

#[test]
fn a_removed_group_is_gone_everywhere_until_it_commits() {
    let (cluster, program) = served();
    let mut committer = Committer::new(cluster.port());
    committer.commit("doomed", "orders", &[(0, 1)]);
    committer.commit("other", "orders", &[(0, 2)]);
    let path = "/v3/kafka/local/consumer/doomed";
    let is_there = || names(&body(&program, "/v3/kafka/local/consumer", 200)["consumers"]).contains("doomed");
    let seen = || if is_there() { Ok(()) } else { Err("not there".to_owned()) };
    eventually(seconds(60), "group", seen);
    program.page_where(seconds(10), "its lag", |page| {
        page.value("kafka_consumergroup_lag_sum", &[("consumergroup", "doomed")]).map(drop).ok_or("none".to_owned())
    });
    let answer = request(program.port, "DELETE", path, &[]).unwrap();
    assert_eq!((answer.status, answer.text().contains("consumer group removed")), (200, true));
    assert_eq!(body(&program, path, 404)["message"], "cluster or consumer not found");
    for of in ["status", "lag"] {
        assert_eq!(body(&program, &format!("{path}/{of}"), 404)["status"]["status"], "NOTFOUND");
    }
    assert_eq!(program.page().groups(), ["other"].into());
    committer.commit("doomed", "orders", &[(0, 3)]);
    eventually(seconds(30), "group that is back", seen);
    let without = Program::quick(&cluster.bootstrap(), "").ready();
    assert_eq!(request(without.port, "DELETE", path, &[]).unwrap().status, 403);
    assert_eq!(body(&without, path, 200)["error"], false);
}

#[test]
fn the_log_level_changes_while_it_runs() {
    let program = Program::administered("127.0.0.1:1");
    let set = |level: &str| {
        let text = format!("{{\"level\":\"{level}\"}}");
        let head = "POST /v3/admin/loglevel HTTP/1.1\r\nHost: x\r\nConnection: close\r\n";
        let ask = format!("{head}Content-Length: {}\r\n\r\n{text}", text.len());
        raw(program.port, ask.as_bytes(), seconds(10)).unwrap().status
    };
    let level = || body(&program, "/v3/admin/loglevel", 200)["level"].clone();
    // At debug a connection that says nothing sensible is told of.
    let told = || {
        drop(raw(program.port, b"no request\r\n\r\n", seconds(10)));
        program.log().matches("a connection ended early").count()
    };
    assert_eq!((level(), told()), (json!("info"), 0));
    assert_eq!((set("debug"), level()), (200, json!("debug")));
    eventually(seconds(10), "line of level debug", || if told() > 0 { Ok(()) } else { Err(program.log()) });
    assert_eq!((set("loud"), set("warning"), level()), (404, 200, json!("warn")));
    let before = told();
    assert_eq!(told(), before);
    let admin = program.get("/burrow/admin");
    assert_eq!((admin.status, admin.text()), (200, "GOOD"));
    let ready = program.get("/burrow/admin/ready");
    assert_eq!((ready.status, ready.text()), (503, "STARTING"));
}
