import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { dryRun, install, uninstall } from "../../installer/carry-out.js";
import { layout } from "../../installer/layout.js";
import { checkEnrolment } from "../../installer/steps/enrolment.js";
import { CLOUD, PREFIX, Scratch } from "./scratch.js";

const quiet = () => undefined;

describe("the plan of an installation", () => {
  let scratch: Scratch;
  beforeEach(() => {
    scratch = new Scratch();
  });
  afterEach(() => scratch[Symbol.dispose]());

  it("names each step once, and says what it would do", () => {
    const plan = scratch.plan();
    expect(plan.map(({ name }) => name)).toEqual([
      ...["program", "current version", "command", "user", "state directory"],
      ...["authority", "configuration", "enrolment", "kernel table", "units"],
      ...["enabled", "running", "earlier versions"],
    ]);
    for (const step of plan) expect(step.describe()).toMatch(/^\w.+[^.]$/);
  });

  it("changes nothing in a dry run", async () => {
    const before = scratch.listing();
    const lines: string[] = [];
    await dryRun(scratch.plan(), scratch.host, (line) => lines.push(line));
    expect(scratch.listing()).toEqual(before);
    expect(lines).toContain(
      `  enrolment: enrol with ${CLOUD}, with the token in ${scratch.tokenFile}`,
    );
  });

  it("installs, and has nothing left to do the second time", async () => {
    await install(scratch.plan(), scratch.host, quiet);
    expect(scratch.runningFrom).toBe(`${PREFIX}/versions/0.1.0-abc`);
    const after = scratch.listing();
    const lines: string[] = [];
    await install(scratch.plan(), scratch.host, (line) => lines.push(line));
    expect(lines.filter((line) => !/is so already$/.test(line))).toEqual([]);
    expect(scratch.listing()).toEqual(after);
  });

  it("leaves nothing behind when it is undone, twice over", async () => {
    const before = scratch.listing();
    await install(scratch.plan(), scratch.host, quiet);
    await uninstall(scratch.plan(), scratch.host, quiet);
    expect(scratch.listing()).toEqual(before);
    await uninstall(scratch.plan(), scratch.host, quiet);
    expect(scratch.listing()).toEqual(before);
  });

  it("takes bans out of the kernel only after the daemon has stopped", async () => {
    await install(scratch.plan(), scratch.host, quiet);
    scratch.ran.length = 0;
    await uninstall(scratch.plan(), scratch.host, quiet);
    const order = scratch.ran.map(({ command }) => command.join(" "));
    const at = (part: string) => order.findIndex((each) => each.includes(part));
    expect(at("stop tourniquet.service")).toBeLessThan(at("clean-up"));
    expect(at("clean-up")).toBeLessThan(at("userdel"));
  });

  it("never puts the token where others could read it", async () => {
    await install(scratch.plan(), scratch.host, quiet);
    const token = readFileSync(scratch.tokenFile, "utf8");
    const holders = scratch.ran.filter(({ input }) => input === token);
    expect(holders.map(({ command }) => command[0])).toEqual(["setpriv"]);
    for (const { command } of scratch.ran) {
      expect(command.join(" ")).not.toContain(token);
    }
  });

  it("keeps a configuration that the host has", async () => {
    const own = `cloud: { caFile: ${layout.authority} }\n`;
    mkdirSync(join(scratch.root, layout.configFolder));
    writeFileSync(join(scratch.root, layout.config), own);
    await install(scratch.plan(), scratch.host, quiet);
    expect(readFileSync(join(scratch.root, layout.config), "utf8")).toBe(own);
  });

  it("says so when a configuration does not know the authority", async () => {
    mkdirSync(join(scratch.root, layout.configFolder));
    writeFileSync(join(scratch.root, layout.config), "version: 1\n");
    await expect(install(scratch.plan(), scratch.host, quiet)).rejects.toThrow(
      /^configuration: .*does not name the authority/,
    );
  });

  it("does not take a name that is somebody else's", async () => {
    const path = join(scratch.root, layout.command);
    writeFileSync(path, "#!/bin/sh\n");
    await expect(install(scratch.plan(), scratch.host, quiet)).rejects.toThrow(
      /^command: .*is in the way/,
    );
    await uninstall(scratch.plan(), scratch.host, quiet);
    expect(readFileSync(path, "utf8")).toBe("#!/bin/sh\n");
  });

  it("replaces a version by the next, restarts, and retires the first", async () => {
    await install(scratch.plan(), scratch.host, quiet);
    const program = { name: "0.2.0-def", version: "0.2.0", parts: [] };
    const part = { source: scratch.tokenFile, path: "dist" };
    const next = { program: { ...program, parts: [part] } };
    await install(scratch.plan(next), scratch.host, quiet);
    expect(scratch.runningFrom).toBe(`${PREFIX}/versions/0.2.0-def`);
    expect(scratch.host.files.list(`${PREFIX}/versions`)).toEqual([
      "0.2.0-def",
    ]);
  });

  it("refuses a token for another cloud before anything is done", () => {
    const enrolment = {
      ...{ prefix: PREFIX, node: "/usr/bin/node" },
      tokenFile: scratch.tokenFile,
    };
    const check = (cloud: string) => () =>
      checkEnrolment(scratch.host.files, { ...enrolment, cloud });
    expect(check(`${CLOUD}/`)).not.toThrow();
    expect(check("https://other.example")).toThrow(/is for https:\/\/cloud/);
    expect(check("cloud.example")).toThrow(/is not a URL/);
  });

  it("refuses another cloud for a host that is enrolled", async () => {
    await install(scratch.plan(), scratch.host, quiet);
    const enrolment = {
      ...{ prefix: PREFIX, node: "/usr/bin/node", tokenFile: "/nowhere" },
      cloud: "https://other.example",
    };
    expect(() => checkEnrolment(scratch.host.files, enrolment)).toThrow(
      /enrolled with https:\/\/cloud.example already/,
    );
  });
});
