import java.util.HexFormat;
import org.apache.kafka.common.protocol.Message;
import org.apache.kafka.common.protocol.MessageUtil;
import org.apache.kafka.coordinator.group.generated.*;

/** As Golden.java, for what only early access wrote, and with the keys of before 4.1: by Kafka 3.9.1's own classes. */
public class GoldenEarly {
    public static void main(String[] none) {
        System.out.println("# Printed by tests/rig/GoldenEarly.java with the jars of Kafka 3.9.1 on its class path; tests/golden.rs holds this");
        System.out.println("# file against it and, with WARRENER_GOLDEN=write, makes it anew. Name, version, key and value in hex.");
        OffsetCommitKey commit = new OffsetCommitKey().setGroup("g").setTopic("t").setPartition(3);
        OffsetCommitValue value = new OffsetCommitValue().setOffset(123).setMetadata("md").setCommitTimestamp(1795474400000L);
        print("old-commit-legacy", 0, 0, commit, value);
        print("old-commit", 3, 1, commit, value.duplicate().setLeaderEpoch(7));
        print("old-share-epoch", 0, 11, new ShareGroupMetadataKey().setGroupId("g"), new ShareGroupMetadataValue().setEpoch(10));
        print("old-share-topics", 0, 9, new ShareGroupPartitionMetadataKey().setGroupId("g"),
            new ShareGroupPartitionMetadataValue());
    }

    private static void print(String name, int version, int type, Message key, Message value) {
        HexFormat hex = HexFormat.of();
        System.out.println(name + " " + version + " " + hex.formatHex(MessageUtil.toVersionPrefixedBytes((short) type, key))
            + " " + hex.formatHex(MessageUtil.toVersionPrefixedBytes((short) version, value)));
    }
}
