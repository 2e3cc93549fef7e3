import { readlinkSync, readdirSync } from "node:fs";
import { afterEach, beforeEach, expect, it } from "@jest/globals";
import { hostBytes } from "../../agent/netlink/attributes.js";
import { NETLINK_NETFILTER } from "../../agent/netlink/constants.js";
import { NetlinkListener } from "../../agent/netlink/listener.js";
import {
  NFNLGRP_NFTABLES,
  NFNL_SUBSYS_NFTABLES,
  NFPROTO_INET,
  NFTA_DATA,
  NFTA_SET_ELEM,
  NFT_MSG,
} from "../../agent/netlink/nftables/constants.js";
import * as nft from "../../agent/netlink/nftables/messages.js";
import { NetlinkSocket } from "../../agent/netlink/socket.js";
import { loadLibc, type Libc } from "../../agent/runtime/libc.js";
import { sh } from "../../scripts/lab/namespace.js";
import { describeInNamespace } from "../support/kernel/namespace.js";
import { until } from "../support/time/clock.js";

const GROUP = { protocol: NETLINK_NETFILTER, group: NFNLGRP_NFTABLES };
const TABLE = { family: NFPROTO_INET, name: "t" };
const subsystem = NFNL_SUBSYS_NFTABLES;

describeInNamespace("a netlink listener", () => {
  let libc: Libc;
  let types: number[];
  let ports: Set<number>;
  let overruns: number;
  let listener: NetlinkListener;

  const listen = () =>
    new NetlinkListener(libc, GROUP, {
      hear: (messages) => {
        for (const { type, port } of messages) {
          types.push(type & 0xff);
          ports.add(port);
        }
      },
      overrun: () => overruns++,
      listenerLost: (why) => {
        throw why;
      },
    });

  beforeEach(async () => {
    libc = await loadLibc();
    types = [];
    ports = new Set();
    overruns = 0;
    listener = listen();
  });
  afterEach(async () => {
    await listener[Symbol.asyncDispose]();
    await sh("nft flush ruleset");
  });

  it("hears what others change, within milliseconds", async () => {
    const { NEWTABLE, NEWGEN, DELTABLE } = NFT_MSG;
    await sh("nft add table inet t");
    await until("the news", () => types.includes(NEWGEN));
    expect(types).toEqual([NEWTABLE, NEWGEN]);
    await sh("nft flush ruleset");
    await until("more news", () => types.length === 4, 100);
    expect(types.slice(2)).toEqual([DELTABLE, NEWGEN]);
  });

  it("hears by which socket a change was made", async () => {
    using socket = new NetlinkSocket(libc, NETLINK_NETFILTER);
    using other = new NetlinkSocket(libc, NETLINK_NETFILTER);
    expect(socket.port).not.toBe(other.port);
    socket.commit({ operation: "try", subsystem }, (w) =>
      nft.addTable(w, TABLE),
    );
    await until("the news", () => types.length === 2);
    expect([...ports]).toEqual([socket.port]);
  });

  it("is disposed at once while it waits, and leaves no descriptor", async () => {
    const before = netlinkSockets();
    const another = listen();
    await new Promise((resolve) => setTimeout(resolve, 50));
    const start = performance.now();
    await another[Symbol.asyncDispose]();
    expect(performance.now() - start).toBeLessThan(200);
    await another[Symbol.asyncDispose]();
    expect(netlinkSockets()).toBe(before);
  });

  it("goes on hearing after silences longer than a read lasts", async () => {
    await new Promise((resolve) => setTimeout(resolve, 1_200));
    await sh("nft add table inet t");
    await until("the news", () => types.length === 2);
  });

  it("says so when it was told more than there is room for, and goes on", async () => {
    await sh("nft add table inet t");
    await sh('nft add set inet t s "{ type ipv4_addr; }"');
    using socket = new NetlinkSocket(libc, NETLINK_NETFILTER);
    const add = (batch: number) =>
      socket.commit({ operation: "flood", subsystem }, (w) =>
        nft.elements(w, "add", { table: TABLE, set: "s" }, () => {
          for (let i = 0; i < 3_000; i++) {
            const element = w.open(1);
            const key = w.open(NFTA_SET_ELEM.KEY);
            w.data(NFTA_DATA.VALUE, hostBytes(batch * 3_000 + i));
            w.close(key);
            w.close(element);
          }
        }),
      );
    // Nothing is read while the event loop stands still.
    for (let batch = 0; batch < 60; batch++) add(batch);
    await until("the overrun", () => overruns > 0);
    await sh("nft delete table inet t");
    await until("the news", () => types.includes(NFT_MSG.DELTABLE));
  });

  it("hears nothing while it has left the group", async () => {
    listener.leave();
    await sh("nft add table inet unheard");
    listener.join();
    await sh("nft add table inet heard");
    await until("the news", () => types.length >= 2);
    expect(types).toEqual([NFT_MSG.NEWTABLE, NFT_MSG.NEWGEN]);
  });
});

function netlinkSockets(): number {
  return readdirSync("/proc/self/fd").filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).startsWith("socket:");
    } catch {
      return false;
    }
  }).length;
}
