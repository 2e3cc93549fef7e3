import { request } from "node:http";
import { exitCodes, failed, Failure } from "./failure.js";

/** Nobody answers at the control socket. */
export class NoAgent extends Failure {
  constructor(message: string, cause: unknown) {
    super(message, exitCodes.failed, { cause });
  }
}

/**
 * Asks the running agent over its control socket.
 * @throws Failure with what to do; `NoAgent` when no agent runs
 */
export const askAgent = (socketPath: string, path: string): Promise<unknown> =>
  speakTo(socketPath, { path });

/**
 * Orders something of the running agent, likewise. What is in force until the
 * agent ends, and no longer, is said on standard error.
 * @throws Failure, also when the agent refused or could not do it
 */
export async function orderAgent(
  socketPath: string,
  path: string,
  order: unknown,
): Promise<unknown> {
  const body = JSON.stringify(order);
  const done = await speakTo(socketPath, { path, method: "POST", body });
  const { untilRestart = [] } = done as { untilRestart?: readonly string[] };
  if (untilRestart.length > 0) {
    process.stderr.write(
      `in force only until the agent restarts, as its state folder takes nothing: ${untilRestart.join(", ")}\n`,
    );
  }
  return done;
}

function speakTo(
  socketPath: string,
  { body, ...what }: { path: string; method?: string; body?: string },
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath, ...what, timeout: TIMEOUT_MS });
    asked.on("timeout", () => asked.destroy(new Error("no answer in time")));
    asked.on("error", (error: NodeJS.ErrnoException) =>
      reject(explain(error, socketPath)),
    );
    asked.on("response", (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => (text += chunk));
      response.on("error", reject);
      response.on("end", () => {
        try {
          const body: unknown = JSON.parse(text);
          if (response.statusCode === 200) resolve(body);
          else reject(failed((body as { error: string }).error));
        } catch (cause) {
          reject(failed(`what answers at ${socketPath} is no agent`, cause));
        }
      });
    });
    asked.end(body);
  });
}

function explain(error: NodeJS.ErrnoException, socketPath: string): Failure {
  switch (error.code) {
    case "ENOENT":
    case "ECONNREFUSED":
      return new NoAgent(
        `no agent is running (nothing answers at ${socketPath}); start it: tourniquet run`,
        error,
      );
    case "EACCES":
      return failed(
        `you may not speak to the agent at ${socketPath}; try as root`,
        error,
      );
    default:
      return failed(
        `the agent at ${socketPath} did not answer: ${error.message}`,
        error,
      );
  }
}

const TIMEOUT_MS = 10_000;
