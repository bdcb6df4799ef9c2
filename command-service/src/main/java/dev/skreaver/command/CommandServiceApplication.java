package dev.skreaver.command;

import dev.skreaver.platform.ServiceProcess;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.boot.builder.SpringApplicationBuilder;

/** The process that carries out commands. */
@SpringBootApplication
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
