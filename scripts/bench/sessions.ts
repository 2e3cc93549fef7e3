import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { createInterface, type Interface } from "node:readline";
import { cidrOf, parseCidr, type Cidr } from "../../agent/model/cidr.js";
import { nfgenmsg } from "../../agent/netlink/batch.js";
import { NFNL_SUBSYS_CTNETLINK } from "../../agent/netlink/conntrack.js";
import { AF_INET, NETLINK_NETFILTER } from "../../agent/netlink/constants.js";
import { NetlinkError } from "../../agent/netlink/error.js";
import { NetlinkSocket } from "../../agent/netlink/socket.js";
import type { MessageWriter } from "../../agent/netlink/writer.js";
import { loadLibc, type Libc } from "../../agent/runtime/libc.js";
import type { IsDropped } from "../../agent/sessions/search.js";
import { Sessions, type Cut } from "../../agent/sessions/sessions.js";
import { Namespace, sh } from "../lab/namespace.js";
import { alone, median, quantile, type Row } from "./report.js";

const SOCKETS = 10_000;
const FLOWS = 50_000;
const ROUNDS = 20;
const PORT = 7000;
const CUSTOMER = "10.9.0.2";
const ATTACKER = "10.9.0.3";

/**
 * How long it takes to cut one banned address on a host that has much open, and
 * for how long the event loop waits meanwhile. Beside it `ss -K`, which destroys
 * the socket and leaves what is tracked.
 */
export async function benchSessions(): Promise<readonly Row[]> {
  await using peer = await Namespace.linked(
    {
      here: ["10.9.0.1/16"],
      there: [`${CUSTOMER}/16`, `${ATTACKER}/16`],
    },
    PORT,
  );
  if (peer.pid < 0) throw new Error("no peer");
  using crowd = await Crowd.open(SOCKETS);
  const libc = await loadLibc();
  fillTracking(libc, FLOWS);
  using sessions = new Sessions(libc);
  const bench = new Bench(sessions, crowd);
  const one = [parseCidr(ATTACKER)];
  const many = [...one, ...scattered(1_000)];
  return [
    await bench.cut("one banned address", one, await bench.peer()),
    await bench.cut("1,000 banned addresses", many),
    await bench.cut("looking at every session", "all"),
    await bench.cutCrowd(),
  ];
}

class Bench {
  constructor(
    readonly sessions: Sessions,
    readonly crowd: Crowd,
  ) {}

  async cut(
    what: string,
    suspect: readonly Cidr[] | "all",
    peerMs: readonly number[] = [],
  ): Promise<Row> {
    const runs: Run[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const victim = await sessionWith(ATTACKER);
      const end = once(victim, "error");
      runs.push(await this.#run(suspect, isAttacker));
      await end;
      if (runs.at(-1)?.cut.sockets !== 1) throw new Error("not cut");
    }
    const times = runs.map(({ ms }) => ms);
    const row = {
      what: `${what} among ${SOCKETS} sockets and ${FLOWS} tracked${costs(runs)}`,
      unit: "ms",
      ours: median(times),
      spread: quantile(times, 0.99) / median(times),
    };
    if (peerMs.length === 0) return alone(row);
    const peer = median(peerMs);
    return { ...alone(row), peer, peerName: "ss -K", ratio: row.ours / peer };
  }

  /** All that the crowd has open, at once: nothing is left for another round. */
  async cutCrowd(): Promise<Row> {
    const run = await this.#run([parseCidr(CUSTOMER)], everybody);
    return alone({
      what: `one banned address that has ${run.cut.sockets} sockets${costs([run])}`,
      unit: "ms",
      ours: run.ms,
    });
  }

  async #run(
    suspect: readonly Cidr[] | "all",
    isDropped: IsDropped,
  ): Promise<Run> {
    using turns = new Turns();
    const cpuBefore = processorMs();
    const started = performance.now();
    const cut = await this.sessions.cut(suspect, isDropped);
    const ms = performance.now() - started;
    const cpuMs = processorMs() - cpuBefore;
    return { cut, ms, cpuMs, longestTurnMs: turns.longestMs };
  }

  async peer(): Promise<readonly number[]> {
    const times: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const victim = await sessionWith(ATTACKER);
      const end = once(victim, "error");
      const started = performance.now();
      await sh(`ss -HtunK dst ${ATTACKER} || true`);
      times.push(performance.now() - started);
      await end;
    }
    return times;
  }
}

interface Run {
  readonly cut: Cut;
  readonly ms: number;
  /** Processor time, which other work on the machine does not lengthen. */
  readonly cpuMs: number;
  readonly longestTurnMs: number;
}

function costs(runs: readonly Run[]): string {
  const cpu = median(runs.map(({ cpuMs }) => cpuMs)).toFixed(1);
  const turn = Math.max(...runs.map((it) => it.longestTurnMs)).toFixed(1);
  return ` (processor: ${cpu} ms; longest turn of the event loop: ${turn} ms of it)`;
}

function processorMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

/**
 * Takes every turn of the event loop that it gets, and remembers the most
 * processor time that passed between two of them.
 */
class Turns implements Disposable {
  longestMs = 0;
  #last = processorMs();
  #next: NodeJS.Immediate | undefined;

  constructor() {
    this.#take();
  }

  [Symbol.dispose](): void {
    clearImmediate(this.#next);
  }

  readonly #take = () => {
    const now = processorMs();
    this.longestMs = Math.max(this.longestMs, now - this.#last);
    this.#last = now;
    this.#next = setImmediate(this.#take);
  };
}

/** Sockets of another process, all open with one customer. */
class Crowd implements Disposable {
  private constructor(readonly child: ChildProcess) {}

  static async open(count: number): Promise<Crowd> {
    const source = `
      const { connect } = require("node:net");
      let open = 0;
      const next = () => {
        if (open === ${count}) return console.log("open");
        const socket = connect(${PORT}, "${CUSTOMER}", () => { open++; next(); });
        socket.on("error", () => undefined);
      };
      next();`;
    const child = spawn(process.execPath, ["-e", source], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const lines: Interface = createInterface(child.stdout);
    await once(lines, "line");
    return new Crowd(child);
  }

  [Symbol.dispose](): void {
    this.child.kill("SIGKILL");
  }
}

async function sessionWith(address: string): Promise<Socket> {
  const socket = connect(PORT, address);
  socket.on("error", () => socket.destroy());
  await once(socket, "connect");
  return socket.resume();
}

const isAttacker = (addresses: readonly Cidr[]) =>
  Promise.resolve(
    addresses.map(({ address }) => address.join(".") === ATTACKER),
  );

const everybody = (addresses: readonly Cidr[]) =>
  Promise.resolve(addresses.map(() => true));

/** Addresses of 172.16.0.0/12, each of its own /32. */
function scattered(count: number): Cidr[] {
  return Array.from({ length: count }, (_, i) =>
    cidrOf(Uint8Array.of(172, 16 + (i >> 8), i & 0xff, 1), 32),
  );
}

/** Established TCP connections between strangers, as a router would track. */
function fillTracking(libc: Libc, count: number): void {
  using socket = new NetlinkSocket(libc, NETLINK_NETFILTER);
  for (let at = 0; at < count; at += 500) {
    const answers = socket.exchange("track a connection", (w) => {
      for (let i = at; i < at + 500; i++) writeFlow(w, i);
    });
    const refused = answers.find((it) => it instanceof NetlinkError);
    if (refused) throw refused;
  }
}

function writeFlow(w: MessageWriter, index: number): void {
  const client = Uint8Array.of(198, 18, index >> 8, index & 0xff);
  const server = Uint8Array.of(10, 8, 0, 2);
  const tuple = (type: number, source: Uint8Array, target: Uint8Array) =>
    w.nest(type, () => {
      w.nest(1, () => {
        w.data(1, source);
        w.data(2, target);
      });
      w.nest(2, () => {
        w.data(1, Uint8Array.of(6));
        w.data(2, type === 1 ? HIGH_PORT : LOW_PORT);
        w.data(3, type === 1 ? LOW_PORT : HIGH_PORT);
      });
    });
  // NLM_F_REQUEST, ACK, CREATE, EXCL
  w.message({ type: NFNL_SUBSYS_CTNETLINK << 8, flags: 0x605 }, () => {
    w.raw(nfgenmsg(AF_INET));
    tuple(1, client, server);
    tuple(2, server, client);
    w.u32(7, 3_600); // CTA_TIMEOUT
    w.u32(3, 0xe); // CTA_STATUS: assured, confirmed, seen reply
    w.nest(4, () => w.nest(1, () => w.data(1, Uint8Array.of(3)))); // established
  });
}

const HIGH_PORT = Uint8Array.of(0x9c, 0x40);
const LOW_PORT = Uint8Array.of(0, 80);
