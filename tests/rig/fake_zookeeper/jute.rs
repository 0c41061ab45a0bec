//! ZooKeeper's encoding, as far as a client that watches a tree sees it: big-endian numbers, lengths before bytes.

pub const EXISTS: i32 = 3;
pub const GET_DATA: i32 = 4;
pub const GET_CHILDREN: i32 = 8;
pub const SYNC: i32 = 9;
pub const PING: i32 = 11;
pub const GET_CHILDREN2: i32 = 12;
pub const CLOSE: i32 = -11;

pub const NO_NODE: i32 = -101;
pub const NO_AUTH: i32 = -102;
pub const SESSION_EXPIRED: i32 = -112;
pub const AUTH_FAILED: i32 = -115;

/// The xid of an event.
pub const EVENT: i32 = -1;
pub const NODE_CREATED: i32 = 1;
pub const NODE_DELETED: i32 = 2;
pub const DATA_CHANGED: i32 = 3;
pub const CHILDREN_CHANGED: i32 = 4;

/// What a client asks.
#[derive(Clone, Debug)]
pub struct Request {
    /// 0 of the first one, which opens a session.
    pub xid: i32,
    /// `None` of the first one.
    pub code: Option<i32>,
    /// Empty where it has none.
    pub path: String,
    pub watch: bool,
    pub body: Vec<u8>,
}

impl Request {
    pub fn opening(frame: Vec<u8>) -> Self {
        Self { xid: 0, code: None, path: String::new(), watch: false, body: frame }
    }

    pub fn of(frame: &[u8]) -> Option<Self> {
        let number = |at: usize| Some(i32::from_be_bytes(frame.get(at..at + 4)?.try_into().unwrap()));
        let (xid, code) = (number(0)?, number(4)?);
        let text = number(8).and_then(|length| frame.get(12..12 + usize::try_from(length).ok()?));
        let path = text.map(|text| String::from_utf8_lossy(text).into_owned()).filter(|text| text.starts_with('/'));
        let path = path.unwrap_or_default();
        let watch = frame.get(12 + path.len()) == Some(&1);
        Some(Self { xid, code: Some(code), path, watch, body: frame[8..].to_vec() })
    }

    pub fn is(&self, code: i32) -> bool {
        self.code == Some(code)
    }

    /// Whether it asks about a node and sets a watch.
    pub fn is_question(&self) -> bool {
        matches!(self.code, Some(EXISTS | GET_DATA | GET_CHILDREN | GET_CHILDREN2)) && self.watch
    }

    pub fn is_list(&self) -> bool {
        matches!(self.code, Some(GET_CHILDREN | GET_CHILDREN2))
    }
}

/// The answer to a client that opens a session.
pub struct Opened {
    pub version: i32,
    pub timeout: i32,
    pub session: i64,
    pub password: i32,
    pub read_only: u8,
}

impl Default for Opened {
    fn default() -> Self {
        Self { version: 0, timeout: 10_000, session: 7, password: 16, read_only: 0 }
    }
}

impl Opened {
    pub fn frame(&self) -> Vec<u8> {
        let mut frame = [self.version.to_be_bytes(), self.timeout.to_be_bytes()].concat();
        frame.extend(self.session.to_be_bytes());
        frame.extend(self.password.to_be_bytes());
        frame.extend([1; 16]);
        frame.push(self.read_only);
        frame
    }
}

/// An answer: its head and its body.
pub fn reply(xid: i32, zxid: i64, error: i32, body: &[u8]) -> Vec<u8> {
    [&xid.to_be_bytes()[..], &zxid.to_be_bytes(), &error.to_be_bytes(), body].concat()
}

/// An event of a session that is connected.
pub fn event(kind: i32, path: &str) -> Vec<u8> {
    reply(EVENT, -1, 0, &[&kind.to_be_bytes()[..], &3_i32.to_be_bytes(), &text(path.as_bytes())].concat())
}

pub fn text(bytes: &[u8]) -> Vec<u8> {
    [&i32::try_from(bytes.len()).unwrap().to_be_bytes()[..], bytes].concat()
}

pub fn list<N: AsRef<[u8]>>(names: &[N]) -> Vec<u8> {
    let mut body = i32::try_from(names.len()).unwrap().to_be_bytes().to_vec();
    names.iter().for_each(|name| body.extend(text(name.as_ref())));
    body
}

/// A node's stat, written by this transaction at this time.
pub fn stat(zxid: i64, time: i64, length: usize) -> Vec<u8> {
    let mut stat = Vec::new();
    [zxid, zxid, time, time].iter().for_each(|number| stat.extend(number.to_be_bytes()));
    // Versions of data, children and rights, then the ephemeral node's owner.
    stat.extend([0; 12]);
    stat.extend([0; 8]);
    stat.extend(i32::try_from(length).unwrap().to_be_bytes());
    stat.extend([0; 4]);
    stat.extend(zxid.to_be_bytes());
    stat
}

/// What a node holds.
pub fn data(data: &[u8], zxid: i64, time: i64) -> Vec<u8> {
    [text(data), stat(zxid, time, data.len())].concat()
}
