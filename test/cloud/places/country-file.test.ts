import { renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import type { Logger } from "../../../agent/log/logger.js";
import { silentLogger } from "../../../agent/log/logger.js";
import { parseListedCidr } from "../../../agent/model/cidr.js";
import { CountryFile } from "../../../cloud/places/country-file.js";
import { BadCountryFile, readCountries } from "../../../cloud/places/mmdb.js";
import { eventually, temporaryFolder } from "../../support/cloud/cloud.js";
import { mmdbOf, type Making } from "../../support/cloud/mmdb.js";

const countryOf = (code: string) => ({ country: { iso_code: code } });

const WORLD = [
  ["192.0.2.0/24", countryOf("NL")],
  ["203.0.113.0/25", countryOf("DE")],
  ["203.0.113.128/25", { registered_country: { iso_code: "FR" } }],
  ["198.51.100.0/24", { country: "US" }],
  ["198.51.101.0/24", { country_code: "CA" }],
  ["198.51.102.0/24", { country: { iso_code: "<b>" } }],
  ["198.51.103.0/24", { continent: { code: "EU" } }],
  ["2001:db8::/32", countryOf("SE")],
] as const;

const world = (making?: Making, networks: typeof WORLD | [] = WORLD): Buffer =>
  mmdbOf(
    networks.map(([range, said]) => [parseListedCidr(range), said] as const),
    making,
  );

describe("a database of countries", () => {
  const { of, built } = readCountries(world());

  it.each([
    ["192.0.2.1", "NL"],
    ["203.0.113.127", "DE"],
    ["203.0.113.128", "FR"],
    ["203.0.113.0/24", "DE"],
    ["198.51.100.9", "US"],
    ["198.51.101.9", "CA"],
    ["198.51.102.9", null],
    ["198.51.103.9", null],
    ["198.51.104.9", null],
    ["2001:db8:1:2::/64", "SE"],
    ["2001:db9::1", null],
    ["::1", null],
  ])("says of %s: %s", (range, code) => {
    expect(of(parseListedCidr(range))).toBe(code);
  });

  it("says when it was made", () => {
    expect(built).toBe(1_700_000_000_000);
  });

  it("of IPv4 alone says nothing of IPv6", () => {
    const networks = WORLD.filter(([range]) => !range.includes(":"));
    const bytes = mmdbOf(
      networks.map(([range, said]) => [parseListedCidr(range), said]),
      { ipVersion: 4 },
    );
    const { of: find } = readCountries(bytes);
    expect(find(parseListedCidr("192.0.2.1"))).toBe("NL");
    expect(find(parseListedCidr("c000:201::"))).toBeNull();
  });

  it.each([
    ["nothing", Buffer.alloc(0)],
    ["a text", Buffer.from("start,end,country\n".repeat(10_000))],
    ["one that was cut off", world().subarray(0, 200)],
    ["one that lacks its beginning", world().subarray(1_000)],
    ["its mark alone", Buffer.from("\xab\xcd\xefMaxMind.com", "latin1")],
  ])("is not: %s", (_, bytes) => {
    expect(() => readCountries(bytes)).toThrow(BadCountryFile);
  });

  it("never fails over damage otherwise than by saying so", () => {
    const whole = world();
    for (let at = 0; at < whole.length; at += 7) {
      const bytes = Buffer.from(whole);
      bytes[at] = bytes[at]! ^ 0xff;
      try {
        readCountries(bytes);
      } catch (error) {
        expect([at, error]).toEqual([at, expect.any(BadCountryFile)]);
      }
    }
  });
});

describe("the file that says countries", () => {
  it("is read again as it changes, and of no use while it is broken", async () => {
    using folder = temporaryFolder();
    const path = join(folder.path, "countries.mmdb");
    const put = (bytes: Buffer) => {
      writeFileSync(`${path}.new`, bytes);
      renameSync(`${path}.new`, path);
    };
    put(world());
    const { clock, look } = heldTicks();
    const { log, said } = recordingLog();
    using countries = new CountryFile(path, { clock, log });
    const address = parseListedCidr("192.0.2.1");
    expect(countries.of(address)).toBe("NL");
    expect(countries.source()).toEqual({
      ...{ file: "countries.mmdb", built: 1_700_000_000_000 },
    });
    const shows = async (code: string | null, trouble: unknown) => {
      look();
      await eventually(() =>
        countries.of(address) === code ? true : undefined,
      );
      expect(countries.trouble()).toEqual(trouble);
    };

    put(Buffer.from("no such thing"));
    await shows(null, "it is no MaxMind DB (.mmdb), or was cut off");
    expect(countries.source()).toBeNull();
    expect(said.at(-1)).toMatch(/^error: no country is known/);

    put(world({ built: 1_800_000_000 }));
    await shows("NL", null);
    expect(countries.source()?.built).toBe(1_800_000_000_000);

    rmSync(path);
    await shows(null, expect.stringContaining("no such file"));
  });

  it("may be missing at first", () => {
    using folder = temporaryFolder();
    const path = join(folder.path, "countries.mmdb");
    const { clock } = heldTicks();
    using countries = new CountryFile(path, { clock, log: silentLogger });
    expect(countries.of(parseListedCidr("192.0.2.1"))).toBeNull();
    expect(countries.trouble()).toContain("no such file");
  });
});

/** A clock whose ticks the test makes. */
function heldTicks() {
  const ticks: (() => void)[] = [];
  return {
    clock: {
      every: (_: number, tick: () => void): Disposable => {
        ticks.push(tick);
        return { [Symbol.dispose]: () => undefined };
      },
    },
    look: () => {
      for (const tick of ticks) tick();
    },
  };
}

function recordingLog() {
  const said: string[] = [];
  const say = (level: string) => (what: string) => {
    said.push(`${level}: ${what}`);
  };
  const log: Logger = {
    ...silentLogger,
    error: say("error"),
    info: say("info"),
  };
  return { log, said };
}
