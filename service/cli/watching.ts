import { setTimeout as sleep } from "node:timers/promises";
import { printable } from "../../agent/log/printable.js";
import { countText, numberText } from "../../agent/text/count.js";
import { askAgent } from "../control/client.js";
import type { HistoryView, OrderedView } from "../control/history-view.js";
import type { HitView } from "../control/hits-view.js";
import type { StatusView } from "../control/status-view.js";
import { chart } from "../terminal/lines.js";
import type { Paint } from "../terminal/paint.js";
import { localTime } from "../terminal/when.js";

export interface Watching {
  readonly socket: string;
  readonly stop: AbortSignal;
  readonly out: Pick<NodeJS.WriteStream, "write"> & {
    readonly isTTY?: boolean;
  };
  readonly paint: Paint;
}

/**
 * Prints what happens as it happens, a line each, until it is stopped. On a
 * terminal two lines below say how the host stands; they are wiped before each
 * line and at the end, so that only what happened stays in the scroll-back.
 */
export async function watch(watching: Watching): Promise<void> {
  const { socket, stop, out, paint } = watching;
  const live = new LiveLines(out);
  let before: Seen | undefined;
  try {
    while (!stop.aborted) {
      const [status, seen] = await look(socket);
      if (before !== undefined) {
        for (const line of newsOf(before, seen, paint)) live.above(line);
      }
      before = seen;
      live.show(standing(status, paint));
      await sleep(EVERY_MS, undefined, { signal: stop }).catch(() => undefined);
    }
  } finally {
    live.wipe();
  }
}

const EVERY_MS = 2_000;

interface Seen {
  readonly orders: readonly OrderedView[];
  readonly hits: ReadonlyMap<string, HitView>;
}

async function look(socket: string): Promise<readonly [StatusView, Seen]> {
  const status = await askAgent(socket, "/v1/status");
  const history = await askAgent(socket, `/v1/history?limit=${MOST_ORDERS}`);
  const hits = await askAgent(socket, `/v1/hits?limit=${MOST_REMOTES}`);
  const byWay = (hits as readonly HitView[]).map(
    (hit): readonly [string, HitView] => [wayOf(hit), hit],
  );
  const { orders } = history as HistoryView;
  return [status as StatusView, { orders, hits: new Map(byWay) }];
}

const MOST_ORDERS = 50;
/** The loudest: what is below them is in the sums. */
const MOST_REMOTES = 1_000;

const wayOf = ({ remote, direction, protocol, forwarded, observed }: HitView) =>
  [remote, direction, protocol, forwarded, observed].join(" ");

function newsOf(before: Seen, now: Seen, paint: Paint): readonly string[] {
  const known = before.orders[0]?.order ?? 0;
  const orders = now.orders.filter(({ order }) => order > known).reverse();
  const time = paint.dim(localTime(Date.now(), Date.now()));
  const grown = [...now.hits].flatMap(([way, hit]) => {
    const packets = hit.packets - (before.hits.get(way)?.packets ?? 0);
    return packets > 0 ? [{ ...hit, packets }] : [];
  });
  const told = grown.slice(0, MOST_TOLD);
  const more = grown.length - told.length;
  return [
    ...orders.map((order) => `${time}  ${orderText(order)}`),
    ...told.map((hit) => `${time}  ${hitText(hit, paint)}`),
    ...(more > 0 ? [`${time}  and ${countText(more, "more")}`] : []),
  ];
}

/** At each look. */
const MOST_TOLD = 20;

function orderText(order: OrderedView): string {
  const { feed, cause, banned, observed, lifted, held, reason } = order;
  const counts = [
    ...(banned > 0 ? [countText(banned, "ban")] : []),
    ...(observed > 0 ? [`${numberText(observed)} observed`] : []),
    ...(lifted > 0 ? [countText(lifted, "lift")] : []),
    ...(held > 0 ? [`${numberText(held)} held`] : []),
  ];
  const what = counts.length === 0 ? cause : counts.join(", ");
  const why = reason === "" ? "" : `: ${printable(reason)}`;
  return `${feed ?? "this host"}: ${what}${why}`;
}

function hitText(hit: HitView, paint: Paint): string {
  const { remote, direction, protocol, observed, packets } = hit;
  const verb = observed ? "seen" : paint.bad("dropped");
  const way = direction === "in" ? "from" : "to";
  return `${verb} ${countText(packets, `${protocol} packet`)} ${way} ${remote}`;
}

function standing(
  { verdict, lastHour }: StatusView,
  paint: Paint,
): readonly string[] {
  const tone = verdict.does === "enforcing" ? paint.good : paint.warning;
  return [
    tone(printable(verdict.text, 79)),
    paint.dim(
      `${chart(lastHour.each)}  ${countText(lastHour.packets, "packet")} in the last hour`,
    ),
  ];
}

/** Lines that are written anew in place, where a terminal can. */
class LiveLines {
  readonly #out: Watching["out"];
  #shown: readonly string[] = [];

  constructor(out: Watching["out"]) {
    this.#out = out;
  }

  show(lines: readonly string[]): void {
    if (this.#out.isTTY !== true) return;
    this.wipe();
    this.#out.write(`${lines.join("\n")}\n`);
    this.#shown = lines;
  }

  /** What stays. */
  above(line: string): void {
    this.wipe();
    this.#out.write(`${line}\n`);
  }

  /** From the first column: the terminal itself writes ^C where the cursor is. */
  wipe(): void {
    if (this.#shown.length === 0) return;
    this.#out.write(`\u001b[${this.#shown.length}A\r\u001b[0J`);
    this.#shown = [];
  }
}
