//! Offsets, groups and topics that are deleted.

use rdkafka::admin::{NewTopic, TopicReplication};

use super::*;

#[test]
fn what_a_tombstone_ends_is_off_the_page_within_two_seconds() {
    let world = world();
    let World { clients, cluster, watched } = world;
    world.topic("kept", 2, 2);
    world.topic("dropped", 2, 3);
    let groups = ["ended-classic", "ended-consumer"];
    clients.classic("ended-a", groups[0], "kept,dropped", &[]);
    clients.modern("ended-b", groups[1], "kept,dropped", &[]);
    let all = |said: &Said| groups.iter().all(|group| committed(said, group) == 10);
    world.agree("commits of both topics", consumer(&groups), all);
    clients.stop("ended-a");
    clients.stop("ended-b");
    for group in groups {
        // The record was written at the latest when the tool has its answer.
        cluster.tools().groups(&["--delete-offsets", "--group", group, "--topic", "dropped"]);
        watched.page_where(seconds(2), "page without the offsets of one topic", |page| {
            let found = page.with("kafka_consumergroup_current_offset", &[("consumergroup", group)]);
            let topics: Vec<&str> = found.map(|(labels, _)| labels["topic"].as_str()).collect();
            if topics == ["kept", "kept"] { Ok(()) } else { Err(format!("{topics:?}")) }
        });
    }
    world.agree("the other topic", consumer(&groups), |said| {
        groups.iter().all(|group| committed(said, group) == 4 && said.groups[*group].2 == 0)
    });
    world.agree_anew(consumer(&groups));
    for group in groups {
        cluster.tools().groups(&["--delete", "--group", group]);
        watched.page_where(seconds(2), "page without a deleted group", |page| gone(page, group));
    }
    assert!(groups.iter().all(|group| !list(cluster.tools()).contains_key(*group)));
}

#[test]
fn a_topic_deleted_and_created_again_is_another_topic() {
    let world = world();
    let World { clients, cluster, watched } = world;
    world.topic("again", 2, 8);
    let groups = ["again-classic", "again-consumer", "again-idle"];
    clients.classic("again-a", groups[0], "again", &[]);
    clients.modern("again-b", groups[1], "again", &[]);
    clients.modern("again-c", groups[2], "again", &[]);
    let asked = consumer(&groups);
    world.agree("the first topic", asked, |said| groups.iter().all(|group| committed(said, group) == 16));
    clients.stop("again-c");
    cluster.delete_topic("again");
    // Two refreshes of the metadata, one a second, and one that was under way.
    watched.page_where(seconds(4), "page without the topic", |page| {
        let named: Vec<&str> =
            page.names().filter(|name| page.with(name, &[("topic", "again")]).next().is_some()).collect();
        if named.is_empty() { Ok(()) } else { Err(format!("{named:?}")) }
    });
    cluster.create(NewTopic::new("again", 3, TopicReplication::Fixed(1)));
    for partition in 0..3 {
        cluster.produce("again", partition, 2);
    }
    let now = consumer(&groups[..2]);
    let said = world.agree("the second topic", now, |said| {
        groups[..2].iter().all(|group| committed(said, group) == 6 && said.groups[*group].2 == 1)
    });
    assert_eq!(said.owners.len(), 6);
    world.agree_anew(now);
    cluster.grow_topic("again", 4);
    world.agree("a topic that has grown", now, |said| said.owners.len() == 8);
    // Its commits went with the topic, and it has no members: it is there until the coordinator deletes it.
    let is_empty = |said: &Said| is(said, "again-idle", "consumer", "empty", 0) && said.commits.is_empty();
    world.agree("an idle group whose topic is gone", consumer(&groups[2..]), is_empty);
}
