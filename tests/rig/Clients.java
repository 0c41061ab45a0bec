import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.stream.Collectors;
import org.apache.kafka.clients.ApiVersions;
import org.apache.kafka.clients.ClientResponse;
import org.apache.kafka.clients.ClientUtils;
import org.apache.kafka.clients.GroupRebalanceConfig;
import org.apache.kafka.clients.Metadata;
import org.apache.kafka.clients.NetworkClient;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ClassicGroupDescription;
import org.apache.kafka.clients.admin.ListStreamsGroupOffsetsSpec;
import org.apache.kafka.clients.consumer.CloseOptions.GroupMembershipOperation;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.KafkaShareConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.consumer.SubscriptionPattern;
import org.apache.kafka.clients.consumer.internals.AbstractCoordinator;
import org.apache.kafka.clients.consumer.internals.ConsumerNetworkClient;
import org.apache.kafka.clients.consumer.internals.RequestFuture;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.internals.ClusterResourceListeners;
import org.apache.kafka.common.message.JoinGroupRequestData.JoinGroupRequestProtocol;
import org.apache.kafka.common.message.JoinGroupRequestData.JoinGroupRequestProtocolCollection;
import org.apache.kafka.common.message.JoinGroupResponseData.JoinGroupResponseMember;
import org.apache.kafka.common.message.StreamsGroupHeartbeatRequestData;
import org.apache.kafka.common.metrics.Metrics;
import org.apache.kafka.common.requests.StreamsGroupHeartbeatRequest;
import org.apache.kafka.common.requests.StreamsGroupHeartbeatResponse;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.utils.Time;
import org.apache.kafka.common.utils.Timer;
import org.apache.kafka.common.utils.internals.LogContext;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.state.Stores;

/**
 * Many clients of Kafka in one JVM.
 *
 * One line in, words separated by tabs; one line out, "ok" with what was asked for, or "failed" with the reason.
 * "consumer", "share", "streams", "connect" and "waiting" start a client: its name, what it reads ("topics=a,b", "pattern=..."
 * for a regular expression that the broker reads), then its settings. "stop" with a name ends it as it should end,
 * "leave" even where it is static; "freeze" keeps it from polling until "thaw". "describe" tells of a classic group of
 * any protocol type, which the tools do for consumers alone.
 */
public class Clients {
    private static String bootstrap;
    private static final Map<String, Client> clients = new HashMap<>();

    public static void main(String[] arguments) throws IOException {
        bootstrap = arguments[0];
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, "UTF-8"));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            String answer;
            try {
                answer = "ok " + run(line.split("\t", -1));
            } catch (Exception e) {
                answer = "failed " + e.toString().replace('\n', ' ');
            }
            System.out.println(answer);
            System.out.flush();
        }
        Runtime.getRuntime().halt(0);
    }

    private static String run(String[] words) throws Exception {
        String name = words[1];
        Properties settings = new Properties();
        for (String word : Arrays.copyOfRange(words, 2, words.length)) {
            settings.setProperty(word.split("=", 2)[0], word.split("=", 2)[1]);
        }
        settings.setProperty("bootstrap.servers", bootstrap);
        settings.setProperty("client.id", name);
        switch (words[0]) {
            case "consumer" -> clients.put(name, new Consumer(settings));
            case "share" -> clients.put(name, new Share(settings));
            case "streams" -> clients.put(name, new Streams(settings));
            case "connect" -> clients.put(name, new Connect(settings));
            case "waiting" -> clients.put(name, new Waiting(settings));
            case "freeze" -> clients.get(name).freeze(true);
            case "thaw" -> clients.get(name).freeze(false);
            case "stop" -> clients.remove(name).end(GroupMembershipOperation.DEFAULT);
            case "leave" -> clients.remove(name).end(GroupMembershipOperation.LEAVE_GROUP);
            case "describe" -> {
                return describe(name);
            }
            case "offsets" -> {
                return offsets(name);
            }
            default -> throw new IllegalArgumentException(words[0]);
        }
        return "";
    }

    /** State, protocol type, protocol, then "member id, client id, host" of each member. */
    private static String describe(String group) throws Exception {
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", bootstrap))) {
            ClassicGroupDescription found = admin.describeClassicGroups(List.of(group)).all().get().get(group);
            String members = found.members().stream()
                .map(m -> String.join(",", m.consumerId(), m.clientId(), m.host())).sorted()
                .collect(Collectors.joining("\t"));
            return String.join("\t", found.state().toString(), found.protocol(), found.protocolData(), members);
        }
    }

    /** "topic, partition, offset" of all that a streams group has committed: the tool leaves some of it out. */
    private static String offsets(String group) throws Exception {
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", bootstrap))) {
            Map<TopicPartition, OffsetAndMetadata> found =
                admin.listStreamsGroupOffsets(Map.of(group, new ListStreamsGroupOffsetsSpec()))
                    .partitionsToOffsetAndMetadata(group).get();
            return found.entrySet().stream().filter(e -> e.getValue() != null)
                .map(e -> e.getKey().topic() + "," + e.getKey().partition() + "," + e.getValue().offset())
                .collect(Collectors.joining("\t"));
        }
    }

    private interface Client {
        void end(GroupMembershipOperation how) throws Exception;

        default void freeze(boolean frozen) {
            throw new UnsupportedOperationException();
        }
    }

    /** One that is polled by a thread of its own, since most clients belong to one thread. */
    private abstract static class Polled extends Thread implements Client {
        private volatile GroupMembershipOperation end;
        private volatile boolean frozen;

        abstract void poll();

        abstract void close(GroupMembershipOperation how);

        @Override
        public void run() {
            while (end == null) {
                try {
                    if (frozen) {
                        Time.SYSTEM.sleep(50);
                    } else {
                        poll();
                    }
                } catch (RuntimeException e) {
                    e.printStackTrace();
                    Time.SYSTEM.sleep(100);
                }
            }
            close(end);
        }

        @Override
        public void freeze(boolean frozen) {
            this.frozen = frozen;
        }

        @Override
        public void end(GroupMembershipOperation how) throws InterruptedException {
            end = how;
            join();
        }
    }

    private static final class Consumer extends Polled {
        private final KafkaConsumer<byte[], byte[]> consumer;

        Consumer(Properties settings) {
            Object topics = settings.remove("topics");
            Object pattern = settings.remove("pattern");
            settings.putIfAbsent("auto.offset.reset", "earliest");
            settings.putIfAbsent("auto.commit.interval.ms", "200");
            settings.putIfAbsent("metadata.max.age.ms", "1000");
            consumer = new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer());
            if (topics != null) {
                consumer.subscribe(List.of(topics.toString().split(",")));
            } else {
                consumer.subscribe(new SubscriptionPattern(pattern.toString()));
            }
            start();
        }

        @Override
        void poll() {
            consumer.poll(Duration.ofMillis(100));
        }

        @Override
        void close(GroupMembershipOperation how) {
            consumer.close(CloseOptions.groupMembershipOperation(how));
        }
    }

    /** One that "holds" finishes all records of what it gets first but the first of each partition, and asks for no more. */
    private static final class Share extends Polled {
        private final KafkaShareConsumer<byte[], byte[]> consumer;
        private final boolean holds;
        private boolean held;

        Share(Properties settings) {
            Object topics = settings.remove("topics");
            holds = settings.remove("holds") != null;
            if (holds) {
                settings.setProperty("share.acknowledgement.mode", "explicit");
            }
            consumer = new KafkaShareConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer());
            consumer.subscribe(List.of(topics.toString().split(",")));
            start();
        }

        @Override
        void poll() {
            if (held) {
                Time.SYSTEM.sleep(50);
                return;
            }
            ConsumerRecords<byte[], byte[]> records = consumer.poll(Duration.ofMillis(100));
            if (holds && !records.isEmpty()) {
                for (TopicPartition partition : records.partitions()) {
                    records.records(partition).stream().skip(1).forEach(consumer::acknowledge);
                }
                consumer.commitSync();
                held = true;
            }
        }

        @Override
        void close(GroupMembershipOperation how) {
            consumer.close();
        }
    }

    /** Counts its topic's records by value: a topic to sort them by, a store, a changelog. */
    private static final class Streams implements Client {
        private final KafkaStreams streams;

        Streams(Properties settings) {
            String topic = settings.remove("topics").toString();
            settings.put("default.key.serde", Serdes.ByteArraySerde.class);
            settings.put("default.value.serde", Serdes.ByteArraySerde.class);
            settings.putIfAbsent("commit.interval.ms", "200");
            settings.putIfAbsent("num.stream.threads", "1");
            settings.putIfAbsent("repartition.purge.interval.ms", "3600000");
            StreamsBuilder builder = new StreamsBuilder();
            builder.<byte[], byte[]>stream(topic).selectKey((key, value) -> value).groupByKey()
                .count(Materialized.as(Stores.inMemoryKeyValueStore("counts")));
            streams = new KafkaStreams(builder.build(), settings);
            streams.start();
        }

        @Override
        public void end(GroupMembershipOperation how) {
            streams.close();
        }
    }

    /** A member of a group whose members share other things than partitions, as Connect's workers do. */
    private static final class Connect extends Polled {
        private final Worker worker;
        private final ConsumerNetworkClient client;

        Connect(Properties settings) {
            Optional<String> none = Optional.empty();
            String group = settings.getProperty("group.id");
            LogContext log = new LogContext("[" + settings.get("client.id") + "] ");
            Metrics metrics = new Metrics();
            client = network(settings, log, metrics);
            GroupRebalanceConfig timing = new GroupRebalanceConfig(3000, 10_000, 500, group, none, null, 100, 1000);
            worker = new Worker(timing, log, client, metrics);
            start();
        }

        @Override
        void poll() {
            Timer timer = Time.SYSTEM.timer(100);
            worker.step(timer);
            client.poll(timer);
        }

        @Override
        void close(GroupMembershipOperation how) {
            worker.close(Time.SYSTEM.timer(5000), how);
        }
    }

    /** What sends requests, for members that are made by hand. */
    private static ConsumerNetworkClient network(Properties settings, LogContext log, Metrics metrics) {
        settings.put("key.deserializer", ByteArrayDeserializer.class);
        settings.put("value.deserializer", ByteArrayDeserializer.class);
        Metadata metadata = new Metadata(100, 1000, 60_000, log, new ClusterResourceListeners());
        String[] address = bootstrap.split(":");
        metadata.bootstrap(List.of(new InetSocketAddress(address[0], Integer.parseInt(address[1]))));
        NetworkClient client = ClientUtils.createNetworkClient(new ConsumerConfig(settings), List.of(bootstrap), metrics, "rig", log,
            new ApiVersions(), Time.SYSTEM, 100, metadata, null, null);
        return new ConsumerNetworkClient(log, client, metadata, Time.SYSTEM, 100, 30_000, 500);
    }

    /** A member of a streams group that stays when a topic is missing, where an application gives up at once. */
    private static final class Waiting extends Polled {
        private final ConsumerNetworkClient client;
        private final StreamsGroupHeartbeatRequestData.Subtopology reads;
        private final String group;
        private final String member = Uuid.randomUuid().toString();
        private int epoch = 0;

        Waiting(Properties settings) {
            group = settings.getProperty("group.id");
            reads = new StreamsGroupHeartbeatRequestData.Subtopology().setSubtopologyId("0")
                .setSourceTopics(List.of(settings.remove("topics").toString()));
            client = network(settings, new LogContext(), new Metrics());
            start();
        }

        @Override
        void poll() {
            beat();
            Time.SYSTEM.sleep(300);
        }

        private void beat() {
            StreamsGroupHeartbeatRequestData data = new StreamsGroupHeartbeatRequestData()
                .setGroupId(group).setMemberId(member).setMemberEpoch(epoch);
            if (epoch == 0) {
                data.setTopology(new StreamsGroupHeartbeatRequestData.Topology().setEpoch(1).setSubtopologies(List.of(reads)))
                    .setRebalanceTimeoutMs(60_000).setProcessId(member).setClientTags(List.of())
                    .setActiveTasks(List.of()).setStandbyTasks(List.of()).setWarmupTasks(List.of());
            }
            // There is one broker: it is the group's coordinator.
            RequestFuture<ClientResponse> answer =
                client.send(client.leastLoadedNode(), new StreamsGroupHeartbeatRequest.Builder(data));
            client.poll(answer);
            StreamsGroupHeartbeatResponse found = (StreamsGroupHeartbeatResponse) answer.value().responseBody();
            if (found.data().errorCode() != 0) {
                throw new IllegalStateException(found.data().toString());
            }
            epoch = found.data().memberEpoch();
        }

        @Override
        void close(GroupMembershipOperation how) {
            epoch = -1;
            beat();
        }
    }

    private static final class Worker extends AbstractCoordinator {
        Worker(GroupRebalanceConfig group, LogContext log, ConsumerNetworkClient client, Metrics metrics) {
            super(group, log, client, metrics, "connect", Time.SYSTEM);
        }

        void step(Timer timer) {
            if (ensureCoordinatorReady(timer)) {
                ensureActiveGroup();
            }
        }

        @Override
        protected void close(Timer timer, GroupMembershipOperation how) {
            super.close(timer, how);
        }

        @Override
        protected String protocolType() {
            return "connect";
        }

        @Override
        protected JoinGroupRequestProtocolCollection metadata() {
            JoinGroupRequestProtocol sessioned =
                new JoinGroupRequestProtocol().setName("sessioned").setMetadata("http://worker/".getBytes());
            return new JoinGroupRequestProtocolCollection(List.of(sessioned).iterator());
        }

        @Override
        protected boolean onJoinPrepare(Timer timer, int generation, String member) {
            return true;
        }

        @Override
        protected Map<String, ByteBuffer> onLeaderElected(
            String leader, String protocol, List<JoinGroupResponseMember> members, boolean skipAssignment) {
            return members.stream().collect(
                Collectors.toMap(JoinGroupResponseMember::memberId, m -> ByteBuffer.wrap(("tasks of " + m.memberId()).getBytes())));
        }

        @Override
        protected void onJoinComplete(int generation, String member, String protocol, ByteBuffer assignment) {}
    }
}
