package dev.skreaver.query;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

@AnalyzeClasses(
    packages = "dev.skreaver.query",
    importOptions = ImportOption.DoNotIncludeTests.class)
class QueryServiceWallsTest {
  @ArchTest
  static final ArchRule THE_SERVICE_KNOWS_ONLY_THE_PUBLISHED_LANGUAGE_AND_THE_PLATFORM =
      noClasses()
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(
              "dev.skreaver.command..",
              "dev.skreaver.gateway..",
              "dev.skreaver.standalone..",
              "dev.skreaver.embedded..");

  @ArchTest
  static final ArchRule NOTHING_HANDLES_A_COMMAND =
      noClasses()
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(
              "org.axonframework.commandhandling..", "org.axonframework.modelling..");

  @ArchTest
  static final ArchRule EVERY_STATEMENT_IS_REACTIVE_BUT_THOSE_OF_MIGRATIONS =
      noClasses()
          .that()
          .resideOutsideOfPackage("..query.postgres..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("java.sql..", "javax.sql..", "org.springframework.jdbc..");

  @ArchTest
  static final ArchRule FEATURES_HAVE_NO_CYCLES =
      slices().matching("dev.skreaver.query.(*)..").should().beFreeOfCycles();
}
