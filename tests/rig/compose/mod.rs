//! `docker-compose.yml` without a container engine: each service as a process of this machine, from the files and with
//! the command that the compose file gives it.
//!
//! What differs is where things are, and only that: a path in a container is the file that is mounted there, or a folder
//! of the test; `NAME:PORT` of a service, and the ports that services listen on, are free ports of 127.0.0.1.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use super::alertmanager;
use super::free_port;
use super::maven::{Version, java};
use super::process::Process;
use super::program;
use super::scratch::Scratch;

/// Ports of the services, as the files name them.
const PORTS: [(&str, u16); 6] = [
    ("kafka", 9092),
    ("kafka", 29093),
    ("warrener", 9308),
    ("prometheus", 9090),
    ("alertmanager", 9093),
    ("grafana", 3000),
];

/// The classes behind the scripts that the load uses.
const TOOLS: [(&str, &str); 4] = [
    ("kafka-topics.sh", "org.apache.kafka.tools.TopicCommand"),
    ("kafka-producer-perf-test.sh", "org.apache.kafka.tools.ProducerPerformance"),
    ("kafka-console-consumer.sh", "org.apache.kafka.tools.consumer.ConsoleConsumer"),
    ("kafka-consumer-groups.sh", super::tools::GROUPS),
];

/// The compose file as Docker reads it.
pub fn read() -> Value {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut command = Command::new("go");
    command.args(["run", "-mod=readonly", "."]).arg(root.join("docker-compose.yml"));
    let output = command.current_dir(root.join("tests/rig/compose")).output();
    let output = output.unwrap_or_else(|error| panic!("no `go` ({error}): install Go 1.26 or later"));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The services that are started here.
pub struct Compose {
    project: Value,
    ports: BTreeMap<(&'static str, u16), u16>,
    // Before the folder that they write to.
    processes: Vec<Process>,
    scratch: Scratch,
}

impl Compose {
    pub fn new() -> Self {
        let ports = PORTS.into_iter().map(|place| (place, free_port())).collect();
        Self { project: read(), ports, processes: Vec::new(), scratch: Scratch::new("compose") }
    }

    /// Where a service listens.
    pub fn port(&self, service: &str) -> u16 {
        let found = self.ports.iter().find(|((name, _), _)| *name == service);
        *found.unwrap().1
    }

    /// What a service has printed.
    pub fn log(&self, service: &str) -> String {
        fs::read_to_string(self.scratch.join(&format!("{service}.log"))).unwrap_or_default()
    }

    /// Starts a service as the compose file says.
    pub fn start(&mut self, service: &str) {
        let of = &self.project["services"][service];
        let mounts = self.mounts(service, of);
        let words = of["command"].as_array().into_iter().flatten().map(|word| word.as_str().unwrap());
        let words: Vec<String> = words.map(|word| self.here(word, &mounts)).collect();
        let mut command = match service {
            "kafka" => self.kafka(&mounts),
            "load" => load(&words),
            "warrener" => program::command(),
            "prometheus" => Command::new("prometheus"),
            "alertmanager" => Command::new(alertmanager::program()),
            other => panic!("{other} is not started here"),
        };
        if !["kafka", "load"].contains(&service) {
            command.args(&words);
        }
        for (name, value) in of["environment"].as_object().into_iter().flatten() {
            command.env(name, self.here(value.as_str().unwrap(), &mounts));
        }
        if service == "load" {
            command.env("KAFKA_BIN", self.tools());
        }
        self.processes.push(Process::start(command, &self.scratch.join(&format!("{service}.log"))));
    }

    /// Where a container's paths are here: copies of what is mounted, in which places are put right.
    fn mounts(&self, service: &str, of: &Value) -> Vec<(String, PathBuf)> {
        let mut mounts = Vec::new();
        for (index, volume) in of["volumes"].as_array().unwrap().iter().enumerate() {
            let target = volume["target"].as_str().unwrap().to_owned();
            let here = self.scratch.join(&format!("{service}-{index}"));
            mounts.push((target, here));
        }
        for ((_, here), volume) in mounts.iter().zip(of["volumes"].as_array().unwrap()) {
            match volume["type"].as_str().unwrap() {
                "bind" => self.copy(Path::new(volume["source"].as_str().unwrap()), here, &mounts),
                "volume" => fs::create_dir_all(here).unwrap(),
                other => panic!("{service}: {other}"),
            }
        }
        mounts
    }

    fn copy(&self, from: &Path, to: &Path, mounts: &[(String, PathBuf)]) {
        if from.is_dir() {
            fs::create_dir_all(to).unwrap();
            for entry in fs::read_dir(from).unwrap() {
                let entry = entry.unwrap();
                self.copy(&entry.path(), &to.join(entry.file_name()), mounts);
            }
        } else {
            let text = fs::read_to_string(from).unwrap_or_else(|error| panic!("{}: {error}", from.display()));
            fs::write(to, self.here(&text, mounts)).unwrap();
            fs::set_permissions(to, fs::metadata(from).unwrap().permissions()).unwrap();
        }
    }

    /// A text in which paths and places are those of this machine.
    fn here(&self, text: &str, mounts: &[(String, PathBuf)]) -> String {
        let mut text = with_paths(text, mounts);
        for ((name, port), free) in &self.ports {
            for host in [name, "0.0.0.0"] {
                text = text.replace(&format!("{host}:{port}"), &format!("127.0.0.1:{free}"));
            }
        }
        text
    }

    /// As the image does it: its own program takes the properties from the folder that is mounted, formats the storage
    /// with `CLUSTER_ID`, and the broker is started with what comes of it.
    fn kafka(&self, mounts: &[(String, PathBuf)]) -> Command {
        let (_, mounted) = mounts.iter().find(|(target, _)| target == "/mnt/shared/config").unwrap();
        let [image, made] = ["image", "made"].map(|name| self.scratch.join(name));
        for folder in [&image, &made] {
            fs::create_dir_all(folder).unwrap();
        }
        for file in ["server.properties", "log4j2.yaml", "tools-log4j2.yaml"] {
            fs::write(image.join(file), "").unwrap();
        }
        let mut setup = java(Version::LATEST, 256);
        setup.args(["kafka.docker.KafkaDockerWrapper", "setup", "--default-configs-dir"]).arg(image);
        setup.arg("--mounted-configs-dir").arg(mounted).arg("--final-configs-dir").arg(&made);
        let id = &self.project["services"]["kafka"]["environment"]["CLUSTER_ID"];
        let output = setup.env("CLUSTER_ID", id.as_str().unwrap()).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        let mut command = java(Version::LATEST, 256);
        command.arg("kafka.Kafka").arg(made.join("server.properties"));
        command
    }

    /// A folder with Kafka's scripts, which there are no packages of.
    fn tools(&self) -> PathBuf {
        let folder = self.scratch.join("bin");
        fs::create_dir_all(&folder).unwrap();
        let java = java(Version::LATEST, 64);
        let words = java.get_args().map(|word| format!("'{}'", word.to_str().unwrap())).collect::<Vec<_>>().join(" ");
        for (script, class) in TOOLS {
            let path = folder.join(script);
            fs::write(&path, format!("#!/bin/sh\nexec java {words} {class} \"$@\"\n")).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        }
        folder
    }
}

/// Each path that begins with that of a mount, the longest one, begins with where that is here.
fn with_paths(text: &str, mounts: &[(String, PathBuf)]) -> String {
    let (mut out, mut rest) = (String::new(), text);
    while let Some(char) = rest.chars().next() {
        let goes_on = out.ends_with(|last: char| last.is_ascii_alphanumeric() || "/._-".contains(last));
        let mount = mounts.iter().filter(|(target, _)| !goes_on && rest.starts_with(target.as_str()));
        if let Some((target, here)) = mount.max_by_key(|(target, _)| target.len()) {
            out += here.to_str().unwrap();
            rest = &rest[target.len()..];
        } else {
            out.push(char);
            rest = &rest[char.len_utf8()..];
        }
    }
    out
}

/// In a namespace of processes of its own, as in a container: all that the script starts ends with it.
fn load(words: &[String]) -> Command {
    let mut command = Command::new("unshare");
    command.args(["--user", "--map-root-user", "--pid", "--fork", "--kill-child"]).args(words);
    command
}
