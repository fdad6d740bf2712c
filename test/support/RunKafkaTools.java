import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.utils.Exit;

/**
 * Runs Kafka's command line tools one after the other in one JVM, since starting it is most of what they take. A line of
 * input is a JSON object with `main`, the name of the class, `args` and `input`, what it reads from its standard input. The
 * line of output has as `result` the exit `code` and what the tool printed as `output` and `errors`.
 */
public class RunKafkaTools {
  private static final ObjectMapper mapper = new ObjectMapper();

  /** The tool would end the JVM. */
  private static class Exited extends Error {}

  /** Loads the tools anew for every run, as they keep counts in static fields; what they use is loaded once. */
  private static class ToolLoader extends URLClassLoader {
    ToolLoader() {
      super(new URL[] {jarOf("org.apache.kafka.tools.TopicCommand"), jarOf("kafka.admin.ConfigCommand")});
    }

    @Override
    protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
      if (!name.startsWith("org.apache.kafka.tools.") && !name.startsWith("kafka.")) return super.loadClass(name, resolve);
      synchronized (getClassLoadingLock(name)) {
        Class<?> loaded = findLoadedClass(name);
        if (loaded != null) return loaded;
        try {
          return findClass(name);
        } catch (ClassNotFoundException elsewhere) {
          return super.loadClass(name, resolve);
        }
      }
    }

    private static URL jarOf(String name) {
      try {
        return Class.forName(name, false, RunKafkaTools.class.getClassLoader()).getProtectionDomain().getCodeSource().getLocation();
      } catch (ClassNotFoundException missing) {
        throw new IllegalStateException(missing);
      }
    }
  }

  public static void main(String[] arguments) throws Exception {
    BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      JsonNode call = mapper.readTree(line);
      String[] args = mapper.convertValue(call.get("args"), String[].class);
      Map<String, Object> result = run(call.get("main").asText(), args, call.get("input").asText());
      out.println(mapper.writeValueAsString(Map.of("result", result)));
    }
  }

  private static Map<String, Object> run(String name, String[] args, String input) throws Exception {
    ByteArrayOutputStream output = new ByteArrayOutputStream();
    ByteArrayOutputStream errors = new ByteArrayOutputStream();
    List<Integer> codes = new ArrayList<>();
    List<Runnable> hooks = new ArrayList<>();
    Exit.setExitProcedure((code, message) -> {
      codes.add(code);
      throw new Exited();
    });
    Exit.setShutdownHookAdder((hook, work) -> hooks.add(work));
    System.setIn(new ByteArrayInputStream(input.getBytes(StandardCharsets.UTF_8)));
    System.setOut(new PrintStream(output, true, StandardCharsets.UTF_8));
    System.setErr(new PrintStream(errors, true, StandardCharsets.UTF_8));
    try (ToolLoader loader = new ToolLoader()) {
      Thread.currentThread().setContextClassLoader(loader);
      Method main = loader.loadClass(name).getMethod("main", String[].class);
      try {
        main.invoke(null, (Object) args);
        codes.add(0);
      } catch (InvocationTargetException thrown) {
        if (!(thrown.getCause() instanceof Exited)) thrown.getCause().printStackTrace();
        codes.add(1);
      }
      for (Runnable hook : hooks) hook.run();
    }
    // A tool that catches everything takes its own exit for a failure and exits again.
    return Map.of(
        "code", codes.get(0),
        "output", output.toString(StandardCharsets.UTF_8),
        "errors", errors.toString(StandardCharsets.UTF_8));
  }
}
