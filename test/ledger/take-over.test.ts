import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { writeFileSync } from "node:fs";
import Sqlite from "better-sqlite3";
import { Ledger } from "../../agent/ledger/ledger.js";
import { takeOver } from "../../agent/ledger/take-over.js";
import { parseCidr } from "../../agent/model/cidr.js";
import {
  ban,
  LedgerFolder,
  NOW,
  recordNext,
  rulesetOf,
} from "../support/agent/ledger.js";

describe("going back to an earlier copy of the ledger", () => {
  let folder: LedgerFolder;
  let copy: string;

  beforeEach(() => {
    folder = new LedgerFolder();
    copy = join(folder.folder, "copy.db");
  });
  afterEach(() => folder[Symbol.dispose]());

  /** Copies the ledger, lets `change` go on with it, and goes back. */
  async function goBack(change: (ledger: Ledger) => void) {
    const ledger = folder.open();
    await ledger.copyTo(copy);
    change(ledger);
    folder.close();
    return takeOver(copy, folder.path, NOW);
  }

  const own = (range: string, expiresAt = NOW + 900) => ({
    ...{ cidr: parseCidr(range), expiresAt, reason: "own" },
    observed: false,
  });
  const release = (range: string) => ({
    ...{ cidr: parseCidr(range), since: NOW, until: NOW + 600 },
    reason: "ours",
  });
  const released = (ledger: Ledger) =>
    ledger.overrides.releases(NOW).map(({ cidr }) => cidr);

  it("lets the kernel be made equal at once where feeds stand where they stood", async () => {
    recordNext(folder.open(), "urgent", [ban("192.0.2.1")]);
    const { id } = folder.open();
    const came = await goBack((ledger) => ledger.setMode("observe"));

    expect(came).toEqual({ complete: true, unread: [] });
    using ledger = Ledger.open(copy);
    expect(ledger.id).toBe(id);
    expect(ledger.mode()).toBe("observe");
    expect(rulesetOf(ledger)).toEqual(["192.0.2.1 3600"]);
    const [first] = ledger.changesSince(1, 10, () => NOW);
    expect(first).toBe("rebuild");
  });

  it("is another ledger where bans are to be fetched again", async () => {
    recordNext(folder.open(), "urgent", [ban("192.0.2.1")]);
    const { id } = folder.open();
    const came = await goBack((ledger) =>
      recordNext(ledger, "urgent", [ban("192.0.2.2")]),
    );

    expect(came.complete).toBe(false);
    using ledger = Ledger.open(copy);
    expect(ledger.id).not.toBe(id);
    expect(ledger.position("urgent")?.offset).toBe(1);
    expect(rulesetOf(ledger)).toEqual(["192.0.2.1 3600"]);
  });

  it("keeps approvals, of each feed the newer", async () => {
    const approval = (version: number, signed: string) =>
      ({ feed: "urgent", version, signed }) as const;
    folder.open().keepApproval(approval(1, "old"));
    await goBack((ledger) => {
      ledger.keepApproval(approval(2, "new"));
      ledger.keepApproval({ ...approval(1, "first"), feed: "reputation" });
    });
    using ledger = Ledger.open(copy);
    expect(
      ledger
        .approvals()
        .map(({ signed }) => signed)
        .sort(),
    ).toEqual([...["first", "new"]]);
  });

  it("keeps the operator's releases, and does not bring back those that ended", async () => {
    folder.open().overrides.release(release("192.0.2.8"));
    await goBack((ledger) => {
      ledger.overrides.endRelease(parseCidr("192.0.2.8"));
      ledger.overrides.release(release("192.0.2.9"));
      ledger.overrides.note({ at: NOW, who: "root", what: "release" })("done");
    });
    using ledger = Ledger.open(copy);
    expect(released(ledger)).toEqual([parseCidr("192.0.2.9")]);
    expect(ledger.overrides.orders(9)).toHaveLength(1);
  });

  it("keeps the host's own bans, and what was lifted of them", async () => {
    folder.open().recordLocal([own("192.0.2.20"), own("192.0.2.21")], NOW);
    await goBack((ledger) =>
      ledger.recordLocal(
        [
          { op: "lift", cidr: parseCidr("192.0.2.20") },
          own("192.0.2.21", NOW + 1800),
          own("192.0.2.22"),
        ],
        NOW,
      ),
    );
    using ledger = Ledger.open(copy);
    expect(rulesetOf(ledger)).toEqual(["192.0.2.21 1800", "192.0.2.22 900"]);
  });

  it("holds what was rolled back since", async () => {
    const ledger = folder.open();
    recordNext(ledger, "urgent", [ban("192.0.2.1")]);
    recordNext(ledger, "urgent", [ban("192.0.2.2")]);
    await goBack((later) =>
      later.overrides.rollBack({
        ...{ revision: 1, now: NOW, until: NOW + 600 },
        guardedBy: () => undefined,
      }),
    );
    using back = Ledger.open(copy);
    expect(rulesetOf(back)).toEqual(["192.0.2.1 3600"]);
    expect(back.counts()).toMatchObject([{ bans: 2, held: 1 }]);
  });

  it("reads what it knows of a later version's ledger", async () => {
    folder.open().overrides.release(release("192.0.2.8"));
    await folder.open().copyTo(copy);
    folder.open().overrides.release(release("192.0.2.9"));
    folder.close();
    const sqlite = new Sqlite(folder.path);
    sqlite.exec(
      `ALTER TABLE releases ADD COLUMN more TEXT; DROP TABLE orders;
       PRAGMA user_version = 99`,
    );
    sqlite.close();
    expect(takeOver(copy, folder.path, NOW).unread).toEqual(["orders"]);
    using ledger = Ledger.open(copy);
    expect(released(ledger)).toHaveLength(2);
  });

  it("takes away nothing for a ledger that was begun anew, or is none", async () => {
    folder.open().overrides.release(release("192.0.2.8"));
    await folder.open().copyTo(copy);
    folder.close();
    using other = new LedgerFolder();
    other.open().overrides.release(release("192.0.2.9"));
    other.close();
    expect(takeOver(copy, other.path, NOW).complete).toBe(false);
    writeFileSync(folder.path, "no ledger at all");
    expect(takeOver(copy, folder.path, NOW).unread).toContain("releases");
    using ledger = Ledger.open(copy);
    expect(released(ledger)).toHaveLength(2);
  });

  it("may be done again", async () => {
    recordNext(folder.open(), "urgent", [ban("192.0.2.1")]);
    await goBack((ledger) => {
      recordNext(ledger, "urgent", [ban("192.0.2.2")]);
      ledger.recordLocal([own("192.0.2.22")], NOW);
    });
    takeOver(copy, folder.path, NOW);
    using ledger = Ledger.open(copy);
    expect(rulesetOf(ledger)).toEqual(["192.0.2.1 3600", "192.0.2.22 900"]);
  });
});
