package dev.skreaver.gateway.docs;

import com.fasterxml.jackson.databind.JavaType;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.skreaver.gateway.request.QueryBinder;
import io.swagger.v3.core.converter.AnnotatedType;
import io.swagger.v3.core.converter.ModelConverter;
import io.swagger.v3.core.converter.ModelConverterContext;
import io.swagger.v3.oas.models.Components;
import io.swagger.v3.oas.models.media.Schema;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Requires of a schema what its record requires: every component that is not {@link Nullable}. */
final class RequiredMembers implements ModelConverter {
  private final ObjectMapper types;

  RequiredMembers(ObjectMapper types) {
    this.types = types;
  }

  @Override
  public @Nullable Schema<?> resolve(
      AnnotatedType type, ModelConverterContext context, Iterator<ModelConverter> chain) {
    Schema<?> resolved = chain.hasNext() ? chain.next().resolve(type, context, chain) : null;
    JavaType javaType = types.constructType(type.getType());
    if (resolved == null || javaType == null || !javaType.getRawClass().isRecord()) {
      return resolved;
    }
    Schema<?> schema = definition(resolved, context);
    if (schema != null && schema.getProperties() != null) {
      schema.setRequired(required(javaType.getRawClass(), schema));
    }
    return resolved;
  }

  private static @Nullable Schema<?> definition(Schema<?> schema, ModelConverterContext context) {
    String ref = schema.get$ref();
    return ref == null
        ? schema
        : context.getDefinedModels().get(ref.substring(Components.COMPONENTS_SCHEMAS_REF.length()));
  }

  private static List<String> required(Class<?> record, Schema<?> schema) {
    return Arrays.stream(record.getRecordComponents())
        .filter(component -> !component.getAnnotatedType().isAnnotationPresent(Nullable.class))
        .map(QueryBinder::parameterName)
        .filter(schema.getProperties()::containsKey)
        .toList();
  }
}
