import { describe, expect, it } from "@jest/globals";
import { silentLogger } from "../../../agent/log/logger.js";
import type { Receipt } from "../../../agent/protocol/documents.js";
import type { ObservationEvent } from "../../../cloud/journal/observation-events.js";
import {
  ReceiptIntake,
  type ReceiptIntakePorts,
} from "../../../cloud/receipts/receipt-intake.js";
import type { Agent } from "../../../cloud/registry/registry.js";
import { ManualClock } from "../../support/time/clock.js";

const HASH = "ab".repeat(32);

const evidence = { signed: "{}", signature: "" };

describe("receipts", () => {
  it("are kept only when they go beyond the last one", () => {
    const { answers, kept } = answersOf();
    for (const offset of [5, 5, 4, 6, 6]) {
      answers.receipt(receiptAt(offset), evidence);
    }
    expect(kept).toHaveLength(2);
  });

  it("are held against those of an earlier life", () => {
    const { answers, kept } = answersOf({
      newest: () => ({ offset: 7, mode: "enforce", policy: null }),
    });
    answers.receipt(receiptAt(7), evidence);
    answers.receipt(receiptAt(8), evidence);
    expect(kept).toHaveLength(1);
  });

  it("are kept of the same place when the host goes by another policy", () => {
    const { answers, kept } = answersOf();
    const by = (policy: number) => ({ ...receiptAt(7), ext: { policy } });
    for (const receipt of [receiptAt(7), by(1), by(1), by(2), receiptAt(7)]) {
      answers.receipt(receipt, evidence);
    }
    expect(kept).toHaveLength(4);
  });

  it("are kept of the same place when the host enforces no longer, or again", () => {
    const { answers, kept } = answersOf();
    const observing = { ...receiptAt(7), mode: "observe" } as const;
    for (const receipt of [receiptAt(7), observing, observing, receiptAt(7)]) {
      answers.receipt(receipt, evidence);
    }
    expect(kept).toHaveLength(3);
    answers.receipt({ ...observing, ...placedAt(6) }, evidence);
    expect(kept).toHaveLength(3);
  });

  it.each([
    ["of another epoch", receiptAt(5, "f"), evidence],
    ["of over 16 KiB", receiptAt(5), { signed: "x".repeat(16_385) }],
  ])("are not kept when they are %s", (_, receipt, more) => {
    const { answers, kept } = answersOf();
    answers.receipt(receipt, { ...evidence, ...more });
    expect(kept).toEqual([]);
  });
});

describe("a history that is not this cloud's", () => {
  const divergence = { kind: "divergence", agent: "agt-1", feed: "urgent" };
  const other = "cd".repeat(32);
  const at = (offset: number, hash = HASH) => ({
    ...{ feed: "urgent" as const, epoch: "e", offset, hash },
  });

  it("is told once, with the receipt that says so", () => {
    const { answers, kept } = answersOf();
    const receipt = { ...receiptAt(5), position: at(5, other) };
    answers.receipt(receipt, evidence);
    answers.receipt(receipt, evidence);
    expect(kept).toEqual([
      {
        ...{ ...divergence, document: "receipt", ...evidence },
        ...{ epoch: "e", offset: 5, theirs: other, ours: HASH },
      },
    ]);
  });

  it("is told when a hello says that it goes beyond the cloud's", () => {
    const { answers, kept } = answersOf();
    const positions = [at(100), at(101)];
    answers.hello({ agent: "agt-1", positions }, evidence);
    expect(kept).toMatchObject([
      { ...divergence, document: "hello", offset: 101, ours: null },
    ]);
  });
});

describe("what one agent says", () => {
  it("has a budget, and takes nothing of another's", async () => {
    const { answers, kept, clock } = answersOf();
    const refusal = { feed: "urgent", code: "gap", detail: "" } as const;
    for (let i = 0; i < 5_000; i++) {
      answers.refusal({ ...refusal, agent: "agt-1" });
    }
    expect(kept).toHaveLength(1_000);
    answers.refusal({ ...refusal, agent: "agt-2" });
    expect(kept).toHaveLength(1_001);
    await clock.advance(1_000);
    for (let i = 0; i < 10; i++) {
      answers.refusal({ ...refusal, agent: "agt-1" });
    }
    expect(kept).toHaveLength(1_003);
  });

  it("is bounded in bytes as well, whatever each answer carries", () => {
    const { answers, kept } = answersOf();
    const large = { ...evidence, signed: "x".repeat(16_000) };
    for (let offset = 1; offset <= 100; offset++) {
      for (const mode of ["enforce", "observe"] as const) {
        for (let again = 0; again < 5; again++) {
          answers.receipt({ ...receiptAt(offset), mode }, large);
        }
      }
      answers.receipt({ ...receiptAt(offset), mode: "enforce" }, large);
      answers.receipt({ ...receiptAt(offset), mode: "observe" }, large);
    }
    const most = (4 * 1024 * 1024) / 16_000;
    expect(kept.length).toBeGreaterThan(most - 2);
    expect(kept.length).toBeLessThanOrEqual(most);
  });

  it("counts as seen at most once an hour, or with a new version or protocol", async () => {
    const { answers, kept, clock } = answersOf();
    const seen = (version: string, protocol: 1 | 2 = 1) =>
      answers.seen(agent, { version, protocol });
    for (let i = 0; i < 10; i++) seen("1.0");
    expect(kept).toHaveLength(1);
    seen("1.1");
    expect(kept).toHaveLength(2);
    seen("1.0", 2);
    expect(kept.at(-1)).toMatchObject({ version: "1.0", protocol: 2 });
    expect(kept).toHaveLength(3);
    await clock.advance(3_600_000);
    seen("1.0");
    expect(kept).toHaveLength(4);
  });
});

const agent: Agent = {
  ...{ id: "agt-1", org: "example", publicKey: "", hostname: "", system: "" },
  ...{
    version: "1.0",
    protocol: 1,
    enrolledAt: 0,
    lastSeen: null,
    leftAt: null,
    revokedAt: null,
    revokedWhy: null,
    tags: [],
  },
};

function answersOf(more: Partial<Pick<ReceiptIntakePorts, "newest">> = {}) {
  const kept: ObservationEvent[] = [];
  const clock = new ManualClock();
  const answers = new ReceiptIntake({
    hashAt: (_feed, epoch, offset) =>
      epoch === "e" && offset <= 100 ? HASH : undefined,
    ...{ clock, log: silentLogger },
    standing: () => ({ epoch: "e", offset: 100 }),
    newest: more.newest ?? (() => undefined),
    dropped: () => undefined,
    note: (event) => void kept.push(event),
  });
  return { answers, kept, clock };
}

function placedAt(offset: number, epoch = "e"): Pick<Receipt, "position"> {
  const hash = HASH;
  return { position: { feed: "urgent", epoch, offset, hash } };
}

function receiptAt(offset: number, epoch = "e"): Receipt {
  return {
    agent: "agt-1",
    ...placedAt(offset, epoch),
    ...{ revision: 1, backend: "dry-run", mode: "enforce", banned: 1 },
    ...{ observed: 0, lifted: 0, expired: 0, heldTotal: 0, held: [] },
    ...{ receivedAt: 0, recordedMs: 1, enforcedMs: 1 },
  };
}
