//! What is missing: from the start, or taken away while a program runs.

use super::denials::{at_most_one_a_minute, by_right};
use super::*;

/// A topic and the state of share groups, missing from the start.
pub fn from_the_start(world: &World, user: &str) {
    let cluster = &world.cluster;
    let tools = cluster.tools();
    tools.deny(user, "Describe", "payments");
    tools.deny(user, "Read", SHARES);
    let shows = |program: &Program, patience, topics: &[&str], shares| {
        program.page_where(patience, "groups and topics", |page| shown(page, topics, shares))
    };
    let program = world.start(user, |program| {
        program.await_ready(seconds(60));
        shows(program, seconds(30), &["orders", "refunds"], false);
        let rights = ["cluster Describe topic payments", "consumer Read topic __share_group_state"];
        await_named(program, seconds(30), &rights);
    });
    pause(WATCHED);
    let rights = ["DESCRIBE Topic:LITERAL:payments", "READ Topic:LITERAL:__share_group_state"];
    let denied = denials(cluster, user);
    println!("over some {WATCHED:?}: {denied:#?}");
    at_most_one_a_minute(&denied, &rights);
    let page = shows(&program, seconds(5), &["orders", "refunds"], false);
    assert!(refusals(&page, "topics") >= 1.0 && refusals(&page, "commits") >= 2.0);
    Committer::new(cluster.port()).commit("orders", "orders", &[(0, 5), (1, 5)]);
    program.page_where(seconds(5), "a commit at once", |page| lag_sum(page, "orders", 0.0));
    tools.undeny(user, "Describe", "payments");
    tools.undeny(user, "Read", SHARES);
    shows(&program, GRANTED, &ALL, true);
    await_named(&program, seconds(5), &[]);
    program.terminate();
}

fn lag_sum(page: &Page, group: &str, wanted: f64) -> Result<(), String> {
    let lags: Vec<f64> =
        page.with("kafka_consumergroup_lag", &[("consumergroup", group)]).map(|(_, lag)| lag).collect();
    let sum = lags.iter().sum::<f64>();
    if lags.len() == 2 && (sum - wanted).abs() < 0.5 { Ok(()) } else { Err(format!("{group}: {lags:?}")) }
}

/// Nothing is read without this right on the offsets topic, and everything once it is granted.
pub fn without_the_offsets_topic(world: &World, user: &str, operation: &str) {
    let cluster = &world.cluster;
    cluster.tools().deny(user, operation, OFFSETS);
    let program = world.start(user, |program| {
        await_named(program, seconds(30), &[&format!("consumer {operation} topic {OFFSETS}")]);
    });
    pause(WATCHED);
    let denied = denials(cluster, user);
    println!("over some {WATCHED:?}: {denied:#?}");
    at_most_one_a_minute(&denied, &[&format!("{} Topic:LITERAL:{OFFSETS}", operation.to_uppercase())]);
    let page = program.page();
    assert_eq!(page.groups().len(), 0);
    assert_eq!(page.with("kafka_topic_partition_current_offset", &[("topic", "orders")]).count(), 2);
    assert_eq!(page.value("warrener_ready", &[("kind", "consumer")]), Some(0.0));
    assert_eq!(page.value("warrener_up", &[("kind", "consumer")]), Some(1.0));
    cluster.tools().undeny(user, operation, OFFSETS);
    program.page_where(GRANTED, "groups", |page| shown(page, &ALL, true));
    await_named(&program, seconds(5), &[]);
    program.terminate();
}

/// A right that is taken away costs what it is on, and all comes back with it.
pub fn taken_away(world: &World, user: &str, operation: &str, topic: &str, kind: &str) {
    let cluster = &world.cluster;
    // What goes on meanwhile: a topic and a group of this part's own.
    let other = format!("beside-{user}");
    world.topic(&other);
    let program = world.start(user, |program| program.await_ready(seconds(60)));
    program.page_where(seconds(60), "groups and topics", |page| shown(page, &ALL, true));
    let before = denials(cluster, user).len();
    cluster.tools().deny(user, operation, topic);
    await_named(&program, seconds(40), &[&format!("{kind} {operation} topic {topic}")]);
    pause(seconds(5));
    let first = denials(cluster, user).len();
    pause(seconds(125));
    let all = denials(cluster, user);
    println!("{operation} on {topic}: {:#?}", &all[before..]);
    for (right, denials) in by_right(&all[before..first]) {
        assert!(denials.len() <= 4, "under way when the right is taken away: {right}, {denials:?}");
    }
    let later: Vec<_> = by_right(&all[first..]).into_iter().map(|(right, denials)| (right, denials.len())).collect();
    assert!(later.iter().all(|(_, count)| *count <= 2), "{later:?}");
    // What the right is not on goes on.
    cluster.produce(&other, 0, 1);
    let ends = [("topic", other.as_str()), ("partition", "0")];
    is(&program, seconds(5), "kafka_topic_partition_current_offset", &ends, 6.0);
    Committer::new(cluster.port()).commit(&other, &other, &[(1, 4)]);
    cluster.tools().undeny(user, operation, topic);
    program.page_where(GRANTED, "groups and topics", |page| shown(page, &ALL, true));
    let commit = [("consumergroup", other.as_str()), ("partition", "1")];
    is(&program, GRANTED, "kafka_consumergroup_current_offset", &commit, 4.0);
    await_named(&program, GRANTED, &[]);
    program.terminate();
}

fn is(program: &Program, patience: Duration, family: &str, labels: &[(&str, &str)], wanted: f64) {
    program.page_where(patience, family, |page| match page.value(family, labels) {
        Some(found) if (found - wanted).abs() < 0.5 => Ok(()),
        other => Err(format!("{other:?}, not {wanted}")),
    });
}
