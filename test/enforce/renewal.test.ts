import { describe, expect, it } from "@jest/globals";
import { DEFAULT_POSTURE } from "../../agent/enforce/enforcer.js";
import { planOf, writeChange } from "../../agent/enforce/nftables/change.js";
import {
  addBans,
  deleteBans,
} from "../../agent/enforce/nftables/sets/elements.js";
import { noLengths } from "../../agent/enforce/nftables/sets/layout.js";
import { parseCidr } from "../../agent/model/cidr.js";
import { written } from "../support/kernel/netlink.js";

describe("a ban that the kernel holds already", () => {
  it("is deleted and added in one batch, since kernels before 6.12 renew no timeout", () => {
    const cidr = parseCidr("192.0.2.1");
    const entry = { cidr, expiresAt: 90, observed: false };
    const lengths = noLengths();
    lengths.ban[4].add(32);
    const change = { revision: 2, put: [entry], remove: [] };
    const plan = planOf(change, { generation: "a", lengths }, 0);
    const label = { ledger: 1, revision: 2, posture: DEFAULT_POSTURE };
    const batch = written((w) =>
      writeChange(w, plan, label, { fib: true, log: true, limit: true }),
    );
    const group = { kind: "ban", family: 4, prefix: 32 } as const;
    const renewal = written((w) => {
      // Adding what may be absent first, as deleting it would fail the batch.
      deleteBans(w, { ...group, members: [{ cidr }] }, "a");
      addBans(w, { ...group, members: [entry] }, "a", 0);
    });
    const told = batch.map(({ type, payload }) => [
      type,
      payload.toString("hex"),
    ]);
    const wanted = renewal.map(({ type, payload }) => [
      type,
      payload.toString("hex"),
    ]);
    expect(wanted.length).toBeGreaterThanOrEqual(3);
    expect(told.slice(0, wanted.length)).toEqual(wanted);
  });
});
