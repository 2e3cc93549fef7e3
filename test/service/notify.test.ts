import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { systemClock } from "../../agent/runtime/clock.js";
import {
  AF_UNIX,
  loadLibc,
  MSG_DONTWAIT,
  SOCK_DGRAM,
  type Libc,
} from "../../agent/runtime/libc.js";
import { isJournal, keepTelling, openNotifier } from "../../service/notify.js";

/** The manager's end: a real unix datagram socket. */
class Manager implements Disposable {
  readonly #fd: number;

  constructor(
    readonly libc: Libc,
    name: string,
  ) {
    this.#fd = libc.socket(AF_UNIX, SOCK_DGRAM, 0);
    const path = name.startsWith("@") ? `\0${name.slice(1)}` : `${name}\0`;
    const family = Buffer.from(Uint16Array.of(AF_UNIX).buffer);
    libc.bind(this.#fd, Buffer.concat([family, Buffer.from(path)]));
  }

  /** What has arrived, one text a datagram. */
  heard(): string[] {
    const texts: string[] = [];
    const into = Buffer.alloc(4096);
    try {
      for (;;) {
        const length = this.libc.receive(this.#fd, into, MSG_DONTWAIT);
        texts.push(into.toString("utf8", 0, length));
      }
    } catch {
      return texts; // EAGAIN: that was all
    }
  }

  [Symbol.dispose](): void {
    this.libc.close(this.#fd);
  }
}

describe("telling the manager of services", () => {
  let folder: string;
  let libc: Libc;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "notify-"));
    libc = await loadLibc();
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const socketNames: [string, () => string][] = [
    ["a path", () => join(folder, "notify")],
    ["an abstract name", () => `@tourniquet-test-${process.pid}`],
  ];

  it.each(socketNames)("reaches a socket with %s", async (_, name) => {
    using manager = new Manager(libc, name());
    using notifier = (await openNotifier({ NOTIFY_SOCKET: name() }, 1))!;
    expect(notifier.tell("READY=1", "STATUS=enforcing")).toBe(true);
    expect(manager.heard()).toEqual(["READY=1\nSTATUS=enforcing"]);
  });

  it("says nothing where nobody asked", async () => {
    expect(await openNotifier({}, 1)).toBeUndefined();
    expect(await openNotifier({ NOTIFY_SOCKET: "" }, 1)).toBeUndefined();
  });

  it("refuses a socket that can't be one", async () => {
    const open = (path: string) => openNotifier({ NOTIFY_SOCKET: path }, 1);
    await expect(open("vsock:2:1234")).rejects.toThrow(/neither a path/);
    await expect(open(`/${"x".repeat(200)}`)).rejects.toThrow(/too long/);
  });

  it("goes on when the manager has gone, and when it does not read", async () => {
    const name = join(folder, "notify");
    using notifier = (await openNotifier({ NOTIFY_SOCKET: name }, 1))!;
    expect(notifier.tell("READY=1")).toBe(false);
    using _manager = new Manager(libc, name);
    const told = Array.from({ length: 5_000 }, () => notifier.tell("x=1"));
    expect(told.at(0)).toBe(true);
    expect(told.at(-1)).toBe(false);
  });

  it.each([
    ["half of it", { WATCHDOG_USEC: "3000000", WATCHDOG_PID: "7" }, 1_500],
    [
      "another process's",
      { WATCHDOG_USEC: "3000000", WATCHDOG_PID: "8" },
      15_000,
    ],
    ["nonsense", { WATCHDOG_USEC: "soon" }, 15_000],
    ["none", {}, 15_000],
  ])("knows the manager's patience: %s", async (_, environment, everyMs) => {
    const NOTIFY_SOCKET = join(folder, "notify");
    using notifier = (await openNotifier(
      { NOTIFY_SOCKET, ...environment },
      7,
    ))!;
    expect(notifier.everyMs).toBe(everyMs);
  });

  it("gives a sign of life only after the work has answered", async () => {
    using manager = new Manager(libc, join(folder, "notify"));
    const environment = {
      NOTIFY_SOCKET: join(folder, "notify"),
      WATCHDOG_USEC: "20000",
    };
    using notifier = (await openNotifier(environment, 1))!;
    const answers = [
      () => Promise.resolve("enforcing revision 3"),
      () => Promise.reject(new Error("the kernel does not answer\nREADY=2")),
      () => new Promise<string>(() => undefined),
    ];
    const asked = { times: 0 };
    const pulse = () => answers[Math.min(asked.times++, 2)]!();
    const telling = keepTelling(notifier, { clock: systemClock, pulse });
    await systemClock.sleep(100);
    telling[Symbol.dispose]();
    expect(manager.heard()).toEqual([
      "READY=1\nSTATUS=enforcing revision 3\nWATCHDOG=1",
      "READY=1\nSTATUS=not well: the kernel does not answer\\u000aREADY=2",
      "STOPPING=1\nSTATUS=stopping; bans stay in the kernel",
    ]);
    expect(asked.times).toBe(3);
  });

  it("says nothing more once it has said that it stops", async () => {
    using manager = new Manager(libc, join(folder, "notify"));
    const environment = { NOTIFY_SOCKET: join(folder, "notify") };
    using notifier = (await openNotifier(environment, 1))!;
    const pulse = () => systemClock.sleep(20).then(() => "late");
    keepTelling(notifier, { clock: systemClock, pulse })[Symbol.dispose]();
    await systemClock.sleep(60);
    expect(manager.heard()).toHaveLength(1);
  });
});

describe("the journal", () => {
  it("is what the manager has connected, and nothing else", () => {
    const stream = { dev: 8, ino: 4711 };
    expect(isJournal("8:4711", stream)).toBe(true);
    expect(isJournal("8:4712", stream)).toBe(false);
    expect(isJournal(undefined, stream)).toBe(false);
  });
});
