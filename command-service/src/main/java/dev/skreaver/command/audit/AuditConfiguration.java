package dev.skreaver.command.audit;

import com.zaxxer.hikari.HikariDataSource;
import dev.skreaver.api.audit.NoteSigner;
import dev.skreaver.command.store.OwnConnections;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.binder.MeterBinder;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Conditional;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.Environment;

@Configuration(proxyBeanMethods = false)
class AuditConfiguration {
  private static final Logger log = LoggerFactory.getLogger(AuditConfiguration.class);

  @Bean
  AuditSettings auditSettings(Environment environment) {
    AuditSettings settings = AuditSettings.from(environment);
    if (settings.signer() == null) {
      log.warn(
          "Nothing is sealed: SKREAVER_AUDIT_SIGNING_KEY_FILE is not set. Whoever can write to the"
              + " database can change events unnoticed");
    } else if (settings.anchor() == null) {
      log.warn(
          "Checkpoints are kept in the database alone: SKREAVER_AUDIT_ANCHOR_FILE is not set."
              + " Nobody would notice that the whole database went back in time");
    }
    return settings;
  }

  @Bean
  Auditor auditor(HikariDataSource eventStoreDataSource, AuditSettings settings) {
    return new Auditor(new AuditedStore(eventStoreDataSource), settings.keys(), settings.anchor());
  }

  /** Of an instance that has a key. */
  @Configuration(proxyBeanMethods = false)
  @Conditional(SealingEnabled.class)
  static class Sealing {
    /** The schema must be there before it begins. */
    @Bean
    Sealer sealer(
        Environment environment, AuditSettings settings, HikariDataSource eventStoreDataSource) {
      NoteSigner signer = settings.signer();
      if (signer == null) {
        throw new IllegalStateException("sealing without a key");
      }
      return new Sealer(OwnConnections.from(environment, "skreaver-sealer"), signer, settings);
    }

    @Bean(destroyMethod = "close")
    AuditWatch auditWatch(Sealer sealer, Auditor auditor) {
      return new AuditWatch(sealer, auditor).started();
    }

    @Bean
    MeterBinder auditMetrics(Sealer seals, AuditWatch watches) {
      return registry -> {
        Gauge.builder("skreaver.audit.sealing", () -> seals.status().sealing() ? 1 : 0)
            .description("1 on the one instance that seals events")
            .register(registry);
        Gauge.builder("skreaver.audit.sealed.position", () -> seals.status().position())
            .description("Position of the last event that this instance saw sealed")
            .register(registry);
        Gauge.builder("skreaver.audit.verified.position", () -> watches.found().position())
            .description("Position up to which this instance last found the event store intact")
            .register(registry);
        Gauge.builder("skreaver.audit.intact", () -> watches.found().intact() ? 1 : 0)
            .description("0 once this instance has found that the event store is not what it was")
            .register(registry);
      };
    }
  }
}
