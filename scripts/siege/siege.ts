import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { BOUNDS, type Attack, type Bounds } from "./attack.js";
import { Honest, type Served } from "./honest.js";
import { Stage } from "./stage.js";
import { Watch, type Seen } from "./watch.js";

/** What came of one siege. */
export interface Outcome {
  readonly attack: Attack;
  /** What was thrown, in the attacker's words. */
  readonly thrown: string;
  readonly seen: Seen;
  readonly served: Served;
  /** Why the attack succeeded; none: it did not. */
  readonly broken: readonly string[];
}

/** Besieges a fresh cloud and host for so many seconds. */
export async function besiege(
  attack: Attack,
  seconds: number,
): Promise<Outcome> {
  await using stage = await Stage.open(attack.stage ?? {});
  await using _prepared = await attack.prepare?.(stage);
  const bounds: Bounds = { ...BOUNDS, ...attack.bounds };
  const watch = new Watch(stage);
  const honest = new Honest(stage, bounds.honestMs);
  await using attacker = new Attacker(attack, stage, seconds);
  const thrown = await attacker.thrown;
  const besieged = (await attack.holds?.(stage, "besieged")) ?? [];
  const served = await honest.stop();
  const seen = await watch.stop();
  const after = (await attack.holds?.(stage, "after")) ?? [];
  const broken = [
    ...deaths(stage),
    ...beyond(seen, bounds),
    ...served.failures,
    ...(served.done === 0 ? ["no order of an operator took effect"] : []),
    ...besieged,
    ...after,
  ];
  return { attack, thrown, seen, served, broken };
}

/** The attacker in his namespace, who holds what he has until he is ended. */
class Attacker implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;
  /** What he says of himself, when his time is over. */
  readonly thrown: Promise<string>;

  constructor(attack: Attack, stage: Stage, seconds: number) {
    const { pid } = stage.outside;
    const enter = ["nsenter", "--target", String(pid), "--net", "--"];
    const target = JSON.stringify(stage.target(seconds));
    const [program = "", ...args] = [
      ...(attack.from === "host" ? [] : enter),
      ...[process.execPath, MAIN, "as-attacker", attack.name, target],
    ];
    const child = spawn(program, args, {
      stdio: ["ignore", "pipe", "inherit"],
    });
    this.#child = child;
    this.#ended = once(child, "close");
    const late = setTimeout(
      () => child.kill("SIGKILL"),
      (seconds + GRACE_S) * 1000,
    );
    const line = once(createInterface(child.stdout), "line");
    const died = this.#ended.then(() => ["nothing: the attacker ended"]);
    this.thrown = Promise.race([line, died]).then((said) => {
      clearTimeout(late);
      return String(said[0]);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#ended;
  }
}

/** Time for an attacker to come to an end. */
const GRACE_S = 15;
const MAIN = new URL("./main.js", import.meta.url).pathname;

/** Processes that have ended, though nobody told them to. */
function deaths({ host, honestCloud }: Stage): readonly string[] {
  const gone = (pid: number | undefined): boolean => {
    try {
      return !process.kill(pid ?? 0, 0);
    } catch {
      return true;
    }
  };
  return [
    ...(gone(host.process?.pid) ? ["the agent died"] : []),
    ...(honestCloud && gone(honestCloud.process?.pid)
      ? ["the cloud died"]
      : []),
  ];
}

function beyond(seen: Seen, bounds: Bounds): readonly string[] {
  return (Object.keys(seen) as (keyof Seen)[])
    .filter((what) => seen[what] > bounds[what])
    .map(
      (what) =>
        `${what}: ${seen[what].toFixed(0)}, beyond its bound of ${bounds[what]}`,
    );
}
