import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "@jest/globals";
import Sqlite from "better-sqlite3";
import { askAgent } from "../../service/control/client.js";
import type { StatusView } from "../../service/control/status-view.js";
import { readIdentity } from "../../service/identity/identity-store.js";
import { placesIn } from "../../service/upgrade/places.js";
import { HostProcess, MAIN } from "../support/agent/host-process.js";
import { startTestCloud } from "../support/cloud/cloud.js";

describe("a host whose upgrade failed", () => {
  it("has what it was told, and what was said on it, wherever settling was killed", async () => {
    using host = new HostProcess();
    await using cloud = await startTestCloud();
    const org = await cloud.addOrg("example");
    const token = host.folder.file("token", await cloud.token(org));
    await host.tourniquet("enrol", "--token-file", token);
    await cloud.ban("192.0.2.1");

    const said = await tried(host, () => cloud.ban("192.0.2.2"));
    fromTheFuture(join(host.stateDir, "ledger.db"));
    for (const part of [0.3, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95]) {
      await settleAndKill(host, part * said.settlesInMs);
    }
    const { code } = await host.tourniquet("upgrade", "settle");
    expect(code).toBe(0);
    expect(existsSync(placesIn(host.stateDir).tried)).toBe(false);

    await using _running = host.run();
    await host.connected();
    await host.stands(urgentAt(2));
    expect(readIdentity(host.stateDir).identity.key).toBe(said.key);
    expect(await spooled(host)).toBeGreaterThanOrEqual(said.spooled);
    const released = await host.tourniquet("release", "--list");
    expect(released.stdout).toMatch(
      /192\.0\.2\.8[^]*192\.0\.2\.7|192\.0\.2\.7[^]*192\.0\.2\.8/,
    );
    const own = await host.tourniquet("bans", "192.0.2.9");
    expect(own.stdout).toMatch(/192\.0\.2\.9/);
  });
});

/** Lets a program that is tried be told this, and what it is told on the host. */
async function tried(host: HostProcess, tell: () => Promise<unknown>) {
  await using _running = host.run();
  await host.connected();
  await host.stands(urgentAt(1));
  const kept = await host.tourniquet("upgrade", "keep", "--begins");
  expect(kept.stderr).toBe("");
  await tell();
  await host.stands(urgentAt(2));
  for (const order of [
    ["release", "192.0.2.8", "--for", "1h"],
    ["allow", "192.0.2.7"],
    ["ban", "192.0.2.9", "--for", "1h"],
  ]) {
    expect(await host.tourniquet(...order)).toMatchObject({ code: 0 });
  }
  await host.order("/v1/rekey");
  const { key } = readIdentity(host.stateDir).identity;
  const began = performance.now();
  await host.tourniquet("--version");
  const settlesInMs = 2 * (performance.now() - began);
  return { key, settlesInMs, spooled: await spooled(host) };
}

const urgentAt =
  (offset: number) =>
  ({ feeds }: StatusView): boolean =>
    feeds.some((each) => each.feed === "urgent" && each.offset === offset);

/** The highest number that an item was ever given. */
async function spooled({ socket }: HostProcess): Promise<number> {
  const { spool } = (await askAgent(socket, "/v1/telemetry")) as {
    readonly spool: { readonly last: number };
  };
  return spool.last;
}

function fromTheFuture(path: string): void {
  const sqlite = new Sqlite(path);
  sqlite.exec(
    "ALTER TABLE bans ADD COLUMN later TEXT; PRAGMA user_version = 99",
  );
  sqlite.close();
}

async function settleAndKill(
  { config }: HostProcess,
  afterMs: number,
): Promise<void> {
  const argv = [MAIN, "--config", config, "upgrade", "settle"];
  const child = spawn(process.execPath, argv, { stdio: "ignore" });
  const ended = once(child, "exit");
  await sleep(afterMs);
  child.kill("SIGKILL");
  await ended;
}
