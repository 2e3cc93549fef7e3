import { describe, expect, it } from "@jest/globals";
import { happeningItem } from "../../agent/health/health.js";
import { MemorySpool } from "../../agent/spool/memory.js";

const item = (detail: string) => happeningItem("disk-full", detail, 0);

describe("a spool in memory", () => {
  it("hands out what it keeps until it is acknowledged", () => {
    const spool = new MemorySpool();
    expect(spool.next()).toBeUndefined();
    spool.keep(item("one"));
    spool.keep(item("two"));
    const message = spool.next()!;
    expect(message).toMatchObject({ spool: spool.id, first: 1 });
    expect(message.items).toHaveLength(2);
    expect(spool.acknowledge(spool.id, 2)).toBe(false); // it was not sent yet
    spool.markSent(message);
    expect(spool.acknowledge("another", 2)).toBe(false);
    expect(spool.acknowledge(spool.id, 1)).toBe(true);
    expect(spool.next()).toMatchObject({ first: 2 });
    expect(spool.acknowledge(spool.id, 2)).toBe(true);
    expect(spool.hasUrgent()).toBe(false);
  });

  it("is bounded: the oldest go, and not what was sent and may have arrived", () => {
    const spool = new MemorySpool();
    spool.keep(item("sent"));
    spool.markSent(spool.next()!);
    let gone = 0;
    for (let i = 0; i < 100; i++) gone += spool.keep(item(`${i}`));
    expect(gone).toBe(37);
    expect(spool.counts().waiting.items).toBe(64);
    expect(spool.next()).toMatchObject({ first: 1, items: [{}] });
    spool.acknowledge(spool.id, 1);
    expect(spool.next()).toMatchObject({ first: 39 });
  });
});
