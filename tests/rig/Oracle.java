import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.Arrays;
import java.util.List;

/**
 * Runs Kafka's own command line tools in one JVM, since starting one for each call costs seconds.
 *
 * One line in: a class and its arguments, separated by tabs. Out: "exit code, length" and as many bytes of
 * what the tool printed.
 */
public class Oracle {
    private static final class Ended extends RuntimeException {
        Ended() {
            super(null, null, false, false);
        }
    }

    /** The first code that the tool wanted to exit with: some catch what is thrown here and then say 1. */
    private static Integer code;

    private static void exit(int wanted) {
        code = code == null ? wanted : code;
        throw new Ended();
    }

    public static void main(String[] none) throws Exception {
        PrintStream answer = System.out;
        catchExits();
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, "UTF-8"));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            ByteArrayOutputStream printed = new ByteArrayOutputStream();
            PrintStream capture = new PrintStream(printed, true, "UTF-8");
            System.setOut(capture);
            System.setErr(capture);
            code = null;
            int returned = run(line.split("\t", -1), capture);
            capture.flush();
            answer.print((code == null ? returned : code) + " " + printed.size() + "\n");
            printed.writeTo(answer);
            answer.flush();
        }
    }

    /** By reflection: the class by which Kafka ends a process lies in another package since 4.4. */
    private static void catchExits() throws ReflectiveOperationException {
        Class<?> exits = ofUtils("Exit");
        Class<?> procedure = ofUtils("Exit$Procedure");
        Object instead = Proxy.newProxyInstance(procedure.getClassLoader(), new Class<?>[] {procedure},
            (proxy, method, arguments) -> {
                exit((int) arguments[0]);
                return null;
            });
        for (String setter : List.of("setExitProcedure", "setHaltProcedure")) {
            exits.getMethod(setter, procedure).invoke(null, instead);
        }
    }

    private static Class<?> ofUtils(String name) throws ClassNotFoundException {
        try {
            return Class.forName("org.apache.kafka.common.utils.internals." + name);
        } catch (ClassNotFoundException e) {
            return Class.forName("org.apache.kafka.common.utils." + name);
        }
    }

    private static int run(String[] words, PrintStream capture) {
        try {
            Object arguments = Arrays.copyOfRange(words, 1, words.length);
            Class.forName(words[0]).getMethod("main", String[].class).invoke(null, arguments);
            return 0;
        } catch (InvocationTargetException e) {
            if (!(e.getCause() instanceof Ended)) {
                e.getCause().printStackTrace(capture);
            }
            return 1;
        } catch (ReflectiveOperationException e) {
            e.printStackTrace(capture);
            return 1;
        }
    }
}
