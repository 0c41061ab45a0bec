//! A real Chromium without a window, driven through its DevTools protocol over two pipes.

use std::io::{BufRead, BufReader, Write};
use std::process::{ChildStdin, Command};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::process::Process;
use super::scratch::Scratch;
use super::{eventually, seconds};

const INSTALL: &str = "install Debian's package `chromium` (apt-get install chromium)";
/// Longer than any answer takes on the slowest machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// One browser at a time: each takes some hundred megabytes and all of a processor.
static SEAT: Mutex<()> = Mutex::new(());

/// A browser with one tab, ended when dropped.
pub struct Browser {
    to: ChildStdin,
    from: Receiver<Value>,
    asked: u64,
    session: String,
    /// Its events: messages that answer nothing.
    events: Vec<Value>,
    process: Process,
    _scratch: Scratch,
    _seat: MutexGuard<'static, ()>,
}

/// How a page is looked at.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    pub width: u32,
    pub dark: bool,
}

impl Look {
    pub const WIDE: Self = Self { width: 1280, dark: false };

    /// A desk and a phone, by day and by night.
    pub fn all() -> [Self; 4] {
        [(1280, false), (1280, true), (390, false), (390, true)].map(|(width, dark)| Self { width, dark })
    }

    pub fn name(self) -> String {
        format!("{}-{}", self.width, if self.dark { "dark" } else { "light" })
    }

    pub fn height(self) -> u32 {
        if self.width < 500 { 844 } else { 800 }
    }
}

impl Browser {
    pub fn start() -> Self {
        // A test that failed leaves no browser behind that another one would have to fear.
        let seat = SEAT.lock().unwrap_or_else(PoisonError::into_inner);
        let scratch = Scratch::new("chromium");
        let found = Command::new("chromium").arg("--version").output();
        assert!(found.is_ok(), "no `chromium` ({found:?}): {INSTALL}");
        // It reads commands from descriptor 3 and answers on 4.
        let mut command = Command::new("sh");
        command.args(["-c", "exec 3<&0 4>&1 0</dev/null 1>&2; exec chromium \"$@\"", "sh"]);
        command.args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]);
        command.args(["--disable-background-networking", "--disable-component-update", "--disable-sync"]);
        command.args(["--hide-scrollbars", "--remote-debugging-pipe"]);
        command.arg(format!("--user-data-dir={}", scratch.join("profile").display()));
        let mut process = Process::piped(command, &scratch.join("chromium.log"));
        let (to, from) = (process.child().stdin.take().unwrap(), process.child().stdout.take().unwrap());
        let (sender, messages) = channel();
        std::thread::spawn(move || {
            for message in BufReader::new(from).split(0).map_while(Result::ok) {
                let Ok(message) = serde_json::from_slice(&message) else { continue };
                if sender.send(message).is_err() {
                    break;
                }
            }
        });
        let session = String::new();
        let mut browser =
            Self { to, from: messages, asked: 0, session, events: Vec::new(), process, _scratch: scratch, _seat: seat };
        let target = browser.call("Target.createTarget", json!({"url": "about:blank"}))["targetId"].clone();
        let attached = browser.call("Target.attachToTarget", json!({"targetId": target, "flatten": true}));
        browser.session = attached["sessionId"].as_str().unwrap().to_owned();
        for domain in ["Page", "Runtime", "Log", "Network", "Performance"] {
            browser.call(&format!("{domain}.enable"), json!({}));
        }
        browser.look(Look::WIDE);
        browser
    }

    /// Asks for something and waits for the answer.
    pub fn call(&mut self, method: &str, params: Value) -> Value {
        self.asked += 1;
        let mut message = json!({"id": self.asked, "method": method, "params": params});
        if !self.session.is_empty() && !method.starts_with("Target.") && !method.starts_with("SystemInfo.") {
            message["sessionId"] = json!(self.session);
        }
        let sent = self.to.write_all(format!("{message}\0").as_bytes());
        assert!(sent.is_ok(), "{method}: {sent:?}; chromium said:\n{}", self.process.log());
        loop {
            let answer = self.from.recv_timeout(PATIENCE);
            let answer = answer.unwrap_or_else(|error| panic!("{method}: {error}:\n{}", self.process.log()));
            if answer["id"] == self.asked {
                assert!(answer.get("error").is_none(), "{method}: {answer}");
                return answer["result"].clone();
            }
            self.events.push(answer);
        }
    }

    /// Sets width, height and colour scheme.
    pub fn look(&mut self, look: Look) {
        let (width, height, phone) = (look.width, look.height(), look.width < 500);
        let size = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": phone});
        self.call("Emulation.setDeviceMetricsOverride", size);
        let scheme = if look.dark { "dark" } else { "light" };
        let scheme = json!({"name": "prefers-color-scheme", "value": scheme});
        self.call("Emulation.setEmulatedMedia", json!({"features": [scheme]}));
    }

    pub fn open(&mut self, url: &str) {
        let answer = self.call("Page.navigate", json!({"url": url}));
        assert!(answer.get("errorText").is_none(), "{url}: {answer}");
    }

    /// The value of an expression on the page, or what it throws.
    pub fn try_value(&mut self, expression: &str) -> Result<Value, String> {
        let params = json!({"expression": expression, "awaitPromise": true, "returnByValue": true});
        let answer = self.call("Runtime.evaluate", params);
        match answer.get("exceptionDetails") {
            None => Ok(answer["result"]["value"].clone()),
            Some(thrown) => Err(thrown.to_string()),
        }
    }

    pub fn value(&mut self, expression: &str) -> Value {
        self.try_value(expression).unwrap_or_else(|thrown| panic!("{expression}: {thrown}"))
    }

    pub fn text(&mut self, expression: &str) -> String {
        self.value(expression).as_str().map(str::to_owned).unwrap_or_default()
    }

    /// Waits until an expression is true. (Between two pages there is nothing to ask.)
    pub fn until(&mut self, patience: Duration, expression: &str) {
        eventually(patience, expression, || {
            let found = self.try_value(expression)?;
            let mut shown = || self.try_value("document.body.innerText").unwrap_or_default();
            if found == true { Ok(()) } else { Err(format!("{found}; the page shows {}", shown())) }
        });
    }

    /// Opens an address of a program and waits until the page shows its numbers.
    pub fn visit(&mut self, port: u16, path: &str) {
        self.open(&format!("http://127.0.0.1:{port}{path}"));
        let here = format!("location.pathname + location.search === {path:?}");
        let live = "document.querySelector('#pulse')?.dataset.state === 'live'";
        self.until(seconds(30), &format!("{here} && {live}"));
    }

    /// Presses a key, as a keyboard does.
    pub fn press(&mut self, key: &str) {
        let (code, text) = match key {
            "Tab" => (9, ""),
            "Enter" => (13, "\r"),
            "Escape" => (27, ""),
            " " => (32, " "),
            "/" => (191, "/"),
            other => panic!("no such key here: {other}"),
        };
        let press = json!({"type": "keyDown", "key": key, "text": text, "windowsVirtualKeyCode": code});
        self.call("Input.dispatchKeyEvent", press);
        self.call("Input.dispatchKeyEvent", json!({"type": "keyUp", "key": key, "windowsVirtualKeyCode": code}));
    }

    /// Types into what has the focus.
    pub fn type_in(&mut self, text: &str) {
        self.call("Input.insertText", json!({"text": text}));
    }

    /// A picture of what is seen, as PNG.
    pub fn picture(&mut self) -> Vec<u8> {
        use base64::Engine as _;
        let answer = self.call("Page.captureScreenshot", json!({"format": "png"}));
        let picture = answer["data"].as_str().unwrap();
        base64::engine::general_purpose::STANDARD.decode(picture).unwrap()
    }

    /// All that the browser had to say against pages so far: errors, warnings, dialogs, what a policy forbade.
    pub fn complaints(&mut self) -> Vec<String> {
        self.value("1");
        let bad = ["Runtime.exceptionThrown", "Page.javascriptDialogOpening", "Log.entryAdded"];
        let is_bad = |event: &&Value| {
            let method = event["method"].as_str().unwrap_or_default();
            let loud = ["error", "warning", "assert"].map(|kind| event["params"]["type"] == kind);
            bad.contains(&method) || method == "Runtime.consoleAPICalled" && loud.contains(&true)
        };
        self.events.iter().filter(is_bad).map(Value::to_string).collect()
    }

    /// The paths that were asked for since the last call, of those that hold this.
    pub fn requests(&mut self, of: &str) -> Vec<String> {
        self.value("1");
        let sent = |event: &Value| {
            let url = event["params"]["request"]["url"].as_str()?;
            (event["method"] == "Network.requestWillBeSent" && url.contains(of)).then(|| url.to_owned())
        };
        let found = self.events.iter().filter_map(sent).collect();
        self.events.retain(|event| event["method"] != "Network.requestWillBeSent");
        found
    }

    /// Bytes of script objects that are alive, and all that the tab's process holds.
    pub fn memory(&mut self) -> (u64, u64) {
        self.call("HeapProfiler.enable", json!({}));
        self.call("HeapProfiler.collectGarbage", json!({}));
        let metrics = self.call("Performance.getMetrics", json!({}));
        let metrics = metrics["metrics"].as_array().unwrap();
        let heap = metrics.iter().find(|metric| metric["name"] == "JSHeapUsedSize").unwrap()["value"].as_f64().unwrap();
        let processes = self.call("SystemInfo.getProcessInfo", json!({}));
        let tabs = processes["processInfo"].as_array().unwrap().iter().filter(|info| info["type"] == "renderer");
        let held = tabs.map(|tab| resident(tab["id"].as_u64().unwrap())).max().unwrap();
        #[expect(clippy::as_conversions, reason = "a count of bytes that comes as a float")]
        let heap = heap as u64;
        (heap, held)
    }
}

fn resident(process: u64) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/smaps_rollup")).unwrap();
    let line = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.trim().trim_end_matches(" kB").trim().parse::<u64>().unwrap() * 1024
    };
    // What belongs to this process alone: the program's own pages are shared with every other tab.
    line("Private_Dirty:") + line("Private_Clean:")
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Asked to close, it ends its own children, too; what does not answer is killed.
        let close = json!({"id": self.asked + 1, "method": "Browser.close"});
        drop(self.to.write_all(format!("{close}\0").as_bytes()));
        let began = Instant::now();
        while self.process.ended().is_none() && began.elapsed() < seconds(10) {
            super::pause(Duration::from_millis(20));
        }
        self.process.kill();
    }
}
