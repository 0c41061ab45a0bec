//! What a server can make of ZooKeeper's tree, at sizes that grow fourfold: each case is to grow no faster than its size.
//!
//! `cargo bench --no-default-features --bench zktree`

use std::sync::Arc;

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use warrener::config::Filter;
use warrener::model::{Order, Timestamp};
use warrener::zktree::{NodeResponse, Tree, TreeLimits};

const SIZES: [usize; 3] = [4_000, 16_000, 64_000];

fn main() {
    divan::main();
}

fn tree() -> Tree {
    Tree::new([Filter::default(), Filter::default()], Filter::default(), TreeLimits::default())
}

fn numbers(size: usize) -> NodeResponse {
    NodeResponse::Children((0..size).map(|number| number.to_string()).collect())
}

fn path(text: &str) -> Arc<str> {
    text.into()
}

/// A list of groups that may not be read, half of which the next list does not name.
#[divan::bench(args = SIZES)]
fn refused_nodes_compared_with_a_list(bencher: Bencher<'_, '_>, size: usize) {
    let root = path("/consumers");
    let half = NodeResponse::Children((0..size).step_by(2).map(|number| number.to_string()).collect());
    let refused = || {
        let mut tree = tree();
        tree.apply_response(&root, &numbers(size));
        while let Some(ask) = tree.next_request() {
            if *ask.path != *root {
                tree.apply_response(&ask.path, &NodeResponse::Refused);
            }
        }
        tree
    };
    bencher.counter(ItemsCount::new(size)).with_inputs(refused).bench_local_values(|mut tree| {
        tree.apply_response(&root, &half);
        tree
    });
}

/// Nodes that may not be read, each with a sibling list that changes: their lists do not meet.
#[divan::bench(args = SIZES)]
fn lists_beside_refused_nodes(bencher: Bencher<'_, '_>, size: usize) {
    let groups: Vec<Arc<str>> = (0..size).map(|number| path(&format!("/consumers/{number}"))).collect();
    let parts = NodeResponse::Children(["ids", "offsets", "owners"].map(str::to_owned).into());
    let refused = || {
        let mut tree = tree();
        for group in &groups {
            tree.apply_response(group, &parts);
            tree.apply_response(&path(&format!("{group}/ids")), &NodeResponse::Refused);
        }
        tree
    };
    bencher.counter(ItemsCount::new(size)).with_inputs(refused).bench_local_values(|mut tree| {
        groups.iter().for_each(|group| drop(black_box(tree.apply_response(group, &parts))));
        tree
    });
}

/// The owners of one group's partitions, read one by one and told of as a whole.
#[divan::bench(args = SIZES)]
fn owners_of_one_group(bencher: Bencher<'_, '_>, size: usize) {
    let owner = NodeResponse::Data { data: b"g_host-1-ab-0".to_vec(), order: Order(1), time: Timestamp(1) };
    let nodes: Vec<Arc<str>> = (0..size).map(|number| path(&format!("/consumers/g/owners/t/{number}"))).collect();
    bencher.counter(ItemsCount::new(size)).with_inputs(tree).bench_local_values(|mut tree| {
        nodes.iter().for_each(|node| drop(black_box(tree.apply_response(node, &owner))));
        tree.report_members(usize::MAX, |updates| _ = black_box(updates.count()));
        tree
    });
}

/// Lists of members, a thousand a group, told of as a whole.
#[divan::bench(args = SIZES)]
fn members_of_many_groups(bencher: Bencher<'_, '_>, size: usize) {
    let groups: Vec<Arc<str>> =
        (0..size.div_ceil(1_000)).map(|number| path(&format!("/consumers/{number}/ids"))).collect();
    let members = numbers(1_000);
    bencher.counter(ItemsCount::new(size)).with_inputs(tree).bench_local_values(|mut tree| {
        groups.iter().for_each(|group| drop(black_box(tree.apply_response(group, &members))));
        tree.report_members(usize::MAX, |updates| _ = black_box(updates.count()));
        tree
    });
}
