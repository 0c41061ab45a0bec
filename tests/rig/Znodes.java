import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.Watcher;
import org.apache.zookeeper.ZKUtil;
import org.apache.zookeeper.ZooDefs;
import org.apache.zookeeper.ZooKeeper;
import org.apache.zookeeper.data.ACL;
import org.apache.zookeeper.data.Id;
import org.apache.zookeeper.data.Stat;

/**
 * Nodes of ZooKeeper, by its own client.
 *
 * One line in, words separated by tabs; one line out, "ok" with what was asked for, or "failed" with the reason.
 * "put" sets a node's data and makes what is above it; "delete" takes a node and all below; "get" tells the data and
 * "mzxid"; "tree" all nodes below with data, as "path=data" separated by tabs. "login" adds a digest "user:password",
 * "lock" lets nobody else read a node. "load" makes so many groups of so many partitions, "churn" sets so many of them
 * a second for so many seconds and tells how many it has set.
 */
public class Znodes {
    private final String servers;
    private ZooKeeper client;

    private Znodes(String servers) {
        this.servers = servers;
    }

    private static final int IN_FLIGHT = 200;

    /** A client whose session has expired is of no use any more. */
    private ZooKeeper client() throws Exception {
        if (client == null || !client.getState().isAlive()) {
            CountDownLatch connected = new CountDownLatch(1);
            client = new ZooKeeper(servers, 10_000, event -> {
                if (event.getState() == Watcher.Event.KeeperState.SyncConnected) {
                    connected.countDown();
                }
            });
            connected.await();
        }
        return client;
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private void put(String path, byte[] data) throws Exception {
        for (int end = path.indexOf('/', 1); end > 0; end = path.indexOf('/', end + 1)) {
            create(path.substring(0, end), new byte[0]);
        }
        if (!create(path, data)) {
            client().setData(path, data, -1);
        }
    }

    private boolean create(String path, byte[] data) throws Exception {
        try {
            client().create(path, data, ZooDefs.Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
            return true;
        } catch (KeeperException.NodeExistsException there) {
            return false;
        }
    }

    private void delete(String path) throws Exception {
        if (client().exists(path, false) != null) {
            ZKUtil.deleteRecursive(client(), path);
        }
    }

    private void tree(String path, List<String> into) throws Exception {
        try {
            for (String child : client().getChildren(path, false)) {
                String below = (path.equals("/") ? "" : path) + "/" + child;
                byte[] data = client().getData(below, false, null);
                if (data != null && data.length > 0) {
                    into.add(below + "=" + new String(data, StandardCharsets.UTF_8));
                }
                tree(below, into);
            }
        } catch (KeeperException.NoNodeException gone) {
            // It may go while it is looked at.
        }
    }

    private static String place(int groups, int number) {
        return "/consumers/group-" + number % groups + "/offsets/topic/" + number / groups;
    }

    /** All requests in flight together; each answer makes room for the next. */
    private int flood(int count, Request request) throws Exception {
        Semaphore room = new Semaphore(IN_FLIGHT);
        AtomicInteger failed = new AtomicInteger();
        for (int number = 0; number < count; number++) {
            room.acquire();
            request.send(number, (code) -> {
                if (code != KeeperException.Code.OK.intValue()) {
                    failed.incrementAndGet();
                }
                room.release();
            });
        }
        room.acquire(IN_FLIGHT);
        if (failed.get() > 0) {
            throw new IllegalStateException(failed + " requests failed");
        }
        return count;
    }

    private interface Request {
        void send(int number, java.util.function.IntConsumer answered) throws Exception;
    }

    private void load(int groups, int partitions) throws Exception {
        for (int group = 0; group < groups; group++) {
            put("/consumers/group-" + group + "/offsets/topic", new byte[0]);
        }
        ZooKeeper client = client();
        flood(groups * partitions, (number, answered) -> client.create(place(groups, number), bytes("0"),
                ZooDefs.Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT, (code, path, context, name) -> answered.accept(code), null));
    }

    private int churn(int groups, int partitions, int rate, int seconds) throws Exception {
        ZooKeeper client = client();
        long began = System.nanoTime();
        return flood(rate * seconds, (number, answered) -> {
            long due = began + number * 1_000_000_000L / rate;
            for (long left = due - System.nanoTime(); left > 0; left = due - System.nanoTime()) {
                Thread.sleep(left / 1_000_000, (int) (left % 1_000_000));
            }
            client.setData(place(groups, number % (groups * partitions)), bytes(Integer.toString(number + 1)), -1,
                    (code, path, context, stat) -> answered.accept(code), null);
        });
    }

    private String answer(String[] words) throws Exception {
        switch (words[0]) {
            case "put":
                put(words[1], bytes(words.length > 2 ? words[2] : ""));
                return "";
            case "delete":
                delete(words[1]);
                return "";
            case "get":
                return new String(client().getData(words[1], false, null), StandardCharsets.UTF_8);
            case "mzxid":
                Stat stat = client().exists(words[1], false);
                return Long.toString(stat.getMzxid());
            case "tree":
                List<String> nodes = new ArrayList<>();
                tree(words[1], nodes);
                return String.join("\t", nodes);
            case "login":
                client().addAuthInfo("digest", bytes(words[1]));
                return "";
            case "lock":
                List<ACL> mine = Collections.singletonList(new ACL(ZooDefs.Perms.ALL, new Id("auth", "")));
                client().setACL(words[1], mine, -1);
                return "";
            case "load":
                load(Integer.parseInt(words[1]), Integer.parseInt(words[2]));
                return "";
            case "churn":
                return Integer.toString(churn(Integer.parseInt(words[1]), Integer.parseInt(words[2]),
                        Integer.parseInt(words[3]), Integer.parseInt(words[4])));
            default:
                throw new IllegalArgumentException(words[0]);
        }
    }

    public static void main(String[] arguments) throws Exception {
        Znodes znodes = new Znodes(arguments[0]);
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            String answer;
            try {
                answer = "ok " + znodes.answer(line.split("\t"));
            } catch (Exception error) {
                answer = "failed " + error.toString().replace('\n', ' ');
            }
            System.out.println(answer);
            System.out.flush();
        }
    }
}
