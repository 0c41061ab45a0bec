//! Gets Kafka's jars, and what else the tests need in jars, by Maven, once for all runs.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::scratch::Scratch;

/// Kafka's releases that the tests run against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    V4_4,
    V4_3,
    V3_9,
    V2_8,
    /// The last one that has the old consumer.
    V1_1,
}

impl Version {
    /// What a test runs on that is about no release in particular.
    pub const LATEST: Self = Self::V4_4;

    pub fn name(self) -> &'static str {
        match self {
            Self::V4_4 => "4.4.0",
            Self::V4_3 => "4.3.1",
            Self::V3_9 => "3.9.1",
            Self::V2_8 => "2.8.2",
            Self::V1_1 => "1.1.1",
        }
    }

    /// Whether its brokers keep their own data in ZooKeeper, as the tests start them.
    pub fn wants_zookeeper(self) -> bool {
        match self {
            Self::V4_4 | Self::V4_3 | Self::V3_9 => false,
            Self::V2_8 | Self::V1_1 => true,
        }
    }

    /// What `java -cp` takes.
    pub fn class_path(self) -> String {
        let kafka = |name| (("org.apache.kafka", name), self.name());
        let logger = (("org.slf4j", "slf4j-simple"), "1.7.36");
        let wanted = match self {
            Self::V4_4 | Self::V4_3 | Self::V3_9 | Self::V2_8 => {
                vec![kafka("kafka_2.13"), kafka("kafka-tools"), logger]
            }
            Self::V1_1 => vec![kafka("kafka_2.12"), logger],
        };
        let jars = jars(&format!("kafka-{}", self.name()), &wanted);
        // Some bring a logger that wants a file of its own; slf4j-simple serves all.
        let others = ["slf4j-reload4j", "slf4j-log4j12"];
        jars.into_iter().filter(|path| !others.iter().any(|one| path.contains(one))).collect::<Vec<_>>().join(":")
    }

    /// The same, with the library of Kafka Streams: without RocksDB, which is larger than all the rest.
    pub fn class_path_with_streams(self) -> String {
        let streams = [(("org.apache.kafka", "kafka-streams"), self.name())];
        let jars = jars(&format!("kafka-streams-{}", self.name()), &streams);
        let streams = jars.into_iter().filter(|path| path.contains("kafka-streams"));
        streams.chain([self.class_path()]).collect::<Vec<_>>().join(":")
    }
}

/// What `java -cp` takes for AWS' own library for MSK IAM.
pub fn msk_class_path() -> String {
    let wanted = [
        (("software.amazon.msk", "aws-msk-iam-auth"), "2.3.5"),
        (("org.apache.kafka", "kafka-clients"), Version::LATEST.name()),
        (("org.slf4j", "slf4j-simple"), "1.7.36"),
    ];
    jars(&format!("aws-msk-iam-auth-2.3.5-{}", Version::LATEST.name()), &wanted).join(":")
}

/// Compiles a class of the rig against a release's jars, and returns the folder for the class path.
pub fn compiled(source: &str, version: Version) -> PathBuf {
    need("javac", "-version", "a JDK (Debian: apt-get install openjdk-17-jdk-headless)");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rig").join(source);
    let text = fs::read(&source).unwrap();
    // Another text gets another folder.
    let sum = text.iter().fold(0_u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(*byte)));
    let stem = source.file_stem().unwrap().to_str().unwrap();
    cached(&format!("{stem}-{}-{sum:x}", version.name()), |half| {
        let class_path = version.class_path();
        let output = Command::new("javac").args(["-cp", &class_path, "-d"]).arg(half).arg(&source).output().unwrap();
        assert!(output.status.success(), "{}: {output:?}", source.display());
    })
}

/// The rules for accessible pages, axe, as one script: Deque packs it into the jar of its own library for Java.
pub fn axe() -> String {
    let jar = jars("axe-4.10.1", &[(("com.deque.html.axe-core", "selenium"), "4.10.1")]);
    let jar = jar.iter().find(|path| path.contains("selenium-4.10.1")).expect("the jar that holds axe");
    need("jar", "--version", "a JDK (Debian: apt-get install openjdk-17-jdk-headless)");
    let scratch = Scratch::new("axe");
    let output = Command::new("jar").args(["xf", jar, "axe.min.js"]).current_dir(scratch.path()).output().unwrap();
    assert!(output.status.success(), "{jar} cannot be unpacked: {output:?}");
    fs::read_to_string(scratch.join("axe.min.js")).unwrap()
}

/// A `java` command with the release's jars and a heap of `megabytes`, made to start fast rather than run fast.
pub fn java(version: Version, megabytes: u32) -> Command {
    java_with(&version.class_path(), megabytes)
}

/// The same with these jars.
pub fn java_with(class_path: &str, megabytes: u32) -> Command {
    need("java", "-version", "Java 17 (Debian: apt-get install openjdk-17-jdk-headless)");
    let mut command = Command::new("java");
    command.args([&format!("-Xmx{megabytes}m"), "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xshare:auto"]);
    command.args(["-Dorg.slf4j.simpleLogger.showDateTime=true", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"]);
    command.args(["-cp", class_path]);
    command
}

fn need(program: &str, question: &str, install: &str) {
    let answer = Command::new(program).arg(question).output();
    let ok = answer.as_ref().is_ok_and(|answer| answer.status.success());
    assert!(ok, "these tests need `{program}`, which did not answer ({answer:?}): install {install}");
}

fn cache() -> PathBuf {
    let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    variable("WARRENER_RIG_CACHE").unwrap_or_else(|| {
        let cache = variable("XDG_CACHE_HOME").or_else(|| Some(variable("HOME")?.join(".cache")));
        cache.expect("WARRENER_RIG_CACHE, XDG_CACHE_HOME or HOME").join("warrener-rig")
    })
}

/// Group and name of what Maven gets, and its version.
type Dependency<'a> = ((&'a str, &'a str), &'a str);

/// A folder of the cache, filled when it is not there yet.
pub fn cached(name: &str, fill: impl FnOnce(&Path)) -> PathBuf {
    let cache = cache();
    let folder = cache.join(name);
    if !folder.is_dir() {
        fs::create_dir_all(&cache).unwrap_or_else(|error| panic!("{}: {error}", cache.display()));
        // Several threads or runs may fetch at once: each into a folder of its own, and the first to finish wins.
        let half = tempfile::Builder::new().prefix("half-").tempdir_in(&cache).unwrap();
        fill(half.path());
        if let Err(error) = fs::rename(half.path(), &folder) {
            assert!(folder.is_dir(), "{}: {error}", folder.display());
        }
    }
    folder
}

/// The jars in a folder of the cache.
fn jars(name: &str, dependencies: &[Dependency<'_>]) -> Vec<String> {
    let folder = cached(name, |half| fetch(dependencies, half));
    let paths = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path().to_str().unwrap().to_owned());
    let mut jars: Vec<String> = paths.filter(|path| path.ends_with(".jar")).collect();
    jars.sort();
    jars
}

fn fetch(dependencies: &[Dependency<'_>], into: &Path) {
    need("mvn", "-version", "Maven (Debian: apt-get install maven)");
    let scratch = Scratch::new("maven");
    // RocksDB's library for all systems at once is left out: nobody here keeps a store on disk. Of a jar that is wanted
    // for the script in it nothing else is needed.
    let dependency = |((group, name), version): &Dependency<'_>| {
        let whole = group.starts_with("org.apache.kafka") || group.starts_with("software.amazon");
        let without = if whole { "org.rocksdb" } else { "*" };
        format!(
            "<dependency><groupId>{group}</groupId><artifactId>{name}</artifactId><version>{version}</version><exclusions>\
             <exclusion><groupId>{without}</groupId><artifactId>*</artifactId></exclusion></exclusions></dependency>"
        )
    };
    let pom = format!(
        "<project xmlns=\"http://maven.apache.org/POM/4.0.0\"><modelVersion>4.0.0</modelVersion><groupId>rig</groupId>\
         <artifactId>kafka</artifactId><version>1</version><dependencies>{}</dependencies></project>",
        dependencies.iter().map(dependency).collect::<String>(),
    );
    let output = Command::new("mvn")
        .args(["-B", "-q", "-f"])
        .arg(scratch.write("pom.xml", pom))
        .args(["dependency:copy-dependencies", "-DincludeScope=runtime"])
        .arg(format!("-DoutputDirectory={}", into.display()))
        .stdin(std::process::Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "maven did not get {dependencies:?}:\n{said}");
}
