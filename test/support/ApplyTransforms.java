import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.connect.data.SchemaAndValue;
import org.apache.kafka.connect.header.Header;
import org.apache.kafka.connect.json.JsonConverter;
import org.apache.kafka.connect.sink.SinkRecord;
import org.apache.kafka.connect.transforms.Transformation;

/**
 * Applies Kafka Connect's own transforms. A line of input is a JSON object: `class`, `props`, `schemas` (whether the value
 * comes with its schema) and `value`, a text for the JSON converter. The line of output is a JSON object with the `topic`,
 * `key`, `value` and `headers` of the record that comes out, these as texts of the JSON converter (headers as lists of name and text); or with `error`.
 */
public class ApplyTransforms {
  private static final ObjectMapper mapper = new ObjectMapper();
  private static final Map<Boolean, JsonConverter> converters = Map.of(true, converter(true), false, converter(false));

  public static void main(String[] arguments) throws Exception {
    BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      Map<String, Object> answer = new HashMap<>();
      try {
        apply(mapper.readTree(line), answer);
      } catch (Exception error) {
        answer = Map.of("error", String.valueOf(error.getMessage()));
      }
      out.println(mapper.writeValueAsString(answer));
    }
    out.flush();
  }

  @SuppressWarnings("unchecked")
  private static void apply(JsonNode question, Map<String, Object> answer) throws Exception {
    JsonConverter converter = converters.get(question.get("schemas").asBoolean());
    Transformation<SinkRecord> transformation =
        (Transformation<SinkRecord>) Class.forName(question.get("class").asText()).getConstructor().newInstance();
    transformation.configure(mapper.convertValue(question.get("props"), Map.class));
    SchemaAndValue value = converter.toConnectData("t", question.get("value").asText().getBytes(StandardCharsets.UTF_8));
    SinkRecord record =
        new SinkRecord("orders", 3, null, null, value.schema(), value.value(), 12, 1700000000123L,
            org.apache.kafka.common.record.TimestampType.CREATE_TIME);
    SinkRecord changed = transformation.apply(record);
    if (changed == null) return;
    answer.put("topic", changed.topic());
    answer.put("key", text(converter.fromConnectData("t", changed.keySchema(), changed.key())));
    answer.put("value", text(converter.fromConnectData("t", changed.valueSchema(), changed.value())));
    List<Object> headers = new ArrayList<>();
    for (Header header : changed.headers())
      headers.add(Arrays.asList(header.key(), text(converter.fromConnectData("t", header.schema(), header.value()))));
    answer.put("headers", headers);
  }

  private static JsonConverter converter(boolean schemas) {
    JsonConverter converter = new JsonConverter();
    converter.configure(Map.of("schemas.enable", schemas, "replace.null.with.default", false), false);
    return converter;
  }

  private static String text(byte[] bytes) {
    return bytes == null ? null : new String(bytes, StandardCharsets.UTF_8);
  }
}
