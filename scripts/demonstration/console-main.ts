import { once } from "node:events";
import { parseArgs } from "node:util";
import { Lively } from "./lively.js";
import { walk } from "./lively/walk.js";
import { Teller } from "./teller.js";

const USAGE = `usage: scripts/demo --console [--port N] [--keep]

A cloud on loopback with customers whose hosts are simulated: they speak the real
protocol, and enforce nothing. Shows how an attack that wanders over the customers
is banned, and says where the console is and how to sign in there.
  --port N       where the cloud listens (18790)
  --keep         go on until Ctrl-C, even where there is no terminal
  --hosts N      hosts in all (120)
  --rate N       what they report, in items a second (6)
  --every N      seconds from one attack to the next (40)
  --seed N       the same seed has the same hosts and attacks
  --password P   everybody's, in place of ones that are drawn
                 (or in the environment: TOURNIQUET_DEMO_PASSWORD)
`;

/** A lively fleet, for whoever looks at the console; as it says above, with `--demo`. */
const { values } = parseArgs({
  options: {
    demo: { type: "boolean", default: false },
    console: { type: "boolean", default: true },
    keep: { type: "boolean", default: false },
    port: { type: "string", default: "18790" },
    hosts: { type: "string", default: "120" },
    rate: { type: "string", default: "6" },
    every: { type: "string", default: "40" },
    seed: { type: "string", default: "15" },
    password: { type: "string" },
    help: { type: "boolean", default: false },
  },
});

/** Somebody sits before it, and says when it is to end. */
const isWatched = process.stdin.isTTY;

if (values.help) process.stdout.write(USAGE);
else await show();

async function show(): Promise<void> {
  const teller = new Teller();
  const ended = signalled();
  teller.scene("A cloud, six customers, and people who work there");
  try {
    await using lively = await opened(teller);
    tellWays(lively, teller);
    const staysBy = values.demo ? values.keep || isWatched : true;
    if (values.demo) await Promise.race([walk(lively, teller), ended]);
    if (staysBy) {
      teller.say("it goes on like this; Ctrl-C ends it");
      await ended;
    }
    teller.scene("It ends, and leaves nothing behind");
  } catch (error) {
    // Who types Ctrl-C while it begins has ended the cloud, too.
    if (!(await isOver(ended))) throw error;
  }
  process.exitCode = teller.failures.length === 0 ? 0 : 1;
}

function opened(teller: Teller): Promise<Lively> {
  return Lively.open({
    port: Number(values.port),
    hosts: Number(values.hosts),
    perSecond: Number(values.rate),
    attackEveryS: Number(values.every),
    seed: Number(values.seed),
    password: values.password ?? process.env["TOURNIQUET_DEMO_PASSWORD"],
    named: "localhost",
    say: (line) => teller.say(line),
  });
}

function tellWays({ address, people }: Lively, teller: Teller): void {
  teller.scene("Look at it");
  teller.say(address);
  const { demo, ann, bob, vera, petra } = people;
  teller.say(`demo  ${demo.password}  may do everything`);
  teller.say(`ann   ${ann.password}  orders, and proposes what takes two`);
  teller.say(`bob   ${bob.password}  releases what others propose`);
  teller.say(
    `vera  ${vera.password}  looks after acme's hosts, and sees no others`,
  );
  teller.say(`petra ${petra.password}  reads the bans of one feed alone`);
  teller.say("these passwords are good for this run, and shown this once");
}

async function signalled(): Promise<void> {
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  await Promise.race(signals.map((signal) => once(process, signal)));
}

function isOver(ended: Promise<void>): Promise<boolean> {
  return Promise.race([ended.then(() => true), Promise.resolve(false)]);
}
