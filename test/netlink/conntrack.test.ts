import { describe, expect, it } from "@jest/globals";
import { formatAddress } from "../../agent/model/cidr.js";
import {
  addressesOfFlow,
  courseOf,
  deleteFlow,
  flowCount,
  flowOf,
  listFlows,
} from "../../agent/netlink/conntrack.js";
import { AF_INET6 } from "../../agent/netlink/constants.js";
import { MalformedNetlink } from "../../agent/netlink/error.js";
import { message, written } from "../support/kernel/netlink.js";

const ORIGINAL =
  "1400018008000100c000020908000200c6336407" + // 192.0.2.9 to 198.51.100.7
  "1c000280050001000600000006000200c3ae0000060003001f900000"; // TCP, port 8080

/** What kernel 6.18 said of a redirected connection in zone 7. */
const TRANSLATED =
  "02000000" +
  `34000180${ORIGINAL}` +
  "34000280" +
  "14000180080001000a08000208000200c0000209" + // 10.8.0.2 to 192.0.2.9
  "1c0002800500010006000000060002001b58000006000300c3ae0000" +
  "0600120000070000" + // zone
  "08000300000001a8" + // status
  "0800080000000000" +
  "08000c002980b137" + // id
  "08000b0000000001" +
  "0800070000000077";

const SIX =
  "0a000000" +
  "540001802c000180" +
  "1400030020010db8000000000000000000000001" +
  "1400040020010db8000000000000000000000002" +
  "1c000280050001000600000006000200a7cc0000060003001b580000" +
  "0600030000090000" + // the zone of this direction
  "4c0002802c000180" +
  "1400030020010db8000000000000000000000002" +
  "1400040020010db8000000000000000000000001" +
  "1c0002800500010006000000060002001b58000006000300a7cc0000" +
  "08000c001e2c417b";

const listed = (hex: string) => message(0x100, Buffer.from(hex, "hex"));

describe("a list of tracked connections", () => {
  it("is of one family, or of both", () => {
    const [asked] = written((w) => listFlows(w, AF_INET6));
    expect(asked).toMatchObject({ type: 0x101, flags: 0x301 });
    expect(asked!.payload.toString("hex")).toBe("0a000000");
  });

  it("says whether both sides speak", () => {
    expect(courseOf(listed(TRANSLATED))).toEqual({
      ...{ protocol: 6, isOpen: false }, // nothing is said of its state
    });
    const established = "10000480" + "0c000180" + "0500010003000000";
    expect(courseOf(listed(TRANSLATED + established))).toMatchObject({
      isOpen: true,
    });
    const closing = "10000480" + "0c000180" + "0500010004000000";
    expect(courseOf(listed(TRANSLATED + closing)).isOpen).toBe(false);
    const overUdp = TRANSLATED.replace("0500010006", "0500010011");
    expect(courseOf(listed(overUdp))).toEqual({ protocol: 17, isOpen: false });
    const answered = overUdp.replace("000001a8", "000001aa");
    expect(courseOf(listed(answered)).isOpen).toBe(true);
    expect(() => courseOf(listed("02000000"))).toThrow(MalformedNetlink);
  });

  it("says beforehand how long it is", () => {
    const answer = message(
      0x105,
      Buffer.from("000000000800010000012345", "hex"),
    );
    expect(flowCount(answer)).toBe(0x12345);
    expect(() => flowCount(listed("00000000"))).toThrow(MalformedNetlink);
  });
});

describe("a tracked connection", () => {
  it("has the addresses of both directions, as packets carry them", () => {
    expect(addressesOfFlow(listed(TRANSLATED)).map(formatAddress)).toEqual([
      ...["192.0.2.9", "198.51.100.7"],
      ...["10.8.0.2", "192.0.2.9"],
    ]);
    expect(addressesOfFlow(listed(SIX)).map(formatAddress)).toEqual([
      ...["2001:db8::1", "2001:db8::2"],
      ...["2001:db8::2", "2001:db8::1"],
    ]);
  });

  it("is deleted by what the kernel named it by, id and zone included", () => {
    const [asked] = written((w) => deleteFlow(w, flowOf(listed(TRANSLATED))));
    expect(asked).toMatchObject({ type: 0x102, flags: 0x5 });
    expect(asked!.payload.toString("hex")).toBe(
      `0200000034000180${ORIGINAL}` + "08000c002980b137" + "0600120000070000",
    );
  });

  it("keeps a zone of one direction within its tuple", () => {
    const [asked] = written((w) => deleteFlow(w, flowOf(listed(SIX))));
    const sent = asked!.payload.toString("hex");
    expect(sent).toContain("0600030000090000");
    expect(sent.endsWith("08000c001e2c417b")).toBe(true);
  });

  it("is refused without a name, or with addresses of another length", () => {
    const nameless = TRANSLATED.replace("08000c00", "08003000");
    expect(() => flowOf(listed(nameless))).toThrow(MalformedNetlink);
    const odd = TRANSLATED.replace("08000200c6336407", "08000300c6336407");
    expect(() => addressesOfFlow(listed(odd))).toThrow(MalformedNetlink);
    expect(() => addressesOfFlow(listed("02000000"))).toThrow(MalformedNetlink);
  });
});
