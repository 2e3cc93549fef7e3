import { describe, expect, it } from "@jest/globals";
import { MalformedNetlink } from "../../agent/netlink/error.js";
import { anyMark, remoteIn } from "../../agent/netlink/inet-filter.js";
import {
  destroySocket,
  IPPROTO_TCP,
  listSockets,
  remoteAddress,
  socketOf,
  STATE,
} from "../../agent/netlink/sock-diag.js";
import { message, written } from "../support/kernel/netlink.js";

/** Numbers in host order are little-endian here, as on the machine that spoke. */
const bytes = (hex: string) => Buffer.from(hex.replaceAll(" ", ""), "hex");
const hex = (data: Uint8Array) => Buffer.from(data).toString("hex");

const ID =
  "1b58 c310" + // ports 7000 and 49936
  "0000000000000000 0000ffff 7f000001" + // ::ffff:127.0.0.1
  "0000000000000000 0000ffff c0000207" + // ::ffff:192.0.2.7
  "00000000 8b010000 00000000"; // no interface; the cookie

/** What kernel 6.18 says of a dual-stack server's session with an IPv4 client. */
const MAPPED =
  `0a 01 00 00 ${ID}` +
  "00000000 00000000 00000000 00000000" + // expires, queues, user
  "bdc60200" + // inode
  "0500080000000000 08000f0000000000"; // attributes that nobody reads

describe("a listed socket", () => {
  it("has IPv4 addresses where IPv4 is spoken on an IPv6 socket", () => {
    expect(socketOf(message(20, bytes(MAPPED)))).toEqual({
      family: 10,
      state: STATE.ESTABLISHED,
      local: { address: Uint8Array.of(127, 0, 0, 1), port: 7000 },
      remote: { address: Uint8Array.of(192, 0, 2, 7), port: 49936 },
      interface: 0,
      inode: 181949,
      id: Uint8Array.from(bytes(ID)),
    });
  });

  it("has an IPv6 address otherwise, however it begins", () => {
    const six = MAPPED.replace("0000ffff c0000207", "0000fffe c0000207");
    expect(hex(remoteAddress(message(20, bytes(six))))).toBe(
      "00000000000000000000fffec0000207",
    );
  });

  it("has the first four bytes on an IPv4 socket", () => {
    const four = `02${MAPPED.slice(2)}`.replace(
      "0000000000000000 0000ffff c0000207",
      "c0000208 000000000000000000000000",
    );
    expect(hex(remoteAddress(message(20, bytes(four))))).toBe("c0000208");
  });

  it("is refused when it is cut short, or of a strange family", () => {
    const short = message(20, bytes(MAPPED).subarray(0, 71));
    expect(() => socketOf(short)).toThrow(MalformedNetlink);
    const strange = message(20, bytes(`01${MAPPED.slice(2)}`));
    expect(() => remoteAddress(strange)).toThrow(MalformedNetlink);
  });
});

describe("a request", () => {
  it("lists the sockets in some states", () => {
    // ss -t4 state established state syn-recv dst 192.0.2.0/24
    const [asked] = written((w) =>
      listSockets(w, {
        family: 2,
        protocol: IPPROTO_TCP,
        states: [STATE.ESTABLISHED, STATE.SYN_RECV],
        filter: remoteIn([{ address: bytes("c0000200"), prefix: 24 }]),
      }),
    );
    expect(asked).toMatchObject({ type: 20, flags: 0x301 });
    expect(hex(asked!.payload)).toBe(
      `02060000 0a000000 ${"00".repeat(48)}`.replaceAll(" ", "") +
        "14000100" +
        "0810140002180000ffffffffc0000200",
    );
  });

  it("destroys the very socket that was listed", () => {
    // ss -K
    const [asked] = written((w) =>
      destroySocket(w, IPPROTO_TCP, { family: 10, id: bytes(ID) }),
    );
    expect(asked).toMatchObject({ type: 21, flags: 0x5 });
    expect(hex(asked!.payload)).toBe(
      `0a060000 00000000 ${ID}`.replaceAll(" ", ""),
    );
  });
});

describe("a filter", () => {
  it("accepts what any of its ranges accepts", () => {
    const program = remoteIn([
      { address: bytes("7f000000"), prefix: 8 },
      { address: bytes("20010db8000000000000000000000000"), prefix: 32 },
    ]);
    expect(hex(program)).toBe(
      "08101400" + // IPv4: on to the jump; or else over it
        "02080000ffffffff7f000000" +
        "01042000" + // accepted: to the end
        "081c2000" + // IPv6: to the end; or else beyond it, which rejects
        "0a200000ffffffff20010db8000000000000000000000000",
    );
  });

  it("has to have ranges, and not so many that jumps cannot pass them", () => {
    expect(() => remoteIn([])).toThrow(RangeError);
    const one = { address: bytes("7f000000"), prefix: 8 };
    expect(() => remoteIn(Array.from({ length: 4_000 }, () => one))).toThrow(
      RangeError,
    );
  });

  it("may ask for what takes rights", () => {
    expect(hex(anyMark())).toBe("0a0c1000" + "0000000000000000");
  });
});
