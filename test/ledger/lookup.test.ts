import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import type { Ledger } from "../../agent/ledger/ledger.js";
import type { RecordedBan } from "../../agent/ledger/rows.js";
import { formatCidr, parseCidr } from "../../agent/model/cidr.js";
import { ban, LedgerFolder, NOW, recordNext } from "../support/agent/ledger.js";

describe("looking bans up", () => {
  let folder: LedgerFolder;
  let ledger: Ledger;

  beforeEach(() => {
    folder = new LedgerFolder();
    ledger = folder.open();
    recordNext(ledger, "urgent", [
      ban("192.0.2.0/24"),
      ban("192.0.2.1", 60, { reason: "case 7" }),
      ban("198.51.100.0/24"),
      ban("2001:db8::/32"),
    ]);
    recordNext(ledger, "reputation", [
      ban("192.0.2.1", 90),
      ban("192.0.0.0/16", 90, { held: "wide" }),
      ban("0.0.0.0/0", 90, { held: "wide" }),
      ban("192.0.2.2", 5),
    ]);
  });
  afterEach(() => folder[Symbol.dispose]());

  const on = (range: string, now = NOW) =>
    ledger.bansOn(parseCidr(range), now).map(told);

  it("finds every feed's bans on an address, the narrowest first", () => {
    expect(on("192.0.2.1")).toEqual([
      "reputation 192.0.2.1",
      "urgent 192.0.2.1",
      "urgent 192.0.2.0/24",
      "reputation 192.0.0.0/16 held by wide",
      "reputation 0.0.0.0/0 held by wide",
    ]);
    expect(on("2001:db8::1")).toEqual(["urgent 2001:db8::/32"]);
    expect(on("::1")).toEqual([]);
  });

  it("finds what covers a range, not what lies inside it", () => {
    expect(on("192.0.2.0/25")).toEqual([
      "urgent 192.0.2.0/24",
      "reputation 192.0.0.0/16 held by wide",
      "reputation 0.0.0.0/0 held by wide",
    ]);
  });

  it("tells all there is to a ban, and no more once it ran out", () => {
    const { cidr } = ban("192.0.2.1");
    expect(ledger.bansOn(cidr, NOW)[1]).toEqual({
      feed: "urgent",
      cidr,
      expiresAt: NOW + 60,
      reason: "case 7",
      held: undefined,
      observed: false,
      bySensor: false,
      recordedAt: NOW,
    });
    expect(on("192.0.2.1", NOW + 60)).not.toContain("urgent 192.0.2.1");
  });

  it("lists pages of all bans, feed by feed", () => {
    const pages: string[][] = [];
    let page: readonly RecordedBan[] = [];
    do {
      const after = page.at(-1);
      page = ledger.list({ limit: 3, ...(after && { after }) }, NOW);
      pages.push(page.map(told));
    } while (page.length === 3);
    expect(pages).toEqual([
      [
        "reputation 0.0.0.0/0 held by wide",
        "reputation 192.0.0.0/16 held by wide",
        "reputation 192.0.2.1",
      ],
      ["reputation 192.0.2.2", "urgent 2001:db8::/32", "urgent 192.0.2.0/24"],
      ["urgent 192.0.2.1", "urgent 198.51.100.0/24"],
    ]);
  });

  it("lists one feed's bans", () => {
    const list = ledger.list({ feed: "urgent", limit: 2 }, NOW);
    expect(list.map(told)).toEqual([
      "urgent 2001:db8::/32",
      "urgent 192.0.2.0/24",
    ]);
    expect(ledger.list({ feed: "local", limit: 2 }, NOW)).toEqual([]);
  });

  it("lists the held", () => {
    expect(ledger.held({ limit: 9 }, NOW).map(told)).toEqual([
      "reputation 0.0.0.0/0 held by wide",
      "reputation 192.0.0.0/16 held by wide",
    ]);
    const [first] = ledger.held({ limit: 1 }, NOW);
    const rest = ledger.held({ limit: 9, after: first! }, NOW);
    expect(rest.map(told)).toEqual(["reputation 192.0.0.0/16 held by wide"]);
    expect(ledger.held({ limit: 9 }, NOW + 90)).toEqual([]);
  });

  it("counts without looking", () => {
    expect(ledger.counts()).toEqual([
      { feed: "reputation", bans: 4, held: 2, observed: 0 },
      { feed: "urgent", bans: 4, held: 0, observed: 0 },
    ]);
  });
});

const told = ({ feed, cidr, held }: RecordedBan) =>
  `${feed} ${formatCidr(cidr)}${held === undefined ? "" : ` held by ${held}`}`;
