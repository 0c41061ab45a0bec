//! Processes that never outlive the tests.

use std::fs::{File, read_to_string};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Mutex, OnceLock};
use std::time::{Duration, Instant};

/// A child that writes to a log file and is killed, by its id, when dropped.
pub struct Process {
    child: Child,
    ended: Option<ExitStatus>,
    log: PathBuf,
}

impl Process {
    /// Starts `command` with both outputs in `log`, behind what is there.
    pub fn start(mut command: Command, log: &Path) -> Self {
        let file = File::options().create(true).append(true).open(log).unwrap();
        command.stdout(file.try_clone().unwrap()).stderr(file);
        command.stdin(Stdio::null());
        Self { child: spawn(command), ended: None, log: log.to_owned() }
    }

    /// Starts `command` with pipes for stdin and stdout; stderr goes to `log`.
    pub fn piped(mut command: Command, log: &Path) -> Self {
        let file = File::options().create(true).append(true).open(log).unwrap();
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(file);
        Self { child: spawn(command), ended: None, log: log.to_owned() }
    }

    /// Starts `command` with its output thrown away; stderr goes to `log`.
    pub fn silent(mut command: Command, log: &Path) -> Self {
        let file = File::options().create(true).append(true).open(log).unwrap();
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(file);
        Self { child: spawn(command), ended: None, log: log.to_owned() }
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    pub fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    /// All that it has printed so far.
    pub fn log(&self) -> String {
        read_to_string(&self.log).unwrap()
    }

    /// The exit status, once it has ended.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        if self.ended.is_none() {
            self.ended = self.child.try_wait().unwrap();
        }
        self.ended
    }

    /// Sends a signal, unless it has ended: its id may belong to another process then.
    pub fn signal(&mut self, signal: i32) {
        if self.ended().is_none() {
            let id = libc::pid_t::try_from(self.child.id()).unwrap();
            #[expect(unsafe_code, reason = "std can only kill; the id is that of a child not yet waited for")]
            let sent = unsafe { libc::kill(id, signal) };
            assert_eq!(sent, 0, "signal {signal} to {id}");
        }
    }

    /// Sends a signal to one of its threads.
    pub fn signal_thread(&mut self, thread: libc::pid_t, signal: i32) {
        assert!(self.ended().is_none(), "it has ended");
        let id = libc::pid_t::try_from(self.child.id()).unwrap();
        #[expect(unsafe_code, reason = "std has no signals; the thread is one of a child not yet waited for")]
        let sent = unsafe { libc::syscall(libc::SYS_tgkill, id, thread, signal) };
        assert_eq!(sent, 0, "signal {signal} to thread {thread} of {id}");
    }

    /// Kills it and waits until it is gone.
    pub fn kill(&mut self) {
        if self.ended().is_none() {
            self.child.kill().unwrap();
            self.ended = Some(self.child.wait().unwrap());
        }
    }

    /// Waits for the end; how it ended and how long that took.
    pub fn wait(&mut self, patience: Duration) -> (ExitStatus, Duration) {
        let began = Instant::now();
        let status = super::eventually(patience, "the end of a process", || {
            self.ended().ok_or_else(|| format!("it still runs; log {}", self.log.display()))
        });
        (status, began.elapsed())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if self.ended.is_none() && self.child.kill().is_ok() {
            drop(self.child.wait());
        }
    }
}

type Order = (Command, Sender<std::io::Result<Child>>);

/// Starts a child that dies with this process, even when this process is killed.
///
/// The kernel ties that to the *thread* that forks, and a test's thread ends with its test, so one thread that
/// never ends does it for all.
fn spawn(mut command: Command) -> Child {
    static FORKER: OnceLock<Mutex<Sender<Order>>> = OnceLock::new();
    let name = format!("{:?}", command.get_program());
    #[expect(unsafe_code, reason = "the parent-death signal is set between fork and exec; prctl is async-signal-safe")]
    unsafe {
        command.pre_exec(|| match libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) {
            0 => Ok(()),
            _ => Err(std::io::Error::last_os_error()),
        });
    }
    let forker = FORKER.get_or_init(|| {
        let (orders, inbox) = channel::<Order>();
        std::thread::spawn(move || {
            for (mut command, answer) in inbox {
                drop(answer.send(command.spawn()));
            }
        });
        Mutex::new(orders)
    });
    let (answer, child) = channel();
    forker.lock().unwrap().send((command, answer)).unwrap();
    child.recv().unwrap().unwrap_or_else(|error| panic!("starting {name}: {error}"))
}
