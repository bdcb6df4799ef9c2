package dev.skreaver.gateway;

import dev.skreaver.platform.ServiceProcess;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.boot.builder.SpringApplicationBuilder;

/** The gateway as a process of its own, or as one of three contexts in standalone. */
@SpringBootApplication
public class GatewayApplication {
  /** The application as every way to run it starts it. */
  public static SpringApplicationBuilder application() {
    return new SpringApplicationBuilder(GatewayApplication.class)
        .web(WebApplicationType.REACTIVE)
        .properties("spring.config.name=gateway");
  }

  public static void main(String[] args) {
    ServiceProcess.run(application(), args);
  }
}
