import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import org.sourcelab.kafka.connect.apiclient.Configuration;
import org.sourcelab.kafka.connect.apiclient.KafkaConnectClient;
import org.sourcelab.kafka.connect.apiclient.request.dto.ConnectorPluginConfigDefinition;
import org.sourcelab.kafka.connect.apiclient.request.dto.ConnectorsWithExpandedMetadata;
import org.sourcelab.kafka.connect.apiclient.request.dto.NewConnectorDefinition;
import org.sourcelab.kafka.connect.apiclient.request.post.PostConnectorRestart;

/**
 * Calls KafkaConnectClient of org.sourcelab. The argument is the address of the worker. A line of input is a JSON array of
 * a method's name and its arguments. The line of output is a JSON object with `result`, or with `error` (the class of the
 * exception) and `message`.
 */
public class DriveConnectClient {
  private static final ObjectMapper mapper = new ObjectMapper();

  public static void main(String[] arguments) throws Exception {
    KafkaConnectClient client = new KafkaConnectClient(new Configuration(arguments[0]));
    BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      Map<String, Object> answer = new HashMap<>();
      try {
        JsonNode read = mapper.readTree(line);
        answer.put("result", plain(read.get(0).asText(), call(client, read)));
      } catch (InvocationTargetException failure) {
        answer.put("error", failure.getCause().getClass().getSimpleName());
        answer.put("message", String.valueOf(failure.getCause().getMessage()));
      }
      out.println(mapper.writeValueAsString(answer));
    }
  }

  private static Object call(KafkaConnectClient client, JsonNode line) throws Exception {
    String name = line.get(0).asText();
    for (Method method : KafkaConnectClient.class.getMethods()) {
      Class<?>[] types = method.getParameterTypes();
      boolean restartsMore = types.length == 1 && types[0] == PostConnectorRestart.class;
      if (!method.getName().equals(name)) continue;
      if (name.equals("restartConnector") && restartsMore != line.size() > 2) continue;
      Object[] given = new Object[types.length];
      for (int i = 0; i < types.length; i++) given[i] = argument(types[i], line, i + 1);
      return method.invoke(client, given);
    }
    throw new IllegalArgumentException("KafkaConnectClient has no method " + name);
  }

  @SuppressWarnings("unchecked")
  private static Object argument(Class<?> type, JsonNode line, int at) {
    JsonNode given = line.get(at);
    if (type == NewConnectorDefinition.class)
      return new NewConnectorDefinition(given.asText(), mapper.convertValue(line.get(at + 1), Map.class));
    if (type == ConnectorPluginConfigDefinition.class)
      return new ConnectorPluginConfigDefinition(given.asText(), mapper.convertValue(line.get(at + 1), Map.class));
    if (type == PostConnectorRestart.class)
      return new PostConnectorRestart(given.asText())
          .withIncludeTasks(line.get(at + 1).asBoolean())
          .withOnlyFailed(line.get(at + 2).asBoolean());
    return mapper.convertValue(given, type);
  }

  /** What there is of it for JSON. */
  private static Object plain(String method, Object result) {
    if (!(result instanceof ConnectorsWithExpandedMetadata)) return result;
    ConnectorsWithExpandedMetadata all = (ConnectorsWithExpandedMetadata) result;
    Map<String, Object> both = new HashMap<>();
    for (String name : all.getConnectorNames()) {
      Map<String, Object> one = new HashMap<>();
      if (!method.endsWith("Info")) one.put("status", all.getStatusForConnector(name));
      if (!method.endsWith("Status")) one.put("info", all.getDefinitionForConnector(name));
      both.put(name, one);
    }
    return both;
  }
}
