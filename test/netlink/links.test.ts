import { describe, expect, it } from "@jest/globals";
import { hostBytes } from "../../agent/netlink/attributes.js";
import { MalformedNetlink } from "../../agent/netlink/error.js";
import {
  furtherAddressOf,
  linkOf,
  networkOf,
} from "../../agent/netlink/links.js";
import { MessageWriter } from "../../agent/netlink/writer.js";
import { message } from "../support/kernel/netlink.js";

const device = (fill: (w: MessageWriter) => void, type = 1) =>
  linkOf(
    message(
      16,
      payload(
        [0, 0, type & 0xff, type >> 8, 7, ...Array<number>(11).fill(0)],
        fill,
      ),
    ),
  );

describe("a device, as the kernel tells of it", () => {
  it("has its name, and what it is made of", () => {
    const made = device((w) => {
      w.text(3, "mv0");
      w.data(1, Uint8Array.of(2, 0, 0, 0, 0, 1));
      w.data(5, hostBytes(3));
      w.data(37, hostBytes(0));
      w.data(10, hostBytes(9));
      w.data(21, hostBytes(4));
      w.nest(18, () => w.text(1, "macvlan"));
      w.nest(43, () => w.data(2, Uint8Array.of(1)));
    });
    expect(made).toEqual({
      ...{ index: 7, name: "mv0", kind: "macvlan", master: 9 },
      lower: { index: 3, network: 0 },
      isLoopback: false,
      address: Uint8Array.of(2, 0, 0, 0, 0, 1),
      ...{ functions: 4, hasXdp: true, bridge: undefined },
    });
  });

  it("is hardware, or the loopback, where nothing else is said", () => {
    const eth = device((w) => {
      w.text(3, "eth0");
      w.nest(43, () => w.data(2, Uint8Array.of(0)));
    });
    expect(eth).toMatchObject({
      ...{ kind: undefined, lower: undefined, isLoopback: false },
      ...{ hasXdp: false, functions: 0 },
    });
    expect(device((w) => w.text(3, "lo"), 772)?.isLoopback).toBe(true);
  });

  it("says of a bridge what it shows to the hooks of IP", () => {
    const bridge = device((w) =>
      w.nest(18, () => {
        w.text(1, "bridge");
        w.nest(2, () => {
          w.data(36, Uint8Array.of(1));
          w.data(37, Uint8Array.of(0));
          w.data(7, Uint8Array.of(1));
        });
      }),
    );
    const settings = { callsIpv4: true, callsIpv6: false, tags: true };
    expect(bridge?.bridge).toEqual(settings);
  });

  it("is refused where a length does not fit", () => {
    const cut = payload(Array<number>(16).fill(0), (w) => w.text(3, "eth0"));
    cut.writeUInt16LE(40, 16);
    expect(() => linkOf(message(16, cut))).toThrow(MalformedNetlink);
  });
});

describe("what else the kernel tells of networks", () => {
  it("is the number of each, if it has one", () => {
    const told = (id: number) =>
      networkOf(
        message(
          88,
          payload([0, 0, 0, 0], (w) => w.data(1, hostBytes(id))),
        ),
      );
    expect([told(0), told(7), told(0xffffffff)]).toEqual([0, 7, undefined]);
  });

  it("is whom a device takes frames for, groups aside", () => {
    const entry = (flags: number, ...address: number[]) =>
      furtherAddressOf(
        message(
          28,
          payload([7, 0, 0, 0, 3, 0, 0, 0, 0x80, 0, flags, 0], (w) =>
            w.data(2, Uint8Array.from(address)),
          ),
        ),
      );
    expect(entry(2, 2, 0, 0, 0, 0, 9)).toEqual(Uint8Array.of(2, 0, 0, 0, 0, 9));
    expect(entry(2, 0x33, 0x33, 0, 0, 0, 1)).toBeUndefined();
    expect(entry(0, 2, 0, 0, 0, 0, 9)).toBeUndefined();
    expect(entry(2, 2, 0, 0, 9)).toBeUndefined();
  });
});

function payload(
  fixed: readonly number[],
  fill: (w: MessageWriter) => void,
): Buffer {
  const writer = new MessageWriter();
  writer.raw(Uint8Array.from(fixed));
  fill(writer);
  return Buffer.from(writer.bytes);
}
