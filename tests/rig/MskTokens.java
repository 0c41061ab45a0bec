import java.util.List;
import java.util.Map;
import javax.security.auth.callback.Callback;
import javax.security.auth.login.AppConfigurationEntry;
import org.apache.kafka.common.security.oauthbearer.OAuthBearerTokenCallback;
import software.amazon.msk.auth.iam.IAMOAuthBearerLoginCallbackHandler;

/** Prints the token that AWS' own library makes with the credentials of the environment. */
public class MskTokens {
    public static void main(String[] none) throws Exception {
        IAMOAuthBearerLoginCallbackHandler handler = new IAMOAuthBearerLoginCallbackHandler();
        String module = "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule";
        AppConfigurationEntry entry = new AppConfigurationEntry(
            module, AppConfigurationEntry.LoginModuleControlFlag.REQUIRED, Map.of("awsDebugCreds", "false"));
        handler.configure(Map.of(), "OAUTHBEARER", List.of(entry));
        OAuthBearerTokenCallback callback = new OAuthBearerTokenCallback();
        handler.handle(new Callback[] {callback});
        System.out.println(callback.token().value());
        System.out.println(callback.token().lifetimeMs());
    }
}
