//! A ZooKeeper that lies: a server that speaks ZooKeeper's protocol, keeps a tree, and answers as a script has it.

pub mod jute;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jute::{
    CHILDREN_CHANGED, CLOSE, DATA_CHANGED, EXISTS, GET_CHILDREN2, GET_DATA, NO_NODE, NODE_CREATED, Opened, Request,
    SYNC, data, event, list, reply, stat,
};

/// How a lying server answers a request. It is called for each, the first one of a connection included.
pub type Lie = Arc<dyn Fn(&mut Talk, &Request) + Send + Sync>;

/// The server. Its connections end when it is dropped.
pub struct FakeZooKeeper {
    port: u16,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    /// `None` while it is honest.
    lie: Mutex<Option<Lie>>,
    tree: Mutex<Tree>,
    talks: Mutex<BTreeMap<u64, Peer>>,
    next: AtomicU64,
    requests: AtomicU64,
    over: AtomicBool,
}

#[derive(Default)]
struct Tree {
    zxid: i64,
    nodes: BTreeMap<String, Node>,
}

#[derive(Clone)]
struct Node {
    data: Vec<u8>,
    zxid: i64,
    time: i64,
}

struct Peer {
    stream: Arc<Mutex<TcpStream>>,
    /// For an end at any time.
    handle: TcpStream,
    data: BTreeSet<String>,
    children: BTreeSet<String>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap()
}

impl FakeZooKeeper {
    /// An honest one without nodes.
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Shared::default());
        let accepting = Arc::clone(&shared);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if accepting.over.load(Ordering::Relaxed) {
                    return;
                }
                let shared = Arc::clone(&accepting);
                thread::spawn(move || Talk::begin(stream, shared).serve());
            }
        });
        Self { port, shared }
    }

    /// As a list for a file.
    pub fn server(&self) -> String {
        format!("\"127.0.0.1:{}\"", self.port)
    }

    /// From now on it lies; whoever is connected connects anew.
    pub fn lie(&self, lie: Lie) {
        *lock(&self.shared.lie) = Some(lie);
        self.cut();
    }

    /// From now on it tells the truth, as a server that has taken a broken one's place.
    pub fn repent(&self) {
        *lock(&self.shared.lie) = None;
        self.cut();
    }

    fn cut(&self) {
        for peer in lock(&self.shared.talks).values() {
            // It may have gone by itself.
            drop(peer.handle.shutdown(Shutdown::Both));
        }
    }

    /// How many requests it has been sent.
    pub fn requests(&self) -> u64 {
        self.shared.requests.load(Ordering::Relaxed)
    }

    /// Sets a node's data, and makes it and what is above it.
    pub fn put(&self, path: &str, data: &str) {
        let fired = lock(&self.shared.tree).put(path, data);
        fired.iter().for_each(|(kind, path)| self.shared.fire(*kind, path));
    }
}

impl Drop for FakeZooKeeper {
    fn drop(&mut self) {
        self.shared.over.store(true, Ordering::Relaxed);
        self.cut();
        // The listener's thread sees it with its next connection.
        drop(TcpStream::connect(("127.0.0.1", self.port)));
    }
}

impl Tree {
    fn put(&mut self, path: &str, data: &str) -> Vec<(i32, String)> {
        let (mut fired, mut at) = (Vec::new(), String::new());
        for name in path.split('/').skip(1) {
            let parent = at.clone();
            at = format!("{at}/{name}");
            if !self.nodes.contains_key(&at) {
                self.write(&at, "");
                fired.extend([(NODE_CREATED, at.clone()), (CHILDREN_CHANGED, parent)]);
            }
        }
        self.write(path, data);
        fired.push((DATA_CHANGED, path.to_owned()));
        fired
    }

    fn write(&mut self, path: &str, data: &str) {
        self.zxid += 1;
        let time = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
        let node = Node { data: data.into(), zxid: self.zxid, time: i64::try_from(time).unwrap() };
        self.nodes.insert(path.to_owned(), node);
    }

    fn children(&self, path: &str) -> Vec<&str> {
        let below = format!("{path}/");
        let names = self.nodes.range(below.clone()..).map_while(|(node, _)| node.strip_prefix(below.as_str()));
        names.filter(|name| !name.contains('/')).collect()
    }
}

impl Shared {
    fn fire(&self, kind: i32, path: &str) {
        let mut watching = Vec::new();
        for peer in lock(&self.talks).values_mut() {
            let watches = if kind == CHILDREN_CHANGED { &mut peer.children } else { &mut peer.data };
            if watches.remove(path) {
                watching.push(Arc::clone(&peer.stream));
            }
        }
        watching.iter().for_each(|stream| drop(send(&mut lock(stream), &event(kind, path))));
    }
}

fn send(stream: &mut TcpStream, frame: &[u8]) -> std::io::Result<()> {
    stream.write_all(&[&i32::try_from(frame.len()).unwrap().to_be_bytes()[..], frame].concat())
}

/// A connection.
pub struct Talk {
    id: u64,
    shared: Arc<Shared>,
    reading: TcpStream,
    writing: Arc<Mutex<TcpStream>>,
    open: bool,
    /// Questions that were asked on it so far.
    pub asked: usize,
}

impl Talk {
    fn begin(stream: TcpStream, shared: Arc<Shared>) -> Self {
        stream.set_nodelay(true).unwrap();
        let id = shared.next.fetch_add(1, Ordering::Relaxed);
        let writing = Arc::new(Mutex::new(stream.try_clone().unwrap()));
        let peer = Peer {
            stream: Arc::clone(&writing),
            handle: stream.try_clone().unwrap(),
            data: BTreeSet::new(),
            children: BTreeSet::new(),
        };
        lock(&shared.talks).insert(id, peer);
        Self { id, shared, reading: stream, writing, open: true, asked: 0 }
    }

    fn serve(mut self) {
        let mut first = true;
        while self.open
            && let Some(frame) = self.read()
        {
            self.shared.requests.fetch_add(1, Ordering::Relaxed);
            let request = if first { Some(Request::opening(frame)) } else { Request::of(&frame) };
            first = false;
            let Some(request) = request else { return };
            self.asked += usize::from(request.is_question());
            let lie = lock(&self.shared.lie).clone();
            match lie {
                Some(lie) => lie(&mut self, &request),
                None => self.honest(&request),
            }
        }
    }

    fn read(&mut self) -> Option<Vec<u8>> {
        let mut length = [0; 4];
        self.reading.read_exact(&mut length).ok()?;
        let mut frame = vec![0; usize::try_from(i32::from_be_bytes(length)).ok()?];
        self.reading.read_exact(&mut frame).ok()?;
        Some(frame)
    }

    /// Whether it has ended, or the server does not lie any more.
    pub fn is_over(&self) -> bool {
        !self.open || lock(&self.shared.lie).is_none() || self.shared.over.load(Ordering::Relaxed)
    }

    /// Ends it.
    pub fn close(&mut self) {
        self.open = false;
        drop(self.reading.shutdown(Shutdown::Both));
    }

    /// Sends a frame.
    pub fn send(&mut self, frame: &[u8]) {
        let sent = send(&mut lock(&self.writing), frame);
        self.open &= sent.is_ok();
    }

    /// Sends bytes that need not be a frame.
    pub fn raw(&mut self, bytes: &[u8]) {
        let sent = lock(&self.writing).write_all(bytes);
        self.open &= sent.is_ok();
    }

    /// Sends an answer.
    pub fn reply(&mut self, request: &Request, error: i32, body: &[u8]) {
        let zxid = lock(&self.shared.tree).zxid;
        self.send(&reply(request.xid, zxid, error, body));
    }

    /// Sends the truth. Nothing is written meanwhile: an event comes behind the answer that has set its watch.
    pub fn honest(&mut self, request: &Request) {
        let shared = Arc::clone(&self.shared);
        let tree = lock(&shared.tree);
        let (error, body) = self.told_by(&tree, request);
        match request.code {
            None => self.send(&body),
            Some(_) => self.send(&reply(request.xid, tree.zxid, error, &body)),
        }
        drop(tree);
        if request.is(CLOSE) {
            self.close();
        }
    }

    /// The truth: an error's code and a body. A watch is set.
    pub fn truth(&mut self, request: &Request) -> (i32, Vec<u8>) {
        let shared = Arc::clone(&self.shared);
        let tree = lock(&shared.tree);
        self.told_by(&tree, request)
    }

    fn told_by(&mut self, tree: &Tree, request: &Request) -> (i32, Vec<u8>) {
        let Some(code) = request.code else { return (0, Opened::default().frame()) };
        if code == SYNC {
            return (0, request.body.clone());
        }
        if !request.is_list() && code != GET_DATA && code != EXISTS {
            return (0, Vec::new());
        }
        let node = tree.nodes.get(&request.path).cloned();
        if request.watch
            && (node.is_some() || code == EXISTS)
            && let Some(peer) = lock(&self.shared.talks).get_mut(&self.id)
        {
            let watches = if request.is_list() { &mut peer.children } else { &mut peer.data };
            watches.insert(request.path.clone());
        }
        let Some(Node { data: held, zxid, time }) = node else { return (NO_NODE, Vec::new()) };
        let stat = stat(zxid, time, held.len());
        let body = match code {
            EXISTS => stat,
            GET_DATA => data(&held, zxid, time),
            GET_CHILDREN2 => [list(&tree.children(&request.path)), stat].concat(),
            _ => list(&tree.children(&request.path)),
        };
        (0, body)
    }

    /// Waits, until the lie is over at most.
    pub fn wait(&self, time: Duration) {
        let end = std::time::Instant::now() + time;
        while std::time::Instant::now() < end && !self.is_over() {
            thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Talk {
    fn drop(&mut self) {
        lock(&self.shared.talks).remove(&self.id);
        drop(self.reading.shutdown(Shutdown::Both));
    }
}
