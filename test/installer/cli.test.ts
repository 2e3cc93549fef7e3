import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { install } from "../../installer/carry-out.js";
import { run } from "../../installer/cli.js";
import type { Surroundings } from "../../installer/preflight.js";
import { CLOUD, Scratch } from "./scratch.js";

const GOOD: Surroundings = {
  uid: 0,
  hasSystemd: true,
  node: "/usr/bin/node",
};

describe("the installer's command line", () => {
  let scratch: Scratch;
  beforeEach(() => {
    scratch = new Scratch();
  });
  afterEach(() => scratch[Symbol.dispose]());

  const says: string[] = [];
  const order = (args: readonly string[], around = GOOD) => {
    says.length = 0;
    const say = (line: string) => void says.push(line);
    const argv = ["node", "install.sh", ...args];
    return run(argv, { host: scratch.host, around, say });
  };
  const good = () => ["--cloud", CLOUD, "--token-file", scratch.tokenFile];

  it("installs this very tree, and takes it away again", async () => {
    const before = scratch.listing();
    await order(good());
    expect(says.at(-1)).toMatch(/^installed/);
    await order(["uninstall"]);
    expect(says.at(-1)).toMatch(/^uninstalled/);
    expect(scratch.listing()).toEqual(before);
  });

  it("needs neither a token nor a cloud to upgrade a host", async () => {
    await order(good());
    await order([]);
    expect(says.at(-1)).toMatch(/^installed and connected/);
  });

  it("does not call a host protected that its cloud has revoked", async () => {
    const cloud = { at: "down", why: "revoked by the cloud; enrol anew" };
    scratch.status = JSON.stringify({ cloud });
    await expect(order(good())).rejects.toThrow(/revoked.*--re-enrol/);
  });

  it("shows what would be removed, and removes nothing", async () => {
    await install(scratch.plan(), scratch.host, () => undefined);
    const before = scratch.listing();
    await order(["uninstall", "--dry-run"]);
    expect(says).toContain("  enrolment");
    expect(scratch.listing()).toEqual(before);
  });

  it("finds where it was installed when it uninstalls", async () => {
    const before = scratch.listing();
    scratch.prefix = "/opt/elsewhere";
    const plan = scratch.plan({ prefix: scratch.prefix });
    await install(plan, scratch.host, () => undefined);
    await order(["uninstall"]);
    expect(scratch.listing()).toEqual(before);
  });

  it("shows the plan and changes nothing with --dry-run", async () => {
    const before = scratch.listing();
    await order([...good(), "--dry-run"]);
    expect(says).toContain("  user: add the system user and group tourniquet");
    expect(scratch.listing()).toEqual(before);
  });

  it.each([
    ["not root", { ...GOOD, uid: 1000 }, /must run as root/],
    ["no systemd", { ...GOOD, hasSystemd: false }, /systemd does not run/],
    ["a Node at home", { ...GOOD, node: "/home/me/node" }, /system-wide/],
  ])("says in one line what is missing: %s", async (_, around, why) => {
    await expect(order(good(), around)).rejects.toThrow(why);
    await expect(order(["uninstall"], around)).rejects.toThrow(why);
  });

  it.each([
    ["no token", ["--cloud", CLOUD], /--token-file is needed/],
    ["no token to enrol anew with", ["--re-enrol"], /--token-file is needed/],
    ["no such token", [...cloud(), "--token-file", "/no"], /ENOENT/],
    ["a blank in the prefix", [...both(), "--prefix", "/o p"], /absolute path/],
    ["a way up in the prefix", [...both(), "--prefix", "/a/.."], /absolute/],
    ["no such authority", [...both(), "--ca", "/no"], /--ca: ENOENT/],
  ])("refuses %s as asked for wrongly", async (_, args, why) => {
    await expect(order(args)).rejects.toMatchObject({
      message: expect.stringMatching(why) as unknown,
      exitCode: 2,
    });
    expect(says).toEqual([]);
  });
});

function cloud(): string[] {
  return ["--cloud", CLOUD];
}

function both(): string[] {
  return [...cloud(), "--token-file", "/no"];
}
