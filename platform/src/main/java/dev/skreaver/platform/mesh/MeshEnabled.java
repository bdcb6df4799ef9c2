package dev.skreaver.platform.mesh;

import dev.skreaver.platform.Settings;
import org.springframework.context.annotation.Condition;
import org.springframework.context.annotation.ConditionContext;
import org.springframework.core.type.AnnotatedTypeMetadata;

/** Whether events go through Redis: SKREAVER_MESH_ENABLED, true unless set. */
public final class MeshEnabled implements Condition {
  @Override
  public boolean matches(ConditionContext context, AnnotatedTypeMetadata metadata) {
    return Settings.of(context.getEnvironment()).flag("SKREAVER_MESH_ENABLED", true);
  }
}
