import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { systemClock, type Clock } from "../../agent/runtime/clock.js";
import { Journal, readJournalEntry } from "../../agent/sensors/journal.js";
import { until } from "../../scripts/lab/run.js";

describe("an entry of the journal", () => {
  const at = 1_800_000_000_000;
  const entry = (fields: object) => readJournalEntry(JSON.stringify(fields));

  it("is read with the process that logged it and its date", () => {
    const fields = {
      __CURSOR: "s=1",
      __REALTIME_TIMESTAMP: String(at * 1_000),
      SYSLOG_IDENTIFIER: "sshd-session",
      _PID: "77",
      MESSAGE: "hello",
    };
    expect(entry(fields)).toEqual({
      ...{ identifier: "sshd-session", pid: "77", message: "hello" },
      date: { ms: at, zoned: true },
    });
  });

  it("may be bytes, where it is not UTF-8", () => {
    const MESSAGE = [...Buffer.from("Invalid user \xff", "latin1")];
    const read = entry({ SYSLOG_IDENTIFIER: "sshd", MESSAGE });
    expect(read?.message).toBe("Invalid user \xff");
  });

  it.each([
    ['{"MESSAGE":null,"SYSLOG_IDENTIFIER":"sshd"}'],
    ['{"MESSAGE":{"a":1},"SYSLOG_IDENTIFIER":"sshd"}'],
    ['{"MESSAGE":["a"],"SYSLOG_IDENTIFIER":"sshd"}'],
    ['{"MESSAGE":"x"}'],
    ["[]"],
    ["null"],
    ["7"],
    ["{"],
    [""],
    ["\0\xff"],
  ])("is passed over when it is %j", (line) => {
    expect(readJournalEntry(line)).toBeUndefined();
  });
});

describe("following the journal", () => {
  let folder: string;
  let lines: string[];
  let lost: string[];
  let waits: number[];
  let found: number;
  let journal: Journal | undefined;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "journal-"));
    [lines, lost, waits, found] = [[], [], [], 0];
    writeFileSync(join(folder, "newest"), "");
  });

  afterEach(async () => {
    await journal?.[Symbol.asyncDispose]();
    journal = undefined;
    rmSync(folder, { recursive: true, force: true });
  });

  /** Follows what a script prints that stands in for journalctl. */
  function follow(script: string, clock: Clock = hasty()): void {
    const command = join(folder, "journalctl");
    const newest = `case "$*" in *--lines=1\\ *) cat newest; exit;; esac`;
    writeFileSync(command, `#!/bin/sh\ncd ${folder}\n${newest}\n${script}\n`);
    chmodSync(command, 0o755);
    run(command, clock);
  }

  /** What the journal says of its newest entry, and the kernel of its boot. */
  function boots(newest: object, here: string): void {
    writeFileSync(join(folder, "newest"), JSON.stringify(newest));
    writeFileSync(join(folder, "boot_id"), `${here}\n`);
  }

  function run(command: string, clock: Clock): void {
    journal = new Journal({
      command,
      identifiers: ["sshd", "sshd-session"],
      clock,
      bootIdPath: join(folder, "boot_id"),
      take: (some) => {
        lines.push(...some);
        return Promise.resolve();
      },
      found: () => found++,
      lost: (why) => lost.push(why.message),
    });
  }

  /** Waits a hundred times shorter, and remembers for how long it should. */
  const hasty = (): Clock => ({
    ...systemClock,
    sleep: (ms, signal) => {
      waits.push(ms);
      return systemClock.sleep(ms / 100, signal);
    },
  });

  const seen = (count: number) =>
    until(`${count} lines`, () =>
      Promise.resolve(lines.length >= count || undefined),
    );

  it("asks for what root logged as sshd from now on, and takes every line", async () => {
    follow(
      'echo "$@" > asked; echo one; printf tw; sleep 0.05; echo o; exec sleep 60',
    );
    await seen(2);
    expect(lines).toEqual(["one", "two"]);
    expect(readFileSync(join(folder, "asked"), "utf8").trim()).toBe(
      "--follow --output=json --no-pager --quiet --output-fields=MESSAGE,SYSLOG_IDENTIFIER,_PID --lines=0 _UID=0 SYSLOG_IDENTIFIER=sshd SYSLOG_IDENTIFIER=sshd-session",
    );
  });

  describe("where the journal has another name for this boot", () => {
    const theirs = "c3e61f71da1049b6ba64f9b65a716147";
    const here = "0cb1ecd9-1a46-4a8f-9b2f-6f3d8c1c0a55";
    const microseconds = (ms: number) => String(ms * 1_000);

    async function asked(): Promise<string> {
      follow('echo "$@" > asked; echo one; exec sleep 60');
      await seen(1);
      return readFileSync(join(folder, "asked"), "utf8");
    }

    it("follows the boot that the journal writes of just now", async () => {
      const now = microseconds(Date.now());
      boots({ _BOOT_ID: theirs, __REALTIME_TIMESTAMP: now }, here);
      expect(await asked()).toContain(`--boot=${theirs}`);
    });

    it.each([
      ["the same name", here.replaceAll("-", ""), 0],
      ["what is no name", "; rm -rf /", 0],
      ["an entry of long ago", theirs, 3_600_000],
    ])("leaves the choice to journalctl for %s", async (_, _BOOT_ID, age) => {
      const then = microseconds(Date.now() - age);
      boots({ _BOOT_ID, __REALTIME_TIMESTAMP: then }, here);
      expect(await asked()).not.toContain("--boot");
    });
  });

  it("starts it again when it ends, behind what it had, and waits longer each time", async () => {
    follow(
      `echo "$@" >> asked; echo '{"__CURSOR":"s=a;i=1","MESSAGE":"x"}'; echo "no more" >&2; exit 3`,
    );
    await seen(3);
    const asked = readFileSync(join(folder, "asked"), "utf8").split("\n");
    expect(asked[0]).toContain("--lines=0");
    expect(asked[1]).toContain("--after-cursor=s=a;i=1");
    expect(lost[0]).toBe(`${join(folder, "journalctl")} ended: no more`);
    expect(waits.slice(0, 2)).toEqual([1_000, 2_000]);
  });

  it("says so when there is no journalctl, and goes on trying", async () => {
    run(join(folder, "nothing"), hasty());
    await until("two tries", () => Promise.resolve(lost[1]));
    expect(lost[0]).toMatch(/ENOENT/);
    expect(found).toBe(0);
  });

  it("ends the process it started when it is done with", async () => {
    follow("echo $$ > pid; echo up; exec sleep 60");
    await seen(1);
    const pid = Number(readFileSync(join(folder, "pid"), "utf8"));
    expect(existsSync(`/proc/${pid}`)).toBe(true);
    await journal?.[Symbol.asyncDispose]();
    expect(existsSync(`/proc/${pid}`)).toBe(false);
    expect(lost).toEqual([]);
  });

  it("does not wait for others that hold the pipe of the process", async () => {
    follow("sleep 4 & echo up; exec sleep 60");
    await seen(1);
    const before = performance.now();
    await journal?.[Symbol.asyncDispose]();
    expect(performance.now() - before).toBeLessThan(3_000);
  });

  it("ends while it waits to try again", async () => {
    follow("exit 1", systemClock);
    await until("it ended", () => Promise.resolve(lost[0]));
    await journal?.[Symbol.asyncDispose]();
  });

  it("passes over an entry that is endless", async () => {
    follow(
      "head -c 300000 /dev/zero | tr '\\0' x; echo; echo short; exec sleep 60",
    );
    await seen(1);
    expect(lines).toEqual(["short"]);
  });
});
