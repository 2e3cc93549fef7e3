import { spawn, type ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import type { Log } from "../flows/log.js";
import type { Order } from "./party-main.js";

/** Somebody who sends and receives, as a process in one of the namespaces. */
export class Party {
  readonly #process: ChildProcess;
  readonly #answers: AsyncIterator<string, undefined>;

  /** Starts one; `enter` is what runs a command in its namespace. */
  constructor(
    readonly name: string,
    enter: (...command: readonly string[]) => readonly string[],
  ) {
    const [program = "", ...args] = enter(process.execPath, PARTY);
    const stdio = ["pipe", "pipe", "inherit"] as const;
    const child = spawn(program, args, { stdio: [...stdio] });
    this.#process = child;
    this.#answers = createInterface(child.stdout)[Symbol.asyncIterator]();
  }

  /**
   * Tells it what to do, and returns what it knows afterwards.
   * @throws Error when it is no more; what it said of it is on standard error
   */
  async tell(order: Order): Promise<Log> {
    this.#process.stdin?.write(`${JSON.stringify(order)}\n`);
    const answer = await this.#answers.next();
    if (answer.done) throw new Error(`the ${this.name} of the selftest died`);
    return JSON.parse(answer.value) as Log;
  }
}

const PARTY = new URL("./party-main.js", import.meta.url).pathname;
