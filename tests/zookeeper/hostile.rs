//! A server that speaks ZooKeeper's protocol, and lies.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

use crate::rig::program::Program;
use crate::rig::{eventually, seconds};

use super::file;

/// Session, password and the rest of a good answer to a client that connects.
fn connected() -> Vec<u8> {
    let mut answer = Vec::from(0_i32.to_be_bytes());
    answer.extend(4_000_i32.to_be_bytes());
    answer.extend(7_i64.to_be_bytes());
    answer.extend(16_i32.to_be_bytes());
    answer.extend([1; 16]);
    answer.push(0);
    answer
}

fn frame(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let mut length = [0; 4];
    stream.read_exact(&mut length).ok()?;
    let mut frame = vec![0; usize::try_from(i32::from_be_bytes(length)).ok()?];
    stream.read_exact(&mut frame).ok()?;
    Some(frame)
}

fn send(stream: &mut TcpStream, frame: &[u8]) {
    let length = i32::try_from(frame.len()).unwrap().to_be_bytes();
    // Whoever hangs up has heard enough.
    drop(stream.write_all(&[&length[..], frame].concat()));
}

fn names(names: &[&[u8]]) -> Vec<u8> {
    let mut body = Vec::from(i32::try_from(names.len()).unwrap().to_be_bytes());
    for name in names {
        body.extend(i32::try_from(name.len()).unwrap().to_be_bytes());
        body.extend(*name);
    }
    body
}

/// The bodies of answers to a list and to a read.
#[derive(Clone)]
struct Lie {
    list: Vec<u8>,
    data: Vec<u8>,
}

fn serve(mut stream: TcpStream, lie: &Lie) {
    if frame(&mut stream).is_none() {
        return;
    }
    send(&mut stream, &connected());
    while let Some(request) = frame(&mut stream) {
        let code = i32::from_be_bytes(request[4..8].try_into().unwrap());
        let body = match code {
            // A synchronization, answered as it was asked.
            9 => request[8..].to_vec(),
            8 => lie.list.clone(),
            4 => lie.data.clone(),
            _ => Vec::new(),
        };
        // Transaction and no error.
        send(&mut stream, &[&request[..4], &1_i64.to_be_bytes(), &0_i32.to_be_bytes(), &body].concat());
    }
}

fn lies(lie: Lie) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let lie = lie.clone();
            thread::spawn(move || serve(stream, &lie));
        }
    });
    port
}

#[test]
fn a_server_that_lies_costs_its_own_sessions_and_nothing_else() {
    let list = names(&[b"0", b"t", b"offsets", b"/", b"", b"..", b"\x01", "\u{202e}".as_bytes()]);
    let good = Lie { list: list.clone(), data: Vec::new() };
    let all = [
        good.clone(),
        Lie { list: names(&[b"\xff"]), ..good.clone() },
        Lie { list: (1_i32 << 20).to_be_bytes().to_vec(), ..good.clone() },
        Lie { list: Vec::new(), ..good },
    ];
    for (number, lie) in all.into_iter().enumerate() {
        let mut program = Program::with_config(&file("127.0.0.1:1", &format!("\"127.0.0.1:{}\"", lies(lie)), "", ""));
        eventually(seconds(20), "several sessions", || {
            let sessions = program.page().value("warrener_zookeeper_sessions_total", &[("module", "zk")]);
            if sessions.is_some_and(|count| count >= 3.0) { Ok(()) } else { Err(format!("{number}: {sessions:?}")) }
        });
        assert!(program.runs(), "{number}: {}", program.log());
        assert_eq!(program.page().groups().len(), 0, "{number}");
        let log = program.log();
        assert!(log.lines().count() <= 40, "{number}: the log is flooded:\n{log}");
        program.terminate();
    }
}
