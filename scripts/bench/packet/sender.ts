import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import type { Family } from "../../../agent/model/cidr.js";
import { Frames } from "./frames.js";
import { openRawSocket, type RawSocket } from "./raw-socket.js";

/** What the sender is asked for: packets from the addresses in a file. */
export interface Errand {
  readonly path: string;
  readonly family: Family;
  readonly packets: number;
}

/** What it took. */
export interface Cost {
  /** This process' time on its core for each packet: the receiver's part too. */
  readonly cpuNs: number;
}

const [device = "", mac = ""] = process.argv.slice(2);
const macBytes = Uint8Array.from(mac.split(":"), (hex) => parseInt(hex, 16));
const ready = new Map<string, { frames: Frames; socket: RawSocket }>();

process.stdout.write("ready\n");
for await (const line of createInterface({ input: process.stdin })) {
  const cost = carryOut(JSON.parse(line) as Errand);
  process.stdout.write(`${JSON.stringify(cost)}\n`);
}

function carryOut({ path, family, packets }: Errand): Cost {
  const { frames, socket } = prepared(path, family);
  const before = process.cpuUsage();
  let sent = 0;
  while (sent < packets) {
    const count = frames.refill();
    socket.send(count);
    sent += count;
  }
  const { user, system } = process.cpuUsage(before);
  return { cpuNs: ((user + system) * 1000) / sent };
}

function prepared(path: string, family: Family) {
  const known = ready.get(path);
  if (known !== undefined) return known;
  const frames = new Frames(family, macBytes, readFileSync(path));
  const socket = openRawSocket(Number(device), frames.ring);
  const made = { frames, socket };
  ready.set(path, made);
  return made;
}
