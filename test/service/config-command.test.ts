import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { parse } from "yaml";
import { parseConfig } from "../../agent/config/config.js";
import { HostProcess } from "../support/agent/host-process.js";

describe("tourniquet config", () => {
  it("check counts what is given, and names the files", async () => {
    using host = hostWith("log: { level: debug }\n");
    const { code, stdout } = await host.tourniquet("config", "check");
    expect(code).toBe(0);
    expect(stdout).toBe(
      `good: 4 settings given, all others have their defaults\n  ${host.folder.path}/config.yaml\n  ${host.folder.path}/conf.d/50-more.yaml\n`,
    );
  });

  it("check fails as a command that was used wrongly, with the place", async () => {
    using host = hostWith("log: { levle: debug }\n");
    const { code, stderr } = await host.tourniquet("config", "check");
    expect(code).toBe(2);
    expect(stderr).toContain(
      `log.levle: is no setting that is known; did you mean log.level? (${host.folder.path}/conf.d/50-more.yaml:1)`,
    );
  });

  it("show prints a file that means the same", async () => {
    using host = hostWith(
      "log: { level: debug }\nsensors: { sshd: { source: { file: /a } } }\n",
    );
    const { stdout } = await host.tourniquet("config", "show");
    const { guard, log, sensors, ...rest } = parseConfig(
      parse(stdout),
      "shown",
    );
    expect(rest).toMatchObject({ stateDir: host.stateDir });
    expect(log).toEqual({ level: "debug", format: "text" });
    expect(sensors.sshd.source).toEqual({ file: "/a", onlySshd: false });
    expect(guard).toEqual(parseConfig({}, "nothing").guard);
  });

  it("show --origin says where each value is from", async () => {
    using host = hostWith("log: { level: debug }\n");
    const { stdout } = await host.tourniquet("config", "show", "--origin");
    const rows = stdout.split("\n").map((line) => line.split(/ {2,}/));
    const of = (name: string) => rows.find(([first]) => first === name);
    const { path } = host.folder;
    expect(of("log.level")).toEqual([
      ...["log.level", "debug", `${path}/conf.d/50-more.yaml:1`],
    ]);
    expect(of("enforce.backend")?.[2]).toBe(`${path}/config.yaml:3`);
    expect(of("guard.allow")).toEqual(["guard.allow", "[]", "default"]);
    expect(of("cloud.caFile")).toEqual(["cloud.caFile", "-", "default"]);
  });

  it("show --json has the same by name", async () => {
    using host = hostWith("log: { level: debug }\n");
    const { stdout } = await host.tourniquet("config", "show", "--json");
    const file = `${host.folder.path}/conf.d/50-more.yaml`;
    expect(JSON.parse(stdout)).toMatchObject({
      "log.level": { value: "debug", from: { file, line: 1 } },
      "guard.floor.ipv4": { value: 12, from: null },
      "cloud.caFile": { value: null, from: null },
    });
  });
});

/** A host with one more file of settings. */
function hostWith(more: string): HostProcess {
  const host = new HostProcess();
  const folder = join(host.folder.path, "conf.d");
  mkdirSync(folder);
  writeFileSync(join(folder, "50-more.yaml"), more);
  return host;
}
