import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import type { ReadStream } from "node:tty";
import { failed, misused } from "../../agent/text/failure.js";
import { readFile } from "./drafts.js";
import type { Io } from "./io.js";

/** Where a secret comes from: never from the command line, which others can list. */
export interface SecretSource {
  /** A file, "-" for standard input; undefined: whoever is at the terminal. */
  readonly file: string | undefined;
  /** The option that names the file. */
  readonly option: string;
  readonly prompt: string;
  /** Have it typed twice, since nobody sees what is typed. */
  readonly twice?: boolean;
}

/** @throws Failure when there is no such file, and nobody to ask */
export async function secretFrom(
  io: Io,
  { file, option, prompt, twice = false }: SecretSource,
): Promise<string> {
  if (file === "-") return withoutEnd(await text(io.input()));
  if (file !== undefined) return withoutEnd(readFile(option, file));
  const terminal = io.input();
  if (!isTerminal(terminal)) {
    throw misused(`nobody is at a terminal: name a file with ${option}`);
  }
  const typed = await hidden(terminal, io, prompt);
  if (!twice) return typed;
  const again = await hidden(terminal, io, "again: ");
  if (again === typed) return typed;
  throw misused("these were two different ones");
}

/** Editors end files with a line's end. */
const withoutEnd = (content: string): string => content.replace(/\r?\n$/, "");

const isTerminal = (input: Readable): input is ReadStream =>
  "isTTY" in input && input.isTTY === true;

/** A line that is typed without being shown. */
async function hidden(
  terminal: ReadStream,
  io: Io,
  prompt: string,
): Promise<string> {
  io.err(prompt);
  terminal.setRawMode(true);
  terminal.setEncoding("utf8");
  try {
    let typed: readonly string[] = [];
    for (;;) {
      const keys = await nextKeys(terminal);
      for (const key of keys) {
        if (key === "\r" || key === "\n") return typed.join("");
        if (key === CTRL_C || key === CTRL_D) throw failed("nothing was done");
        typed = key === BACKSPACE ? typed.slice(0, -1) : [...typed, key];
      }
    }
  } finally {
    terminal.setRawMode(false);
    terminal.pause();
  }
}

const nextKeys = (terminal: ReadStream): Promise<readonly string[]> =>
  new Promise((resolve, reject) => {
    const done = (keys: string): void => {
      terminal.off("end", ended);
      terminal.pause();
      resolve(Array.from(keys));
    };
    const ended = (): void => {
      terminal.off("data", done);
      reject(failed("nothing was done"));
    };
    terminal.once("data", done);
    terminal.once("end", ended);
    terminal.resume();
  });

const CTRL_C = "\u0003";
const CTRL_D = "\u0004";
const BACKSPACE = "\u007f";
