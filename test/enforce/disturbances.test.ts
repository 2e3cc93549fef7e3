import { describe, expect, it } from "@jest/globals";
import { both, MOST_RANGES, tell } from "../../agent/enforce/disturbance.js";
import {
  Disturbances,
  type Found,
} from "../../agent/enforce/nftables/disturbances.js";
import {
  writeElements,
  writeKey,
} from "../../agent/enforce/nftables/sets/elements.js";
import { TABLE } from "../../agent/enforce/nftables/sets/layout.js";
import { formatCidr, parseCidr } from "../../agent/model/cidr.js";
import { nfgenmsg } from "../../agent/netlink/batch.js";
import type { Message } from "../../agent/netlink/message.js";
import {
  NFNL_SUBSYS_NFTABLES,
  NFPROTO_IPV4,
  NFTA_GEN,
  NFT_MSG,
} from "../../agent/netlink/nftables/constants.js";
import {
  addChain,
  deleteSet,
  deleteTable,
} from "../../agent/netlink/nftables/messages.js";
import type { Fill } from "../../agent/netlink/socket.js";
import { written } from "../support/kernel/netlink.js";

const OURS = 0;
const THEIRS = 77;

/** What the kernel would tell of a change, up to who made it. */
function news(fill: Fill, port = THEIRS): Message[] {
  const end = (NFNL_SUBSYS_NFTABLES << 8) | NFT_MSG.NEWGEN;
  return written((w) => {
    fill(w);
    w.message({ type: end, flags: 0 }, () => {
      w.raw(nfgenmsg(0));
      w.u32(NFTA_GEN.ID, 5);
      w.u32(NFTA_GEN.PROC_PID, 4711);
      w.text(NFTA_GEN.PROC_NAME, "nftd");
    });
  }).map((message) => ({ ...message, port }));
}

function heard(...datagrams: Message[][]): Found[] {
  const found: Found[] = [];
  const disturbances = new Disturbances(
    (port) => port === OURS,
    (each) => found.push(each),
  );
  for (const datagram of datagrams) disturbances.hear(datagram);
  return found;
}

const remove =
  (set: string, ...keys: string[]): Fill =>
  (w) =>
    writeElements(w, { verb: "delete", set }, keys.map(parseCidr), (key) =>
      writeKey(w, key.address),
    );

describe("the kernel's news", () => {
  it("names the bans that were removed, and by whom", () => {
    const datagram = news((w) => {
      remove("ban4_32_a", "203.0.113.1", "203.0.113.2")(w);
      remove("watch6_48_b", "2001:db8:7::")(w);
    });
    const [{ disturbance } = never()] = heard(datagram);
    expect(disturbance).toMatchObject({ depth: "entries" });
    expect(disturbance.ranges.map(formatCidr)).toEqual([
      ...["203.0.113.1", "203.0.113.2", "2001:db8:7::/48"],
    ]);
    expect(tell(disturbance)).toBe("nftd (pid 4711) removed bans (3)");
  });

  it("is passed over where it is our own, or of another table", () => {
    expect(heard(news(remove("ban4_32_a", "203.0.113.1"), OURS))).toEqual([]);
    const others = [
      { ...TABLE, name: "tourniquets" },
      { ...TABLE, family: NFPROTO_IPV4 },
    ];
    for (const table of others) {
      expect(heard(news((w) => addChain(w, table, "c")))).toEqual([]);
    }
  });

  it("counts more bans than one batch puts right as all of them", () => {
    const many = Array.from(
      { length: MOST_RANGES + 1 },
      (_, i) => `11.0.${i >> 8}.${i & 255}`,
    );
    const [{ disturbance } = never()] = heard(
      news(remove("ban4_32_a", ...many)),
    );
    expect(disturbance).toMatchObject({ depth: "bans", ranges: [] });
  });

  it("counts a set of bans that is gone, and the table, as all of them", () => {
    const set = news((w) => deleteSet(w, TABLE, "ban4_24_a"));
    expect(heard(set)[0]?.disturbance.depth).toBe("bans");
    const table = news((w) => {
      for (let i = 0; i < 200; i++) deleteSet(w, TABLE, `s${i}`);
      deleteTable(w, TABLE);
    });
    expect(heard(table)[0]?.disturbance).toMatchObject({
      ...{ depth: "bans", what: "removed the table" },
    });
  });

  it("takes counters for nobody's business, and all else for the rules'", () => {
    expect(heard(news(remove("remotes_in4", "203.0.113.1")))).toEqual([]);
    const [found = never()] = heard(news(remove("area4_a", "198.18.0.0")));
    expect(found.disturbance).toMatchObject({ depth: "rules", ranges: [] });
    expect(found.areas).toHaveLength(1);
    const chains = news((w) => {
      for (let i = 0; i < 200; i++) addChain(w, TABLE, `c${i}`);
    });
    const [{ disturbance } = never()] = heard(chains);
    expect(disturbance.what).toBe(
      "added chains of c0, added chains of c1, added chains of c2, added chains of c3, and more",
    );
  });

  it("tells nothing of a change whose end was lost", () => {
    const found: Found[] = [];
    const disturbances = new Disturbances(
      () => false,
      (each) => found.push(each),
    );
    disturbances.hear(news(remove("ban4_32_a", "203.0.113.1")).slice(0, -1));
    disturbances.forget();
    disturbances.hear(news(() => undefined));
    expect(found).toEqual([]);
  });
});

describe("two disturbances", () => {
  it("are one that is as deep as the deeper, and as wide as both", () => {
    const a = { depth: "entries", ranges: [parseCidr("203.0.113.1")] } as const;
    const b = { depth: "rules", ranges: [parseCidr("203.0.113.2")] } as const;
    expect(both(a, b)).toEqual({
      depth: "rules",
      ranges: [...a.ranges, ...b.ranges],
    });
    const many = Array<(typeof a.ranges)[0]>(MOST_RANGES).fill(a.ranges[0]);
    expect(both({ depth: "entries", ranges: many }, a)).toEqual({
      ...{ depth: "bans", ranges: [] },
    });
  });
});

function never(): never {
  throw new Error("nothing was found");
}
