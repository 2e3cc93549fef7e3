import { describe, expect, it } from "@jest/globals";
import { formatAddress } from "../../agent/model/cidr.js";
import { hostU32 } from "../../agent/netlink/attributes.js";
import {
  AF_INET,
  NETLINK_NETFILTER,
  NETLINK_ROUTE,
} from "../../agent/netlink/constants.js";
import { NetlinkError } from "../../agent/netlink/error.js";
import {
  NFNL_SUBSYS_NFTABLES,
  NFPROTO_INET,
} from "../../agent/netlink/nftables/constants.js";
import * as nft from "../../agent/netlink/nftables/messages.js";
import { readAddresses, readGateways } from "../../agent/netlink/route.js";
import { NetlinkSocket } from "../../agent/netlink/socket.js";
import { loadLibc } from "../../agent/runtime/libc.js";
import { Namespace, sh } from "../../scripts/lab/namespace.js";
import { describeInNamespace } from "../support/kernel/namespace.js";

const subsystem = NFNL_SUBSYS_NFTABLES;
const TABLE = { family: NFPROTO_INET, name: "t" };

describeInNamespace("a netlink socket", () => {
  it("commits all of a batch or nothing, and says why", async () => {
    using socket = await open(NETLINK_NETFILTER);
    const batch = { operation: "try", subsystem };
    const attempt = () =>
      socket.commit(batch, (w) => {
        nft.addTable(w, TABLE);
        nft.deleteSet(w, TABLE, "nowhere");
        nft.deleteSet(w, TABLE, "nor-here");
      });
    expect(attempt).toThrow(NetlinkError);
    expect(attempt).toThrow("could not try: ENOENT");
    expect(await sh("nft list tables")).not.toContain("inet t\n");

    socket.commit(batch, (w) => nft.addTable(w, TABLE));
    expect(await sh("nft list tables")).toContain("inet t\n");
    socket.commit(batch, (w) => nft.deleteTable(w, TABLE));
  });

  it("refuses a batch meant for an earlier generation", async () => {
    using socket = await open(NETLINK_NETFILTER);
    const [answer] = socket.exchange("ask", nft.getGeneration);
    if (!answer || answer instanceof NetlinkError) throw new Error("no answer");
    const generation = answer.payload.readUInt32BE(8);
    const batch = { operation: "try", subsystem, generation };
    socket.commit(batch, (w) => nft.addTable(w, TABLE));
    expect(() =>
      socket.commit(batch, (w) => nft.deleteTable(w, TABLE)),
    ).toThrow("errno 85");
    socket.commit({ ...batch, generation: generation + 1 }, (w) =>
      nft.deleteTable(w, TABLE),
    );
  });

  it("answers each question in its order, the refused ones too", async () => {
    using socket = await open(NETLINK_NETFILTER);
    const answers = socket.exchange("ask", (w) => {
      nft.getGeneration(w);
      nft.elements(w, "get", { table: TABLE, set: "s" }, () => undefined);
      nft.getGeneration(w);
    });
    expect(answers.map((answer) => answer instanceof NetlinkError)).toEqual([
      false,
      true,
      false,
    ]);
  });

  it("passes over what an abandoned listing left behind", async () => {
    using socket = await open(NETLINK_ROUTE);
    for (const address of socket.dump("list", (w) =>
      w.message({ type: 22, flags: 0x301 }, () =>
        w.raw(Uint8Array.of(AF_INET, 0, 0, 0, 0, 0, 0, 0)),
      ),
    )) {
      expect(hostU32(address.payload, 4)).toBe(1);
      break;
    }
    expect(readAddresses(socket)).toHaveLength(2);
  });
});

describeInNamespace("the host's addresses and gateways", () => {
  it("are those that ip shows", async () => {
    await using router = await Namespace.linked(
      {
        here: ["192.0.2.2/24", "2001:db8::2/64"],
        there: ["192.0.2.1/24", "192.0.2.3/24", "2001:db8::1/64"],
      },
      7001,
    );
    expect(router).toBeDefined();
    await sh("ip route add default via 192.0.2.1");
    await sh(
      `ip route add default metric 9 nexthop via 192.0.2.1 nexthop via 192.0.2.3`,
    );
    await sh("ip -6 route add default via 2001:db8::1");
    await sh("ip route add 198.51.100.0/24 via 192.0.2.3");

    using socket = await open(NETLINK_ROUTE);
    const own = readAddresses(socket).map(
      ({ address, prefix }) => `${formatAddress(address)}/${prefix}`,
    );
    expect(own).toEqual(
      expect.arrayContaining([
        "127.0.0.1/8",
        "::1/128",
        "192.0.2.2/24",
        "2001:db8::2/64",
      ]),
    );
    const gateways = readGateways(socket).map(({ address }) =>
      formatAddress(address),
    );
    expect(gateways.sort()).toEqual([
      "192.0.2.1",
      "192.0.2.1",
      "192.0.2.3",
      "2001:db8::1",
    ]);
  });
});

describe("a library that is not there", () => {
  it("is told apart from a refusal", async () => {
    const libc = await loadLibc();
    expect(() => new NetlinkSocket(libc, 31)).toThrow(
      "socket failed: EPROTONOSUPPORT",
    );
  });
});

async function open(protocol: number): Promise<NetlinkSocket> {
  return new NetlinkSocket(await loadLibc(), protocol);
}
