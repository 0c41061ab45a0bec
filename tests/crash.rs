//! Ends that nobody asked for: one line on standard error says what ended the program, and which version that was.

use std::process::Command;

use crate::rig::limits::no_core;
use crate::rig::process::Process;
use crate::rig::program::{Program, command};
use crate::rig::scratch::Scratch;
use crate::rig::{eventually, seconds};

fn alone() -> Program {
    Program::with_brokers("127.0.0.1:1")
}

/// The lines of a log that say what ended the program, without the program's revision.
fn ends(log: &str) -> Vec<String> {
    let version = concat!("warrener ", env!("CARGO_PKG_VERSION"), " (revision ");
    let ends = log.lines().filter_map(|line| line.strip_prefix(version)?.split_once("): "));
    ends.map(|(_, end)| end.to_owned()).collect()
}

/// Sends a signal to one thread of the program; what it said and what ended it.
fn shot(program: &mut Program, thread: &str, signal: i32) -> (Vec<String>, Option<i32>) {
    use std::os::unix::process::ExitStatusExt;
    no_core(program.id());
    program.signal_thread(thread, signal);
    let status = program.wait(seconds(10));
    (ends(&program.log()), status.signal())
}

#[test]
fn a_fatal_signal_is_reported_in_one_line_and_still_ends_the_program() {
    for (signal, name) in [
        (libc::SIGABRT, "SIGABRT"),
        (libc::SIGBUS, "SIGBUS"),
        (libc::SIGFPE, "SIGFPE"),
        (libc::SIGILL, "SIGILL"),
        (libc::SIGSEGV, "SIGSEGV"),
    ] {
        let mut program = alone();
        let own = std::process::id();
        let expected = format!("ended by {name} in thread warrener: the signal was sent by process {own}");
        assert_eq!(shot(&mut program, "warrener", signal), (vec![expected], Some(signal)));
    }
}

#[test]
fn a_fault_in_librdkafkas_own_threads_is_reported_too() {
    let mut program = alone();
    // They are there as soon as the client is.
    let expected =
        format!("ended by SIGSEGV in thread rdk:main: the signal was sent by process {}", std::process::id());
    assert_eq!(shot(&mut program, "rdk:main", libc::SIGSEGV), (vec![expected], Some(libc::SIGSEGV)));
}

#[test]
fn a_port_that_is_taken_is_named_with_its_cause_and_the_version() {
    let program = alone();
    let scratch = Scratch::new("taken");
    let mut second = command();
    second.args(["--brokers", "127.0.0.1:1", "--listen", &format!("127.0.0.1:{}", program.port)]);
    let log = scratch.join("log");
    let (status, _) = Process::start(second, &log).wait(seconds(10));
    let said = std::fs::read_to_string(log).unwrap();
    let last = said.lines().last().unwrap();
    let cause = format!("cannot listen on \"127.0.0.1:{}\": Address already in use (os error 98)", program.port);
    assert!(last.contains("ERROR") && last.contains(&cause), "{last}");
    assert!(
        last.contains(concat!("version=\"", env!("CARGO_PKG_VERSION"), "\"")) && last.contains("revision="),
        "{last}"
    );
    assert_eq!(status.code(), Some(1));
}

#[test]
fn a_program_without_standard_error_ends_all_the_same() {
    use std::os::unix::process::ExitStatusExt;
    let port = crate::rig::free_port();
    let mut shell = Command::new("sh");
    let line = format!("ulimit -c 0; exec \"$0\" --brokers 127.0.0.1:1 --listen 127.0.0.1:{port} 2>&-");
    shell.args(["-c", &line, env!("CARGO_BIN_EXE_warrener")]);
    let scratch = Scratch::new("silent");
    let mut program = Process::start(shell, &scratch.join("log"));
    eventually(seconds(20), "listening warrener", || crate::rig::http::get(port, "/-/healthy", &[]));
    program.signal(libc::SIGSEGV);
    assert_eq!(program.wait(seconds(10)).0.signal(), Some(libc::SIGSEGV));
}
