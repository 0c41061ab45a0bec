//! An OAuth token endpoint that answers as a test has it.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::pause;

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Request line and headers.
    pub head: String,
    pub body: String,
}

/// How the server answers.
pub enum Reply {
    /// A status and a body of JSON.
    Json(u16, String),
    /// Any bytes, and the end of the connection.
    Raw(Vec<u8>),
    /// A body without end.
    Endless,
    /// Nothing, for so long.
    Silence(Duration),
}

type Answer = Arc<dyn Fn(&Asked) -> Reply + Send + Sync>;

/// The server; it answers for as long as the tests run.
pub struct TokenServer {
    pub port: u16,
    shared: Arc<Shared>,
}

struct Shared {
    answer: Mutex<Answer>,
    asked: Mutex<Vec<Asked>>,
}

impl TokenServer {
    pub fn start(answer: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Self {
        Self::serve(answer, None)
    }

    /// With TLS, as the owner of this certificate with its key.
    pub fn start_tls(pem: &Path, answer: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Self {
        let pem = std::fs::read(pem).unwrap();
        let chain = CertificateDer::pem_slice_iter(&pem).map(Result::unwrap).collect();
        let key = PrivateKeyDer::from_pem_slice(&pem).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let config = config.with_no_client_auth().with_single_cert(chain, key).unwrap();
        Self::serve(answer, Some(Arc::new(config)))
    }

    fn serve(answer: impl Fn(&Asked) -> Reply + Send + Sync + 'static, tls: Option<Arc<ServerConfig>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Shared { answer: Mutex::new(Arc::new(answer)), asked: Mutex::default() });
        let serving = Arc::clone(&shared);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (Ok(stream), shared, tls) = (stream, Arc::clone(&serving), tls.clone()) else { continue };
                // An error is the end of a connection.
                thread::spawn(move || drop(talk(stream, tls, &shared)));
            }
        });
        Self { port, shared }
    }

    /// Answers in this way from now on.
    pub fn answer(&self, answer: impl Fn(&Asked) -> Reply + Send + Sync + 'static) {
        *self.shared.answer.lock().unwrap() = Arc::new(answer);
    }

    /// All requests so far.
    pub fn asked(&self) -> Vec<Asked> {
        self.shared.asked.lock().unwrap().clone()
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/token", self.port)
    }
}

/// A proxy that takes CONNECT. It keeps what it was asked for, and passes on whatever follows.
pub struct Proxy {
    pub port: u16,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked = Arc::<Mutex<Vec<String>>>::default();
        let keeping = Arc::clone(&asked);
        thread::spawn(move || {
            for client in listener.incoming() {
                let keeping = Arc::clone(&keeping);
                // An error is the end of a connection.
                thread::spawn(move || client.and_then(|client| pass_on(client, &keeping)).ok());
            }
        });
        Self { port, asked }
    }

    /// The heads of all requests so far.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

fn pass_on(mut client: TcpStream, asked: &Mutex<Vec<String>>) -> std::io::Result<()> {
    let head = read(&mut client)?.head;
    asked.lock().unwrap().push(head.clone());
    let mut server = TcpStream::connect(head.split(' ').nth(1).unwrap())?;
    client.write_all(b"HTTP/1.1 200 Connected\r\n\r\n")?;
    let (mut back, mut to) = (server.try_clone()?, client.try_clone()?);
    thread::spawn(move || std::io::copy(&mut back, &mut to));
    std::io::copy(&mut client, &mut server).map(drop)
}

fn talk(stream: TcpStream, tls: Option<Arc<ServerConfig>>, shared: &Shared) -> std::io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    stream.set_write_timeout(Some(Duration::from_secs(30)))?;
    match tls {
        Some(config) => {
            let connection = ServerConnection::new(config).map_err(std::io::Error::other)?;
            answer(StreamOwned::new(connection, stream), shared)
        }
        None => answer(stream, shared),
    }
}

fn answer(mut stream: impl Read + Write, shared: &Shared) -> std::io::Result<()> {
    let asked = read(&mut stream)?;
    shared.asked.lock().unwrap().push(asked.clone());
    let answer = Arc::clone(&shared.answer.lock().unwrap());
    match answer(&asked) {
        Reply::Json(status, body) => {
            let head = "Content-Type: application/json\r\nConnection: close";
            write!(stream, "HTTP/1.1 {status} Rig\r\n{head}\r\nContent-Length: {}\r\n\r\n{body}", body.len())?;
        }
        Reply::Raw(bytes) => stream.write_all(&bytes)?,
        Reply::Endless => {
            write!(stream, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{{\"access_token\":\"")?;
            loop {
                stream.write_all(&[b'x'; 65_536])?;
            }
        }
        Reply::Silence(time) => pause(time),
    }
    stream.flush()
}

fn read(stream: &mut impl Read) -> std::io::Result<Asked> {
    let mut bytes = Vec::new();
    let mut piece = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| {
                let (name, value) = line.split_once(": ")?;
                name.eq_ignore_ascii_case("content-length").then(|| value.parse().unwrap())
            });
            if body.len() >= length.unwrap_or(0) {
                return Ok(Asked { head: head.to_owned(), body: body.to_owned() });
            }
        }
        match stream.read(&mut piece)? {
            0 => return Err(std::io::ErrorKind::UnexpectedEof.into()),
            read => bytes.extend(&piece[..read]),
        }
    }
}
