import { printable } from "../agent/log/printable.js";
import type { Clock } from "../agent/runtime/clock.js";
import {
  AF_UNIX,
  LibcError,
  loadLibc,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
  type Libc,
} from "../agent/runtime/libc.js";
import { failed } from "../agent/text/failure.js";
import { messageOf } from "../agent/text/message.js";

/** The manager of services, as told by the environment it started us with. */
export interface Notifier extends Disposable {
  /** How often a sign of life is due, in milliseconds. */
  readonly everyMs: number;
  /** Sends one datagram of `KEY=value` lines; false when it could not be sent. */
  tell(...lines: readonly string[]): boolean;
}

export interface NotifyEnvironment {
  /** A path, or "@" and a name in the abstract namespace. */
  readonly NOTIFY_SOCKET?: string | undefined;
  readonly WATCHDOG_USEC?: string | undefined;
  readonly WATCHDOG_PID?: string | undefined;
}

/**
 * Speaks to systemd (sd_notify(3)); does nothing where systemd did not start this.
 * @throws Failure when the environment names a socket that can't be one
 */
export async function openNotifier(
  environment: NotifyEnvironment,
  pid: number,
): Promise<Notifier | undefined> {
  const path = environment.NOTIFY_SOCKET;
  if (path === undefined || path === "") return undefined;
  const address = addressOf(path);
  return new SocketNotifier(
    await loadLibc(),
    address,
    periodMs(environment, pid),
  );
}

class SocketNotifier implements Notifier {
  readonly #socket: number;

  constructor(
    readonly libc: Libc,
    readonly address: Uint8Array,
    readonly everyMs: number,
  ) {
    // A manager that does not read may not stop the agent: never wait for it.
    const type = SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK;
    this.#socket = libc.socket(AF_UNIX, type, 0);
  }

  tell(...lines: readonly string[]): boolean {
    try {
      const bytes = Buffer.from(lines.join("\n"), "utf8");
      this.libc.sendTo(this.#socket, bytes, this.address);
      return true;
    } catch (error) {
      if (error instanceof LibcError) return false;
      throw error;
    }
  }

  [Symbol.dispose](): void {
    this.libc.close(this.#socket);
  }
}

/** What a sign of life is made of. */
export interface Vitality {
  readonly clock: Pick<Clock, "every">;
  /** Asks what does the work; its answer is one line for people. */
  readonly pulse: () => Promise<string>;
}

/**
 * Tells the manager that the service is ready, and then again and again that
 * it lives, each time only after `pulse` has answered. READY is said with each
 * of them, as any datagram may be lost. Disposed of, it says STOPPING.
 */
export function keepTelling(
  notifier: Notifier,
  { clock, pulse }: Vitality,
): Disposable {
  const state = { busy: false, over: false };
  const beat = async () => {
    if (state.busy) return; // an answer is still owed: no sign of life
    state.busy = true;
    try {
      const status = `STATUS=${printable(await pulse())}`;
      if (!state.over) notifier.tell("READY=1", status, "WATCHDOG=1");
    } catch (error) {
      const why = printable(messageOf(error));
      if (!state.over) notifier.tell("READY=1", `STATUS=not well: ${why}`);
    } finally {
      state.busy = false;
    }
  };
  void beat();
  const timer = clock.every(notifier.everyMs, () => void beat());
  return {
    [Symbol.dispose]: () => {
      state.over = true;
      timer[Symbol.dispose]();
      notifier.tell("STOPPING=1", "STATUS=stopping; bans stay in the kernel");
    },
  };
}

/** A `sockaddr_un`: its length tells where an abstract name ends. */
function addressOf(path: string): Uint8Array {
  const abstract = path.startsWith("@");
  if (!abstract && !path.startsWith("/")) {
    throw failed(`NOTIFY_SOCKET "${path}" is neither a path nor @name`);
  }
  const name = abstract ? `\0${path.slice(1)}` : `${path}\0`;
  const bytes = Buffer.from(name, "utf8");
  if (bytes.length > LONGEST_NAME) {
    throw failed(`NOTIFY_SOCKET "${path}" is too long`);
  }
  const family = Buffer.from(Uint16Array.of(AF_UNIX).buffer);
  return Buffer.concat([family, bytes]);
}

/** Half of the manager's patience; a patience with another process is not ours. */
function periodMs(
  { WATCHDOG_USEC, WATCHDOG_PID }: NotifyEnvironment,
  pid: number,
): number {
  const patienceUs = Number(WATCHDOG_USEC);
  const ours = WATCHDOG_PID === undefined || Number(WATCHDOG_PID) === pid;
  if (!ours || !Number.isInteger(patienceUs) || patienceUs <= 0) {
    return WITHOUT_WATCHDOG_MS;
  }
  return Math.max(1, Math.floor(patienceUs / 2000));
}

const WITHOUT_WATCHDOG_MS = 15_000;
const SOCK_NONBLOCK = 0o4000;

/** Bytes of `sun_path`. */
const LONGEST_NAME = 108;

/**
 * Whether a stream goes to the journal: the manager names the device and inode
 * of what it has connected there (systemd.exec(5)).
 */
export const isJournal = (
  named: string | undefined,
  stream: { readonly dev: number; readonly ino: number },
): boolean => named === `${stream.dev}:${stream.ino}`;
