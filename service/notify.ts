import { printable } from "../agent/log/printable.js";
import type { Clock } from "../agent/runtime/clock.js";
import { loadLibc, type Libc } from "../agent/runtime/libc.js";
import { fitsSocket, UnixDatagrams } from "../agent/runtime/unix-datagram.js";
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
  checkName(path);
  return new SocketNotifier(await loadLibc(), path, periodMs(environment, pid));
}

class SocketNotifier implements Notifier {
  readonly #datagrams: UnixDatagrams;

  constructor(
    libc: Libc,
    path: string,
    readonly everyMs: number,
  ) {
    this.#datagrams = new UnixDatagrams(libc, path);
  }

  tell(...lines: readonly string[]): boolean {
    return this.#datagrams.send(lines.join("\n"));
  }

  [Symbol.dispose](): void {
    this.#datagrams[Symbol.dispose]();
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

function checkName(path: string): void {
  if (!path.startsWith("@") && !path.startsWith("/")) {
    throw failed(`NOTIFY_SOCKET "${path}" is neither a path nor @name`);
  }
  if (!fitsSocket(path)) {
    throw failed(`NOTIFY_SOCKET "${path}" is too long`);
  }
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

/**
 * Whether a stream goes to the journal: the manager names the device and inode
 * of what it has connected there (systemd.exec(5)).
 */
export const isJournal = (
  named: string | undefined,
  stream: { readonly dev: number; readonly ino: number },
): boolean => named === `${stream.dev}:${stream.ino}`;
