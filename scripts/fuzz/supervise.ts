import { Worker } from "node:worker_threads";
import type { Finding, Report } from "./fuzz.js";

export interface Order {
  /** File URL of a module that exports a `target`. */
  readonly module: string;
  readonly seconds: number;
  readonly seed: number;
}

/** What supervisor and worker share: how many inputs there were, and the last. */
export interface Desk {
  /** Number of the input, and its length. */
  readonly numbers: Int32Array;
  readonly bytes: Uint8Array;
}

/**
 * Fuzzes in a thread of its own, whose memory is bounded and which can be ended
 * although it never returns: both are findings.
 */
export async function supervise(
  order: Order,
  mostSilentMs = 20_000,
): Promise<Report> {
  const desk: Desk = {
    numbers: new Int32Array(new SharedArrayBuffer(8)),
    bytes: new Uint8Array(new SharedArrayBuffer(LARGEST_INPUT)),
  };
  const worker = new Worker(new URL("./worker.js", import.meta.url), {
    workerData: { order, desk },
    resourceLimits: { maxOldGenerationSizeMb: MOST_HEAP_MB },
  });
  let watch: NodeJS.Timeout | undefined;
  const stuck = new Promise<Report>((resolve) => {
    let before = -1;
    watch = setInterval(() => {
      const number = Atomics.load(desk.numbers, 0);
      if (number === before && number > 0) {
        const problem = `nothing for ${mostSilentMs} ms`;
        resolve(stoppedAt(desk, order, { check: "end", problem }));
      }
      before = number;
    }, mostSilentMs);
  });
  const done = new Promise<Report>((resolve, reject) => {
    worker.on("message", (report: Report) => resolve(received(report)));
    worker.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "ERR_WORKER_OUT_OF_MEMORY") return reject(error);
      const { message: problem } = error;
      resolve(stoppedAt(desk, order, { check: "memory", problem }));
    });
  });
  try {
    return await Promise.race([done, stuck]);
  } finally {
    clearInterval(watch);
    await worker.terminate();
  }
}

const LARGEST_INPUT = 4 * 1024 * 1024;
const MOST_HEAP_MB = 1_024;

/** What comes out of another thread is a plain array of bytes. */
function received(report: Report): Report {
  const { finding } = report;
  if (finding === undefined) return report;
  return {
    ...report,
    finding: { ...finding, bytes: Buffer.from(finding.bytes) },
  };
}

function stoppedAt(
  { numbers, bytes }: Desk,
  { module, seed }: Order,
  breach: Omit<Finding, "bytes">,
): Report {
  const input = Buffer.from(bytes.subarray(0, numbers[1]));
  return {
    ...{ target: module, seed, seconds: 0, depths: {}, shapes: 0 },
    inputs: numbers[0] ?? 0,
    finding: { ...breach, bytes: input },
  };
}
