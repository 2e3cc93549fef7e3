import { setImmediate as nextTurn } from "node:timers/promises";
import type { Op } from "../../agent/model/ban.js";
import { parseCidr } from "../../agent/model/cidr.js";
import { openSegment, readOps } from "../../agent/protocol/segment.js";
import type { RecordedDecision } from "../journal/decision-events.js";
import type { Decisions } from "../journal/decisions.js";
import type { DecisionEntry } from "./decision-log.js";
import type { PlacedDecision, UndoLog } from "./undo-log.js";
import type { Traces } from "./undo-traces.js";

export interface UndoReaderPorts {
  readonly decisions: Pick<Decisions, "after" | "level">;
  readonly undoLog: Pick<UndoLog, "placedAfter">;
}

/** Reads the ops of a feed's log that touch what one decision did. */
export class UndoReader {
  readonly #ports: UndoReaderPorts;
  readonly #entry: DecisionEntry;
  readonly #traces: Traces;
  /** Of the log of decisions: all until there is read. */
  #level = 0;

  constructor(ports: UndoReaderPorts, entry: DecisionEntry, traces: Traces) {
    this.#ports = ports;
    this.#entry = entry;
    this.#traces = traces;
  }

  /** The decision itself, and what others decided until now on its ranges. */
  async readBefore({ epoch }: { readonly epoch: string }): Promise<void> {
    const { decisions, undoLog } = this.#ports;
    const { feed, decision: own, seq, last } = this.#entry;
    this.#level = decisions.level;
    const itself = { seq, decision: own, last: last ?? 0 };
    await this.#readOps(itself, (op, place) => this.#traces.own(op, place));
    for (let after = 0; ;) {
      const page = undoLog.placedAfter(feed, after, PAGE);
      for (const each of page) {
        if (each.decision === own || each.epoch !== epoch) continue;
        if (!this.#mayTouch(each)) continue;
        await this.#readOps(each, (op, place) =>
          this.#traces.other(op, place, each.decision),
        );
      }
      after = page.at(-1)?.seq ?? after;
      if (page.length < PAGE) return;
      await nextTurn();
    }
  }

  /** What was decided since, in the feed's turn. */
  async readOn(): Promise<void> {
    const { decisions } = this.#ports;
    for (;;) {
      const rows = await decisions.after(this.#level, ROWS);
      for (const { seq, event } of rows) {
        this.#level = seq;
        if (event.kind !== "segment" || !this.#isOfFeed(event)) continue;
        const { decision } = event;
        if (decision === this.#entry.decision) continue;
        await eachOp(event, (op, place) =>
          this.#traces.other(op, place, decision),
        );
      }
      if (rows.length < ROWS) return;
    }
  }

  #mayTouch({ ranges }: PlacedDecision): boolean {
    return ranges === undefined || this.#traces.touches(ranges.map(parseCidr));
  }

  #isOfFeed(event: { readonly feed: string; readonly epoch: string }): boolean {
    const { feed, epoch } = this.#entry;
    return event.feed === feed && event.epoch === epoch;
  }

  /** Its segments lie behind it in the log, and others' between them. */
  async #readOps(
    { seq, decision, last }: Pick<PlacedDecision, "seq" | "decision" | "last">,
    take: (op: Op, place: number) => void,
  ): Promise<void> {
    for (let after = seq; ;) {
      const rows = await this.#ports.decisions.after(after, ROWS);
      for (const { event } of rows) {
        if (!isSegmentOf(event, decision)) continue;
        // What was erased can be told nobody.
        if (event.kind === "segment") await eachOp(event, take);
        if (event.last >= last) return;
      }
      const end = rows.at(-1)?.seq;
      if (end === undefined) return;
      after = end;
    }
  }
}

type Event = RecordedDecision["event"];
type Segment = Extract<Event, { kind: "segment" | "segment-emptied" }>;

const isSegmentOf = (event: Event, decision: string): event is Segment =>
  (event.kind === "segment" || event.kind === "segment-emptied") &&
  event.decision === decision;

async function eachOp(
  { bytes, first }: Extract<Event, { kind: "segment" }>,
  take: (op: Op, place: number) => void,
): Promise<void> {
  let place = first;
  for (const op of readOps(openSegment(bytes))) take(op, place++);
  if (place - first >= RANGES_A_TURN) await nextTurn();
}

/** Rows that are read at once: segments of some 40 KB each. */
const ROWS = 16;

/** Decisions that are looked through in some milliseconds. */
const PAGE = 1_000;

/** Ranges of some µs each between two turns of the event loop. */
export const RANGES_A_TURN = 2_000;
