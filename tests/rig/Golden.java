import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.List;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.protocol.Message;
import org.apache.kafka.common.protocol.MessageUtil;
import org.apache.kafka.common.protocol.types.RawTaggedField;
import org.apache.kafka.coordinator.group.generated.*;
import org.apache.kafka.coordinator.share.generated.*;

/**
 * Prints records of every type and version as the own generated classes of Kafka 4.2.0 and later write them, one a line:
 * its name, the version of its value, key and value in hex, "-" for the null value of a tombstone.
 */
public class Golden {
    private static final Uuid TOPIC = new Uuid(0x0001020304050607L, 0x08090a0b0c0d0e0fL);
    private static final Uuid OTHER = new Uuid(0L, 1L);
    private static final String GROUP = "gr\u00fcppe";

    public static void main(String[] none) {
        System.out.println("# Printed by tests/rig/Golden.java with the jars of Kafka 4.2.0 or later on its class path; tests/golden.rs holds this");
        System.out.println("# file against it and, with WARRENER_GOLDEN=write, makes it anew. Name, version, key and value in hex.");
        commits();
        classicGroups();
        consumerGroups();
        consumerMembers();
        shareGroups();
        streamsGroups();
        streamsMembers();
        streamsTopologies();
        shareState();
    }

    private static void print(String name, int version, ApiMessage key, Message value) {
        HexFormat hex = HexFormat.of();
        byte[] keyBytes = MessageUtil.toCoordinatorTypePrefixedBytes(key);
        String bytes = value == null ? "-" : hex.formatHex(MessageUtil.toVersionPrefixedBytes((short) version, value));
        System.out.println(name + " " + version + " " + hex.formatHex(keyBytes) + " " + bytes);
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    /** Tags that nobody knows, one of them longer than 127 bytes. */
    private static <T extends Message> T tagged(T message) {
        message.unknownTaggedFields().add(new RawTaggedField(99, bytes("x")));
        message.unknownTaggedFields().add(new RawTaggedField(300, new byte[200]));
        return message;
    }

    private static void commits() {
        LegacyOffsetCommitKey legacy = new LegacyOffsetCommitKey().setGroup(GROUP).setTopic("t").setPartition(3);
        print("legacy-commit", 0, legacy,
            new LegacyOffsetCommitValue().setOffset(123).setMetadata("md").setCommitTimestamp(1795474400000L));
        print("legacy-commit-tombstone", 0, legacy, null);
        OffsetCommitKey key = new OffsetCommitKey().setGroup(GROUP).setTopic("t").setPartition(3);
        OffsetCommitValue value = new OffsetCommitValue().setOffset(123).setLeaderEpoch(7).setMetadata("m\u00e9")
            .setCommitTimestamp(1795474400000L).setExpireTimestamp(1795474500000L).setTopicId(TOPIC);
        for (int version = 0; version <= 4; version++) {
            print("commit-v" + version, version, key, value);
        }
        print("commit-v1-without-expiry", 1, key, value.duplicate().setExpireTimestamp(-1));
        print("commit-v3-without-epoch", 3, key, value.duplicate().setLeaderEpoch(-1).setMetadata(""));
        print("commit-v4-without-topic-id", 4, key, value.duplicate().setTopicId(Uuid.ZERO_UUID));
        print("commit-v4-of-127-bytes", 4, key, value.duplicate().setMetadata("m".repeat(127)));
        print("commit-v4-tagged", 4, key, tagged(value.duplicate()));
        print("commit-tombstone", 0, key, null);
    }

    private static void classicGroups() {
        GroupMetadataKey key = new GroupMetadataKey().setGroup(GROUP);
        GroupMetadataValue value = new GroupMetadataValue().setProtocolType("consumer").setGeneration(5)
            .setProtocol("range").setLeader("m1").setCurrentStateTimestamp(1795474400000L)
            .setMembers(List.of(
                new GroupMetadataValue.MemberMetadata().setMemberId("m1").setGroupInstanceId("i1").setClientId("c1")
                    .setClientHost("/10.0.0.1").setRebalanceTimeout(300000).setSessionTimeout(45000)
                    .setSubscription(bytes("S")).setAssignment(bytes("A")),
                new GroupMetadataValue.MemberMetadata().setMemberId("m2").setGroupInstanceId(null).setClientId("")
                    .setClientHost("/[::1]").setRebalanceTimeout(1).setSessionTimeout(2)
                    .setSubscription(new byte[0]).setAssignment(new byte[0])));
        for (int version = 0; version <= 4; version++) {
            print("group-v" + version, version, key, value);
        }
        GroupMetadataValue empty = new GroupMetadataValue().setProtocolType("").setGeneration(0).setProtocol(null)
            .setLeader(null).setMembers(List.of());
        for (int version = 0; version <= 4; version++) {
            print("group-v" + version + "-empty", version, key, empty);
        }
        GroupMetadataValue all = tagged(value.duplicate());
        all.members().forEach(Golden::tagged);
        print("group-v4-tagged", 4, key, all);
        print("group-tombstone", 0, key, null);
    }

    private static void consumerGroups() {
        ConsumerGroupMetadataKey key = new ConsumerGroupMetadataKey().setGroupId(GROUP);
        ConsumerGroupMetadataValue epoch = new ConsumerGroupMetadataValue().setEpoch(10);
        print("consumer-epoch-without-hash", 0, key, epoch);
        print("consumer-epoch", 0, key, epoch.duplicate().setMetadataHash(-2));
        print("consumer-epoch-tagged", 0, key, tagged(epoch.duplicate().setMetadataHash(3)));
        print("consumer-epoch-tombstone", 0, key, null);

        ConsumerGroupTargetAssignmentMetadataKey target =
            new ConsumerGroupTargetAssignmentMetadataKey().setGroupId(GROUP);
        ConsumerGroupTargetAssignmentMetadataValue at =
            new ConsumerGroupTargetAssignmentMetadataValue().setAssignmentEpoch(9);
        print("consumer-target-epoch", 0, target, at);
        print("consumer-target-epoch-tagged", 0, target, tagged(at.duplicate()));
        print("consumer-target-epoch-tombstone", 0, target, null);

        ConsumerGroupPartitionMetadataKey topics = new ConsumerGroupPartitionMetadataKey().setGroupId(GROUP);
        ConsumerGroupPartitionMetadataValue known = new ConsumerGroupPartitionMetadataValue().setTopics(List.of(
            new ConsumerGroupPartitionMetadataValue.TopicMetadata().setTopicId(TOPIC).setTopicName("\u00fcber")
                .setNumPartitions(2).setPartitionMetadata(List.of(
                    new ConsumerGroupPartitionMetadataValue.PartitionMetadata().setPartition(0).setRacks(List.of("a", "b")),
                    new ConsumerGroupPartitionMetadataValue.PartitionMetadata().setPartition(1).setRacks(List.of()))),
            new ConsumerGroupPartitionMetadataValue.TopicMetadata().setTopicId(OTHER).setTopicName("t")
                .setNumPartitions(1).setPartitionMetadata(List.of())));
        print("consumer-topics", 0, topics, known);
        ConsumerGroupPartitionMetadataValue all = tagged(known.duplicate());
        all.topics().forEach(topic -> tagged(topic).partitionMetadata().forEach(Golden::tagged));
        print("consumer-topics-tagged", 0, topics, all);
        print("consumer-topics-empty", 0, topics, new ConsumerGroupPartitionMetadataValue());
        print("consumer-topics-tombstone", 0, topics, null);

        ConsumerGroupRegularExpressionKey regex =
            new ConsumerGroupRegularExpressionKey().setGroupId(GROUP).setRegularExpression("t.*");
        ConsumerGroupRegularExpressionValue matched = new ConsumerGroupRegularExpressionValue()
            .setTopics(List.of("t1", "t2")).setVersion(77).setTimestamp(1795474400000L);
        print("consumer-expression", 0, regex, matched);
        print("consumer-expression-tagged", 0, regex, tagged(matched.duplicate().setTopics(List.of())));
        print("consumer-expression-tombstone", 0, regex, null);
    }

    private static void consumerMembers() {
        ConsumerGroupMemberMetadataKey key = new ConsumerGroupMemberMetadataKey().setGroupId(GROUP).setMemberId("m1");
        ConsumerGroupMemberMetadataValue plain = new ConsumerGroupMemberMetadataValue().setClientId("c1")
            .setClientHost("/10.0.0.1").setInstanceId(null).setRackId(null).setSubscribedTopicNames(List.of("t1", "\u00fcber"))
            .setSubscribedTopicRegex(null).setRebalanceTimeoutMs(300000).setServerAssignor(null);
        // Left alone it is a struct of defaults and not written; the null that brokers set is.
        print("consumer-member-without-tag", 0, key, plain);
        print("consumer-member", 0, key, plain.duplicate().setClassicMemberMetadata(null));
        ConsumerGroupMemberMetadataValue full = plain.duplicate().setInstanceId("i1").setRackId("r1")
            .setSubscribedTopicNames(List.of()).setSubscribedTopicRegex("t.*").setServerAssignor("uniform")
            .setClassicMemberMetadata(new ConsumerGroupMemberMetadataValue.ClassicMemberMetadata()
                .setSessionTimeoutMs(45000).setSupportedProtocols(List.of(
                    new ConsumerGroupMemberMetadataValue.ClassicProtocol().setName("range").setMetadata(bytes("S")),
                    new ConsumerGroupMemberMetadataValue.ClassicProtocol().setName("").setMetadata(new byte[0]))));
        print("consumer-member-classic", 0, key, full);
        ConsumerGroupMemberMetadataValue all = tagged(full.duplicate());
        tagged(all.classicMemberMetadata()).supportedProtocols().forEach(Golden::tagged);
        print("consumer-member-tagged", 0, key, all);
        print("consumer-member-tombstone", 0, key, null);

        ConsumerGroupTargetAssignmentMemberKey target =
            new ConsumerGroupTargetAssignmentMemberKey().setGroupId(GROUP).setMemberId("m1");
        ConsumerGroupTargetAssignmentMemberValue to = new ConsumerGroupTargetAssignmentMemberValue()
            .setTopicPartitions(List.of(
                new ConsumerGroupTargetAssignmentMemberValue.TopicPartition().setTopicId(TOPIC).setPartitions(List.of(0, 3)),
                new ConsumerGroupTargetAssignmentMemberValue.TopicPartition().setTopicId(OTHER).setPartitions(List.of())));
        print("consumer-target", 0, target, to);
        ConsumerGroupTargetAssignmentMemberValue allTo = tagged(to.duplicate());
        allTo.topicPartitions().forEach(Golden::tagged);
        print("consumer-target-tagged", 0, target, allTo);
        print("consumer-target-empty", 0, target, new ConsumerGroupTargetAssignmentMemberValue());
        print("consumer-target-tombstone", 0, target, null);

        ConsumerGroupCurrentMemberAssignmentKey current =
            new ConsumerGroupCurrentMemberAssignmentKey().setGroupId(GROUP).setMemberId("m1");
        ConsumerGroupCurrentMemberAssignmentValue has = new ConsumerGroupCurrentMemberAssignmentValue()
            .setMemberEpoch(10).setPreviousMemberEpoch(9).setState((byte) 1)
            .setAssignedPartitions(List.of(new ConsumerGroupCurrentMemberAssignmentValue.TopicPartitions()
                .setTopicId(TOPIC).setPartitions(List.of(0, 3))))
            .setPartitionsPendingRevocation(List.of(new ConsumerGroupCurrentMemberAssignmentValue.TopicPartitions()
                .setTopicId(OTHER).setPartitions(List.of(1))));
        print("consumer-current", 0, current, has);
        ConsumerGroupCurrentMemberAssignmentValue allHas = tagged(has.duplicate());
        allHas.assignedPartitions().forEach(Golden::tagged);
        print("consumer-current-tagged", 0, current, allHas);
        print("consumer-current-leaving", 0, current, new ConsumerGroupCurrentMemberAssignmentValue()
            .setMemberEpoch(-2).setPreviousMemberEpoch(10).setState((byte) 127));
        print("consumer-current-tombstone", 0, current, null);
    }

    private static void shareGroups() {
        ShareGroupMetadataKey key = new ShareGroupMetadataKey().setGroupId(GROUP);
        ShareGroupMetadataValue epoch = new ShareGroupMetadataValue().setEpoch(10).setMetadataHash(-2);
        print("share-epoch", 0, key, epoch);
        print("share-epoch-tagged", 0, key, tagged(epoch.duplicate()));
        print("share-epoch-tombstone", 0, key, null);

        ShareGroupTargetAssignmentMetadataKey at = new ShareGroupTargetAssignmentMetadataKey().setGroupId(GROUP);
        print("share-target-epoch", 0, at, new ShareGroupTargetAssignmentMetadataValue().setAssignmentEpoch(9));
        print("share-target-epoch-tombstone", 0, at, null);

        ShareGroupMemberMetadataKey member = new ShareGroupMemberMetadataKey().setGroupId(GROUP).setMemberId("m1");
        ShareGroupMemberMetadataValue plain = new ShareGroupMemberMetadataValue().setClientId("c1")
            .setClientHost("/10.0.0.1").setRackId(null).setSubscribedTopicNames(List.of("t1", "t2"));
        print("share-member", 0, member, plain);
        print("share-member-tagged", 0, member, tagged(plain.duplicate().setRackId("r1").setSubscribedTopicNames(List.of())));
        print("share-member-tombstone", 0, member, null);

        ShareGroupTargetAssignmentMemberKey target =
            new ShareGroupTargetAssignmentMemberKey().setGroupId(GROUP).setMemberId("m1");
        ShareGroupTargetAssignmentMemberValue to = new ShareGroupTargetAssignmentMemberValue().setTopicPartitions(List.of(
            new ShareGroupTargetAssignmentMemberValue.TopicPartition().setTopicId(TOPIC).setPartitions(List.of(0, 3))));
        print("share-target", 0, target, to);
        print("share-target-tombstone", 0, target, null);

        ShareGroupCurrentMemberAssignmentKey current =
            new ShareGroupCurrentMemberAssignmentKey().setGroupId(GROUP).setMemberId("m1");
        ShareGroupCurrentMemberAssignmentValue has = new ShareGroupCurrentMemberAssignmentValue()
            .setMemberEpoch(10).setPreviousMemberEpoch(9).setState((byte) 0)
            .setAssignedPartitions(List.of(new ShareGroupCurrentMemberAssignmentValue.TopicPartitions()
                .setTopicId(TOPIC).setPartitions(List.of(0, 3))));
        print("share-current", 0, current, has);
        ShareGroupCurrentMemberAssignmentValue allHas = tagged(has.duplicate());
        allHas.assignedPartitions().forEach(Golden::tagged);
        print("share-current-tagged", 0, current, allHas);
        print("share-current-tombstone", 0, current, null);

        ShareGroupStatePartitionMetadataKey state = new ShareGroupStatePartitionMetadataKey().setGroupId(GROUP);
        ShareGroupStatePartitionMetadataValue partitions = new ShareGroupStatePartitionMetadataValue()
            .setInitializingTopics(List.of(new ShareGroupStatePartitionMetadataValue.TopicPartitionsInfo()
                .setTopicId(OTHER).setTopicName("t1").setPartitions(List.of(4))))
            .setInitializedTopics(List.of(new ShareGroupStatePartitionMetadataValue.TopicPartitionsInfo()
                .setTopicId(TOPIC).setTopicName("\u00fcber").setPartitions(List.of(0, 3))))
            .setDeletingTopics(List.of(new ShareGroupStatePartitionMetadataValue.TopicInfo()
                .setTopicId(OTHER).setTopicName("gone")));
        print("share-state-partitions", 0, state, partitions);
        ShareGroupStatePartitionMetadataValue all = tagged(partitions.duplicate());
        all.initializedTopics().forEach(Golden::tagged);
        all.deletingTopics().forEach(Golden::tagged);
        print("share-state-partitions-tagged", 0, state, all);
        print("share-state-partitions-empty", 0, state, new ShareGroupStatePartitionMetadataValue());
        print("share-state-partitions-tombstone", 0, state, null);
    }

    private static void streamsGroups() {
        StreamsGroupMetadataKey key = new StreamsGroupMetadataKey().setGroupId(GROUP);
        StreamsGroupMetadataValue epoch = new StreamsGroupMetadataValue().setEpoch(10).setMetadataHash(-2);
        print("streams-epoch", 0, key, epoch);
        print("streams-epoch-validated", 0, key, epoch.duplicate().setValidatedTopologyEpoch(4));
        print("streams-epoch-tagged", 0, key, tagged(epoch.duplicate().setValidatedTopologyEpoch(4).setLastAssignmentConfigs(
            List.of(new StreamsGroupMetadataValue.LastAssignmentConfig().setKey("k").setValue("v")))));
        print("streams-epoch-tombstone", 0, key, null);

        StreamsGroupTargetAssignmentMetadataKey at = new StreamsGroupTargetAssignmentMetadataKey().setGroupId(GROUP);
        print("streams-target-epoch", 0, at, new StreamsGroupTargetAssignmentMetadataValue().setAssignmentEpoch(9));
        print("streams-target-epoch-tombstone", 0, at, null);
    }

    private static void streamsMembers() {
        StreamsGroupMemberMetadataKey key = new StreamsGroupMemberMetadataKey().setGroupId(GROUP).setMemberId("m1");
        StreamsGroupMemberMetadataValue plain = new StreamsGroupMemberMetadataValue().setInstanceId(null).setRackId(null)
            .setClientId("c1").setClientHost("/10.0.0.1").setRebalanceTimeoutMs(300000).setTopologyEpoch(4)
            .setProcessId("p1").setUserEndpoint(null).setClientTags(List.of());
        print("streams-member", 0, key, plain);
        StreamsGroupMemberMetadataValue full = plain.duplicate().setInstanceId("i1").setRackId("r1")
            .setUserEndpoint(new StreamsGroupMemberMetadataValue.Endpoint().setHost("h\u00f6st").setPort(65535))
            .setClientTags(List.of(new StreamsGroupMemberMetadataValue.KeyValue().setKey("zone").setValue("z1")));
        print("streams-member-endpoint", 0, key, full);
        StreamsGroupMemberMetadataValue all = tagged(full.duplicate());
        tagged(all.userEndpoint());
        all.clientTags().forEach(Golden::tagged);
        print("streams-member-tagged", 0, key, all);
        print("streams-member-tombstone", 0, key, null);

        StreamsGroupTargetAssignmentMemberKey target =
            new StreamsGroupTargetAssignmentMemberKey().setGroupId(GROUP).setMemberId("m1");
        StreamsGroupTargetAssignmentMemberValue to = new StreamsGroupTargetAssignmentMemberValue()
            .setActiveTasks(List.of(task("0", 0, 3), task("1", 2))).setStandbyTasks(List.of(task("0", 1)))
            .setWarmupTasks(List.of());
        print("streams-target", 0, target, to);
        StreamsGroupTargetAssignmentMemberValue allTo = tagged(to.duplicate());
        allTo.activeTasks().forEach(Golden::tagged);
        print("streams-target-tagged", 0, target, allTo);
        print("streams-target-tombstone", 0, target, null);

        StreamsGroupCurrentMemberAssignmentKey current =
            new StreamsGroupCurrentMemberAssignmentKey().setGroupId(GROUP).setMemberId("m1");
        StreamsGroupCurrentMemberAssignmentValue has = new StreamsGroupCurrentMemberAssignmentValue()
            .setMemberEpoch(10).setPreviousMemberEpoch(9).setState((byte) 2)
            .setActiveTasks(List.of(owned("0", null, 0, 3))).setStandbyTasks(List.of(owned("0", null, 1)))
            .setWarmupTasks(List.of(owned("1", null, 2))).setActiveTasksPendingRevocation(List.of(owned("1", null, 5)))
            .setStandbyTasksPendingRevocation(List.of(owned("2", null))).setWarmupTasksPendingRevocation(List.of());
        print("streams-current", 0, current, has);
        StreamsGroupCurrentMemberAssignmentValue allHas =
            tagged(has.duplicate().setActiveTasks(List.of(owned("0", List.of(9, 10), 0, 3))));
        allHas.activeTasks().forEach(Golden::tagged);
        allHas.standbyTasks().forEach(Golden::tagged);
        print("streams-current-tagged", 0, current, allHas);
        print("streams-current-tombstone", 0, current, null);
    }

    private static StreamsGroupTargetAssignmentMemberValue.TaskIds task(String subtopology, Integer... partitions) {
        return new StreamsGroupTargetAssignmentMemberValue.TaskIds().setSubtopologyId(subtopology)
            .setPartitions(List.of(partitions));
    }

    private static StreamsGroupCurrentMemberAssignmentValue.TaskIds owned(
        String subtopology, List<Integer> epochs, Integer... partitions
    ) {
        return new StreamsGroupCurrentMemberAssignmentValue.TaskIds().setSubtopologyId(subtopology)
            .setPartitions(List.of(partitions)).setAssignmentEpochs(epochs);
    }

    private static void streamsTopologies() {
        StreamsGroupTopologyKey key = new StreamsGroupTopologyKey().setGroupId(GROUP);
        StreamsGroupTopologyValue.TopicConfig config =
            new StreamsGroupTopologyValue.TopicConfig().setKey("cleanup.policy").setValue("compact");
        StreamsGroupTopologyValue topology = new StreamsGroupTopologyValue().setEpoch(4).setSubtopologies(List.of(
            new StreamsGroupTopologyValue.Subtopology().setSubtopologyId("0").setSourceTopics(List.of("in", "\u00fcber"))
                .setSourceTopicRegex(List.of("in.*"))
                .setStateChangelogTopics(List.of(new StreamsGroupTopologyValue.TopicInfo().setName("log").setPartitions(0)
                    .setReplicationFactor((short) -1).setTopicConfigs(List.of(config))))
                .setRepartitionSinkTopics(List.of("between"))
                .setRepartitionSourceTopics(List.of())
                .setCopartitionGroups(List.of(new StreamsGroupTopologyValue.CopartitionGroup()
                    .setSourceTopics(List.of((short) 0, (short) 1)).setSourceTopicRegex(List.of((short) 0))
                    .setRepartitionSourceTopics(List.of()))),
            new StreamsGroupTopologyValue.Subtopology().setSubtopologyId("1").setSourceTopics(List.of())
                .setSourceTopicRegex(List.of()).setStateChangelogTopics(List.of()).setRepartitionSinkTopics(List.of())
                .setRepartitionSourceTopics(List.of(new StreamsGroupTopologyValue.TopicInfo().setName("between")
                    .setPartitions(6).setReplicationFactor((short) 3).setTopicConfigs(List.of())))
                .setCopartitionGroups(List.of())));
        print("streams-topology", 0, key, topology);
        StreamsGroupTopologyValue all = tagged(topology.duplicate());
        for (StreamsGroupTopologyValue.Subtopology part : all.subtopologies()) {
            tagged(part);
            part.stateChangelogTopics().forEach(topic -> tagged(topic).topicConfigs().forEach(Golden::tagged));
            part.repartitionSourceTopics().forEach(Golden::tagged);
            part.copartitionGroups().forEach(Golden::tagged);
        }
        print("streams-topology-tagged", 0, key, all);
        print("streams-topology-empty", 0, key, new StreamsGroupTopologyValue().setEpoch(4));
        print("streams-topology-tombstone", 0, key, null);
    }

    private static void shareState() {
        ShareSnapshotKey key = new ShareSnapshotKey().setGroupId(GROUP).setTopicId(TOPIC).setPartition(3);
        ShareSnapshotValue snapshot = new ShareSnapshotValue().setSnapshotEpoch(1).setStateEpoch(2).setLeaderEpoch(3)
            .setStartOffset(100).setCreateTimestamp(1795474400000L).setWriteTimestamp(1795474500000L)
            .setStateBatches(List.of(
                new ShareSnapshotValue.StateBatch().setFirstOffset(100).setLastOffset(109).setDeliveryState((byte) 0)
                    .setDeliveryCount((short) 1),
                new ShareSnapshotValue.StateBatch().setFirstOffset(110).setLastOffset(110).setDeliveryState((byte) 4)
                    .setDeliveryCount((short) 5)));
        print("snapshot", 0, key, snapshot);
        print("snapshot-counted", 0, key, snapshot.duplicate().setDeliveryCompleteCount(1));
        ShareSnapshotValue all = tagged(snapshot.duplicate().setDeliveryCompleteCount(0));
        all.stateBatches().forEach(Golden::tagged);
        print("snapshot-tagged", 0, key, all);
        print("snapshot-without-start", 0, key, new ShareSnapshotValue().setStartOffset(-1));
        print("snapshot-tombstone", 0, key, null);

        ShareUpdateKey update = new ShareUpdateKey().setGroupId(GROUP).setTopicId(TOPIC).setPartition(3);
        ShareUpdateValue changed = new ShareUpdateValue().setSnapshotEpoch(1).setLeaderEpoch(3).setStartOffset(-1)
            .setStateBatches(List.of(new ShareUpdateValue.StateBatch().setFirstOffset(111).setLastOffset(112)
                .setDeliveryState((byte) 2).setDeliveryCount((short) 1)));
        print("update", 0, update, changed);
        print("update-counted", 0, update,
            changed.duplicate().setStartOffset(111).setDeliveryCompleteCount(2).setStateBatches(List.of()));
        ShareUpdateValue allChanged = tagged(changed.duplicate());
        allChanged.stateBatches().forEach(Golden::tagged);
        print("update-tagged", 0, update, allChanged);
        print("update-tombstone", 0, update, null);
    }
}
