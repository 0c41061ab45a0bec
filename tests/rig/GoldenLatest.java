import java.util.HexFormat;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.protocol.Message;
import org.apache.kafka.common.protocol.MessageUtil;
import org.apache.kafka.coordinator.group.generated.*;

/** As Golden.java, for the tagged fields that Kafka 4.2.0 did not have: by Kafka 4.4.0's own classes. */
public class GoldenLatest {
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
    }

    private static void print(String name, ApiMessage key, Message value) {
        HexFormat hex = HexFormat.of();
        System.out.println(name + " 0 " + hex.formatHex(MessageUtil.toCoordinatorTypePrefixedBytes(key)) + " "
            + hex.formatHex(MessageUtil.toVersionPrefixedBytes((short) 0, value)));
    }
}
