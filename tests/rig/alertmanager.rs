//! A real Alertmanager with the configuration that is shipped, and amtool.

use std::fs;
use std::process::Command;

use serde_json::Value;

use super::inbox::Inbox;
use super::process::Process;
use super::scratch::Scratch;
use super::{eventually, free_port, http, rules, seconds};

const INSTALL: &str = "install Debian's package `prometheus-alertmanager` (apt-get install prometheus-alertmanager)";

/// The file that is shipped.
pub fn config() -> std::path::PathBuf {
    rules::shipped().join("alertmanager/alertmanager.yml")
}

/// Alertmanager, telling an inbox.
pub struct Alertmanager {
    pub port: u16,
    _process: Process,
    _scratch: Scratch,
}

impl Alertmanager {
    /// The receivers' address is filled in as an operator would, and it does not wait as long for more to come.
    pub fn telling(inbox: &Inbox) -> Self {
        let mut config = fs::read_to_string(config()).unwrap();
        for (shipped, here) in [
            ("http://127.0.0.1:9099/", format!("http://127.0.0.1:{}/", inbox.port)),
            ("group_wait: 30s", "group_wait: 1s".to_owned()),
            ("group_interval: 5m", "group_interval: 2s".to_owned()),
        ] {
            assert!(config.contains(shipped), "no {shipped:?} in the shipped configuration");
            config = config.replace(shipped, &here);
        }
        let scratch = Scratch::new("alertmanager");
        let (config, port) = (scratch.write("alertmanager.yml", config), free_port());
        let mut command = Command::new(program());
        command.arg(format!("--config.file={}", config.display()));
        command.arg(format!("--storage.path={}", scratch.join("data").display()));
        command.arg(format!("--web.listen-address=127.0.0.1:{port}")).arg("--cluster.listen-address=");
        let process = Process::start(command, &scratch.join("alertmanager.log"));
        eventually(seconds(30), "ready Alertmanager", || match http::get(port, "/-/ready", &[])?.status {
            200 => Ok(()),
            status => Err(status.to_string()),
        });
        Self { port, _process: process, _scratch: scratch }
    }

    /// Tells it of an alert with these labels.
    pub fn add(&self, labels: &[&str]) {
        let url = format!("--alertmanager.url=http://127.0.0.1:{}", self.port);
        amtool(&[&["alert", "add", &url], labels].concat()).unwrap();
    }

    /// Its alerts of a name: each with `status.state` and `status.inhibitedBy`.
    pub fn alerts(&self, name: &str) -> Result<Vec<Value>, String> {
        let answer = http::get(self.port, "/api/v2/alerts", &[])?;
        let alerts: Vec<Value> = serde_json::from_slice(&answer.body).map_err(|error| error.to_string())?;
        Ok(alerts.into_iter().filter(|alert| alert["labels"]["alertname"] == name).collect())
    }
}

/// Debian calls it by another name than everybody else.
pub fn program() -> &'static str {
    let names = ["prometheus-alertmanager", "alertmanager"];
    let found = names.into_iter().find(|name| Command::new(name).arg("--version").output().is_ok());
    found.unwrap_or_else(|| panic!("no `alertmanager`: {INSTALL}"))
}

/// What `amtool` says of the shipped configuration.
pub fn amtool(arguments: &[&str]) -> Result<String, String> {
    let output = Command::new("amtool").args(arguments).output();
    let output = output.unwrap_or_else(|error| panic!("no `amtool` ({error}): {INSTALL}"));
    let text = |bytes| String::from_utf8(bytes).unwrap();
    if output.status.success() { Ok(text(output.stdout)) } else { Err(text(output.stderr)) }
}
