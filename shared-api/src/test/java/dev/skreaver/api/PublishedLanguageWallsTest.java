package dev.skreaver.api;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

@AnalyzeClasses(packages = "dev.skreaver.api", importOptions = ImportOption.DoNotIncludeTests.class)
class PublishedLanguageWallsTest {
  @ArchTest
  static final ArchRule THE_PUBLISHED_LANGUAGE_IS_SPOKEN_WITHOUT_ANY_SERVICE =
      classes()
          .should()
          .onlyDependOnClassesThat()
          .resideInAnyPackage(
              "java..",
              "javax.crypto..",
              "dev.skreaver.api..",
              "org.jspecify.annotations..",
              "com.fasterxml.jackson.annotation..",
              "tools.jackson..",
              "org.axonframework..",
              "org.springframework.http..",
              "org.springframework.web..",
              "reactor.core.publisher..");
}
