import { PATIENCE_MS, type CountsView } from "./source-counts.js";
import type { Place, SshdSource } from "./sshd-source.js";
import type { Vouching } from "./vouching.js";

/** What a sensor reads from one place. */
export interface SensorView extends CountsView {
  /** Which sensor, as "sshd". */
  readonly name: string;
  /** "the journal", or the path of a file. */
  readonly source: string;
  readonly kind: Place["kind"];
  /**
   * Who vouches for what is read there: the `writer`, since nobody else can write;
   * the `kernel`, which must have seen the connection; or `nobody`, and nobody is banned.
   */
  readonly trust: "writer" | "kernel" | "nobody";
}

/** What is wrong with a sensor, in a line each. */
export interface SensorFindings {
  /** It would not notice an attack. */
  readonly blind: string | undefined;
  readonly unreadable: string | undefined;
  /** It notices attacks, and may not act on them. */
  readonly unconfirmed: string | undefined;
}

/** What findings follow from. */
export interface SensorState {
  /** By the clock that never jumps. */
  readonly now: number;
  readonly sources: readonly SshdSource[];
  /** TCP ports of the service. */
  readonly ports: readonly number[];
  /** Whether there should be something to read. */
  readonly isExpected: boolean;
  /** Connections to the service since it last said anything, if they are many. */
  readonly silent: number | undefined;
  readonly vouching: Pick<Vouching, "unseen" | "doubtedAt">;
}

export function findingsOf(state: SensorState): SensorFindings {
  return {
    blind: blindness(state),
    unreadable: unreadable(state),
    unconfirmed: doubts(state),
  };
}

function blindness(state: SensorState): string | undefined {
  const { now, sources, ports, silent } = state;
  const understoodAt = Math.max(...sources.map((it) => it.counts.understoodAt));
  const unread = sources.find((it) => it.counts.unread.lasting(now));
  if (unread !== undefined && now - understoodAt >= PATIENCE_MS) {
    const lines = unread.counts.unread.lasting(now) ?? 0;
    return `${unread.name} brought ${lines} lines of sshd, and none that is understood`;
  }
  const outdated = sources.find((it) => it.counts.outdated.lasting(now));
  if (outdated !== undefined) {
    const lines = outdated.counts.outdated.lasting(now) ?? 0;
    return `${lines} failed logins came to ${outdated.name} with dates too old to count; is the clock of what logs them right?`;
  }
  if (silent === undefined) return undefined;
  return `${silent} connections to ${portsOf(ports)} left no line of sshd in ${namesOf(sources)}; is sensors.sshd.source right, and sensors.sshd.ports?`;
}

function unreadable({ sources, isExpected }: SensorState): string | undefined {
  const isLost = sources.every((it) => it.lostBecause !== undefined);
  if (!isLost || !isExpected) return undefined;
  return sources.map((it) => `${it.name}: ${it.lostBecause}`).join("; ");
}

function doubts(state: SensorState): string | undefined {
  const { now, sources, ports, vouching } = state;
  const doubtful = sources.filter((it) => !it.isProven);
  if (doubtful.length === 0) return undefined;
  const open = `anybody may write to ${namesOf(doubtful)}`;
  const others = sources.length > doubtful.length;
  if (vouching.unseen !== undefined && !others) {
    return `${open}, and the kernel does not say who connected (${vouching.unseen}): nobody is banned by it`;
  }
  if (now - vouching.doubtedAt >= PATIENCE_MS) return undefined;
  return `${open}, and it tells of attacks by who never connected to ${portsOf(ports)}: they are not banned; is sensors.sshd.ports right?`;
}

const portsOf = (ports: readonly number[]): string =>
  `${ports.length === 1 ? "port" : "ports"} ${ports.join(", ")}`;

const namesOf = (sources: readonly SshdSource[]): string =>
  sources.map(({ name }) => name).join(" and ");
