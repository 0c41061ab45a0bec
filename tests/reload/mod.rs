//! The configuration read again while the program runs.

mod broker;
mod changes;
mod many;
mod zookeeper;

use crate::rig::page::Page;
use crate::rig::program::Program;
use crate::rig::{free_port, seconds};

const COMMITTED: &str = "kafka_consumergroup_current_offset";
const LAG: &str = "kafka_consumergroup_lag";

/// A configuration in parts that a test changes.
#[derive(Clone)]
struct File {
    /// Keys of `[cluster.local]`.
    cluster: String,
    /// Keys of `[consumer.local]`.
    consumer: String,
    /// Keys of `[httpserver.default]`.
    server: String,
    /// What stands behind.
    more: String,
    servers: String,
    port: u16,
}

impl File {
    fn new(servers: &str) -> Self {
        let (cluster, consumer, server, more) = Default::default();
        Self { cluster, consumer, server, more, servers: servers.to_owned(), port: free_port() }
    }

    fn text(&self) -> String {
        let Self { cluster, consumer, server, more, servers, port } = self;
        format!(
            "[cluster.local]\nclass-name = \"kafka\"\nservers = [\"{servers}\"]\noffset-refresh = 1\n\
             topic-refresh = 1\n{cluster}\n\
             [consumer.local]\nclass-name = \"kafka\"\ncluster = \"local\"\nservers = [\"{servers}\"]\n{consumer}\n\
             [httpserver.default]\naddress = \"127.0.0.1:{port}\"\nenable-lifecycle = true\n{server}\n{more}\n"
        )
    }

    fn start(&self) -> Program {
        Program::with_file_at(self.port, &self.text()).ready()
    }

    /// Changes the file, and has it read again.
    fn change(&mut self, program: &Program, change: impl FnOnce(&mut Self)) {
        change(self);
        program.rewrite(&self.text());
        let answer = program.post("/-/reload");
        assert_eq!((answer.status, answer.text()), (200, "the configuration was read again\n"), "{}", program.log());
    }
}

/// Whether the log says that the module of a section was replaced, `times` times in all.
fn is_replaced(program: &Program, module: &str, times: usize) -> Result<(), String> {
    let line = format!("replaced the running module module=\"{module}\"");
    let found = program.log().lines().filter(|log| log.contains(&line)).count();
    if found == times { Ok(()) } else { Err(format!("{module} was replaced {found} times\n{}", program.log())) }
}

/// The lags by group.
fn lags(page: &Page) -> Vec<(String, f64)> {
    let mut lags: Vec<_> = page.family(LAG).map(|(labels, lag)| (labels["consumergroup"].clone(), lag)).collect();
    lags.sort_by(|a, b| a.partial_cmp(b).unwrap());
    lags
}

fn wait_for(program: &Program, what: &str, mut wanted: impl FnMut(&Page) -> bool) -> Page {
    program.page_where(seconds(20), what, |page| {
        if wanted(page) { Ok(()) } else { Err(format!("{:?}\n{}", lags(page), program.log())) }
    })
}
