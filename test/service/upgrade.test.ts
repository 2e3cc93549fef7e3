import {
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { parseConfig } from "../../agent/config/config.js";
import { Ledger } from "../../agent/ledger/ledger.js";
import { takeOver } from "../../agent/ledger/take-over.js";
import { parseCidr } from "../../agent/model/cidr.js";
import type { StatusView } from "../../service/control/status-view.js";
import {
  makeKey,
  readIdentity,
  writeIdentity,
} from "../../service/identity/identity-store.js";
import { beforeOf, lackOf, type Before } from "../../service/upgrade/before.js";
import { keepFormer } from "../../service/upgrade/keep.js";
import { placesIn } from "../../service/upgrade/places.js";
import { settle } from "../../service/upgrade/settle.js";
import { Control } from "../support/agent/control.js";
import { ban, LedgerFolder, recordNext } from "../support/agent/ledger.js";
import { identityFor } from "../support/cloud/fake-cloud.js";
import { root2 } from "../support/cloud/siege.js";
import { fingerprintOf } from "../../agent/trust/root.js";

const BEFORE: Before = {
  ...{ version: "1.0.0", ledger: 7 },
  ...{ enforcing: true, cloudUp: true, proven: true },
};

describe("what an upgrade keeps", () => {
  let files: LedgerFolder;

  beforeEach(() => {
    files = new LedgerFolder();
    recordNext(files.open(), "urgent", [ban("192.0.2.1")]);
    const { id } = makeKey(files.folder);
    writeIdentity(files.folder, {
      ...identityFor("https://c.example"),
      key: id,
    });
  });
  afterEach(() => files[Symbol.dispose]());

  const stateDir = () => files.folder;
  const places = () => placesIn(files.folder);
  const config = () =>
    parseConfig(
      { stateDir: files.folder, enforce: { backend: "dry-run" } },
      "t",
    );
  const keep = (begins: boolean) =>
    keepFormer({
      ...{ stateDir: stateDir(), ledger: files.open(), before: BEFORE, begins },
    });
  const offset = () => {
    using ledger = Ledger.open(files.path);
    return ledger.position("urgent")?.offset;
  };

  it("is nothing to go back to until another program was tried", async () => {
    await keep(false);
    recordNext(files.open(), "urgent", [ban("192.0.2.2")]);
    files.close();
    expect(settle(config())).toEqual([]);
    expect(offset()).toBe(2);
  });

  it("is gone back to once, with what must not go back", async () => {
    await keep(true);
    recordNext(files.open(), "urgent", [ban("192.0.2.2")]);
    files.open().overrides.release({
      ...{ cidr: parseCidr("192.0.2.9"), since: 1, until: 9e9, reason: "ours" },
    });
    files.close();
    writeFileSync(join(stateDir(), "starts.json"), "{}");

    expect(settle(config())).toEqual([
      "the ledger is the one from before the upgrade; bans since then are fetched again, and stay in the kernel meanwhile",
    ]);
    expect(settle(config())).toEqual([]);

    expect(offset()).toBe(1);
    using ledger = Ledger.open(files.path);
    expect(ledger.overrides.releases(2)).toHaveLength(1);
    expect(existsSync(join(stateDir(), "starts.json"))).toBe(false);
  });

  it("comes to the same wherever it was cut off", async () => {
    const states = [
      () => undefined,
      () => takeOver(places().ledger, files.path, 1),
      () => {
        takeOver(places().ledger, files.path, 1);
        rmSync(`${files.path}-wal`, { force: true });
      },
      () => {
        settle(config());
        writeFileSync(places().tried, "");
      },
    ];
    for (const cutOff of states) {
      await keep(true);
      const before = files.open().position("urgent")?.offset ?? 0;
      recordNext(files.open(), "urgent", [ban("192.0.2.2")]);
      files.close();
      cutOff();
      settle(config());
      expect(offset()).toBe(before);
      expect(existsSync(places().tried)).toBe(false);
      recordNext(files.open(), "urgent", [ban("192.0.2.3")]);
    }
  });

  it("goes on with the ledger as it is where the copy cannot be used", async () => {
    await keep(true);
    files.close();
    writeFileSync(places().ledger, "no ledger");
    expect(settle(config())).toEqual([
      expect.stringMatching(/^the ledger stays as it is: .* is damaged/),
    ]);
    expect(offset()).toBe(1);
  });

  it("keeps an earlier copy until the next is whole, and leaves no pieces", async () => {
    await keep(false);
    writeFileSync(`${places().ledger}.new`, "half a copy");
    await keep(true);
    expect(readdirSync(places().folder).sort()).toEqual([
      ...["before.json", "identity.json", "ledger.db", "tried"],
    ]);
  });

  it("keeps root and key of an identity that a later version wrote", async () => {
    await keep(true);
    files.close();
    const { identity } = readIdentity(stateDir());
    const next = makeKey(stateDir());
    const path = join(stateDir(), "identity.json");
    const newer = {
      ...{ ...identity, version: 2, more: "words", key: next.id },
      ...{ root: root2, rootFingerprint: fingerprintOf(root2) },
    };
    writeFileSync(path, JSON.stringify(newer));

    expect(settle(config())).toContain(
      "the identity is in this version's words again",
    );
    expect(readIdentity(stateDir()).identity).toEqual({
      ...{ ...identity, key: next.id },
      ...{ root: root2, rootFingerprint: fingerprintOf(root2) },
    });
  });

  it("leaves an identity alone that it can read", async () => {
    await keep(true);
    files.close();
    const path = join(stateDir(), "identity.json");
    const text = readFileSync(path, "utf8");
    settle(config());
    expect(readFileSync(path, "utf8")).toBe(text);
  });
});

describe("whether the next program is healthy", () => {
  it("is by what was so before, and no more", async () => {
    await using control = await Control.start();
    const status = (await control.ask("/v1/status")) as StatusView;
    const before = beforeOf(status);
    const { version } = status;
    const lack = (other: Partial<Before>, now: Partial<StatusView> = {}) =>
      lackOf({ ...status, ...now }, { ...before, ...other }, version);

    expect(lack({ enforcing: false, cloudUp: false })).toBeUndefined();
    expect(lack({ cloudUp: true })).toMatch(/^the cloud is not heard any more/);
    expect(lack({ ledger: 1 })).toMatch(/began another/);
    expect(lack({ proven: true })).toMatch(/^no packet to a banned address/);
    expect(lack({}, { safeMode: true })).toMatch(/safe mode/);
    expect(lackOf(status, before, "9.9.9")).toMatch(/answers, not 9\.9\.9$/);
    expect(
      lack({ enforcing: true, cloudUp: false }, { enforcing: false }),
    ).toMatch(/^the kernel is not what the ledger says/);
  });
});
