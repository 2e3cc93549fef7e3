/** What one party knows of one flow; times by `machineMs`, 0 for never. */
export interface Traffic {
  /** Sent, or attempted to. */
  readonly tried: number;
  readonly triedAt: number;
  /** Got through: connections made, datagrams and pieces of a stream read. */
  readonly arrived: number;
  readonly arrivedAt: number;
  /** The connection is no more. */
  readonly isOver: boolean;
}

/** What one party, or all of them together, know of every flow. */
export type Log = Readonly<Record<string, Traffic>>;

export const SILENCE: Traffic = {
  tried: 0,
  triedAt: 0,
  arrived: 0,
  arrivedAt: 0,
  isOver: false,
};

/** Keeps one party's log. */
export class Logbook {
  readonly #flows = new Map<string, Traffic>();

  tried(id: string): void {
    const known = this.#known(id);
    this.#flows.set(id, {
      ...known,
      tried: known.tried + 1,
      triedAt: machineMs(),
    });
  }

  arrived(id: string): void {
    const known = this.#known(id);
    const arrived = known.arrived + 1;
    this.#flows.set(id, { ...known, arrived, arrivedAt: machineMs() });
  }

  isOver(id: string): void {
    this.#flows.set(id, { ...this.#known(id), isOver: true });
  }

  /** As it stands. */
  log(): Log {
    return Object.fromEntries(this.#flows);
  }

  #known(id: string): Traffic {
    return this.#flows.get(id) ?? SILENCE;
  }
}

/** Puts the logs of both ends of every flow together. */
export function together(logs: readonly Log[]): Log {
  const all: Record<string, Traffic> = {};
  for (const [id, traffic] of logs.flatMap((log) => Object.entries(log))) {
    const other = all[id] ?? SILENCE;
    all[id] = {
      tried: other.tried + traffic.tried,
      triedAt: Math.max(other.triedAt, traffic.triedAt),
      arrived: other.arrived + traffic.arrived,
      arrivedAt: Math.max(other.arrivedAt, traffic.arrivedAt),
      isOver: other.isOver || traffic.isOver,
    };
  }
  return all;
}

/** Milliseconds of the machine's monotonic clock, the same in every process. */
export const machineMs = (): number =>
  Number(process.hrtime.bigint() / 1_000n) / 1_000;
