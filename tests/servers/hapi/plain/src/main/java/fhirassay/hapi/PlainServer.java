package fhirassay.hapi;

import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.rest.server.FifoMemoryPagingProvider;
import ca.uhn.fhir.rest.server.RestfulServer;
import ca.uhn.fhir.rest.server.provider.HashMapResourceProvider;
import java.util.List;

/** HAPI's RestfulServer over its own in-memory resource providers, with nothing changed in either. */
public final class PlainServer {

  private static final List<String> TYPES =
      List.of("Patient", "Observation", "Procedure", "Encounter", "Practitioner", "Condition", "Organization");

  private static final int PAGE_SIZE = 20;
  private static final int LARGEST_PAGE = 200;
  private static final int PAGED_SEARCHES_KEPT = 500;

  private PlainServer() {}

  /** Starts the server on the port and for the release given as arguments and stays in the foreground. */
  public static void main(String[] arguments) {
    int port = LoopbackServer.portFrom(arguments);
    FhirContext context = LoopbackServer.releaseFrom(arguments).newContext();
    RestfulServer fhir = new RestfulServer(context);
    for (String type : TYPES) {
      fhir.registerProvider(
          new HashMapResourceProvider<>(context, context.getResourceDefinition(type).getImplementingClass()));
    }
    FifoMemoryPagingProvider paging = new FifoMemoryPagingProvider(PAGED_SEARCHES_KEPT);
    paging.setDefaultPageSize(PAGE_SIZE);
    paging.setMaximumPageSize(LARGEST_PAGE);
    fhir.setPagingProvider(paging);
    LoopbackServer.serve(fhir, port);
  }
}
