//! A wall clock of one's own for a process, by libfaketime. Its other clock, which only goes on, is the machine's.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::pause;
use super::scratch::Scratch;
use super::seconds;

/// A clock that can be set while those that go by it run.
pub struct Clock {
    file: PathBuf,
    scratch: Scratch,
}

impl Clock {
    /// Right for now.
    pub fn new() -> Self {
        let scratch = Scratch::new("clock");
        let clock = Self { file: scratch.join("offset"), scratch };
        clock.write("+0d");
        clock
    }

    /// Lets a command go by it.
    pub fn of(&self, command: &mut Command) {
        command.env("LD_PRELOAD", library()).env("FAKETIME_TIMESTAMP_FILE", &self.file);
        for (name, value) in [
            ("FAKETIME_CACHE_DURATION", "1"),
            ("FAKETIME_DISABLE_SHM", "1"),
            ("NO_FAKE_STAT", "1"),
            // The second name is that of older releases.
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
            ("DONT_FAKE_MONOTONIC", "1"),
        ] {
            command.env(name, value);
        }
    }

    /// Sets it, as `+10d` or `-1h` against the machine's; it is set when this returns.
    pub fn set(&self, offset: &str) {
        self.write(offset);
        // Those that go by it look at the file once a second.
        pause(seconds(2));
    }

    fn write(&self, offset: &str) {
        let new = self.scratch.write("new", format!("{offset}\n"));
        fs::rename(new, &self.file).unwrap();
    }
}

/// Lets the waits of processes last an hour longer, as if the machine's clock were set back.
pub struct Setback(Scratch);

impl Setback {
    /// Nothing is set back yet.
    pub fn new() -> Self {
        let scratch = Scratch::new("setback");
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rig/setback.c");
        let output = Command::new("cc")
            .args(["-shared", "-fPIC", "-O1", "-o"])
            .arg(scratch.join("setback.so"))
            .arg(source)
            .output();
        let output = output.unwrap();
        assert!(output.status.success(), "{output:?}");
        Self(scratch)
    }

    /// Lets a command go by it.
    pub fn of(&self, command: &mut Command) {
        command.env("LD_PRELOAD", self.0.join("setback.so")).env("SETBACK_FILE", self.0.join("back"));
    }

    /// Sets it back, once.
    pub fn strike(&self) {
        self.0.write("back", "");
    }
}

/// What `faketime` puts before a program; where that lies is the system's own affair.
fn library() -> String {
    let output = Command::new("faketime").args(["-m", "-f", "+0d", "printenv", "LD_PRELOAD"]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}
