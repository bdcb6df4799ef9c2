package dev.skreaver.command.audit;

import dev.skreaver.platform.Settings;
import org.springframework.context.annotation.Condition;
import org.springframework.context.annotation.ConditionContext;
import org.springframework.core.type.AnnotatedTypeMetadata;

/** Whether this instance has a key to sign with: SKREAVER_AUDIT_SIGNING_KEY_FILE. */
final class SealingEnabled implements Condition {
  @Override
  public boolean matches(ConditionContext context, AnnotatedTypeMetadata metadata) {
    return Settings.of(context.getEnvironment()).find(AuditSettings.KEY_FILE).isPresent();
  }
}
