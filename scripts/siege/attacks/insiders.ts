import { appendFileSync } from "node:fs";
import { createSocket, type Socket } from "node:dgram";
import { connect, createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { parseCidr } from "../../../agent/model/cidr.js";
import type { Attack } from "../attack.js";
import { AT, type Stage } from "../stage.js";
import { stillProves } from "./packets.js";
import { clockFor, type Target } from "../target.js";

/** Users of the honest host without any rights, and who sits at its port 22. */
export const insiders: readonly Attack[] = [
  {
    name: "datagrams",
    what: "a user without rights sends to the probe's addresses, every port",
    from: "host",
    throwAt: sendEverywhere,
    holds: stillProves,
  },
  {
    name: "forged-log",
    what: "a user without rights has syslog write that somebody failed to log in",
    from: "host",
    throwAt: forgeLines,
    holds: nobodyIsBanned,
  },
  {
    name: "tarpit",
    what: "an attacker sits in a tarpit on port 22, and is to be banned",
    stage: { config: { guard: tarpitGuard() } },
    prepare: openTarpit,
    throwAt: sitThere,
    holds: theSitterIsBanned,
  },
];

/** From all ports to all ports, refused one by one. */
async function sendEverywhere(target: Target): Promise<string> {
  becomeNobody();
  const clock = clockFor(target);
  const sockets: readonly [Socket, string][] = [
    [createSocket("udp4"), "192.0.2.254"],
    [createSocket("udp6"), "2001:db8::254"],
  ];
  for (const [socket] of sockets) socket.on("error", () => undefined);
  let sent = 0;
  while (clock.goesOn()) {
    for (const [socket, to] of sockets) {
      for (let i = 0; i < 64; i++) {
        socket.send("x", 1 + (sent++ % 65_535), to, () => undefined);
      }
    }
    await sleep(2);
  }
  return `${sent} datagrams as user ${process.getuid?.() ?? "?"}`;
}

/** What the syslog daemon would write for him, in its own form. */
async function forgeLines({ log, ...target }: Target): Promise<string> {
  const clock = clockFor(target);
  let lines = 0;
  while (clock.goesOn()) {
    const now = new Date().toISOString();
    const forged = Array.from({ length: 500 }, () => {
      const pid = 1 + (lines % 30_000);
      const port = 1_024 + (lines++ % 60_000);
      return `${now} host sshd[${pid}]: Failed password for root from ${VICTIM} port ${port} ssh2\n`;
    });
    appendFileSync(log, forged.join(""));
    await sleep(50);
  }
  return `${lines} forged lines about ${VICTIM}`;
}

/** Somebody who never came near this host. */
const VICTIM = "140.82.121.4";

async function nobodyIsBanned({
  enforcer,
  host,
}: Stage): Promise<readonly string[]> {
  await enforcer.read();
  const [held] = await enforcer.hasBan([parseCidr(VICTIM)]);
  const { enforcing } = await host.status();
  if (!enforcing) return ["the host does not enforce any more"];
  return held === true ? [`${VICTIM} is banned on a forged line`] : [];
}

/** A tarpit is no sshd: whoever stays in it is not logged in. */
function tarpitGuard() {
  return {
    private: "allow-bans",
    sessions: { ports: [22], after: "1s" },
    trial: { entries: 10_000, ipv4: 1, ipv6: 1 },
  };
}

async function openTarpit(): Promise<AsyncDisposable> {
  const tarpit = createServer((socket) => {
    socket.on("error", () => socket.destroy());
    const drip = setInterval(() => socket.write("x\r\n"), 1_000);
    socket.on("close", () => clearInterval(drip));
  });
  await new Promise<void>((done) => tarpit.listen(22, AT.host[4], done));
  return {
    [Symbol.asyncDispose]: async () => {
      tarpit.close();
      await Promise.resolve();
    },
  };
}

async function sitThere(target: Target): Promise<string> {
  const clock = clockFor(target);
  const socket = connect(22, target.hostAddress[4]);
  socket.on("error", () => undefined);
  socket.resume();
  while (clock.goesOn()) await sleep(200);
  return "one connection to the tarpit, held";
}

async function theSitterIsBanned(
  { cloud, enforcer }: Stage,
  moment: "besieged" | "after",
): Promise<readonly string[]> {
  if (moment === "after") return [];
  const range = AT.attacker[4];
  await cloud.api("POST", "/api/v1/bans", {
    range,
    for: "1h",
    reason: "siege",
  });
  for (let waited = 0; waited < 5_000; waited += 100) {
    await enforcer.read();
    const [held] = await enforcer.hasBan([parseCidr(range)]);
    if (held === true) return [];
    await sleep(100);
  }
  return [`${range} is not banned while it sits in the tarpit`];
}

/** Gives up every right: the rest of this process is anybody's. */
function becomeNobody(): void {
  process.setgroups?.([]);
  process.setgid?.(65_534);
  process.setuid?.(65_534);
}
