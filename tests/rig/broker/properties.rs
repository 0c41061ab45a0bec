//! What a node's `server.properties` says.

use std::fmt::Write as _;

use super::{Cluster, Node};
use crate::rig::maven::Version;
use crate::rig::security;

impl Cluster {
    pub(super) fn properties(&self, node: &Node) -> String {
        let voters: Vec<String> = self.nodes.iter().map(|n| format!("{}@127.0.0.1:{}", n.id, n.controller)).collect();
        let replicas = self.nodes.len();
        let mut listeners = format!("PLAINTEXT://127.0.0.1:{}", node.port);
        if self.spec.secure {
            write!(listeners, ",SASL_SSL://127.0.0.1:{},SSL://127.0.0.1:{}", node.sasl, node.mutual).unwrap();
        }
        let (id, controller) = (node.id, node.controller);
        let watched = |port| format!(",WATCHED://127.0.0.1:{port}");
        let (listens, advertises) = (watched(node.watched), watched(node.watch));
        let place = match self.spec.version {
            Version::V2_8 | Version::V1_1 => {
                let own = format!("127.0.0.1:{controller}");
                let connect = self.spec.ensemble.as_ref().unwrap_or(&own);
                format!("broker.id={id}\nzookeeper.connect={connect}\nlisteners={listeners}{listens}\n")
            }
            Version::V4_4 | Version::V4_3 | Version::V3_9 => format!(
                "process.roles=broker,controller\nnode.id={id}\ncontroller.quorum.voters={}\n\
                 controller.listener.names=CONTROLLER\n\
                 listeners={listeners}{listens},CONTROLLER://127.0.0.1:{controller}\n",
                voters.join(","),
            ),
        };
        let mut text = format!(
            "{place}advertised.listeners={listeners}{advertises}\nlog.dirs={}\n\
             listener.security.protocol.map=PLAINTEXT:PLAINTEXT,WATCHED:PLAINTEXT,CONTROLLER:PLAINTEXT,\
             {}\n\
             offsets.topic.num.partitions={}\noffsets.topic.replication.factor={replicas}\n\
             transaction.state.log.replication.factor={replicas}\ntransaction.state.log.min.isr=1\n",
            node.folder.join("data").display(),
            security::protocols(self.spec.version),
            self.spec.offsets_partitions,
        );
        text += "transaction.state.log.num.partitions=2\nshare.coordinator.state.topic.num.partitions=2\n\
                 share.coordinator.state.topic.replication.factor=1\nshare.coordinator.state.topic.min.isr=1\ngroup.initial.rebalance.delay.ms=0\n\
                 auto.create.topics.enable=false\nnum.network.threads=1\nnum.io.threads=2\n\
                 background.threads=2\nlog.cleaner.threads=1\nlog.cleaner.backoff.ms=500\nlog.cleaner.dedupe.buffer.size=2097152\n\
                 num.recovery.threads.per.data.dir=1\nbroker.heartbeat.interval.ms=500\n\
                 broker.session.timeout.ms=3000\nlog.retention.check.interval.ms=3600000\n";
        if self.spec.quick_groups {
            if self.spec.version == Version::V3_9 {
                text += "group.coordinator.rebalance.protocols=classic,consumer\n";
            }
            text += "group.min.session.timeout.ms=1000\ngroup.streams.initial.rebalance.delay.ms=0\n";
            for kind in ["consumer", "share", "streams"] {
                for (bound, heartbeat, session) in [("min.", 100, 1000), ("", 300, 3000)] {
                    writeln!(text, "group.{kind}.{bound}heartbeat.interval.ms={heartbeat}").unwrap();
                    writeln!(text, "group.{kind}.{bound}session.timeout.ms={session}").unwrap();
                }
            }
        }
        if self.spec.secure {
            text += &security::broker_properties(&self.scratch, self.spec.version);
        }
        if self.spec.guarded {
            text += &security::authorizer(self.spec.version);
        }
        // The last word on a property counts.
        for property in &self.spec.properties {
            writeln!(text, "{property}").unwrap();
        }
        text
    }
}
