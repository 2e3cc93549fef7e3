import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { ban } from "../support/agent/agent-fixtures.js";
import { Control } from "../support/agent/control.js";
import {
  HostProcess,
  MAIN,
  tourniquet,
} from "../support/agent/host-process.js";
import { FakeFeed } from "../support/cloud/fake-cloud.js";
import { TestFolder } from "../support/folder.js";

const run = (command: string, argv: readonly string[], input?: string) =>
  spawnSync(command, argv, {
    encoding: "utf8",
    ...(input !== undefined && { input }),
  });

const hasMandoc = run("mandoc", ["/dev/null"]).error === undefined;
if (!hasMandoc) {
  console.warn("man pages are not checked: there is no mandoc here");
}

describe("man pages", () => {
  (hasMandoc ? it : it.skip)(
    "are written for all commands, and mandoc finds nothing wrong",
    async () => {
      using folder = new TestFolder();
      const written = await tourniquet([
        ...["manual", folder.path, "--date", "2026-11-29"],
      ]);
      expect(written).toMatchObject({ code: 0, stderr: "" });
      const pages = readdirSync(folder.path);
      expect(pages).toContain("tourniquet.8");
      expect(pages).toContain("tourniquet-config-show.8");
      expect(pages.length).toBeGreaterThan(25);
      const paths = pages.map((name) => join(folder.path, name));
      const lint = run("mandoc", ["-T", "lint", "-W", "warning", ...paths]);
      expect(lint.stdout).toBe("");
    },
    30_000,
  );

  it("are dated by who releases them", async () => {
    using folder = new TestFolder();
    const argv = ["manual", folder.path, "--date", "today"];
    expect((await tourniquet(argv)).code).toBe(2);
  });
});

describe("completion", () => {
  it("offers commands, options, and what this host has now", async () => {
    using host = new HostProcess();
    await using control = await Control.start(host.socket);
    await control.host.carryOut(new FakeFeed().append([ban("203.0.113.9")]));
    const order = { range: "203.0.113.7", seconds: 60, reason: "" };
    await control.order("/v1/ban", order);
    const at = async (...words: readonly string[]) => {
      const cword = String(words.length);
      const argv = ["complete", cword, "--", "tourniquet", ...words];
      return (await host.tourniquet(...argv)).stdout.trimEnd().split("\n");
    };
    expect(await at("ba")).toEqual(["bans", "ban"]);
    expect(await at("config", "")).toEqual(["check", "reload", "show", "help"]);
    expect(await at("bans", "--h")).toEqual(["--held", "--help"]);
    expect(await at("bans", "--feed", "u")).toEqual(["urgent"]);
    expect(await at("lift", "")).toEqual(["203.0.113.7"]);
    expect(await at("nothing", "--such")).toEqual([""]);
  });

  it("offers what needs no agent while none runs", async () => {
    using host = new HostProcess();
    const { code, stdout, stderr } = await host.tourniquet(
      ...["complete", "2", "--", "tourniquet", "lift", ""],
    );
    expect({ code, stdout, stderr }).toEqual({
      code: 0,
      stdout: "",
      stderr: "",
    });
  });

  it("is taken by bash", async () => {
    const { stdout } = await tourniquet(["completion", "bash"]);
    const script = `${stdout}
      tourniquet() { "${process.execPath}" "${MAIN}" "$@"; }
      COMP_WORDS=(tourniquet sta) COMP_CWORD=1
      _tourniquet && echo "\${COMPREPLY[@]}"`;
    const told = run("bash", ["--norc"], script);
    expect(told.stderr).toBe("");
    expect(told.stdout).toBe("status\n");
    expect((await tourniquet(["completion", "fish"])).code).toBe(2);
  });
});
