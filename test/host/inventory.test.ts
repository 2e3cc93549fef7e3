import { describe, expect, it, test } from "@jest/globals";
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { arch, hostname, release } from "node:os";
import { join } from "node:path";
import { readInventory } from "../../agent/host/inventory.js";
import { TestFolder } from "../support/folder.js";
import { packageRoot } from "../support/vectors.js";

describe("what this machine is", () => {
  const systemWith = async (files: Readonly<Record<string, string>>) => {
    using folder = new TestFolder();
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(join(folder.path, path, ".."), { recursive: true });
      writeFileSync(join(folder.path, path), text);
    }
    return (await readInventory(folder.path)).system;
  };

  test.each([
    ['NAME="Debian GNU/Linux"\nVERSION_ID="12"\n', "Debian GNU/Linux 12"],
    ["NAME='Alpine Linux'\nVERSION_ID=3.22.1", "Alpine Linux 3.22.1"],
    ['NAME="Arch Linux"\nBUILD_ID=rolling\n', "Arch Linux"],
    ['PRETTY_NAME="A \\"fine\\" one"\n', 'A "fine" one'],
    ["NAME=first\nNAME=last\n# NAME=none\nXNAME=other\n", "last"],
    ["", "linux"],
    ["\0\u0007", "linux"],
  ])("is read from os-release: %j", async (text, system) => {
    expect(await systemWith({ "etc/os-release": text })).toBe(system);
  });

  it("is read from where distributions put it, else it is the platform", async () => {
    const usr = { "usr/lib/os-release": "NAME=Vendor\nVERSION_ID=1\n" };
    expect(await systemWith(usr)).toBe("Vendor 1");
    const etc = { "etc/os-release": "NAME=Local\n" };
    expect(await systemWith({ ...usr, ...etc })).toBe("Local");
    expect(await systemWith({})).toBe("linux");
  });

  it("is known where no other program may be started, as by the unit", () => {
    const script = `
      const { syncBuiltinESMExports } = await import("node:module");
      const { default: children } = await import("node:child_process");
      for (const name of ["spawn", "spawnSync", "exec", "execSync", "execFile", "execFileSync"]) {
        children[name] = () => { throw Object.assign(new Error("EACCES"), { code: "EACCES" }); };
      }
      syncBuiltinESMExports();
      const { readInventory } = await import("${packageRoot}/dist/agent/host/inventory.js");
      const { Vitals } = await import("${packageRoot}/dist/agent/host/vitals.js");
      const vitals = await new Vitals().read();
      console.log(JSON.stringify([await readInventory(), vitals]));`;
    const argv = ["--no-warnings", "--input-type=module", "--eval", script];
    const { stdout, stderr } = spawnSync(process.execPath, argv, {
      encoding: "utf8",
    });
    expect(stderr).toBe("");
    const [inventory, vitals] = JSON.parse(stdout) as [
      Record<string, unknown>,
      Record<string, number>,
    ];
    expect(inventory).toMatchObject({
      ...{ hostname: hostname(), kernel: release(), arch: arch() },
      system: expect.not.stringMatching(/unknown/),
    });
    const { memoryTotalBytes = 0, memoryUsedBytes = 0 } = vitals;
    expect(memoryTotalBytes).toBeGreaterThan(0);
    expect(memoryUsedBytes).toBeGreaterThan(0);
    expect(vitals["agentBytes"]).toBeGreaterThan(0);
  });
});
