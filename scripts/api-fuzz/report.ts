import type { Operation } from "./document.js";
import type { Sent } from "./judge.js";

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

  /** @returns lines for people, and how many operations hold and how many do not */
  told(): { lines: readonly string[]; passed: number; failed: number } {
    const lines = this.operations.flatMap(({ operationId }) => {
      const counts = [...(this.#statuses.get(operationId) ?? [])];
      const inAll = counts.reduce((sum, [, count]) => sum + count, 0);
      const each = counts
        .sort(([a], [b]) => a - b)
        .map(([status, count]) => `${status}: ${count}`);
      const head = `  ${operationId.padEnd(26)}${inAll}  ${each.join(", ")}`;
      const faults = this.#faults.get(operationId) ?? [];
      return [head, ...faults.map((fault) => `    FAULT ${fault}`)];
    });
    const never = this.operations
      .map(({ operationId }) => operationId)
      .filter((name) => !this.#wentWell(name));
    const failed = this.#faults.size;
    const missed = `never answered with 2xx: ${never.join(", ") || "none"}`;
    return {
      lines: [...lines, missed],
      ...{ passed: this.operations.length - failed, failed },
    };
  }

  #wentWell(operationId: string): boolean {
    const counts = this.#statuses.get(operationId) ?? new Map<number, number>();
    return [...counts.keys()].some((status) => status > 100 && status < 300);
  }
}

const clipped = (text: string): string => {
  const shown = JSON.stringify(text).slice(1, -1);
  return shown.length > 300
    ? `${shown.slice(0, 300)}… (${shown.length})`
    : shown;
};

const MOST_FAULTS = 4;
