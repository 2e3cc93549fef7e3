import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import type { StatusView } from "../../service/control/status-view.js";
import { readSettings } from "../../service/config-file.js";
import {
  keepAsLastGood,
  settingsThatCount,
  settingsToLook,
} from "../../service/last-good.js";
import { HostProcess } from "../support/agent/host-process.js";
import { TestFolder } from "../support/folder.js";

const ALLOWED = "guard: { allow: [192.0.2.0/24] }";

describe("a host whose configuration was left half-written", () => {
  it("starts with the last one that was good, and says so everywhere", async () => {
    using host = new HostProcess();
    settle(host, ALLOWED);
    await host.tourniquet("enable", "--standalone");
    {
      await using _before = host.run();
      await host.stands();
    }
    settle(host, "log: { level: [", "guard: { alow: [192.0.2.0/24] }");
    const restored = await host.tourniquet("restore");
    expect(restored).toMatchObject({ code: 0 });
    expect(restored.stderr).toMatch(
      /the configuration is refused, the last good one, of \d{4}-.* counts: .*config\.yaml is not YAML/,
    );

    await using _after = host.run();
    await host.stands();
    // What the operator had written before is not lost.
    const why = await host.tourniquet("why", "192.0.2.7");
    expect(why.stdout).toContain("allowed-here");
    const { stdout } = await host.tourniquet("status", "--json");
    const { configuration } = JSON.parse(stdout) as StatusView;
    expect(configuration?.refused).toMatch(/config\.yaml is not YAML.*line 5/);
    const screen = await host.tourniquet("status");
    expect(screen.stdout).toContain("! CONFIGURATION REFUSED");
    const doctor = await host.tourniquet("doctor", "--json");
    expect(doctor.stdout).toMatch(/"check":"config","state":"bad"/);

    settle(host, "guard: { alow: [192.0.2.0/24] }");
    const still = await host.tourniquet("config", "reload");
    expect(still.stderr).toMatch(/did you mean guard\.allow\?.*config\.yaml:4/);
    await host.stands(({ configuration: it }) =>
      /guard\.alow: .*config\.yaml:4/.test(it?.refused ?? ""),
    );
    settle(host, ALLOWED);
    await host.tourniquet("config", "reload");
    await host.stands(({ configuration: it }) => it === null);
  }, 120_000);

  it("does not start where no good one is known, and who looks can look", async () => {
    using host = new HostProcess();
    settle(host, "guard: { alow: [192.0.2.0/24] }");
    for (const command of ["restore", "run"]) {
      expect(await host.tourniquet(command)).toMatchObject({
        code: 2,
        stderr: expect.stringMatching(/did you mean guard\.allow\?/),
      });
    }
    // The socket can be read though the rest cannot count.
    expect(await host.tourniquet("status")).toMatchObject({
      stderr: expect.stringMatching(
        /not taken: .*guard\.alow[^]*no agent is running/,
      ),
    });
  }, 60_000);
});

describe("the last good configuration", () => {
  it("stands in for the file that it was read from, and no other", () => {
    using folder = new TestFolder();
    const text = `stateDir: ${folder.path}\nlog: { level: debug }\n`;
    const main = folder.file("config.yaml", text);
    keepAsLastGood(readSettings(main));
    const bad = `stateDir: ${folder.path}\nlog: { level: loud }\n`;
    folder.file("config.yaml", bad);
    const counting = settingsThatCount(main);
    expect(counting.config.log.level).toBe("debug");
    expect(counting.refused?.why).toMatch(/config\.yaml:2/);
    const other = folder.file("other.yaml", bad);
    expect(() => settingsThatCount(other)).toThrow(/log\.level/);
    expect(settingsToLook(other).config.stateDir).toBe(folder.path);
  });

  it("is of no use once it is damaged, or says what this version refuses", () => {
    using folder = new TestFolder();
    const main = folder.file("config.yaml", `stateDir: ${folder.path}\n`);
    keepAsLastGood(readSettings(main));
    folder.file("config.yaml", `stateDir: ${folder.path}\nversion: 2\n`);
    for (const text of [
      "",
      "{",
      JSON.stringify({ version: 1, main, at: 1, given: { version: 2 } }),
    ]) {
      writeFileSync(join(folder.path, "last-good-config.json"), text);
      expect(() => settingsThatCount(main)).toThrow(/config\.yaml has 1/);
    }
  });
});

/** Writes the file of a host that only pretends to enforce, and more from line 4 on. */
const settle = (host: HostProcess, ...more: readonly string[]): void =>
  writeFileSync(
    host.config,
    [
      `stateDir: ${host.stateDir}`,
      `controlSocket: ${host.socket}`,
      "enforce: { backend: dry-run }",
      ...more,
      "",
    ].join("\n"),
  );
