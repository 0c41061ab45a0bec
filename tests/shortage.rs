//! Too few descriptors: whatever runs short, the program goes on and says so.

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::time::{Duration, Instant};

use crate::rig::limits::{address_space, open_descriptors, set_address_space, set_descriptors};
use crate::rig::process::Process;
use crate::rig::program::Program;
use crate::rig::scratch::Scratch;
use crate::rig::{eventually, free_port, http, seconds};

/// Clients that connect, at one port after the other, and say nothing.
fn crowd(ports: &[u16], count: usize) -> Vec<TcpStream> {
    let at = |port: &u16| TcpStream::connect(("127.0.0.1", *port)).unwrap();
    ports.iter().cycle().take(count).map(at).collect()
}

/// How many of these connections the program has not closed.
fn open(crowd: &[TcpStream]) -> usize {
    let is_open = |mut stream: &TcpStream| {
        stream.set_read_timeout(Some(Duration::from_millis(1))).unwrap();
        stream.read(&mut [0]).is_err_and(|error| error.kind() == ErrorKind::WouldBlock)
    };
    crowd.iter().filter(|stream| is_open(stream)).count()
}

/// A ZooKeeper module with this server, and two listeners.
fn with_two_listeners(zookeeper: &str) -> (Program, u16) {
    let (first, second) = (free_port(), free_port());
    let text = format!(
        "[cluster.local]\nclass-name = \"kafka\"\nservers = [\"127.0.0.1:1\"]\n\
         [consumer.zk]\nclass-name = \"kafka_zk\"\ncluster = \"local\"\nservers = [\"{zookeeper}\"]\n\
         [httpserver.one]\naddress = \"127.0.0.1:{first}\"\n[httpserver.two]\naddress = \"127.0.0.1:{second}\"\n"
    );
    (Program::with_file_at(first, &text), second)
}

#[test]
fn both_listeners_together_hold_512_connections_and_everything_else_goes_on() {
    let (mut program, second) = with_two_listeners("127.0.0.1:1");
    let before = open_descriptors(program.id());
    let ports = [program.port, second];
    let crowd = crowd(&ports, 1100);
    eventually(seconds(10), "at most 512 connections", || match open(&crowd) {
        held @ 0..=512 => Ok(held),
        held => Err(held.to_string()),
    });
    for port in ports {
        assert_eq!(http::get(port, "/-/healthy", &[]).unwrap().status, 200);
    }
    assert!(open_descriptors(program.id()) < before + 512 + 64);
    assert!(program.runs() && !program.log().contains("cannot be accepted"), "{}", program.log());
}

#[test]
fn the_soft_limit_of_descriptors_is_raised_to_the_hard_one() {
    let port = free_port();
    let scratch = Scratch::new("limits");
    let mut shell = Command::new("sh");
    let line = format!("ulimit -Sn 100; ulimit -Hn 400; exec \"$0\" --brokers 127.0.0.1:1 --listen 127.0.0.1:{port}");
    shell.args(["-c", &line, env!("CARGO_BIN_EXE_warrener")]);
    let program = Process::start(shell, &scratch.join("log"));
    let page = eventually(seconds(20), "listening warrener", || http::get(port, "/metrics", &[]));
    assert!(page.text().contains("\nprocess_max_fds 400\n"), "{}", page.text());
    // 256 of them are the modules'.
    let crowd = crowd(&[port], 300);
    eventually(seconds(10), "at most 144 connections", || match open(&crowd) {
        held @ 0..=144 => Ok(held),
        held => Err(held.to_string()),
    });
    let told = "few file descriptors: fewer clients than usual may be connected descriptors=400 connections=144";
    assert_eq!(program.log().matches(told).count(), 1, "{}", program.log());
}

const WHY_EIGHT: &str = "no file descriptor is left, of 8 that the process may have";
const WHY: &str = "cause=\"no file descriptor is left, of ";

#[test]
fn when_clients_take_the_last_descriptor_the_longest_silent_makes_room() {
    let (mut program, second) = with_two_listeners("127.0.0.1:1");
    let id = program.id();
    set_descriptors(id, open_descriptors(id) + 4);
    let ports = [program.port, second];
    let _clients = crowd(&ports, 40);
    for port in ports.repeat(10) {
        let answer = eventually(seconds(10), "answer", || http::get(port, "/-/healthy", &[]));
        assert_eq!(answer.status, 200);
    }
    assert!(program.runs());
    let log = program.log();
    let stuck = |port: u16| format!("connections cannot be accepted address=127.0.0.1:{port} {WHY}");
    let counts = ports.map(|port| log.matches(&stuck(port)).count());
    assert!(counts.iter().sum::<usize>() > 0 && counts.iter().all(|count| *count <= 1), "{counts:?}:\n{log}");
    assert!(!log.contains("accepted again") && log.lines().count() < 30, "{log}");
}

#[test]
fn a_module_without_descriptors_says_so_and_tries_again() {
    // A server that opens no session: the module tries it again and again.
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    server.set_nonblocking(true).unwrap();
    let tried = || server.accept().map(drop).map_err(|error| error.to_string());
    let (mut program, _) = with_two_listeners(&server.local_addr().unwrap().to_string());
    let id = program.id();
    eventually(seconds(20), "try of the server", tried);
    let before = set_descriptors(id, 8);
    let said = |program: &Program| {
        let log = program.log();
        log.lines().filter(|line| line.contains("ZooKeeper is not followed") && line.contains(WHY_EIGHT)).count()
    };
    eventually(seconds(20), "cause in the log", || if said(&program) > 0 { Ok(()) } else { Err(program.log()) });
    // What was on its way has come by the time that nothing comes for five seconds: nothing can.
    let mut quiet = Instant::now();
    eventually(seconds(30), "end of the tries", || {
        quiet = if tried().is_ok() { Instant::now() } else { quiet };
        if quiet.elapsed() > seconds(5) { Ok(()) } else { Err("it is still tried".to_owned()) }
    });
    assert!(said(&program) <= 2, "once for the session and once for the server:\n{}", program.log());
    set_descriptors(id, before);
    eventually(seconds(20), "another try of the server", tried);
    assert_eq!(program.get("/metrics").status, 200);
    program.terminate();
}

#[test]
fn what_there_is_no_memory_for_is_answered_503_and_the_program_goes_on() {
    let mut program = Program::with_brokers("127.0.0.1:1");
    let id = program.id();
    let paths = ["/v3/kafka", "/api/groups"];
    let statuses = |program: &Program| paths.map(|path| program.get(path).status);
    assert_eq!(statuses(&program), [200, 200]);
    let before = set_address_space(id, address_space(id) + (4 << 20));
    for _ in 0..5 {
        assert_eq!(statuses(&program), [503, 503]);
        assert_eq!(program.get("/-/healthy").status, 200);
        // A small page may find room in what is free already.
        assert!([200, 503].contains(&program.get("/metrics").status));
    }
    let log = program.log();
    let said = log.lines().filter(|line| line.contains("requests are answered 503 cause=")).count();
    assert!((1..=2).contains(&said), "once for memory, once for threads:\n{log}");
    set_address_space(id, before);
    assert_eq!(statuses(&program), [200, 200]);
    assert!(program.runs());
}

/// How much a client can send behind a head before the server hangs up, and what it is answered.
fn sent_behind(port: u16, head: &str, chunk: &[u8]) -> (usize, String) {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_write_timeout(Some(seconds(5))).unwrap();
    stream.set_read_timeout(Some(seconds(5))).unwrap();
    let mut answers = stream.try_clone().unwrap();
    let reader = std::thread::spawn(move || {
        let mut answer = Vec::new();
        let _ = answers.read_to_end(&mut answer);
        String::from_utf8_lossy(&answer).into_owned()
    });
    stream.write_all(head.as_bytes()).unwrap();
    let mut sent = 0;
    while sent < 64 << 20 && stream.write_all(chunk).is_ok() {
        sent += chunk.len();
    }
    (sent, reader.join().unwrap())
}

#[test]
fn a_body_that_is_too_large_is_refused_at_once_and_little_of_it_is_taken() {
    let program = Program::with_brokers("127.0.0.1:1");
    let head = |framing: &str| format!("POST /v3/admin/loglevel HTTP/1.1\r\nHost: x\r\n{framing}\r\n\r\n");
    let chunk = [b"10000\r\n", &[b'b'; 0x10000][..], b"\r\n"].concat();
    for (framing, chunk) in [("Content-Length: 1000000000", &[b'b'; 65536][..]), ("Transfer-Encoding: chunked", &chunk)]
    {
        let began = Instant::now();
        let (sent, answer) = sent_behind(program.port, &head(framing), chunk);
        assert!(answer.starts_with("HTTP/1.1 413 "), "{framing}: {answer}");
        // What is sent waits in the kernel's buffers, the client's own and the server's.
        assert!(sent < 12 << 20, "{framing}: {sent} bytes were taken");
        assert!(began.elapsed() < seconds(4), "{framing}: {:?}", began.elapsed());
    }
    // A client that sends nothing of what it announces is answered as well.
    let announced = http::raw(program.port, head("Content-Length: 65537").as_bytes(), seconds(3)).unwrap();
    assert_eq!(announced.status, 413);
}
