//! Stands between a client and a broker and writes down which offsets are asked for by timestamp.
//!
//! It holds each such answer back for a moment, so that calls that belong together are seen to be in flight
//! together.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::{eventually, pause, seconds};

const LIST_OFFSETS: i16 = 2;
const HOLD: Duration = Duration::from_millis(25);

/// One partition's question in one call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// Counts from 1: calls that were in flight together are of one round.
    pub round: u32,
    pub at: Instant,
    pub topic: String,
    pub partition: i32,
    pub timestamp: i64,
}

#[derive(Debug, Default)]
struct Book {
    questions: Vec<Question>,
    round: u32,
    in_flight: u32,
}

/// Where the questions are written down. The port stays taken until the process ends.
pub struct Watch(Arc<Mutex<Book>>);

impl Watch {
    pub fn start(at: u16, broker: u16) -> Self {
        let listener = eventually(seconds(10), "free port of a watch", || {
            TcpListener::bind(("127.0.0.1", at)).map_err(|error| error.to_string())
        });
        let book = Arc::new(Mutex::new(Book::default()));
        let watch = Self(Arc::clone(&book));
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                if let Ok(broker) = TcpStream::connect(("127.0.0.1", broker)) {
                    relay(client, broker, &book);
                }
            }
        });
        watch
    }

    /// All questions so far, in the order of their rounds; the count begins anew.
    pub fn take(&self) -> Vec<Question> {
        let mut book = self.0.lock().unwrap();
        book.round = 0;
        std::mem::take(&mut book.questions)
    }
}

/// The calls of one connection that wait for their answers, by correlation id.
type Waiting = Arc<Mutex<BTreeSet<[u8; 4]>>>;

fn relay(client: TcpStream, broker: TcpStream, book: &Arc<Mutex<Book>>) {
    for stream in [&client, &broker] {
        stream.set_nodelay(true).unwrap();
    }
    let waiting = Waiting::default();
    let (asked, answered) = (waiting.clone(), waiting);
    let (ask, answer) = (Arc::clone(book), Arc::clone(book));
    let (mut from_client, mut to_broker) = (client.try_clone().unwrap(), broker.try_clone().unwrap());
    std::thread::spawn(move || {
        while let Some(call) = frame(&mut from_client) {
            note(&call, &asked, &ask);
            if to_broker.write_all(&call).is_err() {
                break;
            }
        }
        drop(to_broker.shutdown(Shutdown::Both));
    });
    let (mut from_broker, mut to_client) = (broker, client);
    std::thread::spawn(move || {
        while let Some(call) = frame(&mut from_broker) {
            if answered.lock().unwrap().remove(&call[4..8]) {
                pause(HOLD);
                answer.lock().unwrap().in_flight -= 1;
            }
            if to_client.write_all(&call).is_err() {
                break;
            }
        }
        drop(to_client.shutdown(Shutdown::Both));
        let lost = u32::try_from(std::mem::take(&mut *answered.lock().unwrap()).len()).unwrap();
        answer.lock().unwrap().in_flight -= lost;
    });
}

/// One call or answer, its length before it.
fn frame(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let mut length = [0; 4];
    stream.read_exact(&mut length).ok()?;
    let size = usize::try_from(i32::from_be_bytes(length)).unwrap();
    let mut whole = Vec::from(length);
    whole.resize(4 + size, 0);
    stream.read_exact(&mut whole[4..]).ok()?;
    Some(whole)
}

fn note(call: &[u8], waiting: &Waiting, book: &Mutex<Book>) {
    let mut bytes = Bytes(&call[4..]);
    if bytes.short() != LIST_OFFSETS {
        return;
    }
    let version = bytes.short();
    let correlation = bytes.take(4).try_into().unwrap();
    let asked: Vec<_> = questions(&mut bytes, version).into_iter().filter(|(_, _, time)| *time >= 0).collect();
    if asked.is_empty() {
        return;
    }
    waiting.lock().unwrap().insert(correlation);
    let mut book = book.lock().unwrap();
    if book.in_flight == 0 {
        book.round += 1;
    }
    book.in_flight += 1;
    let (round, at) = (book.round, Instant::now());
    let asked = asked.into_iter();
    book.questions.extend(asked.map(|(topic, partition, timestamp)| Question {
        round,
        at,
        topic,
        partition,
        timestamp,
    }));
}

/// Topic, partition and timestamp of a ListOffsets request, versions 1 to 10; from 6 on it is "flexible" (KIP-482).
fn questions(bytes: &mut Bytes<'_>, version: i16) -> Vec<(String, i32, i64)> {
    assert!((1..=10).contains(&version), "ListOffsets version {version}");
    let flexible = version >= 6;
    let client_id = bytes.short();
    bytes.take(usize::try_from(client_id).unwrap_or(0));
    bytes.tags(flexible);
    bytes.take(4 + usize::from(version >= 2));
    let mut found = Vec::new();
    for _ in 0..bytes.count(flexible) {
        let topic = bytes.text(flexible);
        for _ in 0..bytes.count(flexible) {
            let partition = bytes.int();
            bytes.take(if version >= 4 { 4 } else { 0 });
            let timestamp = i64::from_be_bytes(bytes.take(8).try_into().unwrap());
            bytes.tags(flexible);
            found.push((topic.clone(), partition, timestamp));
        }
        bytes.tags(flexible);
    }
    found
}

struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn take(&mut self, count: usize) -> &'a [u8] {
        let (head, rest) = self.0.split_at(count);
        self.0 = rest;
        head
    }

    fn short(&mut self) -> i16 {
        i16::from_be_bytes(self.take(2).try_into().unwrap())
    }

    fn int(&mut self) -> i32 {
        i32::from_be_bytes(self.take(4).try_into().unwrap())
    }

    fn varint(&mut self) -> usize {
        let mut value = 0;
        for shift in (0..).step_by(7) {
            let byte = self.take(1)[0];
            value |= usize::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                break;
            }
        }
        value
    }

    fn count(&mut self, flexible: bool) -> usize {
        if flexible { self.varint() - 1 } else { usize::try_from(self.int()).unwrap() }
    }

    fn text(&mut self, flexible: bool) -> String {
        let length = if flexible { self.varint() - 1 } else { usize::try_from(self.short()).unwrap() };
        String::from_utf8(self.take(length).to_vec()).unwrap()
    }

    fn tags(&mut self, flexible: bool) {
        for _ in 0..if flexible { self.varint() } else { 0 } {
            self.varint();
            let length = self.varint();
            self.take(length);
        }
    }
}

#[test]
fn a_call_is_read_in_its_plain_and_its_flexible_form() {
    let head = |version: u8| vec![0, 2, 0, version, 0, 0, 0, 9, 0, 1, b'c'];
    let plain = [&head(2)[..], &[0xff; 4], &[1], &[0, 0, 0, 1, 0, 1, b't', 0, 0, 0, 1], &[0, 0, 0, 5], &[0; 7], &[8]];
    let flexible =
        [&head(7)[..], &[0, 255, 255, 255, 255, 1, 2, 2, b't', 2], &[0, 0, 0, 5], &[255; 4], &[0; 7], &[8, 0, 0, 0]];
    for call in [plain.concat(), flexible.concat()] {
        let mut bytes = Bytes(&call);
        let (_, version, _) = (bytes.short(), bytes.short(), bytes.int());
        assert_eq!(questions(&mut bytes, version), [("t".to_owned(), 5, 8)]);
        // The request's own tagged fields come last.
        assert_eq!(bytes.0.len(), usize::from(version >= 6));
    }
}
