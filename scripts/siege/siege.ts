import { spawn } from "node:child_process";
import { once } from "node:events";
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
  const thrown = await attackerOf(attack, stage, seconds);
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

/** The attacker, in the namespace outside; resolves to what he says of himself. */
async function attackerOf(
  attack: Attack,
  stage: Stage,
  seconds: number,
): Promise<string> {
  const target = JSON.stringify(stage.target(seconds));
  const enter = [
    "nsenter",
    "--target",
    String(stage.outside.pid),
    "--net",
    "--",
  ];
  const [program = "", ...args] = [
    ...(attack.from === "host" ? [] : enter),
    ...[process.execPath, MAIN, "as-attacker", attack.name, target],
  ];
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "inherit"] });
  let said = "";
  child.stdout.setEncoding("utf8");
  child.stdout.on("data", (text: string) => (said += text));
  const late = setTimeout(
    () => child.kill("SIGKILL"),
    (seconds + GRACE_S) * 1000,
  );
  const [code] = (await once(child, "close")) as [number | null];
  clearTimeout(late);
  const last = said.trim().split("\n").at(-1) ?? "";
  return code === 0
    ? last
    : `${last} (the attacker ended with ${code ?? "a signal"})`;
}

/** Time for an attacker to let go of what he holds. */
const GRACE_S = 15;
const MAIN = new URL("main.js", import.meta.url).pathname;

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
