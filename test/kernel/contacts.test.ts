import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  expect,
  it,
} from "@jest/globals";
import type { Remembered } from "../../agent/attribution/contacts.js";
import {
  watchContacts,
  type ContactWatch,
} from "../../agent/attribution/watch.js";
import type { Enforcer } from "../../agent/enforce/enforcer.js";
import { openNftables } from "../../agent/enforce/nftables/open.js";
import { NFLOG } from "../../agent/enforce/nftables/rules/verdicts.js";
import { formatAddress, formatCidr } from "../../agent/model/cidr.js";
import { systemBanClock, systemClock } from "../../agent/runtime/clock.js";
import { Lifetime } from "../../agent/runtime/lifetime.js";
import { Namespace, sh } from "../../scripts/lab/namespace.js";
import { lasting, observed, slices } from "../support/agent/entries.js";
import { hitsOf } from "../support/agent/hits.js";
import { Caller, Group, type Call } from "../support/kernel/caller.js";
import { describeInNamespace } from "../support/kernel/namespace.js";
import { until } from "../support/time/clock.js";
import { packageRoot } from "../support/vectors.js";

const BANNED = { 4: "10.9.0.2", 6: "2001:db8:9::2" };
const OWN = ["10.9.0.1", "2001:db8:9::1", "10.8.0.1"];
const PORT = 7000;
const CONTAINER =
  "4f0c1de3a5b69788d0e1f2a3b4c5d6e7f8091a2b3c4d5e6f708192a3b4c5d6e7";

describeInNamespace("contacts with banned addresses", () => {
  const world = new Lifetime();
  let guest: Namespace;
  let other: Namespace;
  let enforcer: Enforcer;
  let watch: ContactWatch;
  let reported: Remembered[];
  let failures: unknown[];

  /** Somebody who is banned, this host, and behind it a guest. */
  beforeAll(async () => {
    await writeFile("/proc/sys/net/ipv4/ip_forward", "1");
    const link = (here: string, there: string) => ({
      here: [`10.${here}/24`],
      there: [`10.${there}/24`],
    });
    other = world.own(
      await Namespace.linked(
        {
          here: ["10.9.0.1/24", "2001:db8:9::1/64"],
          there: [`${BANNED[4]}/24`, `${BANNED[6]}/64`],
        },
        PORT,
      ),
    );
    await other.sh("ip route add default via 10.9.0.1");
    guest = world.own(await Namespace.linked(link("8.0.1", "8.0.2"), PORT));
    await guest.sh("ip route add default via 10.8.0.1");
  });
  afterAll(() => world[Symbol.asyncDispose]());

  beforeEach(async () => {
    reported = [];
    failures = [];
    enforcer = await openNftables(systemBanClock);
    await enforcer.cleanUp(); // another test's table remembers what was told
    await enforcer.rebuild({ ledger: 1, revision: 1 }, slices());
    watch = await listen();
    await ban();
  });
  afterEach(async () => {
    await watch[Symbol.asyncDispose]();
    await enforcer.cleanUp();
    await enforcer[Symbol.asyncDispose]();
    expect(failures).toEqual([]);
  });

  const listen = () =>
    watchContacts({
      told: NFLOG,
      clock: systemClock,
      isOwn: (address) => OWN.includes(formatAddress(address)),
      contacted: (contact) => reported.push(contact),
      failed: (why) => failures.push(why),
    });
  const ban = (entries = lasting) =>
    enforcer.apply({
      revision: 2,
      put: entries(60, BANNED[4], BANNED[6]),
      remove: [],
    });
  const call = (how: Call["how"], family: 4 | 6 = 4): Call => ({
    ...{ how, to: BANNED[family], port: PORT },
  });
  const contact = () =>
    until("the contact", () => reported.length > 0).then(() => reported[0]);

  it.each([
    ["tcp", 4, 6],
    ["tcp", 6, 6],
    ["udp", 4, 17],
    ["udp", 6, 17],
    ["connected-udp", 4, 17],
    ["connected-udp", 6, 17],
  ] as const)(
    "name the process that calls by %s over IPv%i",
    async (how, family, protocol) => {
      await using caller = new Caller(call(how, family));
      const found = await contact();
      expect(found).toMatchObject({
        ...{ protocol, port: PORT, begun: true, packets: 1 },
        ...{ forwarded: false, observed: false },
        caller: { uid: 0, process: { name: "caller", pid: caller.pid } },
      });
      expect(found && formatCidr(found.remote)).toBe(BANNED[family]);
      expect(found?.caller.process?.program).toBe(process.execPath);
    },
  );

  it("name the unit and the container", async () => {
    await using group = Group.make(`docker-${CONTAINER}.scope`, "web.service");
    if (group === undefined) return console.warn("no control groups here");
    await using _caller = new Caller(call("tcp"), { group });
    expect((await contact())?.caller).toMatchObject({
      ...{ unit: "web.service", container: "4f0c1de3a5b6" },
      process: { name: "caller" },
    });
  });

  it("name process and unit without rights over other processes", async () => {
    await using group = Group.make("web.service");
    if (group === undefined) return console.warn("no control groups here");
    await watch[Symbol.asyncDispose]();
    await using unprivileged = await Watcher.start();
    await using caller = new Caller(call("tcp"), { group });
    expect(await unprivileged.next()).toMatchObject({
      ...{ uid: 0, unit: "web.service" },
      process: { name: "caller", pid: caller.pid },
    });
  });

  it("know at least the user of who has gone", async () => {
    await using _caller = new Caller(call("udp-and-gone"));
    expect((await contact())?.caller.uid).toBe(0);
  });

  it("tell what is merely observed from what is dropped", async () => {
    await ban(observed);
    await using _caller = new Caller(call("tcp"));
    expect(await contact()).toMatchObject({ observed: true, begun: true });
  });

  it("are heard of where egress is rejected", async () => {
    await enforcer.setPosture({ mode: "enforce", egress: "reject" });
    await using _caller = new Caller(call("tcp"));
    expect(await contact()).toMatchObject({
      ...{ protocol: 6, observed: false },
      caller: { uid: 0 },
    });
  });

  it("are no answers, nor what the kernel sends by itself", async () => {
    await ban(observed);
    const served = PORT + 1;
    const server = createServer((socket) => {
      socket.on("error", () => undefined).end("hello");
    });
    await using closing = new Lifetime();
    closing.defer(() => void server.close());
    await once(server.listen(served).unref(), "listening");
    const from = async (protocol: "tcp" | "udp", to: string, port: number) =>
      await other.reaches({ protocol, to, port });
    expect(await from("tcp", "10.9.0.1", served)).toBe(true);
    expect(await from("tcp", "2001:db8:9::1", served)).toBe(true);
    for (const to of ["10.9.0.1", "2001:db8:9::1"]) {
      expect(await from("tcp", to, PORT + 2)).toBe(false); // reset
      expect(await from("udp", to, PORT + 2)).toBe(false); // unreachable
    }
    const [device] = (await sh(`ip -o -6 addr show to 2001:db8:9::1`)).match(
      /tq\d+/,
    )!;
    await other.sh("ping -c1 -W2 10.9.0.1 || true");
    await sh(`ip neigh change ${BANNED[6]} dev ${device} nud probe`);
    const counted = async () =>
      (await hitsOf(enforcer)).some(
        ({ direction, protocol }) => direction === "out" && protocol === 58,
      );
    await until("the neighbour is asked for", counted);
    // What it is told after all that is the first that it tells of.
    await using _caller = new Caller(call("tcp"));
    expect(await contact()).toMatchObject({
      ...{ protocol: 6, port: PORT, begun: true, forwarded: false },
      caller: { process: { name: "caller" } },
    });
    expect(reported).toHaveLength(1);
  });

  it("say that they came from behind this host", async () => {
    await using _caller = new Caller(call("tcp"), { within: guest.pid });
    expect(await contact()).toMatchObject({
      ...{ forwarded: true, begun: true },
      caller: { process: undefined, uid: undefined },
    });
  });

  it("name the container behind this host that they came from", async () => {
    await using group = Group.make(`docker-${CONTAINER}.scope`);
    if (group === undefined) return console.warn("no control groups here");
    await using _caller = new Caller(call("tcp"), { within: guest.pid, group });
    expect(await contact()).toMatchObject({
      forwarded: true,
      caller: { container: "4f0c1de3a5b6", process: { name: "caller" } },
    });
  });

  it("are not told of each packet of a flood", async () => {
    const flood = `const s = require("dgram").createSocket("udp4"); for (let i = 0; i < 500; i++) s.send("x", ${PORT}, "${BANNED[4]}")`;
    const child = spawn(process.execPath, ["--eval", flood]);
    await contact();
    await sleep(200);
    child.kill("SIGKILL");
    const told = watch
      .contacts()
      .latest.reduce((sum, { packets }) => sum + packets, 0);
    expect(told).toBeLessThan(10);
    const hits = await hitsOf(enforcer);
    expect(hits).toMatchObject([{ direction: "out", packets: 500 }]);
  });

  it("are heard by one listener at a time, and the second says so", async () => {
    const second = await listen();
    await until("its failure", () => failures.length > 0);
    expect(String(failures[0])).toMatch(/could not hear of packets: E/);
    failures = [];
    await second[Symbol.asyncDispose]();
    await using _caller = new Caller(call("tcp"));
    await contact();
  });

  it("leave protected addresses alone", async () => {
    await enforcer.protect(lasting(60, BANNED[4]).map(({ cidr }) => cidr));
    await using _caller = new Caller(call("tcp"));
    await sleep(300);
    expect(reported).toEqual([]);
    await sh("true");
  });
});

/** A listener as a user who may do nothing but administer the network. */
class Watcher implements AsyncDisposable {
  readonly #child = spawn(
    "setpriv",
    [
      ...["--reuid=65534", "--regid=65534", "--clear-groups"],
      ...["--bounding-set=-all,+net_admin"],
      ...["--inh-caps=-all,+net_admin", "--ambient-caps=-all,+net_admin"],
      ...[
        process.execPath,
        `${packageRoot}/dist/test/support/kernel/contact-watcher.js`,
      ],
    ],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  readonly #lines = createInterface(this.#child.stdout)[Symbol.asyncIterator]();

  static async start(): Promise<Watcher> {
    const watcher = new Watcher();
    await watcher.#lines.next(); // "ready"
    return watcher;
  }

  async next(): Promise<unknown> {
    const line = await this.#lines.next();
    return JSON.parse(String(line.value));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = new Promise((resolve) => this.#child.once("exit", resolve));
    this.#child.kill("SIGKILL");
    await ended;
  }
}
