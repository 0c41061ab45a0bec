//! Just enough of Kafka's protocol to commit offsets by the hundred thousand, for groups of any name.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use super::{eventually, seconds};

const OFFSET_COMMIT: i16 = 8;
const FIND_COORDINATOR: i16 = 10;
const API_VERSIONS: i16 = 18;
/// The error of a broker that does not coordinate the group, or not yet.
const NOT_COORDINATOR: i16 = 16;

/// One connection to one broker.
pub struct Wire {
    stream: TcpStream,
    correlation: i32,
}

impl Wire {
    pub fn connect(port: u16, patience: Duration) -> Result<Self, String> {
        let stream = TcpStream::connect(("127.0.0.1", port)).map_err(|error| error.to_string())?;
        stream.set_read_timeout(Some(patience)).unwrap();
        stream.set_nodelay(true).unwrap();
        Ok(Self { stream, correlation: 0 })
    }

    /// Whether the broker answers at all.
    pub fn api_versions(&mut self) -> Result<(), String> {
        let answer = self.call(API_VERSIONS, 0, &[])?;
        if answer.starts_with(&[0, 0]) { Ok(()) } else { Err(format!("{answer:?}")) }
    }

    fn call(&mut self, api: i16, version: i16, body: &[u8]) -> Result<Vec<u8>, String> {
        self.send(api, version, body).and_then(|()| self.receive()).map_err(|error| error.to_string())
    }

    fn send(&mut self, api: i16, version: i16, body: &[u8]) -> std::io::Result<()> {
        self.correlation += 1;
        let mut head = Vec::new();
        head.extend(api.to_be_bytes());
        head.extend(version.to_be_bytes());
        head.extend(self.correlation.to_be_bytes());
        put_string(&mut head, "rig");
        let length = i32::try_from(head.len() + body.len()).unwrap();
        self.stream.write_all(&[&length.to_be_bytes()[..], &head, body].concat())
    }

    fn receive(&mut self) -> std::io::Result<Vec<u8>> {
        let mut length = [0; 4];
        self.stream.read_exact(&mut length)?;
        let mut answer = vec![0; usize::try_from(i32::from_be_bytes(length)).unwrap()];
        self.stream.read_exact(&mut answer)?;
        Ok(answer.split_off(4))
    }
}

fn put_string(out: &mut Vec<u8>, text: &str) {
    out.extend(i16::try_from(text.len()).unwrap().to_be_bytes());
    out.extend(text.as_bytes());
}

/// Commits as a consumer without a group membership does.
pub struct Committer {
    bootstrap: u16,
    coordinators: BTreeMap<u16, Wire>,
    groups: BTreeMap<String, u16>,
    /// Whether there is one broker only, which coordinates every group.
    is_alone: bool,
}

impl Committer {
    pub fn new(bootstrap: u16) -> Self {
        Self { bootstrap, coordinators: BTreeMap::new(), groups: BTreeMap::new(), is_alone: false }
    }

    /// To a cluster of one broker, for many groups: nobody has to be asked where they are.
    pub fn of_one_broker(port: u16) -> Self {
        Self { is_alone: true, ..Self::new(port) }
    }

    /// Commits these (partition, offset) of one topic, and waits until the coordinator has taken them all.
    pub fn commit(&mut self, group: &str, topic: &str, offsets: &[(i32, i64)]) {
        let request = offset_commit(group, topic, offsets);
        eventually(seconds(60), "commit", || {
            let answer = self.coordinator(group)?.call(OFFSET_COMMIT, 2, &request);
            // The broker may have died since: the next try asks again where the group is.
            let answer = answer.inspect_err(|_| self.coordinators.clear())?;
            let errors = commit_errors(&answer, topic);
            if errors.iter().all(|code| *code == 0) && errors.len() == offsets.len() {
                return Ok(());
            }
            self.groups.remove(group);
            if errors.contains(&NOT_COORDINATOR) {
                self.coordinators.clear();
            }
            Err(format!("{errors:?}"))
        });
    }

    fn coordinator(&mut self, group: &str) -> Result<&mut Wire, String> {
        let port = match self.groups.get(group) {
            // The first question makes the broker create the offsets topic.
            _ if self.is_alone && !self.coordinators.is_empty() => self.bootstrap,
            Some(port) => *port,
            None => {
                let port = find_coordinator(self.bootstrap, group)?;
                self.groups.insert(group.to_owned(), port);
                port
            }
        };
        Ok(match self.coordinators.entry(port) {
            Entry::Occupied(open) => open.into_mut(),
            Entry::Vacant(none) => none.insert(Wire::connect(port, seconds(30))?),
        })
    }
}

fn offset_commit(group: &str, topic: &str, offsets: &[(i32, i64)]) -> Vec<u8> {
    let mut body = Vec::new();
    put_string(&mut body, group);
    body.extend((-1_i32).to_be_bytes());
    put_string(&mut body, "");
    body.extend((-1_i64).to_be_bytes());
    body.extend(1_i32.to_be_bytes());
    put_string(&mut body, topic);
    body.extend(i32::try_from(offsets.len()).unwrap().to_be_bytes());
    for (partition, offset) in offsets {
        body.extend(partition.to_be_bytes());
        body.extend(offset.to_be_bytes());
        put_string(&mut body, "");
    }
    body
}

fn commit_errors(answer: &[u8], topic: &str) -> Vec<i16> {
    // One topic: count, name, count of partitions, then 6 bytes a partition.
    let partitions = &answer[4 + 2 + topic.len() + 4..];
    partitions.chunks(6).map(|each| i16::from_be_bytes([each[4], each[5]])).collect()
}

fn find_coordinator(bootstrap: u16, group: &str) -> Result<u16, String> {
    let mut body = Vec::new();
    put_string(&mut body, group);
    let answer = Wire::connect(bootstrap, seconds(10))?.call(FIND_COORDINATOR, 0, &body)?;
    match i16::from_be_bytes([answer[0], answer[1]]) {
        // The port is the last of the answer's fields.
        0 => Ok(u16::from_be_bytes([answer[answer.len() - 2], answer[answer.len() - 1]])),
        code => Err(format!("no coordinator: error {code}")),
    }
}
