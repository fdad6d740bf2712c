import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.ByteBuffer;
import java.util.HexFormat;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.message.ApiMessageType;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.protocol.ObjectSerializationCache;

/**
 * Reads and writes messages with Kafka's own classes. A line of input is "request|response key version hex"; the line of
 * output is the message as Kafka writes it again, in hex, or "error ..." with Kafka's complaint.
 * The line "errors" prints Kafka's error codes instead, one "code name retriable" a line, and an empty line behind them.
 */
public class EchoMessages {
  public static void main(String[] arguments) throws Exception {
    BufferedReader lines = new BufferedReader(new InputStreamReader(System.in));
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      if (line.equals("errors")) printErrors();
      else System.out.println(echo(line.split(" ", -1)));
    }
  }

  private static String echo(String[] parts) {
    try {
      short version = Short.parseShort(parts[2]);
      ApiMessageType type = ApiMessageType.fromApiKey(Short.parseShort(parts[1]));
      ApiMessage message = parts[0].equals("request") ? type.newRequest() : type.newResponse();
      ByteBuffer input = ByteBuffer.wrap(HexFormat.of().parseHex(parts[3]));
      message.read(new ByteBufferAccessor(input), version);
      if (input.hasRemaining()) return "error " + input.remaining() + " bytes left over";
      ObjectSerializationCache cache = new ObjectSerializationCache();
      ByteBuffer output = ByteBuffer.allocate(message.size(cache, version));
      message.write(new ByteBufferAccessor(output), cache, version);
      return HexFormat.of().formatHex(output.array());
    } catch (Exception e) {
      return "error " + e;
    }
  }

  private static void printErrors() {
    for (Errors error : Errors.values()) {
      boolean retriable = error.exception() instanceof org.apache.kafka.common.errors.RetriableException;
      System.out.println(error.code() + " " + error.name() + " " + retriable);
    }
    System.out.println();
  }
}
