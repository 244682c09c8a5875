package io.millrace.http;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.jupiter.api.Test;

/// Modules point one way, libraries stay where they belong, packages have no cycles.
class ArchitectureTest {
    private static final JavaClasses CLASSES = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .importPackages("io.millrace");

    @Test
    void allModulesOfTheNodeAreLookedAt() {
        for (String name : new String[] {
            "io.millrace.log.LogStore",
            "io.millrace.replication.ReplicatedLog",
            "io.millrace.query.QueryEngine",
            "io.millrace.http.node.Main"
        }) {
            assertThat(CLASSES.contain(name)).as(name).isTrue();
        }
    }

    @Test
    void modulesPointOneWay() {
        depends("io.millrace.log..", "io.millrace.replication..", "io.millrace.query..", "io.millrace.http..");
        depends("io.millrace.replication..", "io.millrace.query..", "io.millrace.http..");
        depends("io.millrace.query..", "io.millrace.replication..", "io.millrace.http..");
        depends("io.millrace.client..", "io.millrace.log..", "io.millrace.replication..", "io.millrace.query..");
    }

    private static void depends(String from, String... never) {
        noClasses()
                .that()
                .resideInAPackage(from)
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(never)
                .allowEmptyShould(true)
                .check(CLASSES);
    }

    @Test
    void librariesStayInTheirModule() {
        confined("io.millrace.replication..", "org.apache.ratis..");
        confined("io.millrace.query..", "org.apache.calcite..");
        confined("io.millrace.http..", "io.netty..");
        confined("io.millrace.shell..", "org.jline..");
    }

    private static void confined(String home, String library) {
        noClasses()
                .that()
                .resideOutsideOfPackage(home)
                .and()
                .resideInAPackage("io.millrace..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage(library)
                .check(CLASSES);
    }

    @Test
    void packagesOfTheHttpInterfaceHaveNoCycles() {
        slices().matching("io.millrace.http.(*)..").should().beFreeOfCycles().check(CLASSES);
    }
}
