package dev.skreaver.gateway;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

@AnalyzeClasses(packages = "dev.skreaver", importOptions = ImportOption.DoNotIncludeTests.class)
class WallsTest {
  @ArchTest
  static final ArchRule THE_GATEWAY_KNOWS_NO_SERVICE =
      noClasses()
          .that()
          .resideInAPackage("dev.skreaver.gateway..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("dev.skreaver.command..", "dev.skreaver.query..");

  @ArchTest
  static final ArchRule THE_GATEWAY_KNOWS_NO_DATABASE =
      noClasses()
          .that()
          .resideInAPackage("dev.skreaver.gateway..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(
              "java.sql..",
              "javax.sql..",
              "io.r2dbc..",
              "org.postgresql..",
              "org.flywaydb..",
              "org.springframework.jdbc..",
              "org.springframework.r2dbc..");

  @ArchTest
  static final ArchRule THE_PLATFORM_KNOWS_THE_PUBLISHED_LANGUAGE_ONLY =
      noClasses()
          .that()
          .resideInAPackage("dev.skreaver.platform..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(
              "dev.skreaver.gateway..", "dev.skreaver.command..", "dev.skreaver.query..");

  @ArchTest
  static final ArchRule THE_PUBLISHED_LANGUAGE_KNOWS_NOBODY =
      noClasses()
          .that()
          .resideInAPackage("dev.skreaver.api..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("dev.skreaver.gateway..", "dev.skreaver.platform..");

  @ArchTest
  static final ArchRule FEATURES_HAVE_NO_CYCLES =
      slices().matching("dev.skreaver.gateway.(*)..").should().beFreeOfCycles();
}
