import { Broken, type Target } from "./target.js";

/** A promise that an input breaks. */
export interface Breach {
  /** Which promise, and by which reader. */
  readonly check: string;
  readonly problem: string;
}

/** What an input came to with one reader. */
export interface Outcome {
  /** How far it got: "segment accepted", "segment malformed header". */
  readonly depth: string;
  /** The same, told apart by what was said of it. */
  readonly shape: string;
}

export type Judgement =
  { readonly breach: Breach } | { readonly outcomes: readonly Outcome[] };

/** Has an input read, and holds the readers to what they promise. */
export async function judge(target: Target, bytes: Buffer): Promise<Judgement> {
  const outcomes: Outcome[] = [];
  for (const [name, read] of Object.entries(target.readers)) {
    const before = spent();
    const result = await attempt(target, () => read(bytes));
    const cost = spendingSince(before);
    const check = await brokenBy(target, { result, cost }, () => read(bytes));
    if (check !== undefined) {
      return { breach: { ...check, check: `${name}: ${check.check}` } };
    }
    if ("outcome" in result) {
      const { depth, shape } = result.outcome;
      outcomes.push({ depth: `${name} ${depth}`, shape: `${name} ${shape}` });
    }
  }
  return { outcomes };
}

type Result = { readonly outcome: Outcome } | { readonly breach: Breach };

async function attempt(
  { refusals }: Target,
  read: () => string | Promise<string>,
): Promise<Result> {
  try {
    const said = `accepted ${await read()}`;
    return { outcome: { depth: said, shape: said } };
  } catch (error) {
    if (error instanceof Broken) {
      return { breach: { check: error.check, problem: error.message } };
    }
    if (refusals.some((each) => error instanceof each)) {
      return { outcome: outcomeOf(error as Error) };
    }
    const problem = error instanceof Error ? error.stack : String(error);
    return { breach: { check: "documented errors", problem: problem ?? "" } };
  }
}

interface Cost {
  readonly cpuMs: number;
  readonly memory: number;
}

async function brokenBy(
  target: Target,
  { result, cost }: { result: Result; cost: Cost },
  again: () => string | Promise<string>,
): Promise<Breach | undefined> {
  if ("breach" in result) return result.breach;
  const own = Reflect.ownKeys(Object.prototype);
  if (own.length !== CLEAN) {
    const problem = `Object.prototype has ${String(own.at(-1))}`;
    Reflect.deleteProperty(Object.prototype, own.at(-1) ?? "");
    return { check: "prototypes", problem };
  }
  if (cost.memory > target.mostMemory) {
    const problem = `${cost.memory} bytes, ${target.mostMemory} are allowed`;
    return { check: "memory", problem };
  }
  if (cost.cpuMs <= target.mostCpuMs) return undefined;
  // What was slow for another reason is fast the second time.
  const before = spent();
  await attempt(target, again);
  const { cpuMs } = spendingSince(before);
  if (cpuMs <= target.mostCpuMs) return undefined;
  const problem = `${Math.round(cpuMs)} ms of processor time`;
  return { check: "time", problem };
}

const CLEAN = Reflect.ownKeys(Object.prototype).length;

function spent(): Cost {
  const { user, system } = process.cpuUsage();
  const { heapUsed, external } = process.memoryUsage();
  return { cpuMs: (user + system) / 1_000, memory: heapUsed + external };
}

function spendingSince(before: Cost): Cost {
  const now = spent();
  return {
    cpuMs: now.cpuMs - before.cpuMs,
    memory: now.memory - before.memory,
  };
}

/** Values are taken out of what was said, so that few shapes remain. */
function outcomeOf(error: Error): Outcome {
  const where = "what" in error ? ` ${String(error.what)}` : "";
  const code = "code" in error ? ` ${String(error.code)}` : "";
  const depth = `${error.name}${where}${code}`;
  const said = error.message
    .slice(0, 400)
    .replace(/"[^"]*"/g, "…")
    .replace(/[0-9a-f]{8,}|\d+/g, "n");
  return { depth, shape: `${depth}: ${said.slice(0, 120)}` };
}
