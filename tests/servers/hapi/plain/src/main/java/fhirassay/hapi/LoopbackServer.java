package fhirassay.hapi;

import ca.uhn.fhir.context.FhirVersionEnum;
import ca.uhn.fhir.rest.server.HardcodedServerAddressStrategy;
import ca.uhn.fhir.rest.server.RestfulServer;
import ca.uhn.fhir.rest.server.interceptor.CorsInterceptor;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import org.eclipse.jetty.ee10.servlet.ServletContextHandler;
import org.eclipse.jetty.ee10.servlet.ServletHolder;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.springframework.web.cors.CorsConfiguration;

/** Puts a HAPI servlet behind Jetty on 127.0.0.1 and says when it can be used. */
final class LoopbackServer {

  private static final String HOST = "127.0.0.1";

  private LoopbackServer() {}

  /** Reads the port from the first argument of {@code main}, or ends the process with status 2. */
  static int portFrom(String[] arguments) {
    if (arguments.length == 2) {
      try {
        int port = Integer.parseInt(arguments[0]);
        if (port >= 1 && port <= 65535) {
          return port;
        }
      } catch (NumberFormatException notANumber) {
        // Falls through to the message below.
      }
    }
    throw wrongCall();
  }

  /** Reads the release from the second argument of {@code main}, or ends the process with status 2. */
  static FhirVersionEnum releaseFrom(String[] arguments) {
    return switch (arguments.length == 2 ? arguments[1] : "") {
      case "r4" -> FhirVersionEnum.R4;
      case "r4b" -> FhirVersionEnum.R4B;
      case "r5" -> FhirVersionEnum.R5;
      default -> throw wrongCall();
    };
  }

  private static IllegalStateException wrongCall() {
    System.err.println("the arguments are the port, from 1 to 65535, and the release, r4, r4b or r5");
    System.exit(2);
    return new IllegalStateException("unreachable");
  }

  /**
   * Serves the servlet at {@code http://127.0.0.1:PORT/fhir} until the process is stopped.
   *
   * <p>Prints {@code ready URL} on standard output once {@code /metadata} has answered 200. When that cannot be
   * reached, it says why on standard error and ends the process with status 1: threads of the storage layer would
   * otherwise keep it alive.
   */
  static void serve(RestfulServer fhir, int port) {
    try {
      start(fhir, port).join();
    } catch (Exception failure) {
      failure.printStackTrace();
      System.exit(1);
    }
  }

  private static Server start(RestfulServer fhir, int port) throws Exception {
    String base = "http://" + HOST + ":" + port + "/fhir";
    fhir.setServerAddressStrategy(new HardcodedServerAddressStrategy(base));
    fhir.registerInterceptor(new CorsInterceptor(anyOrigin()));

    Server jetty = new Server();
    ServerConnector connector = new ServerConnector(jetty);
    connector.setHost(HOST);
    connector.setPort(port);
    jetty.addConnector(connector);
    ServletContextHandler context = new ServletContextHandler("/");
    context.addServlet(new ServletHolder(fhir), "/fhir/*");
    jetty.setHandler(context);
    jetty.setStopAtShutdown(true);
    jetty.start();

    requireCapabilities(base);
    System.out.println("ready " + base);
    System.out.flush();
    return jetty;
  }

  private static CorsConfiguration anyOrigin() {
    CorsConfiguration rules = new CorsConfiguration();
    rules.addAllowedOriginPattern("*");
    rules.addAllowedHeader("*");
    rules.setAllowedMethods(List.of("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"));
    rules.setExposedHeaders(List.of("Location", "Content-Location", "ETag", "Last-Modified", "X-Request-Id"));
    return rules;
  }

  private static void requireCapabilities(String base) throws IOException, InterruptedException {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create(base + "/metadata")).timeout(Duration.ofMinutes(2)).build();
    HttpResponse<String> response =
        HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString());
    if (response.statusCode() != 200) {
      throw new IOException("/metadata answered " + response.statusCode() + ": " + response.body());
    }
  }
}
