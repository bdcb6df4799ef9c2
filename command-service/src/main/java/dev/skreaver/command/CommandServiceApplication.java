package dev.skreaver.command;

import dev.skreaver.platform.ServiceProcess;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.micrometer.observation.autoconfigure.ObservationAutoConfiguration;

/** The process that carries out commands. */
// Nothing reads what observations would tell; made for each request and each filter of it, they
// cost more than many an answer.
@SpringBootApplication(exclude = ObservationAutoConfiguration.class)
public class CommandServiceApplication {
  public static void main(String[] arguments) {
    ServiceProcess.run(application(), arguments);
  }

  /** Ready to run, here or beside the other services in one JVM. */
  public static SpringApplicationBuilder application() {
    return new SpringApplicationBuilder(CommandServiceApplication.class)
        .properties("spring.config.name=command-service");
  }
}
