package fhirassay.hapi;

import ca.uhn.fhir.batch2.jobs.config.Batch2JobsConfig;
import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.jpa.api.config.JpaStorageSettings;
import ca.uhn.fhir.jpa.api.config.ThreadPoolFactoryConfig;
import ca.uhn.fhir.jpa.api.model.HistoryCountModeEnum;
import ca.uhn.fhir.jpa.batch2.JpaBatch2Config;
import ca.uhn.fhir.jpa.config.HapiJpaConfig;
import ca.uhn.fhir.jpa.config.util.HapiEntityManagerFactoryUtil;
import ca.uhn.fhir.jpa.model.config.PartitionSettings;
import ca.uhn.fhir.jpa.model.config.SubscriptionSettings;
import ca.uhn.fhir.jpa.model.dialect.HapiFhirH2Dialect;
import ca.uhn.fhir.jpa.subscription.channel.config.SubscriptionChannelConfig;
import jakarta.persistence.EntityManagerFactory;
import java.util.Properties;
import javax.sql.DataSource;
import org.apache.commons.dbcp2.BasicDataSource;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.orm.jpa.JpaTransactionManager;
import org.springframework.orm.jpa.LocalContainerEntityManagerFactoryBean;

/**
 * What HAPI's JPA modules ask of the application around them: a database, its mapping and the settings.
 *
 * <p>HAPI's own configuration classes, imported below, build everything else from these, and {@link JpaServer} adds
 * the one of the release.
 */
@Configuration
@Import({
  HapiJpaConfig.class,
  ThreadPoolFactoryConfig.class,
  // Not for bulk jobs: HAPI's own beans depend on the job coordinator and on its message channels.
  JpaBatch2Config.class,
  Batch2JobsConfig.class,
  SubscriptionChannelConfig.class,
})
class StorageBeans {

  /** More than the requests that a run has in flight, so that none waits for a connection. */
  private static final int CONNECTIONS = 40;

  /**
   * HAPI's defaults, with the {@code :contains} search that its starter project switches on too.
   *
   * <p>By default HAPI answers a repeated search, and the total of a repeated history, from a result up to one minute
   * old. {@code HAPI_CACHES=off} in the environment makes both answer from the database every time.
   */
  @Bean
  JpaStorageSettings storageSettings() {
    JpaStorageSettings settings = new JpaStorageSettings();
    settings.setAllowContainsSearches(true);
    if ("off".equals(System.getenv("HAPI_CACHES"))) {
      settings.setReuseCachedSearchResultsForMillis(null);
      settings.setHistoryCountMode(HistoryCountModeEnum.COUNT_ACCURATE);
    }
    return settings;
  }

  @Bean
  PartitionSettings partitionSettings() {
    return new PartitionSettings();
  }

  @Bean
  SubscriptionSettings subscriptionSettings() {
    return new SubscriptionSettings();
  }

  /** The database lives in the memory of this process and ends with it. */
  @Bean(destroyMethod = "close")
  BasicDataSource dataSource() {
    BasicDataSource source = new BasicDataSource();
    source.setUrl("jdbc:h2:mem:fhir;DB_CLOSE_DELAY=-1");
    source.setUsername("sa");
    source.setPassword("");
    source.setMaxTotal(CONNECTIONS);
    source.setMaxIdle(CONNECTIONS);
    return source;
  }

  @Bean
  LocalContainerEntityManagerFactoryBean entityManagerFactory(
      ConfigurableListableBeanFactory beans,
      FhirContext context,
      JpaStorageSettings settings,
      DataSource source) {
    Properties hibernate = new Properties();
    hibernate.setProperty("hibernate.dialect", HapiFhirH2Dialect.class.getName());
    hibernate.setProperty("hibernate.hbm2ddl.auto", "update");
    hibernate.setProperty("hibernate.jdbc.batch_size", "20");
    hibernate.setProperty("hibernate.cache.use_query_cache", "false");
    hibernate.setProperty("hibernate.cache.use_second_level_cache", "false");
    // No Lucene and no Elasticsearch: the _text and _content parameters are not offered.
    hibernate.setProperty("hibernate.search.enabled", "false");

    LocalContainerEntityManagerFactoryBean factory =
        HapiEntityManagerFactoryUtil.newEntityManagerFactory(beans, context, settings);
    factory.setPersistenceUnitName("fhir");
    factory.setDataSource(source);
    factory.setJpaProperties(hibernate);
    return factory;
  }

  @Bean
  JpaTransactionManager transactionManager(EntityManagerFactory factory) {
    return new JpaTransactionManager(factory);
  }
}
