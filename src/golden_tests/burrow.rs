//! Burrow's API: every route, for every group and topic, and what is refused. In each file the method, the path and the
//! body of a request come first, then the status code and the body of the answer.

use super::json::lay_out;
use super::program::{Program, Setting};
use super::setting::{NOW, RULES, config};
use super::storage::{NOT_SHOWN, SHOWN, TOPICS, WEST, storage};
use super::{Golden, percent};

fn program() -> Program {
    let layout = |body: &_| lay_out(&serde_json::to_string(body).unwrap());
    Program::new(config(), storage(), Setting { rules: RULES, host: "warrener1", now: NOW, layout })
}

pub(super) fn goldens() -> Vec<Golden> {
    let missing = of_groups(&[("main", &NOT_SHOWN), ("nowhere", &[b"billing"])]);
    let groups = [
        ("classic", of_groups(&SHOWN[..1])),
        ("newer", of_groups(&SHOWN[1..2])),
        ("other", [of_groups(&SHOWN[2..]), missing].concat()),
    ];
    let mut goldens = Vec::new();
    for (name, requests) in groups {
        for (kind, below) in [("consumer", ""), ("status", "/status"), ("lag", "/lag")] {
            let requests: Vec<String> = requests.iter().map(|request| format!("{request}{below}")).collect();
            goldens.push((format!("v3/{kind}-{name}.txt"), program().talk(false, &requests)));
        }
    }
    let requests = |list: &[&str]| list.iter().map(|request| (*request).to_owned()).collect::<Vec<_>>();
    goldens.extend([
        ("v3/lists.txt".to_owned(), program().talk(false, &lists())),
        ("v3/config.txt".to_owned(), program().talk(false, &requests(&CONFIGURATION))),
        ("v3/admin.txt".to_owned(), program().talk(true, &requests(&ADMIN))),
        ("v3/refused.txt".to_owned(), program().talk(false, &requests(&REFUSED))),
    ]);
    goldens
}

/// The request for each group.
fn of_groups(groups: &[(&str, &[&[u8]])]) -> Vec<String> {
    let requests = groups.iter().flat_map(|(cluster, groups)| {
        let cluster = percent(cluster.as_bytes());
        groups.iter().map(move |group| format!("GET /v3/kafka/{cluster}/consumer/{}", percent(group)))
    });
    requests.collect()
}

/// Clusters, topics, and the names of groups.
fn lists() -> Vec<String> {
    let mut requests = vec!["GET /v3/kafka".to_owned()];
    for cluster in ["main", WEST, "empty", "nowhere"].map(|cluster| percent(cluster.as_bytes())) {
        requests.extend(["", "/topic", "/consumer"].map(|below| format!("GET /v3/kafka/{cluster}{below}")));
    }
    for (cluster, topics) in TOPICS {
        let (cluster, topics) = (percent(cluster.as_bytes()), topics.iter().map(|topic| percent(topic.as_bytes())));
        let paths = topics.map(|topic| format!("GET /v3/kafka/{cluster}/topic/{topic}"));
        requests.extend(paths.flat_map(|path| [path.clone(), format!("{path}/consumers")]));
    }
    requests
}

const CONFIGURATION: [&str; 19] = [
    "GET /v3/config",
    "GET /v3/config/storage",
    "GET /v3/config/storage/memory",
    "GET /v3/config/storage/default",
    "GET /v3/config/evaluator",
    "GET /v3/config/evaluator/judge",
    "GET /v3/config/evaluator/default",
    "GET /v3/config/cluster",
    "GET /v3/config/cluster/main",
    "GET /v3/config/cluster/west%20%222%22",
    "GET /v3/config/cluster/nowhere",
    "GET /v3/config/consumer",
    "GET /v3/config/consumer/main",
    "GET /v3/config/consumer/legacy",
    "GET /v3/config/consumer/ask",
    "GET /v3/config/consumer/west%20%222%22",
    "GET /v3/config/consumer/none",
    "GET /v3/config/notifier",
    "GET /v3/config/notifier/mail",
];

const ADMIN: [&str; 15] = [
    "GET /v3/admin/loglevel",
    "POST /v3/admin/loglevel {\"level\":\"DEBUG\"}",
    "GET /v3/admin/loglevel",
    "POST /v3/admin/loglevel {\"level\":\"loud\"}",
    "POST /v3/admin/loglevel {\"level\":7}",
    "DELETE /v3/kafka/main/consumer/mixed/topic/orders",
    "GET /v3/kafka/main/consumer/mixed/status",
    "DELETE /v3/kafka/main/consumer/queue",
    "GET /v3/kafka/main/consumer/queue/status",
    "DELETE /v3/kafka/main/consumer/odd%5C%FF%0A",
    "GET /v3/kafka/main/consumer/odd%5C%FF%0A",
    "DELETE /v3/kafka/main/consumer/none",
    "DELETE /v3/kafka/nowhere/consumer/billing",
    "GET /v3/kafka/main/consumer",
    "GET /v3/kafka/main/topic/orders/consumers",
];

const REFUSED: [&str; 12] = [
    "POST /v3/admin/loglevel {\"level\":\"debug\"}",
    "DELETE /v3/kafka/main/consumer/billing",
    "DELETE /v3/kafka/main/consumer/billing/topic/orders",
    "GET /v3/kafka/main/consumer/billing/topic/orders",
    "DELETE /v3/kafka/main",
    "POST /v3/kafka",
    "PUT /v3/kafka/main/consumer/billing",
    "PATCH /v3/admin/loglevel",
    "GET /v3",
    "GET /v3/kafka/",
    "GET /v3/kafka/main/consumer/%GG/status",
    "GET /v3/kafka/main/consumer/odd%5C%5C%5Cxff%0A/lag",
];
