import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { statSync } from "node:fs";
import type { TelemetryItem } from "../../agent/protocol/telemetry.js";
import type { Spool } from "../../agent/spool/spool.js";
import {
  detection,
  hits,
  inventory,
  NOW,
  SpoolFolder,
  vitals,
} from "./items.js";

describe("the spool", () => {
  let folder: SpoolFolder;

  beforeEach(() => {
    folder = new SpoolFolder();
  });
  afterEach(() => folder[Symbol.dispose]());

  /** Takes everything out, message by message: "1:kind". */
  const drain = (spool: Spool): string[] => {
    const told: string[] = [];
    for (;;) {
      const message = spool.next();
      if (message === undefined) return told;
      told.push(
        ...message.items.map(
          (each, i) => `${message.first + i}:${tell(each as TelemetryItem)}`,
        ),
      );
      spool.markSent(message);
      const through = message.first + message.items.length - 1;
      expect(spool.acknowledge(spool.id, through)).toBe(true);
    }
  };

  it("numbers items from 1, and keeps numbers and name over a restart", () => {
    const { id } = folder.open();
    folder.open().append([inventory(7), vitals(8)], NOW);

    const spool = folder.open();

    expect(spool.id).toBe(id);
    expect(spool.next()).toEqual({
      ...{ type: "telemetry", spool: id, first: 1 },
      items: [inventory(7), vitals(8)],
    });
  });

  it("never gives a number twice, though all were forgotten", () => {
    const spool = folder.open();
    spool.append([vitals(1), vitals(2)], NOW);
    drain(spool);
    folder.open().append([vitals(3)], NOW);
    expect(folder.open().next()?.first).toBe(3);
  });

  it("forgets what is acknowledged, and nothing else", () => {
    const spool = folder.open();
    spool.append([vitals(1), vitals(2), vitals(3)], NOW);
    spool.markSent({ first: 1, items: [vitals(1), vitals(2)] });

    expect(spool.acknowledge(spool.id, 2)).toBe(true);

    expect(spool.next()?.first).toBe(3);
    expect(spool.counts()).toMatchObject({
      ...{ last: 3, sent: 2, acked: 2, dropped: 0 },
      waiting: { items: 1 },
    });
  });

  it("does not believe an acknowledgement of what it never sent", () => {
    const spool = folder.open();
    spool.append([vitals(1), vitals(2)], NOW);
    spool.markSent({ first: 1, items: [vitals(1)] });

    expect(spool.acknowledge(spool.id, 2)).toBe(false);
    expect(spool.acknowledge("another", 1)).toBe(false);

    expect(spool.next()?.first).toBe(1);
    expect(folder.open().acknowledge(spool.id, 1)).toBe(true);
  });

  it("takes the same acknowledgement twice, and an old one, in its stride", () => {
    const spool = folder.open();
    spool.append([vitals(1), vitals(2)], NOW);
    spool.markSent({ first: 1, items: [vitals(1), vitals(2)] });
    for (const through of [2, 2, 1]) spool.acknowledge(spool.id, through);
    expect(spool.counts().acked).toBe(2);
  });

  it("fills messages up to 64 items and 60 KiB", () => {
    const spool = folder.open();
    const big = { ...inventory(1), hostname: "é".repeat(250) };
    spool.append([...many(100, vitals), ...many(200, () => big)], NOW);
    let messages = 0;
    for (let next = spool.next(); next; next = spool.next(), messages++) {
      expect(next.items.length).toBeLessThanOrEqual(64);
      expect(Buffer.byteLength(JSON.stringify(next))).toBeLessThanOrEqual(
        60 * 1024,
      );
      spool.markSent(next);
      spool.acknowledge(spool.id, next.first + next.items.length - 1);
    }
    expect(messages).toBeGreaterThan(4);
  });

  it("refuses what is no item, with all that came with it", () => {
    const spool = folder.open();
    const bad = { ...detection(1), user: "root" } as TelemetryItem;
    expect(() => spool.append([vitals(1), bad], NOW)).toThrow("malformed");
    expect(spool.counts().waiting.items).toBe(0);
  });

  describe("without room", () => {
    const limits = { items: 6, bytes: 1e6 };

    it("lets go of vitals, then hits, and says so where the last of them was", () => {
      const spool = folder.open(limits);
      spool.append([vitals(1), hits(2), detection(3)], NOW);
      spool.append([vitals(4), detection(5), hits(6), detection(7)], NOW);

      expect(drain(spool)).toEqual([
        "2:hits 2",
        "3:detection 3",
        "4:dropped 2",
        "5:detection 5",
        "6:hits 6",
        "7:detection 7",
      ]);
      expect(spool.counts().dropped).toBe(2);
    });

    it("adds up what it dropped before the cloud heard of it", () => {
      const spool = folder.open(limits);
      spool.append(many(10, vitals), NOW);
      spool.append(many(10, vitals), NOW);
      const told = drain(spool);
      expect(told.filter((each) => each.includes("dropped"))).toEqual([
        "16:dropped 16",
      ]);
      expect(told).toHaveLength(5);
    });

    it("keeps what was sent, as it may have arrived", () => {
      const spool = folder.open(limits);
      spool.append([vitals(1), vitals(2)], NOW);
      const sent = spool.next();
      spool.markSent(sent!);
      folder.open(limits).append(many(10, detection), NOW);

      const told = drain(folder.open(limits));

      expect(told.slice(0, 3)).toEqual([
        "1:vitals 1",
        "2:vitals 2",
        "9:dropped 7",
      ]);
    });

    it("is bounded by bytes as well", () => {
      const spool = folder.open({ items: 1e6, bytes: 10_000, fileBytes: 1e6 });
      for (let i = 0; i < 500; i++) spool.append([detection(i + 1)], NOW);
      const { waiting, dropped } = spool.counts();
      expect(waiting.bytes).toBeLessThanOrEqual(10_000);
      expect(waiting.items - 1 + dropped).toBe(500);
      expect(spool.fullness()).toBeGreaterThan(0.9);
    });

    it("stays small on the disk while thousands pass through it", () => {
      const spool = folder.open({ items: 500, bytes: 1e6 });
      for (let i = 0; i < 40; i++) spool.append(many(250, vitals), NOW);
      expect(spool.counts().waiting.items).toBeLessThanOrEqual(500);
      expect(statSync(folder.path).size).toBeLessThan(1e6);
    });
  });
});

const many = (count: number, make: (i: number) => TelemetryItem) =>
  Array.from({ length: count }, (_, i) => make(i + 1));

function tell(item: TelemetryItem): string {
  switch (item.kind) {
    case "vitals":
      return `vitals ${item.bans}`;
    case "hits":
      return `hits ${item.others.packets}`;
    case "detection":
      return `detection ${item.count}`;
    case "dropped":
      return `dropped ${item.items}`;
    default:
      return item.kind;
  }
}
