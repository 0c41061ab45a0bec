import java.io.IOException;
import javax.security.auth.callback.Callback;
import javax.security.auth.callback.UnsupportedCallbackException;
import org.apache.kafka.common.security.oauthbearer.OAuthBearerExtensionsValidatorCallback;
import org.apache.kafka.common.security.oauthbearer.OAuthBearerValidatorCallbackHandler;

/** Checks tokens as Kafka does, and that the extension `logicalCluster`, where a client sends one, names a known cluster. */
public class Extensions extends OAuthBearerValidatorCallbackHandler {
    private static final String NAME = "logicalCluster";
    private static final String KNOWN = "lkc-1";

    @Override
    public void handle(Callback[] callbacks) throws IOException, UnsupportedCallbackException {
        for (Callback callback : callbacks) {
            if (callback instanceof OAuthBearerExtensionsValidatorCallback) {
                OAuthBearerExtensionsValidatorCallback sent = (OAuthBearerExtensionsValidatorCallback) callback;
                String cluster = sent.inputExtensions().map().get(NAME);
                if (cluster != null) {
                    System.err.println("Extensions: " + NAME + "=" + cluster);
                    if (!cluster.equals(KNOWN)) {
                        sent.error(NAME, "unknown");
                        continue;
                    }
                }
            }
            super.handle(new Callback[] {callback});
        }
    }
}
