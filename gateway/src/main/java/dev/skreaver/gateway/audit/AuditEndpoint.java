package dev.skreaver.gateway.audit;

import static org.springframework.http.MediaType.APPLICATION_JSON_VALUE;
import static org.springframework.http.MediaType.APPLICATION_NDJSON;
import static org.springframework.http.MediaType.APPLICATION_NDJSON_VALUE;

import dev.skreaver.api.audit.AuditSeals;
import dev.skreaver.api.audit.Verification;
import dev.skreaver.gateway.security.Identity;
import org.springframework.http.HttpHeaders;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import tools.jackson.databind.JsonNode;

/** The proof of the audit trail over REST: for the whole store, whatever the tenant. */
@RestController
@RequestMapping("/audit")
class AuditEndpoint {
  private final AuditSeals seals;

  AuditEndpoint(AuditSeals seals) {
    this.seals = seals;
  }

  @GetMapping(path = "/verify", produces = APPLICATION_JSON_VALUE)
  Mono<Verification> verify(AuditRange range, Identity auditor) {
    return seals.verify(range.first(), range.to());
  }

  @GetMapping(path = "/checkpoint", produces = APPLICATION_JSON_VALUE)
  Mono<AuditSeals.LatestCheckpoint> checkpoint(Identity auditor) {
    return seals.checkpoint();
  }

  @GetMapping(path = "/export", produces = APPLICATION_NDJSON_VALUE)
  ResponseEntity<Flux<JsonNode>> export(AuditRange range, Identity auditor) {
    return ResponseEntity.ok()
        .contentType(APPLICATION_NDJSON)
        .header(HttpHeaders.CONTENT_DISPOSITION, "attachment; filename=\"audit.ndjson\"")
        .body(seals.export(range.first(), range.to()));
  }
}
