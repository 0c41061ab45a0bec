import java.util.HexFormat;
import java.util.List;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.protocol.Message;
import org.apache.kafka.common.protocol.MessageUtil;
import org.apache.kafka.coordinator.group.generated.*;
import org.apache.kafka.coordinator.share.generated.*;

/** As Golden.java, for the fields and states that Kafka 4.2.0 did not have: by Kafka 4.4.0's own classes. */
public class GoldenLatest {
    private static final Uuid TOPIC = new Uuid(0x0001020304050607L, 0x08090a0b0c0d0e0fL);
    private static final Uuid OTHER = new Uuid(0L, 1L);
    private static final String GROUP = "gr\u00fcppe";
    private static final long TIME = 1795474400000L;

    public static void main(String[] none) {
        System.out.println("# Printed by tests/rig/GoldenLatest.java with the jars of Kafka 4.4.0 on its class path; tests/golden.rs holds this");
        System.out.println("# file against it and, with WARRENER_GOLDEN=write, makes it anew. Name, version, key and value in hex.");
        print("consumer-target-epoch-timed", new ConsumerGroupTargetAssignmentMetadataKey().setGroupId(GROUP),
            new ConsumerGroupTargetAssignmentMetadataValue().setAssignmentEpoch(9).setAssignmentTimestamp(TIME));
        print("share-target-epoch-timed", new ShareGroupTargetAssignmentMetadataKey().setGroupId(GROUP),
            new ShareGroupTargetAssignmentMetadataValue().setAssignmentEpoch(9).setAssignmentTimestamp(TIME));
        print("streams-target-epoch-timed", new StreamsGroupTargetAssignmentMetadataKey().setGroupId(GROUP),
            new StreamsGroupTargetAssignmentMetadataValue().setAssignmentEpoch(9).setAssignmentTimestamp(TIME));
        print("streams-epoch-described", new StreamsGroupMetadataKey().setGroupId(GROUP),
            new StreamsGroupMetadataValue().setEpoch(10).setMetadataHash(-2).setValidatedTopologyEpoch(4)
                .setStoredDescriptionTopologyEpoch(4).setFailedDescriptionTopologyEpoch(3));
        print("streams-epoch-uncertain", new StreamsGroupMetadataKey().setGroupId(GROUP),
            new StreamsGroupMetadataValue().setEpoch(10).setMetadataHash(-2).setStoredDescriptionTopologyEpoch(-2));
        assignmentEpochs();
        archiving();
    }

    private static void assignmentEpochs() {
        print("consumer-current-since", new ConsumerGroupCurrentMemberAssignmentKey().setGroupId(GROUP).setMemberId("m1"),
            new ConsumerGroupCurrentMemberAssignmentValue().setMemberEpoch(10).setPreviousMemberEpoch(9).setState((byte) 1)
                .setAssignedPartitions(List.of(owned(TOPIC, List.of(0, 3), List.of(9, 10)), owned(OTHER, List.of(), List.of())))
                .setPartitionsPendingRevocation(List.of(owned(OTHER, List.of(1), List.of(8)), owned(TOPIC, List.of(2), null))));
        print("streams-current-since", new StreamsGroupCurrentMemberAssignmentKey().setGroupId(GROUP).setMemberId("m1"),
            new StreamsGroupCurrentMemberAssignmentValue().setMemberEpoch(10).setPreviousMemberEpoch(9).setState((byte) 2)
                .setActiveTasks(List.of(task("0", List.of(0, 3), List.of(9, 10)))).setStandbyTasks(List.of(task("0", List.of(1), null)))
                .setWarmupTasks(List.of()).setActiveTasksPendingRevocation(List.of(task("1", List.of(5), List.of(8))))
                .setStandbyTasksPendingRevocation(List.of()).setWarmupTasksPendingRevocation(List.of()));
    }

    private static ConsumerGroupCurrentMemberAssignmentValue.TopicPartitions owned(
        Uuid topic, List<Integer> partitions, List<Integer> epochs
    ) {
        return new ConsumerGroupCurrentMemberAssignmentValue.TopicPartitions().setTopicId(topic)
            .setPartitions(partitions).setAssignmentEpochs(epochs);
    }

    private static StreamsGroupCurrentMemberAssignmentValue.TaskIds task(
        String subtopology, List<Integer> partitions, List<Integer> epochs
    ) {
        return new StreamsGroupCurrentMemberAssignmentValue.TaskIds().setSubtopologyId(subtopology)
            .setPartitions(partitions).setAssignmentEpochs(epochs);
    }

    /** The delivery state 3, which RecordState calls ARCHIVING. */
    private static void archiving() {
        print("snapshot-archiving", new ShareSnapshotKey().setGroupId(GROUP).setTopicId(TOPIC).setPartition(3),
            new ShareSnapshotValue().setSnapshotEpoch(1).setStateEpoch(2).setLeaderEpoch(3).setStartOffset(100)
                .setDeliveryCompleteCount(0).setCreateTimestamp(TIME).setWriteTimestamp(TIME).setStateBatches(List.of(
                    new ShareSnapshotValue.StateBatch().setFirstOffset(100).setLastOffset(101)
                        .setDeliveryState(org.apache.kafka.server.share.fetch.RecordState.ARCHIVING.id())
                        .setDeliveryCount((short) 5))));
        print("update-archiving", new ShareUpdateKey().setGroupId(GROUP).setTopicId(TOPIC).setPartition(3),
            new ShareUpdateValue().setSnapshotEpoch(1).setLeaderEpoch(3).setStartOffset(-1).setDeliveryCompleteCount(0)
                .setStateBatches(List.of(new ShareUpdateValue.StateBatch().setFirstOffset(102).setLastOffset(102)
                    .setDeliveryState(org.apache.kafka.server.share.fetch.RecordState.ARCHIVING.id())
                    .setDeliveryCount((short) 1))));
    }

    private static void print(String name, ApiMessage key, Message value) {
        HexFormat hex = HexFormat.of();
        System.out.println(name + " 0 " + hex.formatHex(MessageUtil.toCoordinatorTypePrefixedBytes(key)) + " "
            + hex.formatHex(MessageUtil.toVersionPrefixedBytes((short) 0, value)));
    }
}
