//! `warrener` as a process.

use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

use super::broker::Cluster;
use super::http::{self, Response};
use super::page::Page;
use super::process::Process;
use super::scratch::Scratch;
use super::security::{PASSWORD, USER};
use super::{eventually, free_port, seconds};

/// A running `warrener`, ended when dropped.
pub struct Program {
    process: Process,
    pub port: u16,
    scratch: Scratch,
}

/// The command, without arguments and with nothing of the tests' environment that it would listen to.
pub fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_warrener"));
    for name in ["CONFIG", "BROKERS", "LISTEN", "LOG_LEVEL", "WEB_CONFIG_FILE"] {
        command.env_remove(format!("WARRENER_{name}"));
    }
    command
}

impl Program {
    /// `--brokers` and no file.
    pub fn with_brokers(brokers: &str) -> Self {
        let mut command = command();
        command.args(["--brokers", brokers]);
        Self::start(command, Scratch::new("warrener"))
    }

    /// `--config` with a file of this text.
    pub fn with_config(text: &str) -> Self {
        let scratch = Scratch::new("warrener");
        let mut command = command();
        command.arg("--config").arg(scratch.write("warrener.toml", text));
        Self::start(command, scratch)
    }

    /// As `with_config`, with a command that has been changed.
    pub fn changed(text: &str, change: impl FnOnce(&mut Command)) -> Self {
        let scratch = Scratch::new("warrener");
        let mut command = command();
        command.arg("--config").arg(scratch.write("warrener.toml", text));
        change(&mut command);
        Self::start(command, scratch)
    }

    /// A demo of one's own.
    pub fn fresh_demo() -> Self {
        let mut command = command();
        command.arg("demo");
        Self::start(command, Scratch::new("demo"))
    }

    /// As `quick`, at a port of one's own choice: one program may come after another.
    pub fn quick_at(port: u16, servers: &str) -> Self {
        let scratch = Scratch::new("warrener");
        let mut command = command();
        command.arg("--config").arg(scratch.write("warrener.toml", quick(servers, "", "")));
        command.args(["--listen", &format!("127.0.0.1:{port}")]);
        Self::start_at(port, command, scratch)
    }

    /// A cluster and consumer `local` at these servers with quick refreshes, and whatever else.
    pub fn quick(servers: &str, more: &str) -> Self {
        Self::with_config(&quick(servers, "", more))
    }

    /// As `quick`, as the user of `security`, who may do what it was granted.
    pub fn as_user(cluster: &Cluster) -> Self {
        Self::as_user_with(cluster, USER, "")
    }

    /// The same as one of its users, with more in its file.
    pub fn as_user_with(cluster: &Cluster, user: &str, more: &str) -> Self {
        let [key, section] = match cluster.ca() {
            Some(ca) => ["tls = \"x\"\n".to_owned(), format!("[tls.x]\ncafile = \"{ca}\"\n")],
            None => [(), ()].map(|()| String::new()),
        };
        let profile = format!(
            "[client-profile.p]\n{key}sasl = \"x\"\n{section}\
             [sasl.x]\nmechanism = \"PLAIN\"\nusername = \"{user}\"\npassword = \"{PASSWORD}\"\n{more}"
        );
        Self::with_config(&quick(&cluster.sasl_address(), "client-profile = \"p\"", &profile))
    }

    /// As `quick`, with an ordinary topic in the place of the offsets topic.
    ///
    /// Commits there may name topics that do not exist, which are hidden once two refreshes of the metadata have
    /// not named them: so there is only one
    /// (docs/src/reference/storage-rules.md, Topics that the metadata does not name).
    pub fn reading(servers: &str, topic: &str) -> Self {
        Self::reading_with(servers, topic, "")
    }

    /// The same, with more in its file.
    pub fn reading_with(servers: &str, topic: &str, more: &str) -> Self {
        let file = quick(servers, "", more).replace("topic-refresh = 1\n", "topic-refresh = 3600\n");
        let (head, consumer) = file.split_once("[consumer.local]").unwrap();
        Self::with_config(&format!("{head}[consumer.local]\noffsets-topic = \"{topic}\"{consumer}"))
    }

    /// As `quick`, with a server on which the API's routes that change something are enabled: `--listen` would put
    /// another in its place.
    pub fn administered(servers: &str) -> Self {
        Self::administered_with(&quick(servers, "", ""))
    }

    /// The same with a file of this text.
    pub fn administered_with(text: &str) -> Self {
        let (port, scratch) = (free_port(), Scratch::new("warrener"));
        let server = format!("[httpserver.default]\naddress = \"127.0.0.1:{port}\"\nenable-admin = true\n");
        let mut command = command();
        command.arg("--config").arg(scratch.write("warrener.toml", format!("{text}{server}")));
        Self::start_at(port, command, scratch)
    }

    /// `--config` with a file that has its own listeners, one of them at this port.
    pub fn with_file_at(port: u16, text: &str) -> Self {
        let scratch = Scratch::new("warrener");
        let mut command = command();
        command.arg("--config").arg(scratch.write("warrener.toml", text));
        Self::start_at(port, command, scratch)
    }

    /// As `with_file_at`, with a command that has been changed.
    pub fn changed_at(port: u16, text: &str, change: impl FnOnce(&mut Command)) -> Self {
        let scratch = Scratch::new("warrener");
        let mut command = command();
        command.arg("--config").arg(scratch.write("warrener.toml", text));
        change(&mut command);
        Self::start_at(port, command, scratch)
    }

    /// The demo, which all tests share that only look at it. It has been ready once.
    pub fn demo() -> &'static Self {
        static DEMO: OnceLock<Program> = OnceLock::new();
        DEMO.get_or_init(|| Self::fresh_demo().ready())
    }

    fn start(mut command: Command, scratch: Scratch) -> Self {
        let port = free_port();
        command.args(["--listen", &format!("127.0.0.1:{port}")]);
        Self::start_at(port, command, scratch)
    }

    fn start_at(port: u16, command: Command, scratch: Scratch) -> Self {
        let mut process = Process::start(command, &scratch.join("warrener.log"));
        eventually(seconds(20), "listening warrener", || {
            assert!(process.ended().is_none(), "it ended:\n{}", process.log());
            http::get(port, "/-/healthy", &[])
        });
        Self { process, port, scratch }
    }

    /// Writes its configuration file again.
    pub fn rewrite(&self, text: &str) {
        self.scratch.write("warrener.toml", text);
    }

    /// Removes its configuration file.
    pub fn remove_file(&self) {
        std::fs::remove_file(self.scratch.join("warrener.toml")).unwrap();
    }

    /// Puts a pipe that nobody writes into in the place of its configuration file.
    pub fn replace_file_with_a_pipe(&self) {
        self.remove_file();
        assert!(Command::new("mkfifo").arg(self.scratch.join("warrener.toml")).status().unwrap().success());
    }

    pub fn post(&self, path: &str) -> Response {
        http::request(self.port, "POST", path, &[]).unwrap_or_else(|error| panic!("{error}:\n{}", self.log()))
    }

    pub fn get(&self, path: &str) -> Response {
        http::get(self.port, path, &[]).unwrap_or_else(|error| panic!("{error}:\n{}", self.log()))
    }

    /// Waits until `/-/ready` says 200.
    pub fn ready(self) -> Self {
        self.await_ready(seconds(60));
        self
    }

    pub fn await_ready(&self, patience: Duration) {
        eventually(patience, "ready warrener", || {
            let answer = http::get(self.port, "/-/ready", &[])?;
            if answer.status == 200 { Ok(()) } else { Err(format!("{} {}", answer.status, answer.text())) }
        });
    }

    /// One scrape.
    pub fn page(&self) -> Page {
        let answer = self.get("/metrics");
        assert_eq!(answer.status, 200, "{}", answer.text());
        Page::parse(answer.text())
    }

    /// One scrape, unless the process has ended or is about to.
    pub fn try_page(&self) -> Result<Page, String> {
        let answer = http::get(self.port, "/metrics", &[])?;
        if answer.status == 200 { Ok(Page::parse(answer.text())) } else { Err(answer.text().to_owned()) }
    }

    /// Scrapes until the page is as wanted; the page.
    pub fn page_where(
        &self,
        patience: Duration,
        what: &str,
        mut wanted: impl FnMut(&Page) -> Result<(), String>,
    ) -> Page {
        eventually(patience, what, || {
            let page = self.page();
            wanted(&page).map(|()| page)
        })
    }

    pub fn log(&self) -> String {
        self.process.log()
    }

    /// Its process id.
    pub fn id(&mut self) -> u32 {
        self.process.child().id()
    }

    /// How it ended, once it has.
    pub fn ended(&mut self) -> Option<std::process::ExitStatus> {
        self.process.ended()
    }

    pub fn runs(&mut self) -> bool {
        self.process.ended().is_none()
    }

    pub fn signal(&mut self, signal: i32) {
        self.process.signal(signal);
    }

    /// Sends a signal to the thread of this name.
    pub fn signal_thread(&mut self, name: &str, signal: i32) {
        let id = self.id();
        let thread = eventually(seconds(10), "thread", || {
            let threads = std::fs::read_dir(format!("/proc/{id}/task")).unwrap().map(|entry| entry.unwrap().path());
            let named = |path: &std::path::Path| std::fs::read_to_string(path.join("comm")).unwrap_or_default();
            let mut threads = threads.filter(|path| named(path).trim() == name);
            threads.next().ok_or_else(|| format!("none is named {name}"))
        });
        let thread = thread.file_name().unwrap().to_str().unwrap().parse().unwrap();
        self.process.signal_thread(thread, signal);
    }

    /// Waits for its end.
    pub fn wait(&mut self, patience: Duration) -> std::process::ExitStatus {
        self.process.wait(patience).0
    }

    /// SIGTERM ends it within 5 s and with 0.
    pub fn terminate(mut self) {
        assert!(self.runs(), "it ended by itself:\n{}", self.log());
        self.signal(libc::SIGTERM);
        let (status, took) = self.process.wait(seconds(10));
        assert!(took <= seconds(5), "SIGTERM took {took:?}:\n{}", self.log());
        assert_eq!(status.code(), Some(0), "{}", self.log());
    }
}

/// The text of a file with a cluster and a consumer `local`; `keys` go into both sections, `more` behind.
pub fn quick(servers: &str, keys: &str, more: &str) -> String {
    let list: Vec<String> = servers.split(',').map(|server| format!("{server:?}")).collect();
    let list = list.join(", ");
    format!(
        "[cluster.local]\nclass-name = \"kafka\"\nservers = [{list}]\noffset-refresh = 1\ntopic-refresh = 1\n{keys}\n\
         [consumer.local]\nclass-name = \"kafka\"\ncluster = \"local\"\nservers = [{list}]\n{keys}\n{more}\n"
    )
}
