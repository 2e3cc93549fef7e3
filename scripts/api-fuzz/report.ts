import type { Operation } from "./document.js";
import type { Sent } from "./judge.js";

/** Something that holds, or does not. */
export interface Held {
  readonly what: string;
  readonly holds: boolean;
}

/** What was asked of each operation, and what came of it. */
export class Report {
  readonly #statuses = new Map<string, Map<number, number>>();
  readonly #faults = new Map<string, string[]>();
  requests = 0;

  constructor(readonly operations: readonly Operation[]) {}

  note(
    { operation, asked, member, atSocket }: Sent,
    status: number,
    faults: readonly string[],
  ): void {
    this.requests++;
    const { operationId } = operation;
    const counts = this.#statuses.get(operationId) ?? new Map<number, number>();
    this.#statuses.set(operationId, counts);
    counts.set(status, (counts.get(status) ?? 0) + 1);
    if (faults.length === 0) return;
    const known = this.#faults.get(operationId) ?? [];
    this.#faults.set(operationId, known);
    if (known.length >= MOST_FAULTS) return;
    const where = atSocket ? " at the socket" : "";
    const body = asked.body === undefined ? "" : String(asked.body);
    const headers = JSON.stringify(asked.headers);
    known.push(
      [
        `${faults.join("; ")}: ${asked.kind}, by ${member.name}${where}`,
        `      ${asked.method} ${clipped(asked.path)} ${clipped(headers)}`,
        `      ${clipped(body)}`,
      ].join("\n"),
    );
  }

  /** Whether an operation was ever carried out. */
  wentWell({ operationId }: Operation): boolean {
    return [...this.#countsOf(operationId).keys()].some(
      (status) => status > 100 && status < 400,
    );
  }

  /**
   * @param least requests of each operation, for their answers to tell anything
   * @returns lines for people, and what was held to the document
   */
  told(least: number): { lines: readonly string[]; held: readonly Held[] } {
    const lines = this.operations.flatMap(({ operationId }) => {
      const counts = [...this.#countsOf(operationId)];
      const each = counts
        .sort(([a], [b]) => a - b)
        .map(([status, count]) => `${status}: ${count}`);
      const head = `  ${operationId.padEnd(26)}${sumOf(counts)}  ${each.join(", ")}`;
      const faults = this.#faults.get(operationId) ?? [];
      return [head, ...faults.map((fault) => `    FAULT ${fault}`)];
    });
    const rare = this.operations
      .filter(({ operationId }) => sumOf(this.#countsOf(operationId)) < least)
      .map(({ operationId }) => operationId);
    const few = rare.length === 0 ? "" : `; not of ${rare.join(", ")}`;
    return {
      lines,
      held: [
        ...this.operations.map((operation) => this.#held(operation)),
        {
          what: `at least ${least} requests of each operation${few}`,
          holds: rare.length === 0,
        },
        this.#mostWereHeard(),
      ],
    };
  }

  #held(operation: Operation): Held {
    const { operationId } = operation;
    const faults = this.#faults.get(operationId) ?? [];
    const isDone = this.wentWell(operation) || BEYOND.has(operationId);
    const why = [
      ...faults.slice(0, 1),
      ...(isDone ? [] : ["it was never carried out"]),
    ];
    const what = [operationId, ...why].join(": ");
    return { what, holds: why.length === 0 };
  }

  /** Who is sent away for asking too often tells nothing of the rest. */
  #mostWereHeard(): Held {
    const counts = [...this.#statuses.values()].flatMap((each) => [...each]);
    const sent = counts.filter(([status]) => status === 429);
    const share = sumOf(sent) / Math.max(1, this.requests);
    const shown = `${(share * 100).toFixed(1)} %`;
    return {
      what: `at most ${MOST_SENT_AWAY * 100} % are answered with 429: ${shown}`,
      holds: share <= MOST_SENT_AWAY,
    };
  }

  #countsOf(operationId: string): ReadonlyMap<number, number> {
    return this.#statuses.get(operationId) ?? new Map<number, number>();
  }
}

/**
 * They take a passkey, an issuer, a signature that the run has no key for, hosts that
 * were hurt, or to come from an address that is banned.
 */
export const BEYOND: ReadonlySet<string> = new Set([
  ...["signInWithPasskey", "addPasskey", "stepUp"],
  ...["contestBan", "readContestAnswer", "unholdPolicy"],
  ...["goToIssuer", "comeFromIssuer", "publishApproval", "publishRoot"],
]);

const MOST_SENT_AWAY = 0.05;

const sumOf = (counts: Iterable<readonly [number, number]>): number =>
  [...counts].reduce((sum, [, count]) => sum + count, 0);

const clipped = (text: string): string => {
  const shown = JSON.stringify(text).slice(1, -1);
  return shown.length > 300
    ? `${shown.slice(0, 300)}… (${shown.length})`
    : shown;
};

const MOST_FAULTS = 4;
