import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { publicKey } from "../../agent/trust/keys.js";
import { textBytes } from "../../agent/protocol/signed-text.js";
import { Statement } from "../../agent/protocol/statement.js";
import { parseJson } from "../../agent/protocol/shapes.js";
import { wire1, wire2, type FromAgent } from "../../agent/protocol/wire.js";
import { Spool } from "../../agent/spool/spool.js";
import type { SpooledItem } from "../../agent/spool/spooled-item.js";
import type { Session } from "../../agent/uplink/uplink.js";
import { listenerOf } from "../../agent/walks/follow/telemetry-listener.js";
import { keys, NOW } from "../support/vectors.js";

const statement = (range: string): SpooledItem => ({
  kind: "statement",
  document: {
    ...{ what: "release-ended", agent: "agent-1", time: NOW },
    ...{ mode: "enforce", range },
  },
});

const dropped: SpooledItem = {
  ...{ kind: "dropped", time: NOW, items: 1, reason: "spool-full" },
};

describe("a statement in the spool", () => {
  let folder: string;
  let spool: Spool;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "tourniquet-"));
    spool = Spool.open(join(folder, "spool.db"));
  });
  afterEach(() => {
    spool[Symbol.dispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  it("is signed by the device's key of the day when it is sent", () => {
    spool.append([statement("203.0.113.7")], NOW);
    for (const key of [keys.device, keys.nextDevice]) {
      const said: FromAgent[] = [];
      const listener = listenerOf(sessionFor(said), key);
      listener.send(spool.next(listener.statements)!);
      const [message] = said;
      if (message?.type !== "telemetry") throw new Error("no telemetry");
      const [item] = message.items;
      if (item?.kind !== "statement") throw new Error("no statement");
      const bytes = textBytes("statement", item.signed, 2);
      const signature = Buffer.from(item.signature, "base64url");
      expect(publicKey(key.publicKey).verify(bytes, signature)).toBe(true);
      expect(parseJson(Statement, item.signed, "statement")).toMatchObject({
        range: "203.0.113.7",
      });
      const text = wire2.write(message);
      expect(wire2.fromAgent(text)).toEqual(message);
    }
  });

  it("never goes to a cloud of version 1, and its number is left out", () => {
    const items = [statement("203.0.113.7"), dropped, statement("203.0.113.8")];
    spool.append([...items, dropped], NOW);
    const first = spool.next(false)!;
    expect(first).toMatchObject({ first: 2, items: [{ kind: "dropped" }] });
    const text = wire1.write(first as FromAgent);
    expect(wire1.fromAgent(text)).toMatchObject({ first: 2 });
    spool.markSent(first);
    spool.acknowledge(spool.id, 2);
    expect(spool.next(false)).toMatchObject({ first: 4 });
    expect(spool.next(true)).toMatchObject({
      first: 3,
      items: [{ kind: "statement" }, { kind: "dropped" }],
    });
  });

  it("alone leaves nothing to send to a cloud of version 1", () => {
    spool.append([statement("203.0.113.7")], NOW);
    expect(spool.next(false)).toBeUndefined();
    expect([spool.hasUrgent(false), spool.hasUrgent(true)]).toEqual([
      false,
      true,
    ]);
  });
});

function sessionFor(said: FromAgent[]): Session {
  return {
    ...{ wire: wire2, capabilities: new Set(["statements"]) },
    ...{ nonce: "", remoteAddress: "", elsewhere: undefined },
    ended: new AbortController().signal,
    welcome: { type: "welcome" } as Session["welcome"],
    send: (message) => void said.push(message),
  };
}
