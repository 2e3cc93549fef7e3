/**
 * A process to be killed: spools detections, each with the next number as its
 * count, and sends them over stdout and stdin, a line a message. It says
 * "spooled N" once it was promised that N is kept, and "done" once there is
 * nothing left to do.
 */
import { createInterface } from "node:readline";
import { systemClock } from "../../agent/runtime/clock.js";
import { Sender, type TelemetryAck } from "../../agent/spool/sender.js";
import { Spool } from "../../agent/spool/spool.js";
import { detection, NOW } from "./items.js";

const [path = "", most = ""] = process.argv.slice(2);
const spool = Spool.open(path);
const say = (line: string) => process.stdout.write(`${line}\n`);
const sender = new Sender({
  spool: { read: (work) => work(spool), write: (work) => work(spool) },
  clock: systemClock,
  events: { acknowledgedUnsent: () => say("lied to") },
  pace: { gapMs: 0, patienceMs: 20 },
});
createInterface(process.stdin).on("line", (line) => {
  sender.acknowledged(JSON.parse(line) as TelemetryAck);
});
sender.sayTo({
  send: (message) => say(JSON.stringify(message)),
  ended: new AbortController().signal,
});

say("born");
for (;;) {
  if (spool.counts().last < Number(most)) {
    const number = spool.counts().last + 1;
    spool.append([detection(number)], NOW);
    say(`spooled ${number}`);
  } else if (spool.counts().waiting.items === 0) say("done");
  sender.offer();
  await systemClock.sleep(0);
}
