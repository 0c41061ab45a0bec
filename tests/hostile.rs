//! Names and records that nobody should write, through an ordinary topic that the program takes for its offsets
//! topic.

use std::collections::{BTreeMap, BTreeSet};

use crate::rig::broker::{Cluster, Spec};
use crate::rig::client::Record;
use crate::rig::page::{Page, whole};
use crate::rig::program::Program;
use crate::rig::wire::Committer;
use crate::rig::{http, prometheus, records, seconds};

const COMMITTED: &str = "kafka_consumergroup_current_offset";

fn reading(cluster: &Cluster, topic: &str, records: Vec<Record>) -> Program {
    cluster.create_topic(topic, 1);
    cluster.produce_raw(topic, records.into_iter().map(|record| (0, record)));
    Program::reading(&cluster.bootstrap(), topic).ready()
}

/// Bytes and how they are shown (docs/src/reference/metrics.md, Label values).
const NAMES: [(&[u8], &str); 9] = [
    (b"quo\"te", "quo\"te"),
    (b"back\\slash", "back\\slash"),
    (b"new\nline", "new\nline"),
    (b"all\\\"\n\r\t{}=,#", "all\\\"\n\r\t{}=,#"),
    ("gr\u{fc}n \u{1f407}".as_bytes(), "gr\u{fc}n \u{1f407}"),
    (b"\xff\xfe bytes", "\\xff\\xfe bytes"),
    (b"back\\slash \xc3", "back\\\\slash \\xc3"),
    (b"nul\0nul", "nul\0nul"),
    (b"", ""),
];

#[test]
fn names_of_any_bytes_never_break_the_page() {
    let names = || NAMES.iter().enumerate();
    let offset = |index: usize| i64::try_from(index).unwrap() + 100;
    let mut commits: Vec<Record> = names()
        .flat_map(|(index, (name, _))| {
            let time = records::now();
            // An odd group on an odd topic, and on one of a plain name.
            [*name, b"plain"].map(|topic| records::commit(name, topic, 0, offset(index), time))
        })
        .collect();
    commits.push(records::empty_group(b"quo\"te", 3));
    let program = reading(Spec::common(), "named-offsets", commits);
    let wanted: BTreeMap<(&str, &str), i64> = names()
        .flat_map(|(index, (_, shown))| [(*shown, *shown), (*shown, "plain")].map(|place| (place, offset(index))))
        .collect();
    for accept in ["text/plain", "application/openmetrics-text"] {
        let answer = http::get(program.port, "/metrics", &[("Accept", accept)]).unwrap();
        let page = Page::parse(answer.text());
        let found: BTreeMap<(&str, &str), i64> = page
            .family(COMMITTED)
            .map(|(labels, value)| ((labels["consumergroup"].as_str(), labels["topic"].as_str()), whole(value)))
            .collect();
        assert_eq!(found, wanted, "{accept}");
        // No topic of these exists: no lag, no sum of lags.
        assert_eq!(page.family("kafka_consumergroup_lag").count(), 0);
        assert_eq!(page.family("kafka_consumergroup_lag_sum").count(), 0);
    }
    let prometheus = prometheus::Prometheus::scraping(program.port);
    assert_eq!(prometheus.target(), ("up".to_owned(), String::new()));
    let said = prometheus::promtool(&program.get("/metrics").body);
    assert!(said.iter().all(|line| line.contains("_sum\" suffix")), "{said:?}");
}

#[test]
fn odd_names_that_a_client_can_send_arrive_from_a_real_broker() {
    let cluster = Spec::common();
    cluster.create_topic("odd_names.topic-1", 1);
    cluster.produce("odd_names.topic-1", 0, 9);
    let groups = ["say \"hi\"", "c:\\temp", "two\nlines", "\u{1f407} warren", " "];
    let mut committer = Committer::new(cluster.port());
    for group in groups {
        committer.commit(group, "odd_names.topic-1", &[(0, 4)]);
    }
    let program = Program::quick(&cluster.bootstrap(), "").ready();
    program.page_where(seconds(10), "lags of all groups", |page| {
        let of =
            |group| page.value("kafka_consumergroup_lag", &[("consumergroup", group), ("topic", "odd_names.topic-1")]);
        match groups.iter().find(|group| of(group) != Some(5.0)) {
            None => Ok(()),
            Some(group) => Err(format!("{group:?}: {:?}", of(group))),
        }
    });
}

/// Records that cannot be read, each for a reason of its own.
fn malformed() -> Vec<Record> {
    let time = records::now();
    let good = || records::commit(b"victim", b"somewhere", 0, 666, time);
    let (key, value) = good();
    let value = value.unwrap();
    let with_key = |key: Vec<u8>| (key, Some(value.clone()));
    let with_value = |value: Vec<u8>| (key.clone(), Some(value));
    let patched = |bytes: &[u8], at: usize, patch: &[u8]| {
        let mut bytes = bytes.to_vec();
        bytes[at..at + patch.len()].copy_from_slice(patch);
        bytes
    };
    let group = records::empty_group(b"victim", 1);
    let members_at = group.1.as_ref().unwrap().len() - 4;
    vec![
        with_key(key[..1].to_vec()),
        with_key(key[..5].to_vec()),
        with_key(key[..key.len() - 1].to_vec()),
        with_key(patched(&key, 2, &[0x7f, 0xff])),
        with_key(patched(&key, 2, &[0xff, 0xfe])),
        with_value(Vec::new()),
        with_value(vec![0]),
        with_value(value[..value.len() - 1].to_vec()),
        with_value(patched(&value, 0, &[0, 99])),
        with_value(patched(&value, 0, &[0xff, 0xff])),
        with_value(patched(&value, 14, &[0x7f, 0xff])),
        (group.0.clone(), Some(patched(group.1.as_ref().unwrap(), members_at, &[0x7f, 0xff, 0xff, 0xff]))),
        (group.0.clone(), Some(patched(group.1.as_ref().unwrap(), members_at, &[0x80, 0, 0, 0]))),
        (group.0, Some(vec![0, 3, 0xff])),
    ]
}

#[test]
fn malformed_records_are_counted_by_reason_and_cost_nothing_else() {
    let time = records::now();
    let bad = malformed();
    let count = bad.len();
    let mut all = vec![records::commit(b"victim", b"somewhere", 0, 41, time)];
    all.extend(bad);
    // Of a type that is not known: no error.
    all.push(([&[0_u8, 99][..], b"whatever"].concat(), Some(b"xyz".to_vec())));
    all.push(records::commit(b"bystander", b"somewhere", 0, 42, time));
    let mut program = reading(Spec::common(), "malformed-offsets", all);
    let page = program.page();
    let offsets: BTreeMap<&str, f64> =
        page.family(COMMITTED).map(|(labels, value)| (labels["consumergroup"].as_str(), value)).collect();
    assert_eq!(offsets, BTreeMap::from([("victim", 41.0), ("bystander", 42.0)]));
    let errors: Vec<(String, i64)> = page
        .family("warrener_record_errors_total")
        .map(|(labels, value)| (labels["reason"].clone(), whole(value)))
        .collect();
    let counted: i64 = errors.iter().map(|(_, count)| count).sum();
    assert_eq!(counted, i64::try_from(count).unwrap(), "{errors:?}");
    let reasons: BTreeSet<&str> =
        errors.iter().filter(|(_, count)| *count > 0).map(|(reason, _)| reason.as_str()).collect();
    assert!(reasons.contains("version") && reasons.len() > 2, "{reasons:?}");
    assert_eq!(page.value("warrener_records_total", &[("type", "unknown")]), Some(1.0));
    assert!(program.runs());
    assert!(program.log().lines().count() < 30, "a record is not worth a line each:\n{}", program.log());
}

#[test]
fn tens_of_thousands_of_random_records_do_no_harm() {
    let time = records::now();
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_be_bytes()
    };
    let good = records::commit(b"random", b"somewhere", 0, 1, time);
    let mut all: Vec<Record> = vec![];
    for _ in 0..20_000 {
        let [kind, at, byte, length, ..] = random();
        // A good record with one byte changed and an end cut off, so that it gets past the first checks.
        let (mut key, mut value) = (good.0.clone(), good.1.clone().unwrap());
        let bytes = if kind % 2 == 0 { &mut key } else { &mut value };
        let at = usize::from(at) % bytes.len();
        bytes[at] = byte;
        if length % 4 == 0 {
            bytes.truncate(usize::from(length) % bytes.len());
        }
        all.push((key, (kind % 16 != 0).then_some(value)));
        all.push((random().to_vec(), Some([random(), random()].concat())));
    }
    all.push(records::commit(b"last", b"somewhere", 0, 77, time));
    let mut program = reading(Spec::common(), "random-offsets", all);
    assert_eq!(program.page().value(COMMITTED, &[("consumergroup", "last"), ("topic", "somewhere")]), Some(77.0));
    assert!(program.runs());
    program.terminate();
}

#[test]
fn tombstones_take_back_what_they_name_and_no_more() {
    let time = records::now();
    let commit = |group: &[u8], topic: &[u8], offset| records::commit(group, topic, 0, offset, time);
    let program = reading(
        Spec::common(),
        "tombstoned-offsets",
        vec![
            commit(b"kept", b"a", 1),
            commit(b"kept", b"b", 2),
            (records::commit_key(b"kept", b"a", 0), None),
            records::empty_group(b"converted", 5),
            commit(b"converted", b"a", 3),
            // Conversion to the KIP-848 protocol writes this, and the commits stay.
            (records::group_key(b"converted"), None),
            commit(b"dissolved", b"a", 4),
            records::empty_group(b"dissolved", 5),
            (records::commit_key(b"dissolved", b"a", 0), None),
            (records::group_key(b"dissolved"), None),
        ],
    );
    let found = program.page().places(COMMITTED);
    let wanted = [("kept", "b", 2), ("converted", "a", 3)];
    let wanted = wanted.map(|(group, topic, offset)| ((group.to_owned(), topic.to_owned(), 0), offset));
    assert_eq!(found, BTreeMap::from(wanted));
    assert!(!program.page().groups().contains("dissolved"));
}
