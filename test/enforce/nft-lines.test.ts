import { readFileSync, readdirSync } from "node:fs";
import { expect, it } from "@jest/globals";
import { rulesOf } from "../../agent/enforce/nftables/rules/rules.js";
import { nftText } from "../support/kernel/nft-text.js";

it("every nft line above a builder of rules is what nft prints of one", () => {
  const lengths = { 4: new Set([32, 24, 23]), 6: new Set([64]) };
  const rules = (egress: "drop" | "reject") =>
    rulesOf(
      {
        generation: "a",
        lengths: { ban: lengths, watch: { 4: new Set([32]), 6: new Set() } },
      },
      {
        posture: { mode: "enforce", egress },
        fib: true,
        log: true,
        limit: true,
      },
    );
  const printed = [rules("drop"), rules("reject")]
    .flatMap((each) => [...each.values()].flat())
    .map(nftText)
    .join("\n");
  const untrue = nftLines().filter((line) => !printed.includes(line));
  // What is no rule, or is a part that nft prints in another place.
  expect(untrue).toEqual([
    "type filter hook prerouting priority raw - 10; policy accept;",
    "type filter hook postrouting priority raw - 10; policy accept;",
    "type filter hook output priority -90; policy accept;",
    "meta nfproto ipv4",
    expect.stringMatching(/^add chain/),
    expect.stringMatching(/^add chain/),
    "fib daddr type local",
  ]);
});

/** What follows `// nft:` in the builders, a line and those that continue it. */
function nftLines(): string[] {
  return readdirSync(RULES).flatMap((file) => {
    const source = readFileSync(new URL(file, RULES), "utf8");
    const found = source.matchAll(/\/\/ nft: (.*(?:\n\s*\/\/ {6}.*)*)/g);
    return Array.from(found, ([, text = ""]) =>
      text.replaceAll(/\n\s*\/\/ +/g, " "),
    );
  });
}

const RULES = new URL(
  "../../../agent/enforce/nftables/rules/",
  import.meta.url,
);
