import { createSocket } from "node:dgram";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { connect, createServer, type Server, type Socket } from "node:net";
import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  expect,
  it,
} from "@jest/globals";
import type { Enforcer } from "../../agent/enforce/enforcer.js";
import { openNftables } from "../../agent/enforce/nftables/open.js";
import { formatAddress, parseCidr } from "../../agent/model/cidr.js";
import { systemBanClock } from "../../agent/runtime/clock.js";
import { loadLibc } from "../../agent/runtime/libc.js";
import { Lifetime } from "../../agent/runtime/lifetime.js";
import type { IsDropped } from "../../agent/sessions/search.js";
import { Sessions } from "../../agent/sessions/sessions.js";
import type { DoomedSocket } from "../../agent/sessions/sockets.js";
import { Namespace, sh } from "../../scripts/lab/namespace.js";
import { until } from "../../scripts/lab/run.js";
import {
  lasting,
  observed as observedFor,
  slices,
} from "../support/agent/entries.js";
import { describeInNamespace } from "../support/kernel/namespace.js";
import {
  asText,
  caller,
  connected,
  endOf,
  everybody,
  isOpen,
  nothing,
  ownInodes,
  tracked,
} from "../support/kernel/sessions.js";

const HOST = { 4: "10.9.0.1", 6: "2001:db8:9::1" };
const ATTACKER = { 4: "10.9.0.2", 6: "2001:db8:9::2" };
const CUSTOMER = "10.9.0.3";
const GUEST = { 4: "10.8.0.2", 6: "2001:db8:8::2" };
/** Answers in the attacker's and the guest's namespaces. */
const PORT = 7000;
/** This host's: one for IPv4 alone, one for both families. */
const IPV4_PORT = 7004;
const DUAL_PORT = 7006;

describeInNamespace("the open sessions of a banned range", () => {
  const world = new Lifetime();
  let attacker: Namespace;
  let guest: Namespace;
  let enforcer: Enforcer;
  let sessions: Sessions;
  let opened: Lifetime;
  let observed: DoomedSocket[] = [];

  beforeAll(async () => {
    await writeFile("/proc/sys/net/ipv4/ip_forward", "1");
    await writeFile("/proc/sys/net/ipv6/conf/all/forwarding", "1");
    attacker = world.own(
      await Namespace.linked(
        {
          here: [`${HOST[4]}/24`, `${HOST[6]}/64`],
          there: [`${ATTACKER[4]}/24`, `${CUSTOMER}/24`, `${ATTACKER[6]}/64`],
        },
        PORT,
      ),
    );
    guest = world.own(
      await Namespace.linked(
        {
          here: ["10.8.0.1/24", "2001:db8:8::1/64"],
          there: [`${GUEST[4]}/24`, `${GUEST[6]}/64`],
        },
        PORT,
      ),
    );
    await guest.sh("ip route add default via 10.8.0.1");
    await guest.sh("ip -6 route add default via 2001:db8:8::1");
    await sh(`nft -f - <<'RULES'
      table inet tracking {
        chain in { type nat hook prerouting priority -100;
          ip daddr ${HOST[4]} tcp dport 8080 dnat ip to ${GUEST[4]}:${PORT}
          ip6 daddr ${HOST[6]} tcp dport 8080 dnat ip6 to [${GUEST[6]}]:${PORT}
        }
        chain through { type filter hook forward priority 0; ct state new counter; }
        chain here { type filter hook input priority 0; ct state new counter; }
      }
RULES`);
  });
  afterAll(async () => {
    await sh("nft delete table inet tracking");
    await world[Symbol.asyncDispose]();
  });

  beforeEach(async () => {
    opened = new Lifetime();
    enforcer = await openNftables(systemBanClock);
    await enforcer.rebuild({ ledger: 1, revision: 1 }, slices());
    sessions = opened.own(
      new Sessions(
        await loadLibc(),
        (sockets) => void observed.push(...sockets),
      ),
    );
    await sessions.cut("all", everybody); // what earlier tests left behind
    observed = [];
  });
  afterEach(async () => {
    await enforcer.cleanUp();
    await enforcer[Symbol.asyncDispose]();
    await opened[Symbol.asyncDispose]();
  });

  const change = { revision: 2, remove: [] };
  const isDropped: IsDropped = (addresses) => enforcer.wouldDrop(addresses);
  /** Bans in the kernel, then cuts what is open. */
  const ban = async (...ranges: string[]) => {
    await enforcer.apply({ ...change, put: lasting(60, ...ranges) });
    const cidrs = ranges.map(parseCidr);
    return sessions.cut(cidrs, isDropped);
  };
  const server = async (port: number, host: string) => {
    const listening = createServer();
    await new Promise<void>((done) => listening.listen(port, host, done));
    opened.defer(() => void listening.close());
    return listening;
  };
  /** A session that the other side has opened with a server of this host. */
  const sessionIn = async (
    on: Server,
    { from, to, port }: { from: string; to: string; port: number },
  ): Promise<Socket> => {
    const accepted = once(on, "connection") as Promise<[Socket]>;
    opened.own(caller(attacker, { from, to, port }));
    const [socket] = await accepted;
    opened.defer(() => void socket.destroy());
    return socket;
  };
  const sessionOut = async (host: string, port = PORT): Promise<Socket> => {
    const socket = connect({ host, port });
    opened.defer(() => void socket.destroy());
    await once(socket, "connect");
    return socket;
  };
  const undone = (undo: () => Promise<unknown>) => {
    opened.defer(async () => {
      await undo();
    });
  };

  it("that came in over IPv4 are ended at once", async () => {
    const listening = await server(IPV4_PORT, "0.0.0.0");
    const to = { to: HOST[4], port: IPV4_PORT };
    const bad = await sessionIn(listening, { from: ATTACKER[4], ...to });
    const good = await sessionIn(listening, { from: CUSTOMER, ...to });
    const end = endOf(bad);

    expect(await ban(HOST[4], ATTACKER[4])).toEqual({ sockets: 1, flows: 1 });
    expect(await end).toBe("ECONNABORTED");
    expect(await isOpen(good)).toBe(true);
    expect(await sessions.cut("all", nothing)).toEqual(NOTHING);
    await sessionIn(listening, { from: CUSTOMER, ...to });
  });

  it("are ended where a server speaks both families on one socket", async () => {
    const listening = await server(DUAL_PORT, "::");
    const port = DUAL_PORT;
    const mapped = await sessionIn(listening, {
      ...{ from: ATTACKER[4], to: HOST[4], port },
    });
    const six = await sessionIn(listening, {
      ...{ from: ATTACKER[6], to: HOST[6], port },
    });
    expect(mapped.remoteAddress).toBe(`::ffff:${ATTACKER[4]}`);
    const ends = Promise.all([endOf(mapped), endOf(six)]);

    expect(await ban("10.9.0.2/31")).toMatchObject({ sockets: 1 });
    expect(await isOpen(six)).toBe(true);
    expect(await ban("2001:db8:9::/64")).toMatchObject({ sockets: 1 });
    expect(await ends).toEqual(["ECONNABORTED", "ECONNABORTED"]);
  });

  it.each([4, 6] as const)("that went out over IPv%i are ended", async (f) => {
    const socket = await sessionOut(ATTACKER[f]);
    const end = endOf(socket);
    expect(await ban(ATTACKER[f])).toEqual({ sockets: 1, flows: 1 });
    expect(await end).toBe("ECONNABORTED");
  });

  it("are found whether the kernel looks for few ranges or we for many", async () => {
    const others = Array.from({ length: 100 }, (_, i) => `192.0.2.${i}`);
    const socket = await sessionOut(ATTACKER[4]);
    const end = endOf(socket);
    expect(await ban(...others.slice(0, 60))).toEqual(NOTHING);
    expect(await ban(...others)).toEqual(NOTHING);
    expect(await ban(...others, "10.9.0.0/30")).toMatchObject({ sockets: 1 });
    expect(await end).toBe("ECONNABORTED");
  });

  it.each([
    [4, "udp4"],
    [6, "udp6"],
  ] as const)("over UDP, IPv%i, get an error", async (family, type) => {
    const socket = await connected(type, ATTACKER[family], PORT);
    opened.defer(() => void socket.close());
    const free = createSocket(type);
    opened.defer(() => void free.close());
    await new Promise<void>((done) => free.bind(7053, done));

    const failed = once(socket, "error") as Promise<[NodeJS.ErrnoException]>;
    expect(await ban(ATTACKER[family])).toMatchObject({ sockets: 1 });
    const [error] = await failed;
    expect(error.code).toBe("ECONNABORTED");
    expect(free.address().port).toBe(7053);
  });

  it("are ended while they are still being opened", async () => {
    await server(IPV4_PORT, "0.0.0.0");
    await attacker.sh(
      `nft add table ip deaf
       nft "add chain ip deaf in { type filter hook input priority 0; }"
       nft add rule ip deaf in tcp sport ${IPV4_PORT} drop`,
    );
    const undo = "nft delete table ip deaf";
    undone(() => attacker.sh(undo));
    const call = { from: ATTACKER[4], to: HOST[4], port: IPV4_PORT };
    opened.own(caller(attacker, call));
    const halfOpen = `ss -Htn state syn-recv sport = :${IPV4_PORT}`;
    await until("a half-open session", async () =>
      (await sh(halfOpen)) === "" ? undefined : true,
    );
    expect(await ban(ATTACKER[4])).toEqual({ sockets: 1, flows: 1 });
    expect(await sh(halfOpen)).toBe("");
    expect(observed).toMatchObject([{ inode: 0, openedBy: "them" }]);
  });

  it("are told to an observer while a process still has them", async () => {
    const listening = await server(DUAL_PORT, "::");
    const port = DUAL_PORT;
    const inward = await sessionIn(listening, {
      ...{ from: ATTACKER[4], to: HOST[4], port },
    });
    const outward = await sessionOut(ATTACKER[4]);
    const ends = Promise.all([endOf(inward), endOf(outward)]);
    const inodes = await ownInodes();
    const { remotePort } = inward;
    const { localPort } = outward;

    await ban(ATTACKER[4]);
    await ends;
    expect(observed.map(asText).sort()).toEqual([
      `tcp them ${HOST[4]}:${DUAL_PORT} ${ATTACKER[4]}:${remotePort}`,
      `tcp us ${HOST[4]}:${localPort} ${ATTACKER[4]}:${PORT}`,
    ]);
    for (const { inode } of observed) expect(inodes).toContain(inode);
  });

  it("are ended although the observer fails", async () => {
    const lookAway = () => Promise.reject(new Error("looked away"));
    const failing = opened.own(new Sessions(await loadLibc(), lookAway));
    const end = endOf(await sessionOut(ATTACKER[4]));
    const cut = failing.cut([parseCidr(ATTACKER[4])], everybody);
    await expect(cut).rejects.toMatchObject({
      message: "open sessions could not be cut: looked away",
      done: { sockets: 1, flows: 1 },
    });
    expect(await end).toBe("ECONNABORTED");
  });

  it.each([4, 6] as const)(
    "through DNAT to a container leave nothing tracked, IPv%i",
    async (family) => {
      const before = await tracked(family);
      opened.own(
        caller(attacker, {
          ...{ from: ATTACKER[family], to: HOST[family], port: 8080 },
        }),
      );
      opened.own(
        caller(guest, {
          ...{ from: GUEST[family], to: ATTACKER[family], port: PORT },
        }),
      );
      await until("both are tracked", async () =>
        (await tracked(family)) - before === 2 ? true : undefined,
      );
      expect(await ban(ATTACKER[family])).toEqual({ sockets: 0, flows: 2 });
      expect(await tracked(family)).toBe(before);
    },
  );

  it("are found by the address that packets are rewritten to", async () => {
    await sh(`
      nft add table ip rewriting
      nft 'add chain ip rewriting out { type nat hook output priority -100; }'
      nft add rule ip rewriting out ip daddr 192.0.2.99 dnat to ${ATTACKER[4]}
      ip route add 192.0.2.99 via ${ATTACKER[4]}`);
    const undo = "nft delete table ip rewriting; ip route del 192.0.2.99";
    undone(() => sh(undo));
    const socket = await sessionOut("192.0.2.99");
    expect(await ban(ATTACKER[4])).toEqual({ sockets: 0, flows: 1 });
    expect(socket.destroyed).toBe(false);
  });

  it("stay where the address is protected, or merely observed", async () => {
    const guarded = await sessionOut(CUSTOMER);
    const watched = await sessionOut(ATTACKER[4]);
    await enforcer.protect([parseCidr(CUSTOMER)]);
    await enforcer.apply({ ...change, put: observedFor(60, ATTACKER[4]) });
    expect(await sessions.cut("all", isDropped)).toEqual(NOTHING);
    expect(await ban("10.9.0.3/32")).toEqual(NOTHING);
    expect(await isOpen(watched)).toBe(true);
    expect(await ban(ATTACKER[4])).toMatchObject({ sockets: 1 });
    await enforcer.protect([]);
    expect(await isOpen(guarded)).toBe(true);
  });

  it("never are those between this host and itself", async () => {
    await server(DUAL_PORT, "::");
    const own = ["127.0.0.1", "::1", HOST[4], HOST[6], "127.3.2.1"];
    const sockets = await Promise.all(
      own.map((address) => sessionOut(address, DUAL_PORT)),
    );
    const asked: string[] = [];
    await sessions.cut("all", (addresses) => {
      asked.push(...addresses.map(({ address }) => formatAddress(address)));
      return nothing(addresses);
    });
    expect(asked.filter((address) => own.includes(address))).toEqual([]);
    expect(await sessions.cut(own.map(parseCidr), everybody)).toEqual(NOTHING);
    for (const socket of sockets) expect(await isOpen(socket)).toBe(true);
  });

  it("are counted over many at once, in parts", async () => {
    const opening = Array.from({ length: 300 }, () => sessionOut(ATTACKER[4]));
    const ends = Promise.all((await Promise.all(opening)).map(endOf));
    expect(await ban(ATTACKER[4])).toMatchObject({ sockets: 300 });
    expect(new Set(await ends)).toEqual(new Set(["ECONNABORTED"]));
  });
});

const NOTHING = { sockets: 0, flows: 0 };
