import {
  existsSync,
  mkdirSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import type { TelemetryItem } from "../../agent/protocol/telemetry.js";
import { ResilientSpool } from "../../agent/spool/resilient-spool.js";
import type { SpoolLimits } from "../../agent/spool/spool.js";
import { detection, NOW, SpoolFolder, vitals } from "./items.js";

describe("keeping a spool open", () => {
  let folder: SpoolFolder;
  let events: string[];
  let monotonic: number;
  let keeper: ResilientSpool;

  beforeEach(() => {
    folder = new SpoolFolder();
    events = [];
    monotonic = 0;
    keeper = keep();
  });
  afterEach(() => {
    keeper[Symbol.dispose]();
    folder[Symbol.dispose]();
  });

  const keep = (limits?: SpoolLimits) =>
    new ResilientSpool({
      path: folder.path,
      clock: { now: () => NOW, monotonic: () => monotonic },
      ...(limits && { limits }),
      events: {
        spoolQuarantined: (at, why) => events.push(`${why.kind}: ${at}`),
        spoolFailed: (why) => events.push((why as { kind: string }).kind),
        spoolRecovered: () => events.push("recovered"),
      },
    });
  const next = () => keeper.read((spool) => spool.next());

  it("puts a corrupt file aside, begins a new numbering, and says what is lost", () => {
    const { id } = folder.open();
    folder.open().append([vitals(1), vitals(2)], NOW);
    folder.close();
    writeFileSync(
      folder.path,
      "no database, but long enough to be one".repeat(99),
    );

    keeper.append([detection(3)]);

    expect(next()).toMatchObject({
      first: 1,
      items: [
        { kind: "dropped", items: 1, reason: "spool-lost" },
        { kind: "detection", count: 3 },
      ],
    });
    expect(next()?.spool).not.toBe(id);
    expect(events).toHaveLength(1);
    expect(existsSync(join(folder.folder, "quarantine"))).toBe(true);
  });

  it("takes a file that was emptied for a damaged one, not for a new one", () => {
    folder.open();
    folder.close();
    truncateSync(folder.path, 0);
    expect(next()?.items).toMatchObject([{ reason: "spool-lost" }]);
  });

  it("counts what does not fit on a full disk, and says it once there is room", () => {
    keeper = keep({ items: 1e6, bytes: 1e9, fileBytes: 200 * 1024 });
    let kept = 0;
    while (keeper.append([detection(kept + 1)])) kept++;
    expect(keeper.append([detection(1), detection(2)])).toBe(false);
    expect(events).toEqual(["full"]);
    expect(keeper.failing).toBeDefined();

    // What is spooled can be read, sent and forgotten: that makes room.
    expect(next()?.items).toHaveLength(64);
    expect(keeper.failing).toBeDefined(); // reading proves nothing
    let told = 0;
    keeper.read((spool) => {
      for (let message = spool.next(); message; message = spool.next()) {
        spool.markSent(message);
        const { first, items } = message;
        told += droppedIn(items as TelemetryItem[]); // a short word may still have fitted
        spool.acknowledge(spool.id, first + items.length - 1);
      }
    });
    expect(keeper.append([vitals(9)])).toBe(true);

    expect(keeper.failing).toBeUndefined();
    expect(events).toEqual(["full", "recovered"]);
    const { items = [] } = next() ?? {};
    expect(items).toMatchObject([
      { kind: "dropped", reason: "spool-full" },
      { kind: "vitals", bans: 9 },
    ]);
    expect(told + droppedIn(items as TelemetryItem[])).toBe(3);
  });

  it("goes on without a spool that cannot be opened, and tries again later", () => {
    mkdirSync(folder.path);
    expect(keeper.append([vitals(1)])).toBe(false);
    expect(keeper.append([vitals(2)])).toBe(false);
    rmSync(folder.path, { recursive: true });
    expect(keeper.append([vitals(3)])).toBe(false); // it is not time yet
    expect(events).toEqual(["unusable"]);

    monotonic += 60_000;
    expect(keeper.append([vitals(4)])).toBe(true);

    expect(next()?.items).toMatchObject([
      { kind: "dropped", items: 3 },
      { kind: "vitals", bans: 4 },
    ]);
  });

  it("leaves a spool alone that another process has", () => {
    folder.open().append([vitals(1)], NOW);
    expect(keeper.append([vitals(2)])).toBe(false);
    expect(events).toEqual(["locked"]);
    expect(folder.open().next()?.items).toEqual([vitals(1)]);
  });
});

const droppedIn = (items: readonly TelemetryItem[]): number =>
  items.reduce(
    (sum, item) => sum + (item.kind === "dropped" ? item.items : 0),
    0,
  );
