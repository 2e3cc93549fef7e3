import { connect, createServer, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { Attack } from "../attack.js";
import { AT } from "../stage.js";
import { clockFor, type Target } from "../target.js";

/** Who sits between host and cloud, and breaks no encryption. */
export const paths: readonly Attack[] = [
  {
    name: "slow-path",
    what: "somebody on the path holds a connection back for 11 s, each minute",
    stage: { pathPort: 9_443 },
    // The agent may stay away for two minutes, and no longer.
    bounds: { honestMs: 120_000 },
    throwAt: holdBack,
  },
];

/**
 * Once a minute, what an agent says after the handshakes waits: its hello. All else
 * passes at once. Goes on until the attacker is ended.
 */
async function holdBack(target: Target): Promise<string> {
  const clock = clockFor(target);
  let held = 0;
  let links = 0;
  let lastHeldAt = -Infinity;
  const isDue = () => {
    const due = performance.now() - lastHeldAt > HELD_EVERY_MS;
    if (due) {
      held++;
      lastHeldAt = performance.now();
    }
    return due;
  };
  const server = createServer((agent) => {
    links++;
    pass(agent, connect(target.port, target.cloudAddress), isDue);
  });
  await new Promise<void>((done) =>
    server.listen(target.pathPort, AT.attacker[4], done),
  );
  while (clock.goesOn()) await sleep(200);
  return `${links} connections, ${held} of them held back`;
}

function pass(agent: Socket, cloud: Socket, isDue: () => boolean): void {
  for (const each of [agent, cloud]) each.on("error", () => each.destroy());
  cloud.pipe(agent);
  agent.on("close", () => cloud.destroy());
  cloud.on("close", () => agent.destroy());
  let flights = 0;
  agent.on("data", (bytes: Buffer) => {
    cloud.write(bytes);
    flights++;
    if (flights !== HANDSHAKES || !isDue()) return;
    agent.pause();
    setTimeout(() => agent.resume(), HELD_MS);
  });
}

/** TLS takes two flights, the second with the request to upgrade or before it. */
const HANDSHAKES = 2;

/** A hello is waited for 10 s. */
const HELD_MS = 11_000;
const HELD_EVERY_MS = 60_000;
