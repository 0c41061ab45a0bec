//! The floor: what the same reading costs at the least, by programs that do nothing but read and send.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::usage;
use crate::rig::pause;
use crate::rig::process::Process;
use crate::rig::scratch::Scratch;

/// A program's run.
#[derive(Clone, Copy, Debug)]
pub struct Run {
    pub took: Duration,
    pub cpu: Duration,
}

/// `kcat -C -e`: the whole topic read once, at least so many `records`, and thrown away.
pub fn kcat(servers: &str, topic: &str, records: usize) -> Run {
    let scratch = Scratch::new("kcat");
    let mut command = Command::new("kcat");
    command.args(["-C", "-e", "-b", servers, "-t", topic]);
    // Cargo points this at our own librdkafka, which is not what kcat was built with.
    command.env_remove("LD_LIBRARY_PATH");
    let began = Instant::now();
    let mut process = Process::silent(command, &scratch.join("kcat.log"));
    let cpu = loop {
        // Its times are gone once it has been waited for.
        match usage::ended(process.id()) {
            Some(cpu) => break cpu,
            None => pause(Duration::from_millis(2)),
        }
    };
    let took = began.elapsed();
    let status = process.ended();
    let log = process.log();
    assert!(status.is_some_and(|status| status.success()), "kcat ended with {status:?}:\n{log}");
    assert!(read(&log) >= records, "kcat has read less than {records} records:\n{log}");
    Run { took, cpu }
}

/// How many records kcat has read: it says of each partition where it came to its end.
fn read(log: &str) -> usize {
    let ends = log
        .lines()
        .filter_map(|line| line.split_once(" at offset ")?.1.split([':', ' ']).next()?.parse::<usize>().ok());
    ends.sum()
}

/// A server that knows one answer by heart.
pub struct Static {
    pub port: u16,
}

impl Static {
    /// Says `answer`, head and all, to whoever asks, until this program ends.
    pub fn start(answer: Vec<u8>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let answer: Arc<[u8]> = answer.into();
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let answer = Arc::clone(&answer);
                std::thread::spawn(move || tell(client, &answer));
            }
        });
        Self { port }
    }
}

fn tell(mut client: TcpStream, answer: &[u8]) {
    let mut asked = [0; 4096];
    if client.read(&mut asked).is_ok_and(|count| count > 0) {
        // Fails when the client has gone, and then nobody is to be told.
        drop(client.write_all(answer));
    }
}
