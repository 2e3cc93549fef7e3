import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

export interface Column<T> {
  readonly id: string;
  readonly head: string;
  readonly cell: (row: T) => ComponentChildren;
  /** As CSS grid has it: "8rem", "1fr". */
  readonly width: string;
  /** What the list is asked to be sorted by. */
  readonly sort?: string;
  /** Left out where there is little room. */
  readonly onlyWide?: boolean;
  readonly isNumber?: boolean;
}

export interface Sorted {
  readonly by: string;
  readonly desc: boolean;
}

export interface Jump {
  readonly row: number;
}

interface LongListProps<T> {
  readonly label: string;
  readonly columns: readonly Column<T>[];
  /** How many rows there are, known or not. */
  readonly count: number;
  /** Undefined: not known yet. */
  readonly rowAt: (index: number) => T | undefined;
  readonly keyOf: (row: T) => string;
  /** Where a row leads. */
  readonly hrefOf?: (row: T) => string | undefined;
  readonly onOpen?: (row: T) => void;
  /** Rows from `first` on, before `end`, come into sight: `top` is the highest. */
  readonly onSight?: (first: number, end: number, top: number) => void;
  readonly sorted?: Sorted;
  readonly onSort?: (sorted: Sorted) => void;
  /** Brings this row to the top, whenever it is another jump. */
  readonly jumpTo?: Jump | undefined;
}

/** Pixels: as the style sheet has it. */
const ROW = 32;

/**
 * What every browser lets an element be high: Firefox draws none beyond 17.9
 * million pixels, and newer Chromium none beyond 16.8. A longer list is scrolled
 * through in proportion.
 */
const MOST_PIXELS = 16_000_000;

/** Rows drawn beyond what is in sight. */
const MORE = 8;

/** A list of any length: only what is in sight is drawn, each row at its place. */
export function LongList<T>(props: LongListProps<T>) {
  const { columns, count, label } = props;
  const box = useRef<HTMLDivElement>(null);
  const sight = useSight(count, box);
  const { first, end, highest, offset, height, scrollToRow } = sight;
  const { active, setActive, onKeyDown } = useRows(props, scrollToRow);
  const { onSight, jumpTo } = props;
  useEffect(
    () => onSight?.(first, end, highest),
    [first, end, highest, onSight],
  );
  useEffect(() => {
    if (jumpTo === undefined) return;
    setActive(jumpTo.row);
    scrollToRow(jumpTo.row, "start");
  }, [jumpTo]);
  const widths = columns.map(({ width }) => width).join(" ");
  const narrow = columns
    .filter(({ onlyWide }) => onlyWide !== true)
    .map(({ width }) => width)
    .join(" ");
  const rows = Array.from(
    { length: Math.max(0, end - first) },
    (_, nth) => first + nth,
  );
  return (
    <div
      class="long"
      role="grid"
      tabIndex={0}
      aria-label={label}
      aria-rowcount={count + 1}
      aria-activedescendant={active === undefined ? undefined : `row-${active}`}
      onKeyDown={onKeyDown}
      style={{ "--columns": widths, "--columns-narrow": narrow }}
    >
      <ListHead {...props} />
      <div
        class="long-box"
        ref={box}
        role="rowgroup"
        // The grid around it has the keyboard; browsers would stop here, too.
        tabIndex={-1}
      >
        <div
          class="long-space"
          role="presentation"
          style={{ height: `${height}px` }}
        >
          <div
            class="long-rows"
            role="presentation"
            style={{ transform: `translateY(${offset}px)` }}
          >
            {rows.map((index) => (
              <Row
                key={index}
                index={index}
                isActive={index === active}
                {...props}
              />
            ))}
          </div>
        </div>
      </div>
    </div>
  );
}

function ListHead<T>({ columns, sorted, onSort }: LongListProps<T>) {
  return (
    <div class="long-head" role="rowgroup">
      <div class="long-row" role="row" aria-rowindex={1}>
        {columns.map(({ id, head, sort, onlyWide, isNumber }) => {
          const isBy = sort !== undefined && sorted?.by === sort;
          const order = sorted?.desc ? "descending" : "ascending";
          return (
            <div
              key={id}
              role="columnheader"
              class={classes(onlyWide, isNumber)}
              {...(isBy && { "aria-sort": order })}
            >
              {sort === undefined || onSort === undefined ? (
                head
              ) : (
                <button
                  type="button"
                  class="sort"
                  onClick={() =>
                    onSort({ by: sort, desc: isBy && !sorted.desc })
                  }
                >
                  {head}
                  <span aria-hidden="true">
                    {isBy ? (sorted.desc ? " ↓" : " ↑") : ""}
                  </span>
                </button>
              )}
            </div>
          );
        })}
      </div>
    </div>
  );
}

const classes = (onlyWide = false, isNumber = false): string =>
  `cell${onlyWide ? " only-wide" : ""}${isNumber ? " number" : ""}`;

function Row<T>({
  index,
  isActive,
  columns,
  rowAt,
  hrefOf,
  onOpen,
}: LongListProps<T> & { readonly index: number; readonly isActive: boolean }) {
  const row = rowAt(index);
  const href = row === undefined ? undefined : hrefOf?.(row);
  return (
    <div
      class={`long-row${isActive ? " active" : ""}`}
      role="row"
      id={`row-${index}`}
      aria-rowindex={index + 2}
      aria-selected={isActive}
      onClick={() => row !== undefined && onOpen?.(row)}
    >
      {columns.map(({ id, cell, onlyWide, isNumber }, nth) => (
        <div key={id} role="gridcell" class={classes(onlyWide, isNumber)}>
          {row === undefined ? (
            <span class="faint">…</span>
          ) : nth === 0 && href !== undefined ? (
            <a href={href} tabIndex={-1}>
              {cell(row)}
            </a>
          ) : (
            cell(row)
          )}
        </div>
      ))}
    </div>
  );
}

/** Pixels of a list that go by for one of its scroll bar. */
function scaleOf(whole: number, room: number): number {
  const height = Math.min(whole, MOST_PIXELS);
  return height > room ? (whole - room) / (height - room) : 1;
}

/** Which rows are in sight, and where they are drawn. */
function useSight(
  count: number,
  box: { readonly current: HTMLDivElement | null },
) {
  const [top, setTop] = useState(0);
  const [room, setRoom] = useState(600);
  useEffect(() => {
    const element = box.current;
    if (element === null) return undefined;
    const measured = () => setRoom(element.clientHeight);
    const observer = new ResizeObserver(measured);
    observer.observe(element);
    let frame = 0;
    const onScroll = () => {
      cancelAnimationFrame(frame);
      frame = requestAnimationFrame(() => setTop(element.scrollTop));
    };
    element.addEventListener("scroll", onScroll, { passive: true });
    measured();
    return () => {
      observer.disconnect();
      cancelAnimationFrame(frame);
      element.removeEventListener("scroll", onScroll);
    };
  }, []);
  const whole = count * ROW;
  const height = Math.min(whole, MOST_PIXELS);
  const scale = scaleOf(whole, room);
  const at = Math.min(top * scale, Math.max(0, whole - room));
  const highest = Math.floor(at / ROW);
  const first = Math.max(0, highest - MORE);
  const end = Math.min(count, Math.ceil((at + room) / ROW) + MORE);
  const scrollToRow = (row: number, where: "start" | "nearest") => {
    const element = box.current;
    if (element === null) return;
    const wanted = row * ROW;
    const isSeen = wanted >= at && wanted + ROW <= at + room;
    if (where === "nearest" && isSeen) return;
    const target =
      where === "nearest" && wanted > at ? wanted + ROW - room : wanted;
    // It may not be drawn in its own room yet.
    element.scrollTop = target / scaleOf(whole, element.clientHeight);
  };
  // Drawn relative to what is scrolled to, so that no row moves by the scale.
  const offset = top + (first * ROW - at);
  return { first, end, highest, height, offset, scrollToRow };
}

/** What takes the key by itself: a link, or a button that sorts. */
const isOnControl = ({ target }: KeyboardEvent): boolean =>
  target instanceof Element && target.closest("a, button") !== null;

/** The keyboard's way through rows. */
function useRows<T>(
  { count, rowAt, hrefOf, onOpen }: LongListProps<T>,
  scrollToRow: (row: number, where: "start" | "nearest") => void,
) {
  const [active, setActive] = useState<number | undefined>();
  const go = (row: number) => {
    const next = Math.max(0, Math.min(count - 1, row));
    setActive(next);
    scrollToRow(next, "nearest");
  };
  const open = () => {
    const row = active === undefined ? undefined : rowAt(active);
    if (row === undefined) return;
    onOpen?.(row);
    // A click, so that the page's own way of following links takes it.
    const link = document.querySelector<HTMLAnchorElement>(`#row-${active} a`);
    if (hrefOf !== undefined) link?.click();
  };
  const steps: Readonly<Record<string, () => void>> = {
    ArrowDown: () => go((active ?? -1) + 1),
    j: () => go((active ?? -1) + 1),
    ArrowUp: () => go((active ?? 1) - 1),
    k: () => go((active ?? 1) - 1),
    PageDown: () => go((active ?? 0) + 20),
    PageUp: () => go((active ?? 0) - 20),
    Home: () => go(0),
    End: () => go(count - 1),
    Enter: open,
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.metaKey || event.ctrlKey || event.altKey) return;
    const step = steps[event.key];
    if (step === undefined || count === 0) return;
    if (event.key === "Enter" && isOnControl(event)) return;
    event.preventDefault();
    event.stopPropagation();
    step();
  };
  const isAny = count > 0;
  return { active: isAny ? active : undefined, setActive, onKeyDown };
}
