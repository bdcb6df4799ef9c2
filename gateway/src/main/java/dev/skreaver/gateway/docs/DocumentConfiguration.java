package dev.skreaver.gateway.docs;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import dev.skreaver.gateway.request.FromQuery;
import dev.skreaver.gateway.request.Read;
import dev.skreaver.gateway.request.Write;
import dev.skreaver.gateway.security.Identity;
import dev.skreaver.platform.Release;
import io.swagger.v3.core.jackson.ModelResolver;
import io.swagger.v3.oas.models.Components;
import io.swagger.v3.oas.models.OpenAPI;
import io.swagger.v3.oas.models.info.Info;
import io.swagger.v3.oas.models.info.License;
import io.swagger.v3.oas.models.media.ObjectSchema;
import io.swagger.v3.oas.models.media.StringSchema;
import io.swagger.v3.oas.models.security.SecurityRequirement;
import io.swagger.v3.oas.models.security.SecurityScheme;
import io.swagger.v3.oas.models.servers.Server;
import io.swagger.v3.oas.models.tags.Tag;
import java.util.List;
import org.springdoc.core.providers.ObjectMapperProvider;
import org.springdoc.core.utils.SpringDocUtils;
import org.springdoc.webflux.api.OpenApiWebfluxResource;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.task.SimpleAsyncTaskExecutor;
import org.springframework.http.codec.ServerSentEvent;
import org.springframework.web.reactive.config.BlockingExecutionConfigurer;
import org.springframework.web.reactive.config.WebFluxConfigurer;
import tools.jackson.databind.JsonNode;

/**
 * The OpenAPI document. springdoc reads the structure from the endpoints; what is particular to
 * this system ({@link RequestTerms}, {@link RequiredMembers}) and the words ({@link Prose}) are
 * added here.
 */
@Configuration(proxyBeanMethods = false)
class DocumentConfiguration implements WebFluxConfigurer {
  static {
    SpringDocUtils.getConfig()
        .addRequestWrapperToIgnore(FromQuery.class, Read.class, Write.class, Identity.class)
        .replaceWithSchema(JsonNode.class, new ObjectSchema())
        .replaceWithSchema(ServerSentEvent.class, new StringSchema());
  }

  /** The document is put together at the first request for it, which takes long and reads files. */
  @Override
  public void configureBlockingExecution(BlockingExecutionConfigurer configurer) {
    var executor = new SimpleAsyncTaskExecutor("openapi-");
    executor.setVirtualThreads(true);
    configurer
        .setExecutor(executor)
        .setControllerMethodPredicate(
            method ->
                OpenApiWebfluxResource.class.isAssignableFrom(method.getBeanType())
                    || method.getBeanType() == DocsEndpoint.class);
  }

  @Bean
  Prose prose() {
    return Prose.load();
  }

  @Bean
  OpenAPI skreaverApi(Prose prose) {
    return new OpenAPI()
        .info(
            new Info()
                .title(prose.title())
                .description(prose.description())
                .version(Release.version())
                .license(
                    new License()
                        .name("Apache-2.0")
                        .url("https://www.apache.org/licenses/LICENSE-2.0")))
        .servers(List.of(new Server().url("/").description("This server")))
        .tags(
            prose.tags().stream()
                .map(tag -> new Tag().name(tag.name()).description(tag.description()))
                .toList())
        .components(
            new Components()
                .addSecuritySchemes(
                    "bearer",
                    new SecurityScheme()
                        .type(SecurityScheme.Type.HTTP)
                        .scheme("bearer")
                        .bearerFormat("JWT")
                        .description("A token of this system, for one tenant.")))
        .addSecurityItem(new SecurityRequirement().addList("bearer"));
  }

  @Bean
  RequestTerms requestTerms() {
    return new RequestTerms();
  }

  @Bean
  Completion completion(Prose prose) {
    return new Completion(prose);
  }

  /** springdoc reads classes with Jackson 2, which does not know our names of members. */
  @Bean
  ModelResolver modelResolver(ObjectMapperProvider provider) {
    return new ModelResolver(snakeCase(provider)).openapi31(true);
  }

  @Bean
  RequiredMembers requiredMembers(ObjectMapperProvider provider) {
    return new RequiredMembers(snakeCase(provider));
  }

  private static ObjectMapper snakeCase(ObjectMapperProvider provider) {
    return provider
        .jsonMapper()
        .copy()
        .setPropertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE);
  }
}
