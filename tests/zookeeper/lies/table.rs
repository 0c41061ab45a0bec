//! Lies that a client has to survive, each a script for the fake ZooKeeper.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::rig::fake_zookeeper::jute::{
    self, AUTH_FAILED, CHILDREN_CHANGED, CLOSE, DATA_CHANGED, EXISTS, GET_DATA, NO_AUTH, NO_NODE, Opened, PING,
    Request, SESSION_EXPIRED, SYNC, event, list, reply,
};
use crate::rig::fake_zookeeper::{Lie, Talk};

/// A lie that is told to questions about nodes; the rest of the talk is honest.
fn asked(answer: impl Fn(&mut Talk, &Request) + Send + Sync + 'static) -> Lie {
    Arc::new(move |talk, request| if request.is_question() { answer(talk, request) } else { talk.honest(request) })
}

/// The same of one operation, or of two.
fn of(codes: &'static [i32], answer: impl Fn(&mut Talk, &Request) + Send + Sync + 'static) -> Lie {
    asked(move |talk, request| {
        if request.code.is_some_and(|code| codes.contains(&code)) {
            answer(talk, request)
        } else {
            talk.honest(request)
        }
    })
}

const LISTS: &[i32] = &[jute::GET_CHILDREN, jute::GET_CHILDREN2];
const READS: &[i32] = &[GET_DATA];

fn lists(body: impl Fn(&Request) -> Vec<u8> + Send + Sync + 'static) -> Lie {
    of(LISTS, move |talk, request| talk.reply(request, 0, &body(request)))
}

fn reads(body: Vec<u8>) -> Lie {
    of(READS, move |talk, request| talk.reply(request, 0, &body))
}

fn errors(error: i32) -> Lie {
    asked(move |talk, request| talk.reply(request, error, &[]))
}

/// A lie about the opening of a session.
fn opens(opened: Opened) -> Lie {
    Arc::new(move |talk, request| match request.code {
        None => talk.send(&opened.frame()),
        Some(_) => talk.honest(request),
    })
}

/// One that is told once a session is open.
fn once_open(then: impl Fn(&mut Talk, &Request) + Send + Sync + 'static) -> Lie {
    Arc::new(move |talk, request| match request.code {
        None => talk.honest(request),
        Some(_) => then(talk, request),
    })
}

fn bytes(number: i32) -> Vec<u8> {
    number.to_be_bytes().to_vec()
}

/// Sends a byte now and then of a frame that never ends.
fn drip(talk: &mut Talk) {
    talk.raw(&bytes(1 << 20));
    while !talk.is_over() {
        talk.raw(&[0]);
        talk.wait(Duration::from_millis(300));
    }
}

pub type Row = (&'static str, Lie);

/// Lies about sessions and connections.
pub fn about_sessions() -> Vec<Row> {
    let silent: Lie = Arc::new(|_, _| ());
    let drops: Lie = Arc::new(|talk, _| talk.close());
    let http: Lie = Arc::new(|talk, _| talk.raw(b"HTTP/1.1 400 Bad Request\r\n\r\n"));
    let drips: Lie = Arc::new(|talk, _| drip(talk));
    let stays: Lie = Arc::new(|talk, request| {
        if request.is(CLOSE) {
            (0..100).for_each(|_| talk.send(&event(DATA_CHANGED, "/consumers/g/offsets/t/0")));
        }
        if talk.asked > 3 { talk.reply(request, SESSION_EXPIRED, &[]) } else { talk.honest(request) }
    });
    vec![
        ("accepts and never answers", silent),
        ("accepts and drops", drops),
        ("speaks another protocol", http),
        ("drips a frame before a session is open", drips),
        ("opens sessions and drops them", once_open(|talk, _| talk.close())),
        ("opens sessions and answers nothing", once_open(|talk, _| talk.wait(Duration::from_secs(60)))),
        ("drips a frame once a session is open", once_open(|talk, _| drip(talk))),
        ("opens a session that has expired", opens(Opened { session: 0, ..Opened::default() })),
        ("speaks another version", opens(Opened { version: 7, ..Opened::default() })),
        ("negotiates a negative timeout", opens(Opened { timeout: -1, ..Opened::default() })),
        ("negotiates the least timeout", opens(Opened { timeout: i32::MIN, ..Opened::default() })),
        ("negotiates no time at all", opens(Opened { timeout: 0, ..Opened::default() })),
        ("gives a password of negative length", opens(Opened { password: -1, ..Opened::default() })),
        ("gives a password of huge length", opens(Opened { password: i32::MAX, ..Opened::default() })),
        ("is neither read-only nor not", opens(Opened { read_only: 9, ..Opened::default() })),
        (
            "says no more than half of what opens a session",
            Arc::new(|talk, _| {
                let frame = Opened::default().frame();
                talk.send(&frame[..frame.len() / 2]);
            }),
        ),
        ("is read-only for ever", opens(Opened { read_only: 1, ..Opened::default() })),
        ("goes on after a session was closed", stays),
        (
            "answers pings alone",
            once_open(|talk, request| {
                if request.is(PING) {
                    talk.honest(request)
                }
            }),
        ),
        (
            "answers no synchronization",
            once_open(|talk, request| {
                if !request.is(SYNC) {
                    talk.honest(request)
                }
            }),
        ),
        ("expires sessions with the first question", errors(SESSION_EXPIRED)),
        ("refuses the login with the first question", errors(AUTH_FAILED)),
        (
            "holds a session for centuries and drops the connection",
            Arc::new(|talk, request| match request.code {
                None => talk.send(&Opened { timeout: i32::MAX, ..Opened::default() }.frame()),
                Some(_) if request.is_question() => talk.close(),
                Some(_) => talk.honest(request),
            }),
        ),
    ]
}

/// Lies about frames and their heads.
pub fn about_frames() -> Vec<Row> {
    let late = AtomicUsize::new(0);
    vec![
        ("answers with an empty frame", asked(|talk, _| talk.send(&[]))),
        ("answers with a frame of negative length", asked(|talk, _| talk.raw(&bytes(-1)))),
        ("answers with a frame of the least length", asked(|talk, _| talk.raw(&bytes(i32::MIN)))),
        (
            "closes half-way in a length",
            asked(|talk, _| {
                talk.raw(&[0, 0]);
                talk.close();
            }),
        ),
        (
            "closes half-way in a frame",
            asked(|talk, request| {
                talk.raw(&[bytes(100), bytes(request.xid)].concat());
                talk.close();
            }),
        ),
        ("answers with half a head", asked(|talk, request| talk.send(&reply(request.xid, 1, 0, &[])[..9]))),
        (
            "answers with half a body",
            asked(|talk, request| {
                let (error, body) = talk.truth(request);
                talk.reply(request, error, &body[..body.len() / 2]);
            }),
        ),
        ("answers with no body", asked(|talk, request| talk.reply(request, 0, &[]))),
        ("answers with a body of a few bytes", asked(|talk, request| talk.reply(request, 0, &[0; 3]))),
        (
            "says everything twice",
            asked(|talk, request| {
                let (error, body) = talk.truth(request);
                (0..2).for_each(|_| talk.reply(request, error, &body));
            }),
        ),
        (
            "answers what was not asked",
            asked(|talk, request| {
                talk.reply(&Request { xid: request.xid + 1_000, ..request.clone() }, 0, &[]);
            }),
        ),
        (
            "answers with the xid of a ping",
            asked(|talk, request| {
                talk.reply(&Request { xid: -2, ..request.clone() }, 0, &[]);
            }),
        ),
        (
            "answers with every reserved xid",
            asked(|talk, request| {
                (-16..0).for_each(|xid| talk.reply(&Request { xid, ..request.clone() }, 0, &[0; 40]));
            }),
        ),
        (
            "answers lists with data and data with lists",
            asked(|talk, request| {
                let body = if request.is_list() { jute::data(b"5", 1, 1) } else { list(&["0", "1"]) };
                talk.reply(request, 0, &body);
            }),
        ),
        (
            "answers later than anyone waits",
            asked(move |talk, request| {
                if late.fetch_add(1, Ordering::Relaxed) % 7 == 3 {
                    talk.wait(Duration::from_secs(11));
                }
                talk.honest(request);
            }),
        ),
        (
            "leaves a question out",
            asked(move |talk, request| {
                if !request.is(GET_DATA) {
                    talk.honest(request)
                }
            }),
        ),
        ("says an error that there is not", errors(77)),
        ("says the least error", errors(i32::MIN)),
        ("says one error after the other", {
            let next = AtomicUsize::new(0);
            asked(move |talk, request| {
                let error = i32::try_from(next.fetch_add(1, Ordering::Relaxed) % 130).unwrap();
                talk.reply(request, -error, &[]);
            })
        }),
    ]
}

/// Lies about the tree.
pub fn about_trees() -> Vec<Row> {
    let names = |names: &'static [&'static [u8]]| lists(move |_| list(names));
    let long = "n".repeat(1 << 20);
    let far = |zxid, time| reads(jute::data(b"5", zxid, time));
    vec![
        (
            "lists children that do not exist",
            of(LISTS, |talk, request| match request.path.as_str() {
                path if path.matches('/').count() < 6 => {
                    let body =
                        list(&["offsets", "owners", "0", "1", "x"].map(|name| format!("{name}{}", path.len() % 3)));
                    talk.reply(request, if path.contains('0') { NO_NODE } else { 0 }, &body);
                }
                _ => talk.reply(request, NO_NODE, &[]),
            }),
        ),
        (
            "names children with slashes and nothing",
            names(&[b"g/offsets/t", b"/", b"", b".", b"..", b"offsets/", b"t/0"]),
        ),
        ("names children with control characters", names(&[b"\0", b"a\0b", b"\x01", b"\x7f", b"\xe2\x80\xae"])),
        ("names children that are not UTF-8", names(&[b"ok", b"\xff\xfe"])),
        ("names children of a megabyte", lists(move |_| list(&[&long, "offsets"]))),
        ("names a child ten thousand times", lists(|_| list(&vec!["offsets"; 10_000]))),
        (
            "names every node after its parent",
            lists(|request| list(&[request.path.rsplit('/').next().unwrap(), "offsets"])),
        ),
        ("counts its children below zero", lists(|_| bytes(-5))),
        ("counts a million children and names none", lists(|_| bytes(1 << 20))),
        ("counts a name's bytes below zero", lists(|_| [bytes(2), bytes(-7), bytes(-8)].concat())),
        ("counts more bytes than there are", lists(|_| [bytes(1), bytes(1 << 30), b"offsets".to_vec()].concat())),
        (
            "says that there is a root and that there is none",
            asked(|talk, request| {
                if request.is(EXISTS) {
                    talk.reply(request, 0, &jute::stat(1, 1, 0))
                } else {
                    talk.reply(request, NO_NODE, &[])
                }
            }),
        ),
        ("lets nobody read the root", errors(NO_AUTH)),
        (
            "lets nobody read what it lists",
            asked(|talk, request| match request.path.as_str() {
                "/consumers" => talk.honest(request),
                _ => talk.reply(request, NO_AUTH, &[]),
            }),
        ),
        ("keeps words where offsets are", reads(jute::data(b"five", 1, 1))),
        ("keeps nothing where offsets are", reads(jute::data(b"", 1, 1))),
        ("keeps a negative offset", reads(jute::data(b"-5", 1, 1))),
        ("keeps an offset of a megabyte", reads(jute::data(&vec![b'9'; 1 << 20], 1, 1))),
        ("keeps bytes where words are", reads(jute::data(b"\xff\xfe\0\n", 1, 1))),
        ("reads nothing at all", reads(Vec::new())),
        ("reads three bytes", reads(vec![0; 3])),
        ("reads a stat and half a length", reads(vec![0; 70])),
        ("reads more than it has", reads([bytes(1 << 30), jute::stat(1, 1, 0)].concat())),
        ("counts its data below zero", reads([bytes(-3), jute::stat(1, 1, 0)].concat())),
        ("has written everything at the end of time", far(i64::MAX, i64::MAX)),
        ("has written everything before time began", far(i64::MIN, i64::MIN)),
    ]
}

/// Lies about what has changed.
pub fn about_events() -> Vec<Row> {
    let behind = |make: fn(&Request) -> Vec<u8>| {
        asked(move |talk, request| {
            talk.honest(request);
            let event = make(request);
            talk.send(&event);
        })
    };
    let unlike = |kind: i32, state: i32| [bytes(kind), bytes(state), jute::text(b"/consumers")].concat();
    vec![
        (
            "tells of a kind of event that there is not",
            asked(move |talk, _| {
                talk.send(&reply(jute::EVENT, -1, 0, &unlike(9, 3)));
            }),
        ),
        (
            "tells of a state that there is not",
            asked(move |talk, _| {
                talk.send(&reply(jute::EVENT, -1, 0, &unlike(3, 99)));
            }),
        ),
        ("tells half of an event", asked(|talk, _| talk.send(&event(DATA_CHANGED, "/consumers")[..22]))),
        (
            "tells of nodes that nobody watches",
            behind(|request| event(DATA_CHANGED, &format!("{}/foreign", request.path))),
        ),
        ("tells of no node at all", behind(|_| event(CHILDREN_CHANGED, ""))),
        (
            "tells of a node before it has answered",
            asked(|talk, request| {
                let kind = if request.is_list() { CHILDREN_CHANGED } else { DATA_CHANGED };
                (0..3).for_each(|_| talk.send(&event(kind, &request.path)));
                talk.honest(request);
            }),
        ),
        (
            "tells that everything is deleted and has it still",
            behind(|request| event(jute::NODE_DELETED, &request.path)),
        ),
        ("tells of every change as another one", behind(|request| event(jute::NODE_CREATED, &request.path))),
    ]
}
