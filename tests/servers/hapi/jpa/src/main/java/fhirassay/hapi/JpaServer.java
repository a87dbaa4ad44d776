package fhirassay.hapi;

import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.context.FhirVersionEnum;
import ca.uhn.fhir.context.support.IValidationSupport;
import ca.uhn.fhir.interceptor.api.IInterceptorService;
import ca.uhn.fhir.jpa.api.config.JpaStorageSettings;
import ca.uhn.fhir.jpa.api.dao.IFhirSystemDao;
import ca.uhn.fhir.jpa.config.r4.JpaR4Config;
import ca.uhn.fhir.jpa.config.r4b.JpaR4BConfig;
import ca.uhn.fhir.jpa.config.r5.JpaR5Config;
import ca.uhn.fhir.jpa.provider.JpaCapabilityStatementProvider;
import ca.uhn.fhir.jpa.provider.JpaSystemProvider;
import ca.uhn.fhir.jpa.search.DatabaseBackedPagingProvider;
import ca.uhn.fhir.rest.server.RestfulServer;
import ca.uhn.fhir.rest.server.interceptor.ResponseHighlighterInterceptor;
import ca.uhn.fhir.rest.server.provider.ResourceProviderFactory;
import ca.uhn.fhir.rest.server.util.ISearchParamRegistry;
import org.springframework.context.ApplicationContext;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;

/** HAPI's JPA server on an H2 database in memory: every resource type and every standard search parameter. */
public final class JpaServer {

  private static final int PAGE_SIZE = 20;
  private static final int LARGEST_PAGE = 200;

  private JpaServer() {}

  /** Starts the server on the port and for the release given as arguments and stays in the foreground. */
  public static void main(String[] arguments) {
    int port = LoopbackServer.portFrom(arguments);
    FhirVersionEnum release = LoopbackServer.releaseFrom(arguments);
    Class<?> releaseBeans =
        switch (release) {
          case R5 -> JpaR5Config.class;
          case R4B -> JpaR4BConfig.class;
          default -> JpaR4Config.class;
        };
    AnnotationConfigApplicationContext beans =
        new AnnotationConfigApplicationContext(StorageBeans.class, releaseBeans);
    beans.registerShutdownHook();
    LoopbackServer.serve(restfulServer(beans), port);
  }

  private static RestfulServer restfulServer(ApplicationContext beans) {
    RestfulServer fhir = new RestfulServer(beans.getBean(FhirContext.class));
    // The storage layer calls the interceptors of this service, so the servlet has to share it.
    fhir.setInterceptorService(beans.getBean(IInterceptorService.class));
    fhir.registerProviders(beans.getBean(ResourceProviderFactory.class).createProviders());
    fhir.registerProvider(beans.getBean(JpaSystemProvider.class));

    JpaCapabilityStatementProvider capabilities =
        new JpaCapabilityStatementProvider(
            fhir,
            beans.getBean(IFhirSystemDao.class),
            beans.getBean(JpaStorageSettings.class),
            beans.getBean(ISearchParamRegistry.class),
            beans.getBean(IValidationSupport.class));
    capabilities.setImplementationDescription("HAPI FHIR on H2 in memory");
    fhir.setServerConformanceProvider(capabilities);

    DatabaseBackedPagingProvider paging = beans.getBean(DatabaseBackedPagingProvider.class);
    paging.setDefaultPageSize(PAGE_SIZE);
    paging.setMaximumPageSize(LARGEST_PAGE);
    fhir.setPagingProvider(paging);

    // As HAPI's starter project does: HTML for a browser, FHIR for everyone else.
    fhir.registerInterceptor(new ResponseHighlighterInterceptor());
    return fhir;
  }
}
