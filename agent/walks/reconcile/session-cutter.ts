import { setImmediate as nextTurn } from "node:timers/promises";
import type { Lookup } from "../../enforce/enforcer.js";
import type { Backend } from "../../enforce/pick.js";
import type { AgentEvents } from "../../events/events.js";
import type { Cidr } from "../../model/cidr.js";
import type { Entry } from "../../model/ruleset.js";
import type { Clock } from "../../runtime/clock.js";
import { loadLibc } from "../../runtime/libc.js";
import type { Ability } from "../../sessions/ability.js";
import type { IsDropped } from "../../sessions/search.js";
import { NotCut, Sessions, type Cut } from "../../sessions/sessions.js";
import type { DoomedSocket } from "../../sessions/sockets.js";
import { messageOf } from "../../text/message.js";

export interface SessionCutterPorts {
  /** Owned by the cutter. */
  readonly sessions: Pick<Sessions, "ability" | "cut"> & Disposable;
  /** Which of these addresses the kernel drops now. */
  readonly isDropped: IsDropped;
  /** Of the sockets that were cut, those of TCP that this host had begun. */
  readonly begunHere: () => number;
  readonly clock: Pick<Clock, "now" | "monotonic" | "sleep">;
  readonly events: Pick<AgentEvents, "sessionsCut" | "sessionsNotCut">;
}

/** Opens what it takes; undefined for a backend that drops nothing. */
export async function openSessionCutter(
  enforcer: Pick<Lookup, "wouldDrop">,
  {
    backend,
    ...ports
  }: Pick<SessionCutterPorts, "clock" | "events"> & {
    readonly backend: Backend;
  },
): Promise<SessionCutter | undefined> {
  if (backend === "dry-run") return undefined;
  const tally = { begunHere: 0 };
  const sessions = new Sessions(await loadLibc(), (doomed) => {
    tally.begunHere += doomed.filter(isBegunHere).length;
  });
  const isDropped: IsDropped = (addresses) => enforcer.wouldDrop(addresses);
  const begunHere = () => tally.begunHere;
  return new SessionCutter({ ...ports, sessions, isDropped, begunHere });
}

/** A socket that no process has any more (no inode) is nobody's loss. */
const isBegunHere = ({ protocol, openedBy, inode }: DoomedSocket): boolean =>
  protocol === "tcp" && openedBy === "us" && inode !== 0;

/** What there is to know of the sessions that bans cut. */
export interface CutStatus {
  readonly ability: Ability;
  /** Since the agent started. */
  readonly total: Cut;
  readonly lastFailure: CutFailure | undefined;
}

export interface CutFailure {
  /** Wall time in milliseconds since 1970. */
  readonly at: number;
  readonly why: string;
}

/**
 * Cuts the open sessions of newly banned ranges, in the background: a ban is in
 * force without it, and a receipt does not wait for it.
 */
export class SessionCutter implements AsyncDisposable {
  readonly #ports: SessionCutterPorts;
  readonly #stop = new AbortController();
  #pending: Pending = [];
  /** What failed, to be tried again with the next ban. */
  #failed: Pending = [];
  #run: Promise<void> | undefined;
  #total: Cut = { sockets: 0, flows: 0 };
  #lastFailure: CutFailure | undefined;

  constructor(ports: SessionCutterPorts) {
    this.#ports = ports;
  }

  /**
   * Cuts what is open with these entries' ranges, or with any that is banned: at
   * once, or after the rest that follows an earlier run. Of more than
   * `MOST_PENDING` ranges it is no longer told which they are: then every session
   * is looked at.
   */
  cut(entries: readonly Entry[] | "all"): void {
    if (this.#stop.signal.aborted) return;
    const dropping =
      entries === "all"
        ? entries
        : entries.filter(({ observed }) => !observed).map(({ cidr }) => cidr);
    this.#pending = joined(this.#pending, dropping);
    if (isSomething(this.#pending)) this.#run ??= this.#untilDone();
  }

  get status(): CutStatus {
    const { ability } = this.#ports.sessions;
    const total = this.#total;
    return { ability, total, lastFailure: this.#lastFailure };
  }

  /** Connections that this host had begun, since the agent started. */
  get begunHere(): number {
    return this.#ports.begunHere();
  }

  /** Waits for the run under way; what it has not begun is not begun. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#run;
    this.#ports.sessions[Symbol.dispose]();
  }

  async #untilDone(): Promise<void> {
    const { clock } = this.#ports;
    await nextTurn(); // the answer to who banned goes out first
    while (isSomething(this.#pending) && !this.#stop.signal.aborted) {
      const ranges = joined(this.#pending, this.#failed);
      this.#pending = [];
      const started = clock.monotonic();
      this.#failed = (await this.#once(ranges)) ? [] : ranges;
      await this.#rest(clock.monotonic() - started);
    }
    this.#run = undefined;
  }

  /** Many bans in a row must not make this all that the agent does. */
  async #rest(workedMs: number): Promise<void> {
    const restMs = Math.min(MOST_REST_MS, REST_SHARE * workedMs);
    const { signal } = this.#stop;
    await this.#ports.clock.sleep(restMs, signal).catch(() => undefined);
  }

  async #once(ranges: Pending): Promise<boolean> {
    const { sessions, clock, events, isDropped } = this.#ports;
    try {
      this.#add(await sessions.cut(ranges, isDropped));
      return true;
    } catch (error) {
      if (error instanceof NotCut) this.#add(error.done);
      const why = messageOf(error);
      this.#lastFailure = { at: clock.now(), why };
      events.sessionsNotCut(error);
      return false;
    }
  }

  #add({ sockets, flows }: Cut): void {
    if (sockets + flows === 0) return;
    this.#total = {
      sockets: this.#total.sockets + sockets,
      flows: this.#total.flows + flows,
    };
    this.#ports.events.sessionsCut(sockets, flows);
  }
}

type Pending = readonly Cidr[] | "all";

const isSomething = (pending: Pending): boolean =>
  pending === "all" || pending.length > 0;

function joined(a: Pending, b: Pending): Pending {
  if (a === "all" || b === "all") return "all";
  return a.length + b.length > MOST_PENDING ? "all" : [...a, ...b];
}

/** A fifth of a core at most; the packets are dropped meanwhile. */
const REST_SHARE = 4;
const MOST_REST_MS = 10_000;

/** Two segments; to look at every session is then no dearer. */
const MOST_PENDING = 8_192;
