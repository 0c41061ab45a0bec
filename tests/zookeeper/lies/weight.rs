//! Lies that are true of the protocol, and much of it: endless trees, heavy data, storms of changes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::rig::fake_zookeeper::jute::{self, CHILDREN_CHANGED, DATA_CHANGED, event, list};
use crate::rig::fake_zookeeper::{FakeZooKeeper, Lie};
use crate::rig::{eventually, pause, seconds};

use super::{Good, right, taken};

/// How much a lie may cost: megabytes, and cores.
struct Price {
    memory: u64,
    processor: f64,
}

/// What it came to.
struct Cost {
    /// Requests a second.
    rate: f64,
    /// The most nodes that were followed.
    nodes: f64,
    log: String,
}

/// Tells one lie for so long, and has it taken back.
fn costs(lie: Lie, time: Duration, nodes: &[String], price: &Price) -> Cost {
    let fake = FakeZooKeeper::start();
    nodes.iter().for_each(|node| fake.put(node, "1"));
    fake.put("/consumers/g/offsets/t/0", "1");
    let mut good = Good::beside(&[("liar".to_owned(), &fake)]);
    good.program.page_where(seconds(20), "page before the lie", |page| {
        let found = super::committed(page, "liar").len();
        if found == nodes.len() + 1 { Ok(()) } else { Err(format!("{found} commits")) }
    });
    let (before, began, asked) = (taken(&mut good.program), Instant::now(), fake.requests());
    fake.lie(lie);
    let (mut most, mut followed) = (0, 0.0_f64);
    while began.elapsed() < time {
        good.commit();
        most = most.max(taken(&mut good.program).memory);
        let nodes = good.program.page().value("warrener_zookeeper_nodes", &[("module", "liar")]);
        followed = followed.max(nodes.unwrap());
        pause(Duration::from_millis(300));
    }
    let (after, lied) = (taken(&mut good.program), began.elapsed().as_secs_f64());
    let processor = (after.processor - before.processor) / lied;
    let grown = most.saturating_sub(before.memory) >> 20;
    let rate = f64::from(u32::try_from(fake.requests() - asked).unwrap()) / lied;
    println!("{processor:.2} of a core, {grown} MiB more, {rate:.0} requests a second, {followed} nodes");
    assert!(good.program.runs(), "{}", good.program.log());
    assert!(grown < price.memory, "{grown} MiB more");
    assert!(processor < price.processor, "{processor} of a core");
    fake.repent();
    fake.put("/consumers/g/offsets/t/0", "2");
    if nodes.is_empty() {
        eventually(seconds(20), "page after the lie", || right(&good.program.page(), "liar", 2));
    }
    good.commit();
    let log = good.program.log();
    good.program.terminate();
    Cost { rate, nodes: followed, log }
}

#[test]
fn a_tree_without_end_is_followed_up_to_a_bound() {
    let next = AtomicU64::new(0);
    // A thousand groups that nobody has heard of, and a thousand more with each look, of a thousand commits each.
    let lie: Lie = Arc::new(move |talk, request| {
        if !request.is_question() {
            return talk.honest(request);
        }
        let fresh = |count| {
            let first = next.fetch_add(count, Ordering::Relaxed) % 1_000_000_000;
            (first..first + count).map(|number| number.to_string()).collect::<Vec<_>>()
        };
        let names = match request.path.matches('/').count() {
            1 => fresh(1_000),
            2 => vec!["offsets".to_owned()],
            3 => fresh(100),
            4 => fresh(10),
            _ => return talk.reply(request, 0, &jute::data(b"5", 1, 1)),
        };
        talk.reply(request, 0, &list(&names));
        if request.path == "/consumers" {
            talk.send(&event(CHILDREN_CHANGED, &request.path));
        }
    });
    let cost = costs(lie, seconds(40), &[], &Price { memory: 900, processor: 1.5 });
    assert_eq!(cost.nodes, 300_000.0);
    assert_eq!(cost.log.matches("the tree exceeds the limits").count(), 1, "{}", cost.log);
}

#[test]
fn heavy_data_is_not_gathered() {
    let heavy = Arc::new(vec![b'7'; 1 << 20]);
    let nodes: Vec<String> = (0..2_000).map(|number| format!("/consumers/g/owners/t/{number}")).collect();
    let lie: Lie = Arc::new(move |talk, request| match request.code {
        Some(jute::GET_DATA) => talk.reply(request, 0, &jute::data(&heavy, 1, 1)),
        _ => talk.honest(request),
    });
    let offsets: Vec<String> = nodes.iter().map(|node| node.replace("owners", "offsets")).skip(1).collect();
    costs(lie, seconds(15), &offsets, &Price { memory: 700, processor: 1.5 });
}

#[test]
fn a_storm_of_changes_is_followed_at_its_own_pace() {
    let nodes: Vec<String> = (1..200).map(|number| format!("/consumers/g/offsets/t/{number}")).collect();
    let lie: Lie = Arc::new(|talk, request| {
        talk.honest(request);
        if request.is_question() {
            let kind = if request.is_list() { CHILDREN_CHANGED } else { DATA_CHANGED };
            talk.send(&event(kind, &request.path));
        }
    });
    let cost = costs(lie, seconds(15), &nodes, &Price { memory: 100, processor: 1.0 });
    assert!(cost.rate < 11_000.0, "{} questions a second", cost.rate);
}

#[test]
fn events_of_foreign_nodes_in_their_thousands_do_no_harm() {
    let lie: Lie = Arc::new(|talk, request| {
        talk.honest(request);
        while request.is_list() && talk.asked >= 4 && !talk.is_over() {
            (0..100).for_each(|number| talk.send(&event(DATA_CHANGED, &format!("/foreign/{number}"))));
            talk.wait(Duration::from_millis(20));
        }
    });
    costs(lie, seconds(15), &[], &Price { memory: 100, processor: 1.0 });
}

#[test]
fn a_list_of_half_a_million_members_is_cut() {
    let turn = AtomicU64::new(0);
    let lie: Lie = Arc::new(move |talk, request| {
        if !request.is_question() || !request.path.ends_with("/ids") && request.path != "/consumers/g" {
            return talk.honest(request);
        }
        if request.path == "/consumers/g" {
            return talk.reply(request, 0, &list(&["ids", "offsets"]));
        }
        let turn = turn.fetch_add(1, Ordering::Relaxed);
        let names: Vec<String> = (0..500_000).map(|number| format!("{number}-{turn}")).collect();
        talk.reply(request, 0, &list(&names));
        talk.send(&event(CHILDREN_CHANGED, &request.path));
    });
    costs(lie, seconds(15), &[], &Price { memory: 300, processor: 1.5 });
}
