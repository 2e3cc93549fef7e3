import { describe, expect, it } from "@jest/globals";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { PassThrough, Readable } from "node:stream";
import { runCommand } from "../../../cloud/cli/program.js";
import { secretFrom } from "../../../cloud/cli/secrets.js";
import { signIn } from "../../support/cloud/browser.js";
import { startTestCloud } from "../../support/cloud/cloud.js";
import { operatorOf } from "./operator.js";

const PASSWORD = "correct horse battery";

describe("operator password", () => {
  it("sets a password from a file, by which one then signs in and steps up", async () => {
    await using cloud = await startTestCloud();
    const run = operatorOf(cloud);
    const file = join(cloud.dir, "password.txt");
    writeFileSync(file, `${PASSWORD}\n`);
    const named = ["--password-file", file];
    expect(await run("operator", "password", "admin", ...named)).toEqual({
      ...{ code: 0, out: "admin signs in with that from now on", err: "" },
    });
    const body = { name: "admin", password: PASSWORD };
    expect((await signIn(cloud, { body })).answer.status).toBe(200);
    const stepped = await run("step-up", ...named);
    expect([stepped.code, stepped.out]).toEqual([
      ...[0, expect.stringMatching(/^until 20/)],
    ]);
  });

  it("takes it from standard input, too", async () => {
    await using cloud = await startTestCloud();
    const out: string[] = [];
    const args = ["operator", "password", "admin", "--password-file", "-"];
    operatorOf(cloud);
    const code = await runCommand([...args, "--dir", cloud.dir], {
      ...{ env: {}, stopped: () => new Promise<void>(() => undefined) },
      input: () => Readable.from([PASSWORD]),
      out: (line) => void out.push(line),
      err: (line) => void out.push(line),
    });
    expect([code, out]).toEqual([0, ["admin signs in with that from now on"]]);
  });

  it("says what is wrong, and what would do, and never the password", async () => {
    await using cloud = await startTestCloud();
    const run = operatorOf(cloud);
    const file = join(cloud.dir, "password.txt");
    writeFileSync(file, "short one");
    const set = (...args: string[]) => run("operator", "password", ...args);
    const short = await set("admin", "--password-file", file);
    expect(short.code).toBe(2);
    expect(short.err).toContain("at least 12 characters, and this one 9");
    expect(short.err).not.toContain("short one");
    const nobody = await set("nobody", "--password-file", file);
    expect(nobody.err).toContain("there is no operator nobody");
    const noFile = await set("admin", "--password-file", `${file}.not`);
    expect(noFile.err).toContain(
      `--password-file "${file}.not" cannot be read: there is no such file`,
    );
    const since = await run("bundle", "--since", `${file}.not`, "out.tqb");
    expect(since.err).toContain(
      `--since "${file}.not" cannot be read: there is no such file`,
    );
    const nowhere = await set("admin");
    expect(nowhere.err).toContain("name a file with --password-file");
  });
});

describe("a secret that is typed", () => {
  it("is not shown, may be mended, and is typed twice", async () => {
    const { terminal, shown, io } = atTerminal();
    const typed = secretFrom(io, { ...SOURCE, twice: true });
    terminal.type("secrex\u007ft", "\r");
    terminal.type("secret\n");
    expect(await typed).toBe("secret");
    expect(shown.join("")).not.toContain("secre");
    expect(terminal.raw).toEqual([true, false, true, false]);
  });

  it("that was typed differently, or broken off, is none", async () => {
    const one = atTerminal();
    const differing = secretFrom(one.io, { ...SOURCE, twice: true });
    one.terminal.type("secret\r");
    one.terminal.type("sacred\r");
    await expect(differing).rejects.toThrow("two different ones");
    const other = atTerminal();
    const broken = secretFrom(other.io, SOURCE);
    other.terminal.type("sec\u0003");
    await expect(broken).rejects.toThrow("nothing was done");
    expect(other.terminal.raw).toEqual([true, false]);
  });
});

const SOURCE = {
  ...{ file: undefined, option: "--password-file", prompt: "password: " },
};

/** A terminal as far as it is used: keys, and whether they are echoed. */
class Terminal extends PassThrough {
  readonly isTTY = true;
  readonly raw: boolean[] = [];
  readonly #waiting: string[] = [];

  setRawMode(mode: boolean): this {
    this.raw.push(mode);
    return this;
  }

  /** Somebody types slower than is read. */
  type(...keys: readonly string[]): void {
    this.#waiting.push(...keys);
    setImmediate(() => this.write(this.#waiting.shift()));
    if (keys.length > 1) setImmediate(() => this.write(this.#waiting.shift()));
  }
}

function atTerminal() {
  const terminal = new Terminal();
  const shown: string[] = [];
  const say = (line: string) => void shown.push(line);
  const io = {
    ...{ env: {}, out: say, err: say, input: () => terminal },
    stopped: () => new Promise<void>(() => undefined),
  };
  return { terminal, shown, io };
}
