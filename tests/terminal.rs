//! A broker whose words would set the title of a terminal and clear its screen.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Output;

use serde_json::Value;

use crate::rig::process::Process;
use crate::rig::program::{Program, command, quick};
use crate::rig::scratch::Scratch;
use crate::rig::{eventually, seconds};

/// A title, a cleared screen, a C1 sequence, an override of direction, a separator of lines, a line of a log.
const HOSTILE: &str = "bad \u{1b}]0;owned\u{7}\u{1b}[2J\u{9b}31m\u{202e}\u{2028}\r\nERROR made up";

/// Listens for as long as the tests run, and refuses every login with these words; its address.
fn refusing(words: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || drop(refuse(stream, words)));
        }
    });
    address
}

/// Answers a client's requests until it goes.
fn refuse(mut stream: TcpStream, words: &str) -> std::io::Result<()> {
    loop {
        let mut head = [0; 12];
        stream.read_exact(&mut head)?;
        let length = u64::from(u32::from_be_bytes([head[0], head[1], head[2], head[3]]));
        std::io::copy(&mut (&mut stream).take(length - 8), &mut std::io::sink())?;
        let body = match i16::from_be_bytes([head[4], head[5]]) {
            18 => api_versions(),
            // SaslHandshake: no error, one mechanism.
            17 => [&[0, 0, 0, 0, 0, 1, 0, 5][..], b"PLAIN"].concat(),
            // SaslAuthenticate: SASL_AUTHENTICATION_FAILED, the words, no bytes, no lifetime.
            36 => {
                let length = u16::try_from(words.len()).unwrap().to_be_bytes();
                [&[0, 58][..], &length, words.as_bytes(), &[0; 12]].concat()
            }
            _ => return Ok(()),
        };
        let answer = [&head[8..12], &body].concat();
        stream.write_all(&u32::try_from(answer.len()).unwrap().to_be_bytes())?;
        stream.write_all(&answer)?;
    }
}

/// Version 3: no error; each API with its versions; no throttling, no tags.
fn api_versions() -> Vec<u8> {
    let apis: [(u8, u8, u8); 4] = [(3, 0, 4), (17, 0, 1), (18, 0, 3), (36, 0, 1)];
    let list = apis.iter().flat_map(|(key, least, most)| [0, *key, 0, *least, 0, *most, 0]);
    [0, 0, u8::try_from(apis.len() + 1).unwrap()].into_iter().chain(list).chain([0; 5]).collect()
}

fn config(more: &str) -> String {
    let profile =
        "[client-profile.p]\nsasl = \"s\"\n[sasl.s]\nmechanism = \"PLAIN\"\nusername = \"u\"\npassword = \"p\"\n";
    quick(&refusing(HOSTILE), "client-profile = \"p\"", &format!("{profile}{more}"))
}

fn lag(arguments: &[&str]) -> Output {
    let scratch = Scratch::new("terminal");
    let file = scratch.write("warrener.toml", config(""));
    let mut command = command();
    command.args(["lag", "--timeout", "3", "--config"]).arg(file).args(arguments);
    let mut process = Process::piped(command, &scratch.join("stderr"));
    let (status, _) = process.wait(seconds(20));
    let mut stdout = Vec::new();
    process.child().stdout.as_mut().unwrap().read_to_end(&mut stdout).unwrap();
    Output { status, stdout, stderr: process.log().into_bytes() }
}

fn assert_harmless(text: &str) {
    let obeyed = |c: char| c != '\n' && (c.is_control() || ['\u{202e}', '\u{2028}'].contains(&c));
    assert!(!text.contains(obeyed), "{text:?}");
    assert!(!text.lines().any(|line| line.starts_with("ERROR made up")), "{text:?}");
}

#[test]
fn lag_shows_a_brokers_words_and_obeys_none() {
    for output in ["table", "json"] {
        let told = lag(&["--output", output]);
        assert_eq!(told.status.code(), Some(1), "{told:?}");
        let said = String::from_utf8(told.stderr).unwrap();
        assert_harmless(&said);
        assert_harmless(std::str::from_utf8(&told.stdout).unwrap());
        assert!(said.contains(r"bad \u{1b}]0;owned\u{7}\u{1b}[2J\u{9b}31m\u{202e}\u{2028}"), "{said}");
    }
}

#[test]
fn the_log_shows_a_brokers_words_and_obeys_none() {
    let told = |format: &str| {
        let program = Program::with_config(&config(&format!("[logging]\nlevel = \"debug\"\nformat = \"{format}\"\n")));
        let log = eventually(seconds(10), "the broker's words", || match program.log() {
            log if log.contains("Kafka cannot be reached") && log.contains("owned") => Ok(log),
            log => Err(log),
        });
        program.terminate();
        assert_harmless(&log);
        log
    };
    assert!(told("text").contains("]0;owned"));
    let log = told("json");
    let causes: Vec<String> = log
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .filter_map(|line| line["cause"].as_str().map(str::to_owned))
        .collect();
    assert!(causes.iter().any(|cause| cause.contains("\u{1b}]0;owned\u{7}")), "{causes:?}");
}
