import type { ComponentChildren } from "preact";
import { useMemo } from "preact/hooks";
import type { Known } from "../../../query/complete.js";
import type { ListSpec } from "../../../query/query.js";
import type { News } from "../api-types.js";
import { query, setQuery } from "../router.js";
import { Badge, count, Failure, Head, Nothing } from "./bits.js";
import { LongList, type Column, type Sorted } from "./long-list.js";
import { MOST_ROWS, usePaged, type Paged } from "./paged.js";
import { QueryBox } from "./query-box.js";

interface ListViewProps<T> {
  readonly title: string;
  /** Of the API: "/agents". */
  readonly path: string;
  /** What can be asked for; none: the list takes no query. */
  readonly list?: ListSpec;
  /** Values that are known, by field, for the query box to offer. */
  readonly known?: Known;
  readonly columns: readonly Column<T>[];
  readonly keyOf: (row: T) => string;
  readonly hrefOf?: (row: T) => string;
  readonly onOpen?: (row: T) => void;
  /** News that may change the list. */
  readonly on?: readonly News["kind"][];
  /** Beyond the query and the order, which stand in the address. */
  readonly more?: Readonly<Record<string, string | undefined>>;
  /** Another order of all rows than the cloud's: of a list that is read whole. */
  readonly arrange?: (rows: readonly T[]) => readonly T[];
  /** What there is to say where no row is. */
  readonly nothing: string;
  readonly children?: ComponentChildren;
}

/** A list with its query and its order in the address. */
export function ListView<T>(props: ListViewProps<T>) {
  const { title, path, list, known = {}, more = {}, on = [] } = props;
  const { q, sorted } = placeOf();
  const order = { sort: sorted?.by, ...(sorted?.desc && { desc: "true" }) };
  const asked = usePaged<T>(path, { q, ...order, ...more }, on);
  const { rows, error } = asked;
  return (
    <div class="view list-view">
      <Head title={title}>
        {props.children}
        <span class="faint" role="status">
          {saidOf(asked)}
        </span>
        {asked.isStale && (
          <button type="button" class="quiet" onClick={asked.refresh}>
            There is news: show it
          </button>
        )}
      </Head>
      {list !== undefined && (
        <QueryBox
          {...{ list, known }}
          value={q}
          onChange={(text) => setQuery({ q: text })}
        />
      )}
      {error !== undefined && <Failure error={error} />}
      <Rows {...props} asked={asked} sorted={sorted} />
      {rows.length >= MOST_ROWS && (
        <p class="nothing">
          <Badge>{count(MOST_ROWS)} rows are shown</Badge> Ask for less to see
          the others.
        </p>
      )}
    </div>
  );
}

/** What the address says of the list. */
function placeOf(): {
  readonly q: string;
  readonly sorted: Sorted | undefined;
} {
  const q = query.value.get("q") ?? "";
  const by = query.value.get("sort");
  const desc = query.value.get("desc") === "true";
  return { q, sorted: by === null ? undefined : { by, desc } };
}

function Rows<T>({
  asked,
  sorted,
  ...props
}: ListViewProps<T> & {
  readonly asked: Paged<T>;
  readonly sorted: Sorted | undefined;
}) {
  const { isLoading, error, onSight } = asked;
  const { arrange } = props;
  const rows = useMemo(
    () => arrange?.(asked.rows) ?? asked.rows,
    [asked.rows, arrange],
  );
  if (rows.length === 0) {
    const isEmpty = !isLoading && error === undefined;
    return isEmpty ? <Nothing>{props.nothing}</Nothing> : null;
  }
  return (
    <LongList<T>
      {...listPartOf(props)}
      label={props.title}
      count={rows.length}
      rowAt={(index) => rows[index]}
      onSight={onSight}
      {...(sorted && { sorted })}
      onSort={({ by, desc }) =>
        setQuery({ sort: by, desc: desc ? "true" : undefined })
      }
    />
  );
}

const listPartOf = <T,>({
  columns,
  keyOf,
  hrefOf,
  onOpen,
}: ListViewProps<T>) => ({
  ...{ columns, keyOf },
  ...(hrefOf && { hrefOf }),
  ...(onOpen && { onOpen }),
});

function saidOf<T>({ rows, total, isComplete }: Paged<T>): string {
  if (total !== undefined) return `${count(total)} in all`;
  return `${count(rows.length)} ${isComplete ? "in all" : "and more"}`;
}
