import java.io.IOException;
import java.net.URI;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import javax.security.auth.callback.Callback;
import javax.security.auth.login.AppConfigurationEntry;
import org.apache.kafka.common.security.auth.AuthenticateCallbackHandler;
import org.apache.kafka.common.security.oauthbearer.OAuthBearerExtensionsValidatorCallback;
import org.apache.kafka.common.security.oauthbearer.OAuthBearerToken;
import org.apache.kafka.common.security.oauthbearer.OAuthBearerValidatorCallback;

/**
 * Checks tokens as MSK does: the signature of the URL is made again with the secret of its access key.
 *
 * The file that the property `rig.msk.keys` names has a line for each key: access key, secret and session token,
 * separated by spaces, with `-` for no session token. It is read for each token.
 */
public class MskIam implements AuthenticateCallbackHandler {
    private static final String REGION = "eu-west-1";
    private static final String HOST = "kafka." + REGION + ".amazonaws.com";
    private static final String SERVICE = "kafka-cluster";

    @Override
    public void configure(Map<String, ?> configs, String mechanism, List<AppConfigurationEntry> entries) {
    }

    @Override
    public void close() {
    }

    @Override
    public void handle(Callback[] callbacks) {
        for (Callback callback : callbacks) {
            if (callback instanceof OAuthBearerValidatorCallback) {
                OAuthBearerValidatorCallback validated = (OAuthBearerValidatorCallback) callback;
                try {
                    validated.token(check(validated.tokenValue()));
                } catch (IOException | GeneralSecurityException | RuntimeException problem) {
                    System.err.println("MskIam refuses a token: " + problem);
                    validated.error("invalid_token", null, null);
                }
            } else if (callback instanceof OAuthBearerExtensionsValidatorCallback) {
                OAuthBearerExtensionsValidatorCallback extensions = (OAuthBearerExtensionsValidatorCallback) callback;
                extensions.inputExtensions().map().keySet().forEach(extensions::valid);
            }
        }
    }

    private static OAuthBearerToken check(String token) throws IOException, GeneralSecurityException {
        URI url = URI.create(new String(Base64.getUrlDecoder().decode(token), StandardCharsets.UTF_8));
        want("https://" + HOST + "/", url.getScheme() + "://" + url.getRawAuthority() + url.getRawPath());
        TreeMap<String, String> fields = new TreeMap<>();
        for (String field : url.getRawQuery().split("&")) {
            String[] parts = field.split("=", 2);
            want(null, fields.put(parts[0], parts[1]));
        }
        String signature = fields.remove("X-Amz-Signature");
        if (fields.remove("User-Agent") == null) {
            throw new IllegalArgumentException("no User-Agent");
        }
        want("kafka-cluster:Connect", decoded(fields, "Action"));
        want("AWS4-HMAC-SHA256", decoded(fields, "X-Amz-Algorithm"));
        want("host", decoded(fields, "X-Amz-SignedHeaders"));
        want("900", decoded(fields, "X-Amz-Expires"));
        String moment = decoded(fields, "X-Amz-Date");
        Instant begin = Instant.from(DateTimeFormatter.ofPattern("yyyyMMdd'T'HHmmss'Z'").withZone(ZoneOffset.UTC).parse(moment));
        Instant end = begin.plusSeconds(900);
        if (begin.isAfter(Instant.now().plus(Duration.ofMinutes(5))) || end.isBefore(Instant.now())) {
            throw new IllegalArgumentException("signed at " + moment);
        }
        String[] credential = decoded(fields, "X-Amz-Credential").split("/");
        String scope = moment.substring(0, 8) + "/" + REGION + "/" + SERVICE + "/aws4_request";
        want(credential[0] + "/" + scope, String.join("/", credential));
        String[] key = key(credential[0]);
        want(key[2].equals("-") ? null : key[2], fields.containsKey("X-Amz-Security-Token") ? decoded(fields, "X-Amz-Security-Token") : null);
        List<String> query = new ArrayList<>();
        fields.forEach((name, value) -> query.add(name + "=" + value));
        String request = "GET\n/\n" + String.join("&", query) + "\nhost:" + HOST + "\n\nhost\n" + hash("");
        String text = "AWS4-HMAC-SHA256\n" + moment + "\n" + scope + "\n" + hash(request);
        byte[] secret = ("AWS4" + key[1]).getBytes(StandardCharsets.UTF_8);
        for (String part : scope.split("/")) {
            secret = hmac(secret, part);
        }
        want(hex(hmac(secret, text)), signature);
        return new Accepted(token, credential[0], begin.toEpochMilli(), end.toEpochMilli());
    }

    private static void want(String wanted, String found) {
        if (wanted == null ? found != null : !wanted.equals(found)) {
            throw new IllegalArgumentException("wanted " + wanted + ", found " + found);
        }
    }

    private static String decoded(Map<String, String> fields, String name) {
        return URLDecoder.decode(fields.get(name), StandardCharsets.UTF_8);
    }

    private static String[] key(String access) throws IOException {
        for (String line : Files.readAllLines(Path.of(System.getProperty("rig.msk.keys")))) {
            String[] parts = line.split(" ");
            if (parts[0].equals(access)) {
                return parts;
            }
        }
        throw new IllegalArgumentException("unknown access key " + access);
    }

    private static byte[] hmac(byte[] key, String text) throws GeneralSecurityException {
        Mac mac = Mac.getInstance("HmacSHA256");
        mac.init(new SecretKeySpec(key, "HmacSHA256"));
        return mac.doFinal(text.getBytes(StandardCharsets.UTF_8));
    }

    private static String hash(String text) throws GeneralSecurityException {
        return hex(MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8)));
    }

    private static String hex(byte[] bytes) {
        StringBuilder text = new StringBuilder();
        for (byte one : bytes) {
            text.append(String.format("%02x", one));
        }
        return text.toString();
    }

    private static final class Accepted implements OAuthBearerToken {
        private final String value;
        private final String principal;
        private final long begin;
        private final long end;

        Accepted(String value, String principal, long begin, long end) {
            this.value = value;
            this.principal = principal;
            this.begin = begin;
            this.end = end;
        }

        @Override
        public String value() {
            return value;
        }

        @Override
        public Set<String> scope() {
            return Set.of();
        }

        @Override
        public long lifetimeMs() {
            return end;
        }

        @Override
        public String principalName() {
            return principal;
        }

        @Override
        public Long startTimeMs() {
            return begin;
        }
    }
}
