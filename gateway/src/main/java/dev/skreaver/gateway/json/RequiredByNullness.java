package dev.skreaver.gateway.json;

import com.fasterxml.jackson.annotation.JsonSetter;
import com.fasterxml.jackson.annotation.Nulls;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JacksonModule;
import tools.jackson.databind.cfg.MapperConfig;
import tools.jackson.databind.introspect.Annotated;
import tools.jackson.databind.introspect.AnnotatedMember;
import tools.jackson.databind.introspect.AnnotatedParameter;
import tools.jackson.databind.introspect.NopAnnotationIntrospector;
import tools.jackson.databind.module.SimpleModule;

/**
 * Makes what the code says about null hold for the JSON that is read: a component of a record that
 * is not {@link Nullable} must be there and must not be null.
 */
final class RequiredByNullness extends NopAnnotationIntrospector {
  private static final long serialVersionUID = 1L;

  /** A module that adds this to what a mapper already looks at. */
  static JacksonModule module() {
    return new SimpleModule("required-by-nullness") {
      @Override
      public void setupModule(SetupContext context) {
        super.setupModule(context);
        context.insertAnnotationIntrospector(new RequiredByNullness());
      }
    };
  }

  @Override
  public @Nullable Boolean hasRequiredMarker(MapperConfig<?> config, AnnotatedMember member) {
    return componentOfRecord(member) ? !nullable(member) : null;
  }

  @Override
  public JsonSetter.Value findSetterInfo(MapperConfig<?> config, Annotated annotated) {
    return annotated instanceof AnnotatedMember member
            && componentOfRecord(member)
            && !nullable(member)
        ? JsonSetter.Value.forValueNulls(Nulls.FAIL)
        : JsonSetter.Value.empty();
  }

  private static boolean componentOfRecord(AnnotatedMember member) {
    return member instanceof AnnotatedParameter && member.getDeclaringClass().isRecord();
  }

  private static boolean nullable(AnnotatedMember member) {
    var parameter = (AnnotatedParameter) member;
    return parameter.getOwner().getAnnotated() instanceof java.lang.reflect.Executable executable
        && executable.getAnnotatedParameterTypes()[parameter.getIndex()].isAnnotationPresent(
            Nullable.class);
  }
}
