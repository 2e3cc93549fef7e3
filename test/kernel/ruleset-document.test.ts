import { readFileSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, expect, it } from "@jest/globals";
import type { Enforcer } from "../../agent/enforce/enforcer.js";
import { openNftables } from "../../agent/enforce/nftables/open.js";
import { parseCidr } from "../../agent/model/cidr.js";
import { systemBanClock } from "../../agent/runtime/clock.js";
import { sh } from "../../scripts/lab/namespace.js";
import { lasting, observed, slices } from "../support/agent/entries.js";
import { describeInNamespace } from "../support/kernel/namespace.js";
import { documented, listed, renewed } from "../support/kernel/nft-document.js";

/** What the document says that it shows. */
const BANS = [
  ...lasting(3_600, "192.0.2.1", "198.51.100.0/24", "100.64.7.0/24"),
  ...lasting(3_600, "2001:db8:bad:1::/64"),
  ...observed(3_600, "203.0.113.9"),
];
const PROTECTED = ["100.64.7.16/28"].map(parseCidr);
const LABEL = { ledger: 0x5eed_1e55, revision: 42 };

describeInNamespace("docs/ruleset.md", () => {
  let enforcer: Enforcer;
  let kernels: ReadonlyMap<string, string>;

  beforeAll(async () => {
    enforcer = await openNftables(systemBanClock);
    await enforcer.protect(PROTECTED);
    await enforcer.rebuild(LABEL, slices(BANS));
    kernels = listed(await sh("nft list table inet tourniquet"));
    if (process.env["TOURNIQUET_WRITE"] !== "1") return;
    writeFileSync(DOCUMENT, renewed(readFileSync(DOCUMENT, "utf8"), kernels));
  });
  afterAll(async () => {
    await enforcer.cleanUp();
    await enforcer[Symbol.asyncDispose]();
  });

  it("shows every set, counter and chain as nft lists it", () => {
    const shown = documented(readFileSync(DOCUMENT, "utf8"));
    const names = [...new Set([...shown.keys(), ...kernels.keys()])];
    const other = names.filter((each) => shown.get(each) !== kernels.get(each));
    if (other.length > 0) throw new Error(howToRenew(other));
    expect(shown).toEqual(kernels);
  });

  it("keeps to 120 columns", () => {
    const lines = readFileSync(DOCUMENT, "utf8").split("\n");
    expect(lines.filter(({ length }) => length > 120)).toEqual([]);
  });
});

const howToRenew = (items: readonly string[]) =>
  `docs/ruleset.md is not what the kernel has: ${items.join(", ")}. ` +
  "TOURNIQUET_WRITE=1 npm run test:kernel -- 'kernel/ruleset-document' " +
  "renews its blocks; read then whether what stands around them is still true.";

const DOCUMENT = new URL("../../../docs/ruleset.md", import.meta.url);
