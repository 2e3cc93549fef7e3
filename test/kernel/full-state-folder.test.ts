import { closeSync, mkdirSync, openSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "@jest/globals";
import { Lab, type LabCloud, type LabHost } from "../../scripts/lab/lab.js";
import { output, until } from "../../scripts/lab/run.js";
import { TestFolder } from "../support/folder.js";
import { describeInNamespace } from "../support/kernel/namespace.js";

const SLOW_MS = 90_000;

describeInNamespace("a host whose state folder has no room", () => {
  let folder: TestFolder;
  let disk: string;
  let lab: Lab;
  let cloud: LabCloud;
  let host: LabHost;

  beforeAll(async () => {
    folder = new TestFolder();
    disk = join(folder.path, "disk");
    mkdirSync(disk);
    await output(["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", disk]);
    lab = new Lab();
    cloud = await lab.startCloud({ port: 18_490 });
    const stateDir = join(disk, "state");
    host = await lab.startHost(cloud, "host", { config: { stateDir } });
    await order("bans", { ranges: ["45.0.9.9"] });
    await inForce(1);
  }, SLOW_MS);

  afterAll(async () => {
    await lab[Symbol.asyncDispose]();
    await output(["umount", disk]);
    folder[Symbol.dispose]();
  });

  it(
    "says so, takes lifts and urgent bans, refuses lists, and takes them once there is room",
    async () => {
      fill(disk);
      await until("status says it", async () =>
        (await host.status()).storage.state === "reserve" ? true : undefined,
      );
      await until("the cloud hears of it", () => hears("disk-reserve"));
      await order("bans", { ranges: ["45.0.9.10"] });
      await order("lifts", { ranges: ["45.0.9.9"] });
      await order("bans", { ranges: ["45.0.9.11"], feed: "reputation" });
      await until("the cloud hears of the refusal", async () => {
        type Answer = { items: readonly { code: string }[] };
        const { items } = await cloud.api<Answer>("GET", "/api/v1/refusals");
        return items.some(({ code }) => code === "not-recorded") || undefined;
      });
      expect((await host.status()).feeds).toMatchObject([
        { feed: "urgent", bans: 1 },
      ]);
      await tourniquet("observe");
      expect((await host.status()).storage.untilRestart).toEqual([]);
      await tourniquet("enforce");
      rmSync(join(disk, "fill"));
      await inForce(2);
      await until("status says so", async () =>
        (await host.status()).storage.state === "ok" ? true : undefined,
      );
    },
    SLOW_MS,
  );

  it(
    "goes on with what it has when the folder can only be read, until it can be written to",
    async () => {
      rmSync(join(disk, "fill"), { force: true });
      host.process?.kill("SIGTERM");
      await host.process?.ended;
      await output(["mount", "-o", "remount,ro", disk]);
      await lab.startAgent(host);
      const { storage, enforcing } = await host.status();
      expect({ storage, enforcing }).toEqual({
        storage: { state: "full", untilRestart: [] },
        enforcing: true,
      });
      await until("the cloud hears of it", () => hears("disk-full"));
      await tourniquet("observe");
      expect(await host.status()).toMatchObject({
        mode: "observe",
        storage: { state: "full", untilRestart: ["observe"] },
      });
      await output(["mount", "-o", "remount,rw", disk]);
      await host.process?.ended; // its service manager starts it again
      await lab.startAgent(host);
      expect(await host.status()).toMatchObject({
        mode: "observe",
        storage: { state: "ok", untilRestart: [] },
      });
    },
    SLOW_MS,
  );

  const tourniquet = (...args: readonly string[]): Promise<string> =>
    output(host.command(...args));

  const order = (what: "bans" | "lifts", body: unknown): Promise<unknown> =>
    cloud.api("POST", `/api/v1/${what}`, body);

  const inForce = (bans: number): Promise<unknown> =>
    until(`${bans} bans are in force`, async () => {
      const { feeds } = await host.status();
      const sum = feeds.reduce((total, each) => total + each.bans, 0);
      return sum === bans || undefined;
    });

  async function hears(code: string): Promise<true | undefined> {
    type Report = { health: readonly { code: string }[] } | null;
    type Answer = { items: readonly { report: Report }[] };
    const { items } = await cloud.api<Answer>("GET", "/api/v1/agents");
    const health = items[0]?.report?.health ?? [];
    return health.some((each) => each.code === code) || undefined;
  }
});

/** Another's file, that takes all there is. */
function fill(disk: string): void {
  const file = openSync(join(disk, "fill"), "w");
  const page = Buffer.alloc(4_096, 1);
  try {
    for (;;) writeSync(file, page);
  } catch {
    closeSync(file);
  }
}
