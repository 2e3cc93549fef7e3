import { useCallback, useMemo, useState } from "preact/hooks";
import { BANS } from "../../../../query/lists/bans.js";
import type { Answers } from "../../api-types.js";
import { fileAddress } from "../../api.js";
import { count, Head, Nothing } from "../../parts/bits.js";
import { LongList, type Jump } from "../../parts/long-list.js";
import { QueryBox } from "../../parts/query-box.js";
import { to } from "../../router.js";
import { may } from "../../session.js";
import { useAsked } from "../../use-asked.js";
import { GONE, banColumns, type Row } from "./ban-columns.js";
import { JumpField } from "./jump-field.js";
import type { Target } from "./jump.js";
import {
  askedOf,
  bansAsked,
  nameOf,
  rowAsked,
  see,
  type BansAsked,
} from "./order.js";
import { useSince, type Since } from "./use-since.js";
import { useWindows, type Windows } from "./use-windows.js";

/** All that is banned now, however much that is. */
export function Bans() {
  const asked = bansAsked();
  const { shown, coming, ...windows } = useWindows(asked);
  const { refresh } = windows;
  const since = useSince(shown);
  const known = useKnown();
  const jump = useJump(shown, asked);
  const [top, setTop] = useState(0);
  const onSight = useCallback(
    (first: number, end: number, highest: number) => {
      setTop(highest);
      windows.onSight(first, end);
    },
    [windows.onSight],
  );
  return (
    <div class="view list-view">
      <Head title="Bans">
        <News since={since} onShow={refresh} />
        <span class="faint" role="status" aria-busy={shown === undefined}>
          {saidOf(shown, coming)}
        </span>
      </Head>
      <QueryBox
        list={BANS}
        known={known}
        value={asked.q}
        onChange={(q) => see({ ...asked, q })}
      />
      <div class="bans-tools">
        <JumpField asked={asked} onJump={jump.go} />
        <span class="faint">
          {top > 0 && `Seen from row ${count(top + 1)} on`}
        </span>
        <ExportLinks asked={asked} />
      </div>
      {shown?.error !== undefined && (
        <p class="failure" role="alert">
          {shown.error.message}{" "}
          <button type="button" class="quiet" onClick={refresh}>
            Ask again
          </button>
        </p>
      )}
      {shown !== undefined && (
        <Rows windows={shown} jumpTo={jump.to} onSight={onSight} />
      )}
    </div>
  );
}

const FORMATS = [
  ["csv", "CSV", "as a table for spreadsheets"],
  ["jsonl", "JSONL", "a line of JSON a ban"],
] as const;

/** Carries away all that the query finds, in the order that is seen. */
function ExportLinks({ asked }: { readonly asked: BansAsked }) {
  return (
    <span class="bans-export">
      Export:
      {FORMATS.map(([format, name, says]) => (
        <a
          key={format}
          download={`bans.${format}`}
          href={fileAddress("/bans/export", { format, ...askedOf(asked) })}
          title={`All that is listed, ${says}`}
        >
          {name}
        </a>
      ))}
    </span>
  );
}

function Rows({
  windows: { of, asked, cache, error },
  jumpTo,
  onSight,
}: {
  readonly windows: Windows;
  readonly jumpTo: Jump | undefined;
  readonly onSight: (first: number, end: number, highest: number) => void;
}) {
  if (cache.count === 0) {
    return error === undefined ? <Nothing>{nothingSaid(asked)}</Nothing> : null;
  }
  const isDown = asked.desc !== (asked.sort === "newest");
  return (
    <LongList<Row>
      key={of}
      label="Bans"
      columns={banColumns()}
      count={cache.count}
      rowAt={(index) =>
        cache.rowAt(index) ?? (cache.isGone(index) ? GONE : undefined)
      }
      keyOf={(row) => (row === GONE ? row : `${row.feed} ${row.range}`)}
      hrefOf={hrefOf}
      onSight={onSight}
      jumpTo={jumpTo}
      sorted={{ by: asked.sort, desc: isDown }}
      onSort={({ by }) => {
        const sort = by as BansAsked["sort"];
        see({ ...asked, sort, desc: sort === asked.sort && !asked.desc });
      }}
    />
  );
}

/** Where one looks a ban up, and lifts it; partners see the list alone. */
const hrefOf = (row: Row): string | undefined =>
  row === GONE || !may("viewer")
    ? undefined
    : to("/address", { of: row.range });

const nothingSaid = ({ q }: BansAsked): string =>
  q === "" ? "Nothing is banned now." : "No ban is like that now.";

/** What came and went: it is shown when somebody says so. */
function News({
  since: { added, ended },
  onShow,
}: {
  readonly since: Since;
  readonly onShow: () => void;
}) {
  if (added === 0 && ended === 0) return null;
  const said = [
    ...(added > 0 ? [`${count(added)} new`] : []),
    ...(ended > 0 ? [`${count(ended)} ended`] : []),
  ];
  return (
    <button type="button" class="quiet" onClick={onShow}>
      {said.join(", ")} since: show
    </button>
  );
}

/** How many there are, and how far they were looked for. */
function saidOf(
  shown: Windows | undefined,
  coming: number | undefined,
): string {
  if (coming !== undefined) {
    return coming > 0 ? `${lookedSaid(coming)}…` : "Asking the cloud…";
  }
  if (shown === undefined || shown.error !== undefined) return "";
  const { cache, scanned } = shown;
  if (cache.isWhole) return `${count(cache.count)} in all`;
  return `${count(cache.count)} and more, ${lookedSaid(scanned)}`;
}

const lookedSaid = (scanned: number): string =>
  `${Math.floor(100 * scanned)} % looked through`;

/** Goes to where the address says, or somebody does, once that is there. */
function useJump(shown: Windows | undefined, asked: BansAsked) {
  const row = rowAsked();
  const [nth, setNth] = useState(0);
  const cache = shown?.of === nameOf(asked) ? shown.cache : undefined;
  const isThere =
    row !== undefined &&
    cache !== undefined &&
    (cache.isWhole || cache.count > row);
  const jump = useMemo(
    () =>
      isThere
        ? { row: Math.min(row, Math.max(0, cache.count - 1)) }
        : undefined,
    [isThere, row, nth, nameOf(asked)],
  );
  const go = (target: Target) => {
    see(target.asked, target.row);
    setNth((each) => each + 1);
  };
  return { to: jump, go };
}

/** What the query box can offer. */
function useKnown(): { readonly feed?: readonly string[] } {
  const asked = useAsked<Answers["listFeeds"]>(
    may("viewer") ? "/feeds" : undefined,
  );
  const { data } = asked;
  return useMemo(
    () => (data ? { feed: data.items.map(({ feed }) => feed) } : {}),
    [data],
  );
}
