import { setImmediate as turn } from "node:timers/promises";
import { openRawSocket } from "../../bench/packet/raw-socket.js";
import type { Attack } from "../attack.js";
import { SpoofedFrames } from "../spoofed.js";
import { AT, type Stage } from "../stage.js";
import { clockFor, type Target } from "../target.js";

/** Whoever can put packets on the wire, and call himself what he likes. */
export const packets: readonly Attack[] = [
  {
    name: "counters",
    what: "spoofed packets from banned ranges and the probe's addresses, all ports",
    prepare: banAll,
    throwAt: spoof,
    holds: stillProves,
  },
  {
    name: "counters-seen",
    what: "the same at a host that observes, which answers each",
    prepare: async (stage) => {
      const banned = await banAll(stage);
      await stage.order("observe");
      return banned;
    },
    // Nothing is dropped there, so orders are looked for as entries alone.
    throwAt: spoof,
  },
];

const BANNED = [AT.posed[4][0], AT.posed[6][0]];

async function banAll({ cloud }: Stage): Promise<AsyncDisposable> {
  for (const range of BANNED) {
    await cloud.api("POST", "/api/v1/bans", {
      range,
      for: "2h",
      reason: "siege",
    });
  }
  return { [Symbol.asyncDispose]: () => Promise.resolve() };
}

/** TCP SYNs from everybody who is banned, over all ports, in turns. */
async function spoof(target: Target): Promise<string> {
  const clock = clockFor(target);
  const to = target.hostAddress;
  const crowds = [
    new SpoofedFrames(target.mac, { from: "45.0.0.0", bits: 16, to: to[4] }),
    new SpoofedFrames(target.mac, { from: "192.0.2.254", bits: 0, to: to[4] }),
    new SpoofedFrames(target.mac, {
      from: "2001:db8:45::",
      bits: 16,
      to: to[6],
    }),
    new SpoofedFrames(target.mac, {
      from: "2001:db8::254",
      bits: 0,
      to: to[6],
    }),
  ].map((frames) => ({
    frames,
    socket: openRawSocket(target.device, frames.ring),
  }));
  let sent = 0;
  while (clock.goesOn()) {
    for (const { frames, socket } of crowds) {
      for (let i = 0; i < 16; i++) {
        const count = frames.refill();
        socket.send(count);
        sent += count;
      }
    }
    await turn();
  }
  return `${sent} spoofed packets, ${Math.round(sent / target.seconds)} a second`;
}

/** The flood is no reason for nothing to be proven any more. */
export async function stillProves(
  stage: Stage,
  moment: "besieged" | "after",
): Promise<readonly string[]> {
  if (moment === "after") return [];
  const { proof } = await stage.host.status();
  return (proof?.latest ?? [])
    .filter(({ why }) => why?.includes("counts are full") === true)
    .map(({ address, why }) => `no proof for ${address}: ${why ?? "?"}`);
}
