import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { formatCidr } from "../../../agent/model/cidr.js";
import { OutgoingRefused } from "../../../cloud/outgoing/errors.js";
import { targetOf } from "../../../cloud/outgoing/target.js";

/** A number as some parser of addresses reads it. */
const written = (value: number) =>
  fc.constantFrom(
    String(value),
    `0x${value.toString(16)}`,
    `0X${value.toString(16).toUpperCase()}`,
    `0${value.toString(8)}`,
    `00${value.toString(8)}`,
  );

/** An IPv4 address in one to four parts, the last of which has the rest. */
const spelledIpv4 = fc
  .tuple(fc.nat({ max: 0xffff_ffff }), fc.integer({ min: 1, max: 4 }))
  .chain(([address, count]) => {
    const heads = [24, 16, 8].slice(0, count - 1);
    const rest = address % 2 ** (32 - 8 * (count - 1));
    const parts = heads.map((shift) => (address >>> shift) & 0xff);
    const texts = fc.tuple(...[...parts, rest].map(written));
    const dotted = [24, 16, 8, 0].map((shift) => (address >>> shift) & 0xff);
    return texts.map((all) => ({
      text: all.join("."),
      plain: dotted.join("."),
    }));
  });

describe("how a URL is spelled", () => {
  it("lets an IPv4 address have one spelling", () => {
    fc.assert(
      fc.property(spelledIpv4, ({ text, plain }) => {
        if (text === plain) {
          const { address } = targetOf(`https://${text}/`);
          expect(address && formatCidr(address)).toBe(plain);
        } else {
          expect(() => targetOf(`https://${text}/`)).toThrow(OutgoingRefused);
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it("is refused, or leads where everybody reads it to lead", () => {
    const text = fc.array(
      fc.constantFrom(
        ...["https:", "http:", "/", "//", "\\", "@", ":", ":443", "?", "#"],
        ...["example.com", "127.0.0.1", "[::1]", "[::ffff:1.2.3.4]", "%2e"],
        ...["user", ".", " ", "\t", "\r\n", "0x7f.1", "ｅ", "。", "%00"],
      ),
      { maxLength: 8 },
    );
    fc.assert(
      fc.property(text, (pieces) => {
        const given = pieces.join("");
        let target;
        try {
          target = targetOf(given);
        } catch (error) {
          expect(error).toBeInstanceOf(OutgoingRefused);
          return;
        }
        // By the plainest reading there is.
        const [, host = "", port = ""] =
          /^https?:\/\/([^/?#:]*|\[[^\]]*\])(?::(\d*))?(?:[/?#]|$)/.exec(
            given,
          ) ?? [];
        expect(host).not.toBe("");
        expect(host.normalize("NFKC")).toBe(target.url.hostname);
        expect(port === "" || Number(port) === target.port).toBe(true);
      }),
      {
        numRuns: 20_000,
        examples: [
          [["https:", "//", "。", "https:"]],
          [["https:", "//", "example.com", "。", ".", "example.com"]],
        ],
      },
    );
  });

  it.each([
    ["https://example.com", "https://example.com/"],
    ["HTTPS://EXAMPLE.com:443/a?b#c", "https://example.com/a?b"],
    ["https://[2A00:0::1]/", "https://[2a00::1]/"],
    ["https://bücher.example/", "https://xn--bcher-kva.example/"],
  ])("of %s is plain enough", (given, read) => {
    expect(targetOf(given).url.href).toBe(read);
  });

  it("keeps a redirect to its own host where it names none", () => {
    const base = new URL("https://example.com/a/b?c");
    const led = (location: string) => targetOf(location, base).url.href;
    expect(led("d")).toBe("https://example.com/a/d");
    expect(led("/d?at=https://other.example")).toBe(
      "https://example.com/d?at=https://other.example",
    );
    expect(led("?https://x@y")).toBe("https://example.com/a/b?https://x@y");
    expect(led("//other.example/d")).toBe("https://other.example/d");
    for (const location of ["https:d", "https:/d", "///d.example", "x:d"]) {
      expect(() => led(location)).toThrow(OutgoingRefused);
    }
  });
});
