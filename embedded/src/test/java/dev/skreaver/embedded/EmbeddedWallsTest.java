package dev.skreaver.embedded;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

@AnalyzeClasses(
    packages = "dev.skreaver.embedded",
    importOptions = ImportOption.DoNotIncludeTests.class)
class EmbeddedWallsTest {
  @ArchTest
  static final ArchRule THE_SERVERS_KNOW_NOTHING_OF_WHAT_RUNS_ON_THEM =
      noClasses()
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(
              "dev.skreaver.api..",
              "dev.skreaver.platform..",
              "dev.skreaver.command..",
              "dev.skreaver.query..",
              "dev.skreaver.gateway..",
              "org.springframework..",
              "org.axonframework..");
}
