package dev.skreaver.query;

import dev.skreaver.platform.ServiceProcess;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.flyway.autoconfigure.FlywayAutoConfiguration;
import org.springframework.boot.r2dbc.autoconfigure.R2dbcAutoConfiguration;

/** Answers questions: read models built from events, the audit trail, the past, the live feed. */
@SpringBootApplication(exclude = {FlywayAutoConfiguration.class, R2dbcAutoConfiguration.class})
public class QueryServiceApplication {
  public static void main(String[] arguments) {
    ServiceProcess.run(application(), arguments);
  }

  public static SpringApplicationBuilder application() {
    return new SpringApplicationBuilder(QueryServiceApplication.class)
        .properties("spring.config.name=query-service");
  }
}
