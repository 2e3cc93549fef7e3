import type { ComponentChildren } from "preact";
import { useMemo } from "preact/hooks";
import type { Known } from "../../../query/complete.js";
import type { ListSpec } from "../../../query/query.js";
import type { News, Page } from "../api-types.js";
import { query, setQuery } from "../router.js";
import { Badge, count, Failure, Head, Nothing } from "./bits.js";
import { LongList, type Column, type Sorted } from "./long-list.js";
import { MOST_ROWS, usePaged, type Paged } from "./paged.js";
import { QueryBox } from "./query-box.js";

interface ListViewProps<T, P extends Page<T> = Page<T>> {
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
  /** Milliseconds, of a list that changes without news of it. */
  readonly staleAfterMs?: number;
  /** Beyond the query and the order, which stand in the address. */
  readonly more?: Readonly<Record<string, string | undefined>>;
  /** Another order of all rows than the cloud's: of a list that is read whole. */
  readonly arrange?: (rows: readonly T[]) => readonly T[];
  /** The list has most, or newest, first: by what, where the address says nothing. */
  readonly downBy?: string;
  /** What a page says beyond its rows. */
  readonly note?: (page: P) => ComponentChildren;
  /** What there is to say where no row is. */
  readonly nothing: string;
  readonly children?: ComponentChildren;
}

/** A list with its query and its order in the address. */
export function ListView<T, P extends Page<T> = Page<T>>(
  props: ListViewProps<T, P>,
) {
  const { title, path, list, known = {}, more = {}, on = [] } = props;
  const { q, order, sorted } = placeOf(props.downBy);
  const asked = usePaged<T, P>(
    path,
    { q, ...order, ...more },
    on,
    props.staleAfterMs,
  );
  const { rows, error, last } = asked;
  return (
    <div class="view list-view" aria-busy={asked.isLoading}>
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
      {last !== undefined && props.note?.(last)}
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
function placeOf(downBy: string | undefined): {
  readonly q: string;
  /** As the cloud is asked for it. */
  readonly order: Readonly<Record<string, string>>;
  readonly sorted: Sorted | undefined;
} {
  const q = query.value.get("q") ?? "";
  const sort = query.value.get("sort");
  const by = sort ?? downBy;
  if (by === undefined) return { q, order: {}, sorted: undefined };
  const isDesc = query.value.get("desc") === "true";
  const order = {
    ...(sort !== null && { sort }),
    ...(isDesc && downBy === undefined && { desc: "true" }),
  };
  return { q, order, sorted: { by, desc: isDesc || downBy !== undefined } };
}

function Rows<T>({
  asked,
  sorted,
  ...props
}: Omit<ListViewProps<T>, "note"> & {
  readonly asked: Paged<T>;
  readonly sorted: Sorted | undefined;
}) {
  const { isLoading, isComplete, error, onSight } = asked;
  const { arrange, downBy } = props;
  const rows = useMemo(
    () => arrange?.(asked.rows) ?? asked.rows,
    [asked.rows, arrange],
  );
  if (rows.length === 0) {
    const isEmpty = !isLoading && isComplete && error === undefined;
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
        setQuery({
          sort: by,
          desc: desc && downBy === undefined ? "true" : undefined,
        })
      }
    />
  );
}

const listPartOf = <T,>({
  columns,
  keyOf,
  hrefOf,
  onOpen,
}: Omit<ListViewProps<T>, "note">) => ({
  ...{ columns, keyOf },
  ...(hrefOf && { hrefOf }),
  ...(onOpen && { onOpen }),
});

function saidOf<T>({ rows, total, isComplete }: Paged<T>): string {
  if (total !== undefined) return `${count(total)} in all`;
  return `${count(rows.length)} ${isComplete ? "in all" : "and more"}`;
}
