import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { dryRun, install, uninstall } from "../../installer/carry-out.js";
import { configIn } from "../../service/config-file.js";
import { layout, USER } from "../../installer/layout.js";
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
      ...[
        "readers",
        "authority",
        "configuration",
        "enrolment",
        "kernel table",
        "units",
        "catalogue",
      ],
      ...["enabled", "running", "earlier versions"],
    ]);
    for (const step of plan) expect(step.describe()).toMatch(/^\w.+[^.]$/);
  });

  it("changes nothing in a dry run", async () => {
    const before = scratch.listing();
    const lines: string[] = [];
    await dryRun(scratch.plan(), scratch.host, (line) => lines.push(line));
    expect(scratch.listing()).toEqual(before);
    expect(lines).toContain(`  enrolment: enrol with ${CLOUD}`);
  });

  it("installs, and has nothing left to do the second time", async () => {
    const first: string[] = [];
    await install(scratch.plan(), scratch.host, (line) => first.push(line));
    expect(first).toContain("    this host begins by observing");
    expect(scratch.runningFrom).toBe(`${PREFIX}/versions/0.1.0-abc`);
    const after = scratch.listing();
    const lines: string[] = [];
    await install(scratch.plan(), scratch.host, (line) => lines.push(line));
    expect(lines.filter((line) => !/unchanged$/.test(line))).toEqual([]);
    expect(scratch.listing()).toEqual(after);
  });

  it.each([
    ["root's", "755 root root", ["chown", "install"]],
    ["open to others", "777 root root", ["install"]],
    ["the agent's", `750 ${USER} ${USER}`, ["install"]],
  ])(
    "gives the agent what is in a state directory that is %s",
    async (_, owner, programs) => {
      const state = scratch.host.files.real(layout.state);
      mkdirSync(state, { recursive: true });
      scratch.owners.set(state, owner);
      const [step] = scratch
        .plan()
        .filter(({ name }) => name === "state directory");
      expect(await step?.isDone(scratch.host)).toBe(false);
      scratch.ran.length = 0;
      await step?.do(scratch.host);
      const ran = scratch.ran.map(({ command }) => command[0]);
      expect(ran.filter((program) => program !== "stat")).toEqual(programs);
      expect(await step?.isDone(scratch.host)).toBe(true);
    },
  );

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

  it.each([
    ["names none", "version: 1 # ours\nguard: { allow: [10.0.0.0/8] }\n"],
    ["says nothing of the cloud", "version: 1\n"],
    ["was written for none", "cloud: {} # later\nversion: 1\n"],
    ["is empty", ""],
  ])("adds the authority to a configuration that %s", async (_, own) => {
    mkdirSync(join(scratch.root, layout.configFolder));
    writeFileSync(join(scratch.root, layout.config), own);
    await install(scratch.plan(), scratch.host, quiet);
    const text = readFileSync(join(scratch.root, layout.config), "utf8");
    const { cloud, guard } = configIn(text, "test");
    expect(cloud.caFile).toBe(layout.authority);
    expect(guard.allow).toEqual(configIn(own, "test").guard.allow);
    for (const comment of own.match(/# \w+/g) ?? []) {
      expect(text).toContain(comment);
    }
  });

  it("mends an installation that was begun without the authority", async () => {
    await install(scratch.plan({ authority: undefined }), scratch.host, quiet);
    await install(scratch.plan(), scratch.host, quiet);
    const text = readFileSync(join(scratch.root, layout.config), "utf8");
    expect(configIn(text, "test").cloud.caFile).toBe(layout.authority);
    expect(text.match(/^cloud:/gm)).toHaveLength(1);
  });

  it.each([
    [
      "names another authority",
      "cloud: { caFile: /other.pem }\n",
      "/other.pem",
    ],
    ["is broken", "cloud: {}\ncloud: {}\n", "Map keys must be unique"],
    ["has unknown settings", "gard: {}\n", "gard"],
  ])("stops, and says why, where a configuration %s", async (_, own, why) => {
    mkdirSync(join(scratch.root, layout.configFolder));
    writeFileSync(join(scratch.root, layout.config), own);
    await expect(install(scratch.plan(), scratch.host, quiet)).rejects.toThrow(
      why,
    );
    const text = readFileSync(join(scratch.root, layout.config), "utf8");
    expect(text).toBe(own);
  });

  it.each([
    ["writable for others", 0o777],
    ["writable for a group", 0o775],
  ])("places no program where a folder on the way is %s", async (_, mode) => {
    chmodSync(join(scratch.root, "/opt"), mode);
    await expect(install(scratch.plan(), scratch.host, quiet)).rejects.toThrow(
      "program: others than root may change /opt, and with it",
    );
  });

  it("enrols anew when asked to, and restarts what runs", async () => {
    await install(scratch.plan(), scratch.host, quiet);
    scratch.ran.length = 0;
    await install(scratch.plan({ again: true }), scratch.host, quiet);
    const commands = scratch.ran.map(({ command }) => command.join(" "));
    const enrolled = commands.findIndex((each) => each.includes(" enrol "));
    const restarted = commands.indexOf(
      "systemctl try-restart tourniquet.service",
    );
    expect(enrolled).toBeGreaterThanOrEqual(0);
    expect(restarted).toBeGreaterThan(enrolled);
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
      ...{ tokenFile: scratch.tokenFile, again: false, alone: false },
    };
    const check = (cloud: string) => () =>
      checkEnrolment(scratch.host.files, { ...enrolment, cloud });
    expect(check(`${CLOUD}/`)).not.toThrow();
    expect(check("https://other.example")).toThrow(/is for https:\/\/cloud/);
    expect(check("cloud.example")).toThrow(/is not a URL/);
  });

  it("has a host stand alone, and upgrades it without a token", async () => {
    const { files } = scratch.host;
    const asked = { alone: true, cloud: undefined, tokenFile: undefined };
    await install(scratch.plan(asked), scratch.host, quiet);
    expect(files.kind(layout.standAlone)).toBe("file");
    expect(files.kind(layout.identity)).toBe("nothing");
    const later = {
      ...{ prefix: PREFIX, node: "/usr/bin/node", again: false, alone: false },
      ...{ cloud: undefined, tokenFile: undefined },
    };
    expect(() => checkEnrolment(files, later)).not.toThrow();
    await install(scratch.plan(later), scratch.host, quiet);
    expect(files.kind(layout.identity)).toBe("nothing");
    await install(scratch.plan(), scratch.host, quiet);
    expect(files.kind(layout.identity)).toBe("file");
  });

  it("refuses a token for a host that is to stand alone", () => {
    const asked = { prefix: PREFIX, node: "/usr/bin/node", again: false };
    const { tokenFile } = scratch;
    expect(() =>
      checkEnrolment(scratch.host.files, {
        ...asked,
        ...{ alone: true, cloud: undefined, tokenFile },
      }),
    ).toThrow("--standalone goes without --token-file");
  });

  it("refuses another cloud for a host that is enrolled", async () => {
    await install(scratch.plan(), scratch.host, quiet);
    const enrolment = {
      ...{ prefix: PREFIX, node: "/usr/bin/node", tokenFile: "/nowhere" },
      ...{ again: false, alone: false },
      cloud: "https://other.example",
    };
    expect(() => checkEnrolment(scratch.host.files, enrolment)).toThrow(
      /enrolled with https:\/\/cloud.example already/,
    );
  });
});
