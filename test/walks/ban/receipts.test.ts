import { describe, expect, it } from "@jest/globals";
import { wire1, type FromAgent } from "../../../agent/protocol/wire.js";
import * as v from "valibot";
import { parseCidr } from "../../../agent/model/cidr.js";
import type { Mode } from "../../../agent/model/mode.js";
import { Receipt } from "../../../agent/protocol/documents.js";
import { textBytes } from "../../../agent/protocol/signed-text.js";
import { publicKey } from "../../../agent/trust/keys.js";
import type { Enforced } from "../../../agent/walks/ban/ban-walk.js";
import {
  Receipts,
  type ReceiptPorts,
} from "../../../agent/walks/ban/receipts.js";
import { ManualClock } from "../../support/time/clock.js";
import { hex, keys, NOW, position } from "../../support/vectors.js";

describe("a receipt", () => {
  it("says what is in force, signed with the device's key", () => {
    const { receipts, said } = open();
    receipts.give(enforced());

    const [message] = said;
    if (message?.type !== "receipt") throw new Error("no receipt");
    const signature = Buffer.from(message.signature, "base64url");
    const device = publicKey(keys.device.publicKey);
    const bytes = textBytes("receipt", message.signed);
    expect(device.verify(bytes, signature)).toBe(true);
    expect(v.parse(Receipt, JSON.parse(message.signed))).toEqual({
      agent: "agent-1",
      backend: "dry-run",
      mode: "enforce",
      position: {
        feed: "urgent",
        epoch: "e1",
        offset: 3,
        hash: hex(Buffer.alloc(32, 9)),
      },
      revision: 5,
      banned: 2,
      observed: 1,
      lifted: 1,
      expired: 0,
      heldTotal: 1,
      held: [{ range: "127.0.0.0/8", rule: "loopback" }],
      receivedAt: NOW,
      recordedMs: 1.5,
      enforcedMs: 2.5,
    });
  });

  it("says at once, and of its own change alone, that it is on trial", () => {
    const trial = {
      feed: "urgent",
      revision: 5,
      bans: 2,
      until: 1_700,
    } as const;
    const other = { ...trial, revision: 4 };
    const { receipts, said } = open(undefined, () => [other, trial]);
    receipts.give(enforced(NOTHING_HELD));
    receipts.give(enforced({ ...NOTHING_HELD, revision: 6 }));
    receipts.give(enforced(NOTHING_HELD));
    expect(said.map((each) => documentOf(each).trial)).toEqual([
      { bans: 2, until: 1_700_000 },
      { bans: 2, until: 1_700_000 },
    ]);
  });

  it("names the first 64 held bans, and counts all", () => {
    const { receipts } = open();
    const cidr = parseCidr("2001:db8:ffff:ffff:ffff:ffff:ffff:0/112");
    const held = Array.from({ length: 100 }, () => ({
      cidr,
      held: "too-wide",
    }));
    const receipt = receipts.give(enforced({ held, heldTotal: 8_000 }));
    expect(receipt.held).toHaveLength(64);
    expect(receipt.heldTotal).toBe(8_000);
    expect(v.is(Receipt, receipt)).toBe(true);
  });

  it("of each feed's newest position is said again on a new link", () => {
    const { receipts } = open();
    receipts.give(enforced());
    const newest = receipts.give(enforced({ revision: 6 }));
    const said: FromAgent[] = [];
    receipts.sayTo({ wire: wire1, send: (message) => said.push(message) });
    expect(said).toEqual([
      expect.objectContaining({ signed: JSON.stringify(newest) }),
    ]);
  });

  it("may be left out while others follow, but never the newest", async () => {
    const { receipts, said, clock } = open();
    for (let n = 0; n < 1_000; n++) {
      receipts.give(enforced({ ...NOTHING_HELD, revision: n }));
      await clock.advance(1);
    }
    await clock.advance(50);
    const revisions = said.map((message) => revisionOf(message));
    expect(revisions.slice(0, 3)).toEqual([0, 49, 99]);
    expect(revisions.at(-1)).toBe(999);
    expect(revisions).toHaveLength(21);
  });

  it("that names held bans is said at once", () => {
    const { receipts, said } = open();
    for (const revision of [1, 2, 3]) receipts.give(enforced({ revision }));
    expect(said.map(revisionOf)).toEqual([1, 2, 3]);
  });

  it("of each feed is said when several come together", async () => {
    const { receipts, said, clock } = open();
    for (const feed of ["urgent", "reputation", "org/acme"] as const) {
      const outcome = enforced(NOTHING_HELD);
      const at = { ...outcome.position, feed };
      receipts.give({ ...outcome, position: at });
    }
    expect(said).toHaveLength(1);
    await clock.advance(50);
    expect(said).toHaveLength(3);
  });

  it("is said again when the host no longer enforces", () => {
    let mode: Mode = "enforce";
    const { receipts, said } = open(() => mode);
    receipts.give(enforced());
    mode = "observe";
    receipts.restate();
    expect(said.map(modeOf)).toEqual(["enforce", "observe"]);
    expect(said.map(revisionOf)).toEqual([5, 5]);
  });

  it("of what an earlier run recorded is dated by the ledger", () => {
    const { receipts, said } = open();
    receipts.recall(
      [
        {
          position: position(3, Buffer.alloc(32, 9)),
          revision: 5,
          banned: 2,
          observed: 1,
          lifted: 1,
          expired: 0,
          held: 4,
          recordedAt: 1_000,
        },
      ],
      1_002_500,
    );
    expect(said).toHaveLength(1);
    const { signed } = said[0] as FromAgent & { signed: string };
    expect(v.parse(Receipt, JSON.parse(signed))).toMatchObject({
      revision: 5,
      heldTotal: 4,
      held: [],
      receivedAt: 1_000_000,
      enforcedMs: 2_500,
    });
  });
});

function open(
  mode: () => Mode = () => "enforce",
  trials: ReceiptPorts["trials"] = () => [],
) {
  const said: FromAgent[] = [];
  const clock = new ManualClock();
  const receipts = new Receipts({
    trials,
    agent: "agent-1",
    backend: "dry-run",
    mode,
    deviceKey: keys.device,
    clock,
  });
  receipts.sayTo({ wire: wire1, send: (message) => said.push(message) });
  return { receipts, said, clock };
}

const NOTHING_HELD = { heldTotal: 0, held: [] };

const documentOf = (message: FromAgent) =>
  JSON.parse((message as { signed: string }).signed) as Receipt;

const revisionOf = (message: FromAgent) => documentOf(message).revision;

const modeOf = (message: FromAgent) => documentOf(message).mode;

const enforced = (recorded: Partial<Enforced["recorded"]> = {}): Enforced => ({
  kind: "enforced",
  position: position(3, Buffer.alloc(32, 9)),
  recorded: {
    revision: 5,
    banned: 2,
    observed: 1,
    lifted: 1,
    expired: 0,
    heldTotal: 1,
    held: [{ cidr: parseCidr("127.0.0.0/8"), held: "loopback" }],
    ...recorded,
  },
  receivedAt: NOW + 0.7,
  recordedMs: 1.5,
  enforcedMs: 2.5,
});
