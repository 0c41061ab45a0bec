//! Attackers that are clients of the program's HTTP server.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use super::Target;
use super::attackers::Attacker;
use crate::rig::http;
use crate::rig::seconds;

/// One that needs nothing but the program's port.
pub struct Client {
    name: &'static str,
    attack: fn(&Target) -> Result<(), String>,
}

impl Attacker for Client {
    fn name(&self) -> &'static str {
        self.name
    }

    fn turn(&mut self, target: &Target) -> Result<(), String> {
        (self.attack)(target)
    }
}

pub const CLIENTS: [Client; 7] = [
    Client { name: "400 idle connections", attack: idle },
    Client { name: "150 slow heads", attack: slow_heads },
    Client { name: "20 clients that read nothing", attack: slow_readers },
    Client { name: "huge heads", attack: huge_heads },
    Client { name: "huge bodies", attack: huge_bodies },
    Client { name: "cross-site requests", attack: cross_site },
    Client { name: "what is no HTTP", attack: garbage },
];

fn connect(target: &Target) -> Option<TcpStream> {
    let stream = TcpStream::connect(("127.0.0.1", target.port)).ok()?;
    let patience = Some(seconds(5));
    stream.set_read_timeout(patience).ok()?;
    stream.set_write_timeout(patience).ok()?;
    Some(stream)
}

/// As many as there may be, and with those of the others more; for longer than a head may take.
fn idle(target: &Target) -> Result<(), String> {
    let _held: Vec<_> = (0..400).map(|_| connect(target)).collect();
    target.pause(seconds(12));
    Ok(())
}

fn slow_heads(target: &Target) -> Result<(), String> {
    let mut streams: Vec<_> = (0..150).filter_map(|_| connect(target)).collect();
    for byte in b"GET /metrics HTTP/1.1\r\nHost: slow" {
        // One that was closed has been answered as it should.
        streams.retain_mut(|stream| stream.write_all(&[*byte]).is_ok());
        target.pause(Duration::from_millis(500));
    }
    Ok(())
}

fn slow_readers(target: &Target) -> Result<(), String> {
    // One of them asks for what is large.
    let paths = std::iter::once("/v3/kafka/poisoned/consumer/poison-1").chain(std::iter::repeat_n("/metrics", 19));
    let ask = |path| {
        let mut stream = connect(target)?;
        stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n").as_bytes()).ok()?;
        Some(stream)
    };
    let _held: Vec<_> = paths.map(ask).collect();
    target.pause(seconds(8));
    Ok(())
}

fn huge_heads(target: &Target) -> Result<(), String> {
    for bytes in [20 << 10, 300 << 10, 4 << 20] {
        let head = format!("GET /metrics HTTP/1.1\r\nHost: h\r\nX: {}\r\n\r\n", "x".repeat(bytes));
        refused(http::raw(target.port, head.as_bytes(), seconds(5)), &[431])?;
    }
    target.pause(seconds(1));
    Ok(())
}

fn huge_bodies(target: &Target) -> Result<(), String> {
    let head = "POST /v3/admin/loglevel HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000000000\r\n\r\n";
    let whole = [head.as_bytes(), &vec![b'{'; 4 << 20]].concat();
    refused(http::raw(target.port, &whole, seconds(5)), &[413])?;
    target.pause(seconds(1));
    Ok(())
}

/// What is refused may well be closed before all of it is sent, so that no answer is seen.
fn refused(answer: Result<http::Response, String>, expected: &[u16]) -> Result<(), String> {
    match answer {
        Ok(answer) if !expected.contains(&answer.status) => Err(format!("{} {}", answer.status, answer.text())),
        Ok(_) | Err(_) => Ok(()),
    }
}

/// As a browser sends them for a page of another site.
fn cross_site(target: &Target) -> Result<(), String> {
    let foreign = [("Origin", "http://evil.example"), ("Origin", "null"), ("Sec-Fetch-Site", "cross-site")];
    let routes = [("DELETE", "/v3/kafka/good/consumer/steady"), ("POST", "/v3/admin/loglevel")];
    for header in foreign {
        for (method, path) in routes {
            let answer = http::request(target.port, method, path, &[header, ("Content-Length", "0")]);
            refused(answer, &[403]).map_err(|answer| format!("{method} {path} with {header:?}: {answer}"))?;
        }
    }
    target.pause(seconds(1));
    Ok(())
}

fn garbage(target: &Target) -> Result<(), String> {
    let hello = [&[0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3][..], &[0xaa; 512]].concat();
    let lines = b"GET\r\n\r\n \r\n\0\0\0";
    for bytes in [&hello[..], lines, &[b'\n'; 4096], &[0; 65_536]] {
        if let Some(mut stream) = connect(target) {
            drop(stream.write_all(bytes));
            drop(stream.read(&mut [0; 1024]));
        }
    }
    target.pause(seconds(1));
    Ok(())
}
