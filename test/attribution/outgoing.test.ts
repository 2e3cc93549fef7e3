import { describe, expect, it, test } from "@jest/globals";
import fc from "fast-check";
import { outgoingIn } from "../../agent/attribution/outgoing.js";
import { parseCidr } from "../../agent/model/cidr.js";

const logged = (bytes: Buffer, more = {}) => ({
  ...{ prefix: "dropped", uid: 1000, cameIn: false, bytes },
  ...more,
});

const hex = (text: string) => Buffer.from(text.replaceAll(" ", ""), "hex");

/** From 10.0.0.1:40000 to 192.0.2.7. */
const ipv4 = (protocol: string, rest: string, fragment = "4000") =>
  hex(`45000034 0001${fragment} 40${protocol}0000 0a000001 c0000207 ${rest}`);

const tcp = (flags: string) =>
  `9c40 01bb 00000001 00000000 50${flags} ffff 0000 0000`;

const ipv6 = (next: string, rest: string) =>
  hex(
    `60000000 0020${next}40 20010db8000000000000000000000001 20010db8000000000000000000000002 ${rest}`,
  );

describe("a packet that was told of", () => {
  it("is read", () => {
    expect(outgoingIn(logged(ipv4("06", tcp("02"))))).toEqual({
      family: 4,
      local: parseCidr("10.0.0.1").address,
      remote: parseCidr("192.0.2.7").address,
      ...{ protocol: 6, localPort: 40_000, port: 443, uid: 1000 },
      ...{ begun: true, forwarded: false, observed: false },
    });
  });

  test.each([
    ["SYN", "02", true],
    ["SYN and ECN", "c2", true],
    ["SYN and ACK", "12", false],
    ["ACK", "10", false],
    ["FIN", "11", false],
    ["RST", "04", false],
  ])("begins something with %s", (_, flags, begun) => {
    expect(outgoingIn(logged(ipv4("06", tcp(flags))))).toMatchObject({ begun });
  });

  test.each([
    ["a question", "01", "0800", true],
    ["an answer", "01", "0000", false],
    ["a refusal", "01", "0303", false],
    ["the first chunk of SCTP", "84", "9c40 0035 00000000 00000000 0100", true],
    ["a later one", "84", "9c40 0035 00000001 00000000 0000", false],
    ["a request of DCCP", "21", "9c40 0035 0000 0000 0100", true],
    ["data of DCCP", "21", "9c40 0035 0000 0000 0500", false],
    ["what is cut short", "01", "", false],
    ["a tunnel", "2f", "0000 0800", true],
  ])("begins something with %s, or not", (_, protocol, rest, begun) => {
    const bytes = ipv4(protocol, rest);
    expect(outgoingIn(logged(bytes))).toMatchObject({ begun });
  });

  it("begins nothing by ICMPv6 but with an echo", () => {
    for (let type = 0; type < 256; type++) {
      const bytes = ipv6("3a", `${type.toString(16).padStart(2, "0")}00 0000`);
      const begun = type === 128;
      expect(outgoingIn(logged(bytes))).toMatchObject({ begun });
    }
  });

  it("begins nothing with a later fragment", () => {
    const bytes = ipv4("11", "9c40 0035 0008 0000", "2001");
    expect(outgoingIn(logged(bytes))).toMatchObject({ begun: false });
  });

  test.each([
    [40_000, true],
    [53, false],
    [443, false],
  ])("begins something by UDP from port %i: %s", (port, begun) => {
    const from = port.toString(16).padStart(4, "0");
    const bytes = ipv4("11", `${from} 1f90 0008 0000`);
    expect(outgoingIn(logged(bytes))).toMatchObject({ begun });
  });

  test.each([
    ["UDP", ipv4("11", "9c40 0035 0008 0000"), { protocol: 17, port: 53 }],
    ["an echo", ipv4("01", "0800 0000 0001 0001"), { protocol: 1, port: 0 }],
    [
      "a later fragment",
      ipv4("11", "9c40 0035 0008 0000", "2001"),
      { protocol: 17, port: 0, localPort: 0 },
    ],
    ["IPv6", ipv6("11", "9c40 0035 0008 0000"), { family: 6, port: 53 }],
    [
      "IPv6 with options",
      ipv6("3c", "0600010400000000 " + tcp("02")),
      { protocol: 6, port: 443, begun: true },
    ],
    [
      "a first fragment of IPv6",
      ipv6("2c", "1100000100000001 9c40 0035 0008 0000"),
      { protocol: 17, port: 53 },
    ],
    [
      "a later fragment of IPv6",
      ipv6("2c", "1100001900000001 9c40 0035 0008 0000"),
      { protocol: 17, port: 0 },
    ],
    [
      "a header with options",
      hex(`46000034 00014000 40060000 0a000001 c0000207 01010101 ${tcp("02")}`),
      { port: 443, begun: true },
    ],
  ])("may be %s", (_, bytes, expected) => {
    expect(outgoingIn(logged(bytes))).toMatchObject(expected);
  });

  it("says whether it passed through, and whether it was let pass", () => {
    const packet = logged(ipv4("06", tcp("02")), {
      ...{ prefix: "observed", cameIn: true, uid: undefined },
    });
    expect(outgoingIn(packet)).toMatchObject({
      ...{ observed: true, forwarded: true, uid: undefined },
    });
  });

  it("may be anything, and is never more than a packet", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 160 }), (bytes) => {
        const read = outgoingIn(logged(Buffer.from(bytes)));
        if (read === undefined) return;
        expect(read.remote.length).toBe(read.family === 4 ? 4 : 16);
        expect(read.port).toBeLessThan(65_536);
      }),
    );
  });
});
