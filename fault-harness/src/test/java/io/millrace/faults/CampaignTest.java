package io.millrace.faults;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.faults.stage.Machine;
import io.millrace.faults.stage.Setup;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CampaignTest {
    @TempDir
    Path folder;

    @Test
    void aRunNeverUsesTheFolderOfAnother() throws IOException, InterruptedException {
        Row row = Rows.named("kill-one").orElseThrow();
        Files.createDirectory(folder.resolve("kill-one-7"));
        Campaign campaign = new Campaign(folder, folder, Machine.survey(folder), 1, Setup.PLAIN, 1, 7, false);

        assertThat(campaign.run(row))
                .isInstanceOfSatisfying(
                        RowResult.Broken.class,
                        broken -> assertThat(broken.reason())
                                .contains("kill-one-7 exists, from a run with the same seed"));
    }
}
