import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { parseCidr } from "../../../agent/model/cidr.js";
import { BadNeverList, NeverList } from "../../../cloud/decide/never.js";
import { temporaryFolder } from "../../support/cloud/cloud.js";

describe("what no rule may ban", () => {
  it.each([
    ...["10.1.2.3", "127.0.0.1", "169.254.1.1", "172.31.255.255"],
    ...["192.168.0.1", "100.64.0.1", "0.0.0.1", "224.0.0.1", "255.255.255.255"],
    ...["198.18.0.1", "::/64", "fe80::/64", "fd00::/64", "ff02::/64"],
    ...["2002:c000:204::/64", "2001:0:1:2::/64", "64:ff9b::/64"],
  ])("has %s", (range) => {
    const never = new NeverList("/nonexistent");
    expect(never.exempts(parseCidr(range))).toBe("special");
  });

  it.each([
    "8.8.8.8",
    "172.32.0.1",
    "203.0.113.7",
    "2001:db8::/64",
    "2a00::/64",
  ])("does not have %s", (range) => {
    const never = new NeverList("/nonexistent");
    expect(never.exempts(parseCidr(range))).toBeUndefined();
  });

  it("has what the operator lists, from the moment the file says so", () => {
    using folder = temporaryFolder();
    const path = join(folder.path, "never-ban.txt");
    const never = new NeverList(path);
    const range = parseCidr("203.0.113.7");
    expect(never.exempts(range)).toBeUndefined();
    writeFileSync(path, "# ours\n203.0.113.0/24 # the office\n\n");
    expect(never.exempts(range)).toBe("never-list");
    writeFileSync(path, "2001:db8:0:1::1\n");
    expect(never.exempts(range)).toBeUndefined();
    expect(never.exempts(parseCidr("2001:db8:0:1::/64"))).toBe("never-list");
    rmSync(path);
    expect(never.exempts(range)).toBeUndefined();
  });

  it("is everything while the file cannot be understood", () => {
    using folder = temporaryFolder();
    const path = join(folder.path, "never-ban.txt");
    writeFileSync(path, "203.0.113.0/24\nthe office\n");
    const never = new NeverList(path);
    const ask = () => never.exempts(parseCidr("8.8.8.8"));
    expect(ask).toThrow(BadNeverList);
    expect(ask).toThrow(`${path}, line 2: "the office" is not an IP address`);
  });
});
