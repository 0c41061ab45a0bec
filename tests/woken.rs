//! Who is woken: warrener, a real Prometheus with the rules that are shipped, a real Alertmanager with the
//! configuration that is shipped, and a webhook. A minute of waiting is a second here ([`rules::hastened`]); the
//! expressions are those that are shipped.
//!
//! [`rules::hastened`]: crate::rig::rules::hastened

use crate::rig::alertmanager::Alertmanager;
use crate::rig::broker::Spec;
use crate::rig::inbox::{Alert, Inbox};
use crate::rig::maven::Version;
use crate::rig::program::Program;
use crate::rig::prometheus::Prometheus;
use crate::rig::wire::Committer;
use crate::rig::{eventually, free_port, pause, seconds};

/// What the inbox was told first of an alert on a group.
fn told(inbox: &Inbox, alert: &str, group: &str) -> Alert {
    eventually(seconds(60), "notification", || {
        let all = inbox.alerts();
        let found = all.iter().find(|told| told.label("alertname") == alert && told.label("consumergroup") == group);
        found.cloned().ok_or_else(|| format!("no {alert} of {group} in {all:?}"))
    })
}

#[test]
fn a_stalled_group_of_the_demo_is_told_to_whoever_is_on_call() {
    let (demo, inbox) = (Program::fresh_demo(), Inbox::open());
    let alertmanager = Alertmanager::telling(&inbox);
    let prometheus = Prometheus::watching(&[demo.port], alertmanager.port);

    let stalled = told(&inbox, "KafkaGroupStalled", "recommendations");
    assert!(stalled.is_firing());
    assert_eq!(stalled.path, "/page");
    for (name, value) in [
        ("cluster", "default"),
        ("topic", "inventory"),
        ("severity", "critical"),
        ("job", "warrener"),
        ("instance", ""),
    ] {
        assert_eq!(stalled.label(name), value, "{name}");
    }
    assert_eq!(stalled.group, serde_json::json!({"cluster": "default", "consumergroup": "recommendations"}));
    assert_eq!(stalled.annotation("summary"), "Group recommendations (default) is stalled");
    assert_eq!(stalled.annotation("runbook_url"), "docs/runbooks.md#kafkagroupstalled");
    assert!(stalled.annotation("description").contains("in 4 partitions of topic inventory"));

    told(&inbox, "KafkaGroupStopped", "legacy-exporter");
    let rewound = told(&inbox, "KafkaGroupRewound", "ledger-replay");
    assert_eq!((rewound.path.as_str(), rewound.label("severity")), ("/notice", "warning"));
    let strangers: Vec<Alert> = inbox.alerts().into_iter().filter(is_well).collect();
    assert!(strangers.is_empty(), "{strangers:?}");
    eventually(seconds(30), "evaluation of every rule", || match prometheus.rules_not_well()? {
        rules if rules.is_empty() => Ok(()),
        rules => Err(format!("{rules:?}")),
    });
}

/// What no alert should be about in the demo's first minute.
fn is_well(told: &Alert) -> bool {
    let group = told.label("consumergroup");
    ["orders-service", "payments-service", "shipping", "report-builder", "connect-cluster"].contains(&group)
        || group.starts_with("console-consumer-")
}

/// An alert that is told to an Alertmanager, and whether one that stands for something larger silences it.
const SILENCED: [(&[&str], &[&str], bool); 8] = [
    (&["alertname=KafkaClusterUnreachable", "cluster=c1"], &["alertname=KafkaGroupStopped", "cluster=c1"], true),
    (&["alertname=KafkaClusterUnreachable", "cluster=c2"], &["alertname=KafkaGroupStopped", "cluster=c3"], false),
    (
        &["alertname=KafkaClusterUnreachable", "cluster=c4", "env=test"],
        &["alertname=KafkaGroupStopped", "cluster=c4", "env=prod"],
        false,
    ),
    (&["alertname=WarrenerDown", "job=j5"], &["alertname=KafkaGroupStopped", "cluster=c5", "job=j5"], true),
    (&["alertname=WarrenerDown", "job=j6"], &["alertname=KafkaGroupStopped", "cluster=c6", "job=other"], false),
    (
        &["alertname=WarrenerTargetDown", "job=j7", "instance=a"],
        &["alertname=WarrenerNotReady", "cluster=c7", "job=j7", "instance=a"],
        true,
    ),
    (
        &["alertname=KafkaGroupStopped", "severity=critical", "cluster=c8", "consumergroup=g"],
        &["alertname=KafkaGroupLate", "severity=warning", "cluster=c8", "consumergroup=g"],
        true,
    ),
    (
        &["alertname=KafkaGroupStopped", "severity=critical", "cluster=c9", "consumergroup=g"],
        &["alertname=KafkaGroupLate", "severity=warning", "cluster=c9", "consumergroup=h"],
        false,
    ),
];

#[test]
fn what_is_larger_silences_its_own_and_nothing_else() {
    let alertmanager = Alertmanager::telling(&Inbox::open());
    for (number, (source, target, _)) in SILENCED.iter().enumerate() {
        for (role, labels) in [("source", source), ("target", target)] {
            alertmanager.add(&[labels, &[format!("case={role}{number}").as_str()][..]].concat());
        }
    }
    for (number, (source, target, silenced)) in SILENCED.iter().enumerate() {
        let state = if *silenced { "suppressed" } else { "active" };
        eventually(seconds(20), "state of an alert", || {
            let name = target[0].split('=').nth(1).unwrap();
            let mine = alertmanager.alerts(name)?;
            let mine = mine.iter().find(|alert| alert["labels"]["case"] == format!("target{number}"));
            match mine.map(|alert| alert["status"]["state"].clone()) {
                Some(found) if found == state => Ok(()),
                found => Err(format!("{target:?} beside {source:?} is {found:?}, not {state}")),
            }
        });
    }
}

#[test]
fn a_restart_wakes_nobody_and_a_cluster_that_is_down_silences_its_groups() {
    let mut cluster = Spec::new(Version::LATEST).start();
    cluster.create_topic("orders", 2);
    for partition in 0..2 {
        cluster.produce("orders", partition, 1000);
    }
    let mut committer = Committer::new(cluster.port());
    let mut next = 0;
    let mut go_on = |committer: &mut Committer, times: u32| {
        for _ in 0..times {
            next += 1;
            committer.commit("steady", "orders", &[(0, next), (1, next)]);
            pause(std::time::Duration::from_millis(200));
        }
    };
    // It says nothing any more.
    for offset in 1..12 {
        committer.commit("lost", "orders", &[(0, offset), (1, offset)]);
    }
    let port = free_port();
    let program = Program::quick_at(port, &cluster.bootstrap()).ready();
    let inbox = Inbox::open();
    let alertmanager = Alertmanager::telling(&inbox);
    let prometheus = Prometheus::watching(&[port], alertmanager.port);
    go_on(&mut committer, 40);
    program.terminate();
    let program = Program::quick_at(port, &cluster.bootstrap()).ready();
    // Longer than the ten seconds that a status is waited for.
    go_on(&mut committer, 80);
    let woken = prometheus.series("max_over_time(ALERTS{consumergroup=\"steady\",alertstate=\"firing\"}[2m])").unwrap();
    assert!(woken.is_empty(), "{woken:?}");
    told(&inbox, "KafkaGroupStopped", "lost");

    cluster.kill(0);
    let down = told(&inbox, "KafkaClusterUnreachable", "");
    assert_eq!((down.label("cluster"), down.path.as_str()), ("local", "/page"));
    eventually(seconds(60), "silenced groups", || {
        let by: Vec<_> = alertmanager
            .alerts("KafkaClusterUnreachable")?
            .into_iter()
            .map(|alert| alert["fingerprint"].clone())
            .collect();
        let groups = alertmanager.alerts("KafkaGroupStopped")?;
        let silenced = |alert: &serde_json::Value| {
            let inhibited = alert["status"]["inhibitedBy"].as_array();
            alert["status"]["state"] == "suppressed"
                && inhibited.is_some_and(|those| those.iter().any(|id| by.contains(id)))
        };
        if !groups.is_empty() && groups.iter().all(silenced) { Ok(()) } else { Err(format!("{groups:?}")) }
    });
    program.terminate();
}
