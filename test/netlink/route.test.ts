import { describe, expect, it } from "@jest/globals";
import { addressesOf, gatewaysOf } from "../../agent/netlink/route.js";
import { MessageWriter } from "../../agent/netlink/writer.js";
import { message } from "../support/kernel/netlink.js";

const RTM_NEWADDR = 20;
const RTM_NEWROUTE = 24;
const ROUTER = Uint8Array.of(192, 0, 2, 1);
const OTHER = Uint8Array.of(192, 0, 2, 2);
const ROUTER6 = Uint8Array.from(
  Buffer.from("fe800000000000000000000000000001", "hex"),
);

/** Bytes on this machine are little-endian; so are these recordings. */
const u32 = (value: number) => Uint8Array.of(value, 0, 0, 0);

describe("a host's addresses", () => {
  const address = (family: number, fill: (w: MessageWriter) => void) =>
    addressesOf(
      message(RTM_NEWADDR, payload([family, 24, 0, 0, 3, 0, 0, 0], fill)),
    );

  it("come with prefix length and interface", () => {
    expect(address(2, (w) => w.data(1, ROUTER))).toEqual([
      { family: 4, address: ROUTER, prefix: 24, interface: 3 },
    ]);
    expect(address(10, (w) => w.data(1, ROUTER6))).toEqual([
      { family: 6, address: ROUTER6, prefix: 24, interface: 3 },
    ]);
  });

  it("are the own end of a point-to-point link", () => {
    const both = address(2, (w) => {
      w.data(1, OTHER);
      w.data(2, ROUTER);
    });
    expect(both).toEqual([expect.objectContaining({ address: ROUTER })]);
  });

  it("leave other families out", () => {
    expect(address(28, (w) => w.data(1, ROUTER))).toEqual([]);
  });
});

describe("default gateways", () => {
  const route = (
    fill: (w: MessageWriter) => void,
    { prefix = 0, type = 1, family = 2 } = {},
  ) =>
    gatewaysOf(
      message(
        RTM_NEWROUTE,
        payload([family, prefix, 0, 0, 254, 3, 0, type, 0, 0, 0, 0], fill),
      ),
    );

  it("are read with the interface behind which they are", () => {
    const gateways = route((w) => {
      w.data(5, ROUTER);
      w.data(4, u32(2));
    });
    expect(gateways).toEqual([{ family: 4, address: ROUTER, interface: 2 }]);
  });

  it("may be of the other family", () => {
    const gateways = route((w) => {
      w.data(4, u32(2));
      w.data(18, Buffer.concat([Uint8Array.of(10, 0), ROUTER6]));
    });
    expect(gateways).toEqual([{ family: 6, address: ROUTER6, interface: 2 }]);
  });

  it("may be several, each behind its own interface", () => {
    const hop = (device: number, gateway: Uint8Array) => {
      const inner = payload([], (w) => w.data(5, gateway));
      return Buffer.concat([
        Uint8Array.of(8 + inner.length, 0, 0, 0),
        u32(device),
        inner,
      ]);
    };
    const hops = Buffer.concat([hop(2, ROUTER), hop(3, OTHER)]);
    expect(route((w) => w.data(9, hops))).toEqual([
      { family: 4, address: ROUTER, interface: 2 },
      { family: 4, address: OTHER, interface: 3 },
    ]);
  });

  it("are only those of unicast routes to everywhere", () => {
    const gateway = (w: MessageWriter) => w.data(5, ROUTER);
    expect(route(gateway, { prefix: 8 })).toEqual([]);
    expect(route(gateway, { type: 7 })).toEqual([]);
    expect(route((w) => w.data(4, u32(2)))).toEqual([]);
  });
});

function payload(fixed: number[], fill: (w: MessageWriter) => void): Buffer {
  const w = new MessageWriter();
  w.raw(Uint8Array.from(fixed));
  fill(w);
  return Buffer.from(w.bytes);
}
