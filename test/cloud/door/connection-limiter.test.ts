import { describe, expect, it } from "@jest/globals";
import { UPGRADE_RATES } from "../../../cloud/door/budgets.js";
import { ConnectionLimiter } from "../../../cloud/door/connection-limiter.js";
import { KnownPlaces, MOST_PLACES } from "../../../cloud/door/known-places.js";
import { networkOf, placeOf } from "../../../cloud/door/networks.js";

describe("the doorkeeper", () => {
  it("keeps one place from taking everybody's turn", () => {
    const { admit, tries } = doorOf();
    expect(tries(1_000, (i) => `2001:db8::${i}`)).toBe(200);
    expect(admit("203.0.113.7")).toBe(true);
  });

  it("lets no crowd of networks in beyond the rate of all", () => {
    const { tries } = doorOf();
    const crowd = (i: number) => `10.0.${i >> 8}.${i & 255}`;
    expect(tries(20_000, crowd)).toBe(400);
  });

  it("has a reserve for a place where an agent was welcomed", () => {
    const { admit, tries } = doorOf("203.0.113.7");
    tries(20_000, (i) => `10.${i >> 8}.${i & 255}.1`);
    expect(admit("198.51.100.1")).toBe(false);
    expect(tries(50, () => "203.0.113.7")).toBe(50);
  });

  it("keeps the neighbours of such a place from its reserve", () => {
    const { tries } = doorOf("203.0.113.7");
    tries(20_000, (i) => `203.0.113.${10 + (i % 200)}`);
    expect(tries(50, () => "203.0.113.7")).toBe(50);
  });

  it("counts an IPv6 /48 as one network, and an IPv4 /24", () => {
    const rates = { ...UPGRADE_RATES, ofEverybody: AMPLE };
    const { tries } = doorOf("", rates);
    const ofOne = (i: number) => `2001:db8:1:${i.toString(16)}::1`;
    expect(tries(65_536, ofOne)).toBe(400);
    expect(tries(20_000, (i) => `198.51.100.${i % 256}`)).toBe(400);
  });

  it("forgets nobody over a network of 65,536 places", () => {
    const rates = { ...UPGRADE_RATES, ofEverybody: AMPLE };
    const { admit, tries } = doorOf("", rates);
    expect(tries(300, () => "203.0.113.7")).toBe(200);
    tries(65_536, (i) => `2001:db8:1:${i.toString(16)}::1`);
    expect(admit("203.0.113.7")).toBe(false);
  });

  it("gets hold again as time goes on", () => {
    const { admit, tries, clock } = doorOf();
    tries(1_000, () => "203.0.113.7");
    expect(admit("203.0.113.7")).toBe(false);
    clock.now += 1_000;
    expect(tries(1_000, () => "203.0.113.7")).toBe(50);
  });
});

describe("known places", () => {
  it("are bounded; the one unheard of for longest is forgotten first", () => {
    const known = new KnownPlaces(["203.0.113.7", "203.0.113.8"]);
    known.remember("203.0.113.7");
    for (let i = 0; i < MOST_PLACES - 1; i++) {
      known.remember(`10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`);
    }
    expect(known.size).toBe(MOST_PLACES);
    expect(known.has("203.0.113.7")).toBe(true);
    expect(known.has("203.0.113.8")).toBe(false);
  });
});

describe("an address", () => {
  it.each([
    ["203.0.113.7", "203.0.113.7", "203.0.113"],
    ["::ffff:203.0.113.7", "203.0.113.7", "203.0.113"],
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2", "2001:db8:1"],
    ["2001:db8::1", "2001:db8:0:0", "2001:db8:0"],
    ["::1", "0:0:0:0", "0:0:0"],
    ["fe80::1%eth0", "fe80:0:0:0", "fe80:0:0"],
  ])("%s is of the place %s and the network %s", (address, place, network) => {
    expect(placeOf(address)).toBe(place);
    expect(networkOf(address)).toBe(network);
  });
});

const AMPLE = { perSecond: 1_000_000, burst: 1_000_000 };

function doorOf(welcomed = "", rates = UPGRADE_RATES) {
  const clock = { now: 0, monotonic: () => clock.now };
  const known = new KnownPlaces(welcomed === "" ? [] : [welcomed]);
  const doorkeeper = new ConnectionLimiter(rates, { clock, known });
  const admit = (address: string) => doorkeeper.admit(address);
  return {
    ...{ admit, clock },
    tries: (times: number, address: (i: number) => string): number =>
      Array.from({ length: times }, (_, i) => admit(address(i))).filter(Boolean)
        .length,
  };
}
