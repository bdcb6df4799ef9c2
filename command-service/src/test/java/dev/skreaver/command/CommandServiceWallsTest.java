package dev.skreaver.command;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

@AnalyzeClasses(
    packages = "dev.skreaver.command",
    importOptions = ImportOption.DoNotIncludeTests.class)
class CommandServiceWallsTest {
  @ArchTest
  static final ArchRule THE_SERVICE_KNOWS_ONLY_THE_PUBLISHED_LANGUAGE_AND_THE_PLATFORM =
      noClasses()
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(
              "dev.skreaver.query..",
              "dev.skreaver.gateway..",
              "dev.skreaver.standalone..",
              "dev.skreaver.embedded..");

  @ArchTest
  static final ArchRule THE_STORE_KNOWS_NO_FEATURE =
      noClasses()
          .that()
          .resideInAPackage("..command.store..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("..command.agent..", "..command.mesh..", "..command.audit..");

  @ArchTest
  static final ArchRule FEATURES_HAVE_NO_CYCLES =
      slices().matching("dev.skreaver.command.(*)..").should().beFreeOfCycles();

  @ArchTest
  static final ArchRule SQL_IS_SPOKEN_BY_THE_STORE_AND_ITS_READERS_ALONE =
      noClasses()
          .that()
          .resideInAPackage("..command.agent..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("java.sql..", "javax.sql..", "org.postgresql..");
}
