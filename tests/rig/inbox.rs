//! A webhook that Alertmanager notifies.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use serde_json::Value;

/// What has come in, by path: `/page`, `/notice`.
#[derive(Clone)]
pub struct Inbox {
    pub port: u16,
    letters: Arc<Mutex<Vec<(String, Value)>>>,
}

impl Inbox {
    pub fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let inbox = Self { port, letters: Arc::default() };
        let letters = Arc::clone(&inbox.letters);
        // It ends with the tests' process.
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if let Some(letter) = receive(stream) {
                    letters.lock().unwrap().push(letter);
                }
            }
        });
        inbox
    }

    /// Each alert of each notification: the path, its status, its labels and its annotations.
    pub fn alerts(&self) -> Vec<Alert> {
        let letters = self.letters.lock().unwrap();
        let each = letters.iter().flat_map(|(path, letter)| {
            let alerts = letter["alerts"].as_array().unwrap();
            alerts.iter().map(|alert| Alert {
                path: path.clone(),
                group: letter["groupLabels"].clone(),
                alert: alert.clone(),
            })
        });
        each.collect()
    }
}

/// One alert within one notification.
#[derive(Clone, Debug)]
pub struct Alert {
    pub path: String,
    /// The labels by which Alertmanager put it together with others.
    pub group: Value,
    alert: Value,
}

impl Alert {
    pub fn label(&self, name: &str) -> &str {
        self.alert["labels"][name].as_str().unwrap_or_default()
    }

    pub fn annotation(&self, name: &str) -> &str {
        self.alert["annotations"][name].as_str().unwrap_or_default()
    }

    pub fn is_firing(&self) -> bool {
        self.alert["status"] == "firing"
    }
}

fn receive(mut stream: TcpStream) -> Option<(String, Value)> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut first = String::new();
    reader.read_line(&mut first).ok()?;
    let path = first.split(' ').nth(1)?.to_owned();
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        match line.trim_end().split_once(':') {
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => length = value.trim().parse().ok()?,
            Some(_) => {}
            None => break,
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").ok()?;
    Some((path, serde_json::from_slice(&body).unwrap()))
}
