//! A real Prometheus, and promtool.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::process::{Command, Stdio};

use serde_json::Value;

use super::process::Process;
use super::scratch::Scratch;
use super::{eventually, free_port, http, rules, seconds};

const INSTALL: &str = "install Debian's package `prometheus` (apt-get install prometheus)";

/// Prometheus, scraping one port each second.
pub struct Prometheus {
    port: u16,
    _process: Process,
    _scratch: Scratch,
}

impl Prometheus {
    pub fn scraping(target: u16) -> Self {
        Self::start(Scratch::new("prometheus"), &scraping(&[target]))
    }

    /// Scraping several.
    pub fn scraping_all(targets: &[u16]) -> Self {
        Self::start(Scratch::new("prometheus"), &scraping(targets))
    }

    /// Scraping these, with the rules that are shipped, a minute of their waiting a second, and telling an Alertmanager
    /// on that port.
    pub fn watching(targets: &[u16], alertmanager: u16) -> Self {
        let scratch = Scratch::new("prometheus");
        for file in rules::FILES {
            let text = fs::read_to_string(rules::shipped().join(file)).unwrap();
            scratch.write(file, rules::hastened(&text));
        }
        let more = format!(
            "rule_files: [{}]\nalerting:\n  alertmanagers:\n  - static_configs: [{{targets: ['127.0.0.1:{alertmanager}']}}]\n",
            rules::FILES.join(", ")
        );
        Self::start(scratch, &(scraping(targets) + &more))
    }

    /// Scraping a port each second with more keys of the job, which may name files of the folder.
    pub fn scraping_with(scratch: Scratch, target: u16, keys: &str) -> Self {
        Self::start(scratch, &format!("{}{keys}", scraping(&[target])))
    }

    /// Health and last error of the target at the latest scrape.
    pub fn target_now(&self) -> Result<(String, String), String> {
        let answer = self.ask("/api/v1/targets")?;
        let target = &answer["data"]["activeTargets"][0];
        let text = |key: &str| target[key].as_str().map(str::to_owned).ok_or_else(|| answer.to_string());
        Ok((text("health")?, text("lastError")?))
    }

    fn start(scratch: Scratch, config: &str) -> Self {
        let config = scratch.write("prometheus.yml", config);
        let version = Command::new("prometheus").arg("--version").output();
        assert!(version.is_ok(), "no `prometheus` ({version:?}): {INSTALL}");
        let port = free_port();
        let mut command = Command::new("prometheus");
        command.arg(format!("--config.file={}", config.display()));
        command.arg(format!("--web.listen-address=127.0.0.1:{port}"));
        command.arg(format!("--storage.tsdb.path={}", scratch.join("data").display()));
        let process = Process::start(command, &scratch.join("prometheus.log"));
        let prometheus = Self { port, _process: process, _scratch: scratch };
        eventually(seconds(30), "ready Prometheus", || match http::get(port, "/-/ready", &[])?.status {
            200 => Ok(()),
            status => Err(status.to_string()),
        });
        prometheus
    }

    fn ask(&self, path: &str) -> Result<Value, String> {
        let answer = http::get(self.port, path, &[])?;
        serde_json::from_slice(&answer.body).map_err(|error| format!("{error}: {}", answer.text()))
    }

    /// Health and last error of the target, once it was scraped.
    pub fn target(&self) -> (String, String) {
        eventually(seconds(30), "scraped target", || {
            let answer = self.ask("/api/v1/targets")?;
            let target = &answer["data"]["activeTargets"][0];
            let text = |key: &str| target[key].as_str().unwrap_or_default().to_owned();
            match text("health").as_str() {
                "" | "unknown" => Err(answer.to_string()),
                health => Ok((health.to_owned(), text("lastError"))),
            }
        })
    }

    /// The value of an instant query with one result.
    pub fn query(&self, query: &str) -> Result<f64, String> {
        let answer = self.answer(query)?;
        let value = answer["data"]["result"][0]["value"][1].as_str();
        value.and_then(|text| text.parse().ok()).ok_or_else(|| answer.to_string())
    }

    /// All series of an instant query; an error when Prometheus does not understand it.
    pub fn series(&self, query: &str) -> Result<Vec<Value>, String> {
        let answer = self.answer(query)?;
        answer["data"]["result"].as_array().cloned().ok_or_else(|| answer.to_string())
    }

    /// Rules that were not evaluated without an error yet, and what Prometheus says of them.
    pub fn rules_not_well(&self) -> Result<Vec<String>, String> {
        let answer = self.ask("/api/v1/rules")?;
        let groups = answer["data"]["groups"].as_array().ok_or_else(|| answer.to_string())?;
        let rules = groups.iter().flat_map(|group| group["rules"].as_array().into_iter().flatten());
        let ill = rules.filter(|rule| rule["health"] != "ok");
        Ok(ill.map(|rule| format!("{} is {}: {}", rule["name"], rule["health"], rule["lastError"])).collect())
    }

    fn answer(&self, query: &str) -> Result<Value, String> {
        let escaped: String = query.bytes().map(|byte| format!("%{byte:02x}")).collect();
        self.ask(&format!("/api/v1/query?query={escaped}"))
    }
}

/// A configuration that scrapes these ports each second, and evaluates rules as often.
fn scraping(targets: &[u16]) -> String {
    let targets: Vec<String> = targets.iter().map(|port| format!("'127.0.0.1:{port}'")).collect();
    format!(
        "global: {{scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}}\nscrape_configs:\n\
         - job_name: warrener\n  honor_labels: true\n  static_configs: [{{targets: [{}]}}]\n",
        targets.join(", ")
    )
}

/// What `promtool check metrics` says about a page, line by line.
pub fn promtool(page: &[u8]) -> Vec<String> {
    let mut command = Command::new("promtool");
    command.args(["check", "metrics"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap_or_else(|error| panic!("no `promtool` ({error}): {INSTALL}"));
    child.stdin.take().unwrap().write_all(page).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    String::from_utf8(said).unwrap().lines().map(str::to_owned).collect()
}

/// A port that passes `/metrics` of another on, in the text format: this Prometheus asks for OpenMetrics alone.
pub fn text_only(target: u16) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let head = BufReader::new(&stream).lines().map_while(Result::ok).take_while(|line| !line.is_empty());
            drop(head.collect::<Vec<_>>());
            let Ok(answer) = http::get(target, "/metrics", &[]) else { continue };
            let kind = answer.header("content-type").unwrap_or_default();
            let length = answer.body.len();
            let head = format!(
                "HTTP/1.1 {} x\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n",
                answer.status
            );
            drop(stream.write_all(&[head.as_bytes(), &answer.body].concat()));
        }
    });
    port
}
