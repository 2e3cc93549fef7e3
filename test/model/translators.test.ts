import { describe, expect, it, test } from "@jest/globals";
import fc from "fast-check";
import { formatCidr, parseCidr } from "../../agent/model/cidr.js";
import {
  embeddedIn,
  isAround,
  isTranslated,
  through,
  translatorProblem,
} from "../../agent/model/translators.js";

const cidrs = (...texts: string[]) => texts.map(parseCidr);
const text = (cidr: ReturnType<typeof embeddedIn>) => cidr && formatCidr(cidr);

describe("an IPv4 address in a translator's prefix", () => {
  // RFC 6052 §2.4, table 2
  const table = [
    ["2001:db8::/32", "2001:db8:c000:221::"],
    ["2001:db8:100::/40", "2001:db8:1c0:2:21::"],
    ["2001:db8:122::/48", "2001:db8:122:c000:2:2100::"],
    ["2001:db8:122:300::/56", "2001:db8:122:3c0:0:221::"],
    ["2001:db8:122:344::/64", "2001:db8:122:344:c0:2:2100::"],
    ["2001:db8:122:344::/96", "2001:db8:122:344::c000:221"],
  ] as const;

  test.each(table)("of %s is read from %s", (prefix, address) => {
    const [translator] = cidrs(prefix);
    expect(text(embeddedIn(parseCidr(address), [translator!]))).toBe(
      "192.0.2.33",
    );
    const { address: bytes } = through(translator!, parseCidr("192.0.2.33"));
    expect(Buffer.from(bytes)).toEqual(Buffer.from(parseCidr(address).address));
  });

  it("is the same again there and back, for every range", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...table.map(([prefix]) => parseCidr(prefix))),
        fc.integer({ min: 0, max: 32 }),
        fc.uint8Array({ minLength: 4, maxLength: 4 }),
        (translator, prefix, bytes) => {
          const number = Buffer.from(bytes).readUInt32BE();
          const masked =
            prefix === 0 ? 0 : (number & (-1 << (32 - prefix))) >>> 0;
          const address = new Uint8Array(4);
          Buffer.from(address.buffer).writeUInt32BE(masked);
          const range = { family: 4, address, prefix } as const;
          const shown = through(translator, range);
          expect(parseCidr(formatCidr(shown))).toEqual(shown);
          expect(embeddedIn(shown, [translator])).toEqual(range);
        },
      ),
    );
  });

  it("is none elsewhere, and none alone in what is wider", () => {
    const known = cidrs("2001:db8:46:64::/96");
    expect(embeddedIn(parseCidr("2001:db8:46:65::1"), known)).toBeUndefined();
    expect(embeddedIn(parseCidr("2001:db8:46:64::/64"), known)).toBeUndefined();
    expect(isAround(parseCidr("2001:db8:46:64::/64"), known)).toBe(true);
    expect(isAround(parseCidr("2001:db8:46:64::/96"), known)).toBe(false);
    expect(isTranslated(parseCidr("64:ff9b::1"), [])).toBe(true);
    expect(isTranslated(parseCidr("64:ff9b:1:7::1"), [])).toBe(true);
    expect(isTranslated(parseCidr("64:ff9b:2::1"), [])).toBe(false);
  });

  it("needs prefixes that can be told apart", () => {
    expect(translatorProblem(cidrs("2001:db8:1::/96", "2001:db8::/96"))).toBe(
      undefined,
    );
    for (const wrong of [["2001:db8::/95"], ["10.0.0.0/32"], ["2001:db8::1"]]) {
      expect(translatorProblem(cidrs(...wrong))).toMatch(
        /^must be IPv6, of 32/,
      );
    }
    const twice = cidrs("2001:db8::/32", "2001:db8:46::/96");
    for (const wrong of [twice, cidrs("64:ff9b::/64")]) {
      expect(translatorProblem(wrong)).toMatch(/^must not overlap/);
    }
  });
});
