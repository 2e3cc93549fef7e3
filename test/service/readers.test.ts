import { execFile } from "node:child_process";
import { chmodSync, chownSync, mkdirSync, statSync } from "node:fs";
import { request } from "node:http";
import { createConnection, type Socket } from "node:net";
import { dirname, join } from "node:path";
import { describe, expect, it, test } from "@jest/globals";
import { readersSocket } from "../../service/control/readers-socket.js";
import { ban } from "../support/agent/agent-fixtures.js";
import { Control } from "../support/agent/control.js";
import { MAIN } from "../support/agent/host-process.js";
import { FakeFeed } from "../support/cloud/fake-cloud.js";
import { TestFolder } from "../support/folder.js";

/** Somebody who is not root, and in no group that counts. */
const STRANGER = 65_534;
const isRoot = process.getuid?.() === 0;

/** A host that has a folder for readers, whose group the stranger is in. */
async function hostForReaders({ mayLook }: { readonly mayLook: boolean }) {
  const folder = new TestFolder();
  chmodSync(folder.path, 0o755);
  const socket = join(folder.path, "run/control.sock");
  const readers = dirname(readersSocket(socket));
  mkdirSync(readers);
  if (isRoot && mayLook) chownSync(readers, 0, STRANGER);
  chmodSync(readers, mayLook ? 0o2750 : 0o2000);
  const control = await Control.start(socket);
  chmodSync(dirname(socket), 0o755);
  chmodSync(socket, 0);
  const config = folder.file("config.yaml", `controlSocket: ${socket}\n`);
  await control.host.carryOut(new FakeFeed().append([ban("203.0.113.7")]));
  return {
    socket,
    run: (...argv: readonly string[]) => asStranger(["-c", config, ...argv]),
    [Symbol.asyncDispose]: async () => {
      await control[Symbol.asyncDispose]();
      folder[Symbol.dispose]();
    },
  };
}

interface Said {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function asStranger(argv: readonly string[]): Promise<Said> {
  const who = isRoot ? { uid: STRANGER, gid: STRANGER } : {};
  return new Promise((resolve) => {
    const command = ["--no-warnings", MAIN, ...argv];
    execFile(process.execPath, command, who, (error, stdout, stderr) =>
      resolve({ code: Number(error?.code ?? 0), stdout, stderr }),
    );
  });
}

const answered = (socketPath: string, method: string, path: string) =>
  new Promise<number | undefined>((resolve, reject) => {
    request({ socketPath, method, path }, (response) => {
      response.resume();
      resolve(response.statusCode);
    })
      .on("error", reject)
      .end();
  });

const connected = (path: string) =>
  new Promise<Socket>((resolve, reject) => {
    const socket = createConnection(path);
    socket.once("connect", () => resolve(socket));
    socket.once("error", reject);
  });

describe("a member of group tourniquet-read", () => {
  it("sees how the host stands, which bans there are, and why", async () => {
    await using host = await hostForReaders({ mayLook: true });
    const status = await host.run("status", "--json");
    expect(status.stderr).toBe("");
    expect(JSON.parse(status.stdout)).toMatchObject({ enforcing: true });
    const bans = await host.run("bans", "--csv");
    expect(bans.stdout).toContain("203.0.113.7,urgent");
    const why = await host.run("why", "203.0.113.7", "--json");
    expect(JSON.parse(why.stdout)).toMatchObject({
      bans: [{ feed: "urgent" }],
    });
    expect((await host.run("history")).code).toBe(0);
    expect((await host.run("allow", "--list")).code).toBe(0);
  });

  it.each([
    [["ban", "203.0.113.9"], "orders are root's; run it with sudo"],
    [["pause"], "orders are root's; run it with sudo"],
    [["history", "--orders"], "may only look, and not at this: run it with"],
    [["hits", "--out"], "may only look, and not at which process calls"],
    [["telemetry", "show"], "may only look, and not at this: run it with"],
  ])("is told that root alone may %j", async (argv, why) => {
    await using host = await hostForReaders({ mayLook: true });
    const { code, stderr } = await host.run(...argv);
    expect(stderr).toContain(why);
    expect(code).toBe(1);
  });

  it("is told of the group where the user is not in it", async () => {
    await using host = await hostForReaders({ mayLook: false });
    const { code, stderr } = await host.run("status");
    expect(stderr).toMatch(
      /permission denied at .*: run it with sudo, or as a member of group tourniquet-read/,
    );
    expect(code).toBe(1);
  });
});

describe("the socket for readers", () => {
  test.each([
    ["POST", "/v1/mode"],
    ["POST", "/v1/rekey"],
    ["PUT", "/v1/status"],
    ["GET", "/v1/receipts"],
    ["GET", "/v1/positions"],
    ["GET", "/v1/orders"],
    ["GET", "/v1/telemetry"],
    ["GET", "/v1/hits?out"],
    ["GET", "/v1/nothing"],
  ])("refuses %s of %s", async (method, path) => {
    await using host = await hostForReaders({ mayLook: true });
    expect(await answered(readersSocket(host.socket), method, path)).toBe(403);
  });

  it("is its group's to open, and nobody else's", async () => {
    await using host = await hostForReaders({ mayLook: true });
    const { mode, gid } = statSync(readersSocket(host.socket));
    expect(mode & 0o777).toBe(0o660);
    if (isRoot) expect(gid).toBe(STRANGER);
  });

  it("turns away who comes while eight are connected", async () => {
    await using host = await hostForReaders({ mayLook: true });
    const path = readersSocket(host.socket);
    const idle = await Promise.all(
      Array.from({ length: 8 }, () => connected(path)),
    );
    await expect(answered(path, "GET", "/v1/status")).rejects.toThrow();
    for (const socket of idle) socket.destroy();
  });
});
