package fhirassay.hapi;

import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.rest.server.FifoMemoryPagingProvider;
import ca.uhn.fhir.rest.server.RestfulServer;
import ca.uhn.fhir.rest.server.provider.HashMapResourceProvider;
import java.util.List;
import org.hl7.fhir.instance.model.api.IBaseResource;
import org.hl7.fhir.r4.model.Condition;
import org.hl7.fhir.r4.model.Encounter;
import org.hl7.fhir.r4.model.Observation;
import org.hl7.fhir.r4.model.Organization;
import org.hl7.fhir.r4.model.Patient;
import org.hl7.fhir.r4.model.Practitioner;
import org.hl7.fhir.r4.model.Procedure;

/** HAPI's RestfulServer over its own in-memory resource providers, with nothing changed in either. */
public final class PlainServer {

  private static final List<Class<? extends IBaseResource>> TYPES =
      List.of(
          Patient.class,
          Observation.class,
          Procedure.class,
          Encounter.class,
          Practitioner.class,
          Condition.class,
          Organization.class);

  private static final int PAGE_SIZE = 20;
  private static final int LARGEST_PAGE = 200;
  private static final int PAGED_SEARCHES_KEPT = 500;

  private PlainServer() {}

  /** Starts the server on the port given as the only argument and stays in the foreground. */
  public static void main(String[] arguments) {
    int port = LoopbackServer.portFrom(arguments);
    FhirContext context = FhirContext.forR4();
    RestfulServer fhir = new RestfulServer(context);
    for (Class<? extends IBaseResource> type : TYPES) {
      fhir.registerProvider(new HashMapResourceProvider<>(context, type));
    }
    FifoMemoryPagingProvider paging = new FifoMemoryPagingProvider(PAGED_SEARCHES_KEPT);
    paging.setDefaultPageSize(PAGE_SIZE);
    paging.setMaximumPageSize(LARGEST_PAGE);
    fhir.setPagingProvider(paging);
    LoopbackServer.serve(fhir, port);
  }
}
