package dev.skreaver.gateway.docs;

import io.swagger.v3.oas.annotations.Hidden;
import java.io.IOException;
import java.time.Duration;
import java.util.Objects;
import org.springframework.core.io.ClassPathResource;
import org.springframework.http.CacheControl;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;
import org.webjars.WebJarVersionLocator;

/**
 * Swagger UI on our own document, from our own server: nothing is loaded from elsewhere. Reading
 * from jars blocks, so that {@link DocumentConfiguration} keeps this away from the event loops.
 */
@Hidden
@RestController
class DocsEndpoint {
  @GetMapping(path = "/docs", produces = MediaType.TEXT_HTML_VALUE)
  ResponseEntity<byte[]> page() throws IOException {
    return file(MediaType.TEXT_HTML, "docs/index.html");
  }

  @GetMapping("/docs/start.js")
  ResponseEntity<byte[]> start() throws IOException {
    return file(MediaType.valueOf("text/javascript"), "docs/start.js");
  }

  @GetMapping("/docs/swagger-ui.css")
  ResponseEntity<byte[]> style() throws IOException {
    return file(MediaType.valueOf("text/css"), ofSwaggerUi("swagger-ui.css"));
  }

  @GetMapping("/docs/swagger-ui-bundle.js")
  ResponseEntity<byte[]> program() throws IOException {
    return file(MediaType.valueOf("text/javascript"), ofSwaggerUi("swagger-ui-bundle.js"));
  }

  @GetMapping("/docs/favicon-32x32.png")
  ResponseEntity<byte[]> icon() throws IOException {
    return file(MediaType.IMAGE_PNG, ofSwaggerUi("favicon-32x32.png"));
  }

  private static ResponseEntity<byte[]> file(MediaType type, String path) throws IOException {
    return ResponseEntity.ok()
        .contentType(type)
        .cacheControl(CacheControl.maxAge(Duration.ofHours(1)))
        .body(new ClassPathResource(path).getContentAsByteArray());
  }

  /** The version is found by the jar, so that only the build names it. */
  private static String ofSwaggerUi(String file) {
    return Objects.requireNonNull(
        new WebJarVersionLocator().fullPath("swagger-ui", file), "Swagger UI is not there");
  }
}
