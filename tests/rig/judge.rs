//! What Kafka's tools say of groups of every type, and what a page says, in one shape.

use std::collections::{BTreeMap, BTreeSet};

use super::clients::Clients;
use super::page::{Labels, Page, whole};
use super::tools::{Place, Row, Tools, rows};

pub const SHARE: &str = "org.apache.kafka.tools.consumer.group.ShareGroupCommand";
pub const STREAMS: &str = "org.apache.kafka.tools.streams.StreamsGroupCommand";
const GROUPS: &str = "org.apache.kafka.tools.GroupsCommand";
/// The streams tool names no hosts; all clients of the tests are here.
const HOST: &str = "/127.0.0.1";

/// Of some groups, all that both the tools and a page say.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// Type, state, number of members.
    pub groups: BTreeMap<String, (String, String, i64)>,
    /// Member id, host and client id.
    pub owners: BTreeMap<Place, BTreeSet<[String; 3]>>,
    /// Of share groups the start offsets.
    pub commits: BTreeMap<Place, i64>,
    pub lags: BTreeMap<Place, i64>,
}

/// Some groups by the tool that describes them.
#[derive(Clone, Copy, Debug, Default)]
pub struct Asked<'a> {
    pub consumer: &'a [&'a str],
    pub share: &'a [&'a str],
    pub streams: &'a [&'a str],
    /// The topics that the subtopologies of the streams groups read, by their numbers.
    pub subtopologies: &'a [&'a str],
}

impl Asked<'_> {
    fn names(&self, group: &str) -> bool {
        [self.consumer, self.share, self.streams].concat().contains(&group)
    }
}

impl Said {
    /// By the tools.
    ///
    /// # Errors
    /// What they say instead, which may be that a group is just not there.
    pub fn by(tools: &Tools, clients: &Clients, asked: Asked<'_>) -> Result<Self, String> {
        let kinds = list(tools);
        let mut said = Self::default();
        let ends = if asked.streams.is_empty() { BTreeMap::new() } else { tools.offsets("-1") };
        let mut offsets = BTreeMap::new();
        for group in asked.streams {
            offsets.extend(clients.offsets(group)?);
        }
        for (place, offset) in offsets {
            let end = ends.get(&(place.1.clone(), place.2));
            said.lags.extend(end.map(|end| (place.clone(), end - offset)));
            said.commits.insert(place, offset);
        }
        for (tool, groups) in [(super::tools::GROUPS, asked.consumer), (SHARE, asked.share), (STREAMS, asked.streams)] {
            if groups.is_empty() {
                continue;
            }
            let describe = |what: &[&str]| {
                let named = groups.iter().flat_map(|group| ["--group", group]);
                let words: Vec<&str> = ["--describe"].into_iter().chain(named).chain(what.iter().copied()).collect();
                tools.ask(tool, &words).map(|printed| rows(&printed))
            };
            for row in describe(&["--state"])? {
                let kind = kinds.get(&row["GROUP"]).cloned().unwrap_or_default();
                let found = (kind, snake(&row["STATE"]), row["#MEMBERS"].parse().unwrap());
                said.groups.insert(row["GROUP"].clone(), found);
            }
            for row in describe(&["--members", "--verbose"])? {
                said.own(&row, asked.subtopologies);
            }
            describe(&["--offsets", "--verbose"])?.iter().for_each(|row| said.commit(row));
        }
        Ok(said)
    }

    fn own(&mut self, row: &Row, subtopologies: &[&str]) {
        // One tool writes `orders:0,1;words:0`, the streams tool `ACTIVE: 0:[0,1]; 1:[0]; TARGET-ACTIVE: ...`.
        let streams = row.get("ASSIGNMENTS");
        let column = |names: [&str; 2]| names.iter().find_map(|name| row.get(*name)).cloned().unwrap_or_default();
        let active = streams.and_then(|text| text.strip_prefix("ACTIVE:"));
        let active = active.map(|text| text.split("TARGET-").next().unwrap().split("STANDBY").next().unwrap());
        let plain = column(["CURRENT-ASSIGNMENT", "ASSIGNMENT"]);
        let owned = active.map_or(plain, |text| text.replace(['[', ']', ' '], ""));
        let host = row.get("HOST").map_or(HOST, String::as_str);
        let who = [column(["CONSUMER-ID", "MEMBER"]), host.to_owned(), row["CLIENT-ID"].clone()];
        for part in owned.split(';').filter(|part| part.contains(':')) {
            let (topic, partitions) = part.rsplit_once(':').unwrap();
            let topic = if streams.is_some() { subtopologies[topic.parse::<usize>().unwrap()] } else { topic };
            for partition in partitions.split(',') {
                let place = (row["GROUP"].clone(), topic.to_owned(), partition.parse().unwrap());
                self.owners.entry(place).or_default().insert(who.clone());
            }
        }
    }

    fn commit(&mut self, row: &Row) {
        let place = (row["GROUP"].clone(), row["TOPIC"].clone(), row["PARTITION"].parse().unwrap());
        let lag = row.get("LAG").or(row.get("OFFSET-LAG"));
        let offset = row.get("CURRENT-OFFSET").unwrap_or_else(|| &row["START-OFFSET"]);
        if let Ok(offset) = offset.parse() {
            self.commits.insert(place.clone(), offset);
            if let Ok(lag) = lag.unwrap().parse() {
                self.lags.insert(place, lag);
            }
        }
    }

    /// By a page.
    pub fn on(page: &Page, asked: Asked<'_>) -> Self {
        let mut said = Self::default();
        let group = |labels: &Labels| labels["consumergroup"].clone();
        let of = |name, asked: Asked<'_>| {
            let named = page.family(name).filter(|(labels, _)| asked.names(&labels["consumergroup"]));
            named.collect::<Vec<_>>().into_iter()
        };
        for (labels, _) in of("kafka_consumergroup_info", asked) {
            said.groups.entry(group(labels)).or_default().0 = labels["type"].clone();
        }
        for (labels, _) in of("kafka_consumergroup_state", asked).filter(|(_, value)| *value == 1.0) {
            said.groups.entry(group(labels)).or_default().1 += &labels["state"];
        }
        for (labels, value) in of("kafka_consumergroup_members", asked) {
            said.groups.entry(group(labels)).or_default().2 = whole(value);
        }
        let place = |labels: &Labels| (group(labels), labels["topic"].clone(), labels["partition"].parse().unwrap());
        for (labels, _) in of("kafka_consumergroup_partition_owner_info", asked) {
            let who = ["member_id", "client_host", "client_id"].map(|key| labels[key].clone());
            said.owners.entry(place(labels)).or_default().insert(who);
        }
        let values = |name| of(name, asked).map(|(labels, value)| (place(labels), whole(value))).collect();
        said.commits = values("kafka_consumergroup_current_offset");
        said.lags = values("kafka_consumergroup_lag");
        said
    }
}

/// All groups that `kafka-groups.sh` lists, with their types.
pub fn list(tools: &Tools) -> BTreeMap<String, String> {
    let rows = rows(&tools.run(GROUPS, &["--list"]));
    rows.into_iter().map(|row| (row["GROUP"].clone(), row["TYPE"].to_lowercase())).collect()
}

/// `NotReady` as `not_ready`.
fn snake(name: &str) -> String {
    let mut words = String::new();
    for char in name.chars() {
        if char.is_uppercase() && !words.is_empty() {
            words.push('_');
        }
        words.extend(char.to_lowercase());
    }
    words
}
