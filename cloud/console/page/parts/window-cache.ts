/** Rows of a list from a place on, as the cloud answers them. */
export interface RowWindow<T> {
  readonly rows: readonly T[];
  /** The first one's number, from 0. */
  readonly at: number;
  /** How many rows there are; undefined: not all were looked at yet. */
  readonly total: number | undefined;
  /** Where the rows behind these begin, wherever others come and go. */
  readonly next?: string | null;
}

/** What is asked for: rows from `at` on, or from where others ended. */
export interface WindowAsked {
  readonly at: number;
  readonly cursor: string | undefined;
  readonly limit: number;
  readonly signal: AbortSignal;
}

export type ReadWindow<T> = (asked: WindowAsked) => Promise<RowWindow<T>>;

export interface WindowCacheOptions<T> {
  readonly read: ReadWindow<T>;
  /** Something is known that was not. */
  readonly onChange: () => void;
  readonly onError: (error: Error) => void;
}

/** Rows that are asked for at once. */
export const PAGE_ROWS = 100;

/** Of rows, at most: what was seen longest ago is forgotten. */
const MOST_ROWS = 6_000;
const MOST_PAGES = MOST_ROWS / PAGE_ROWS;

/** Questions that are under way at once. */
const MOST_ASKED = 2;

interface HeldPage<T> {
  readonly rows: readonly T[];
  /** There is no more to be known of it. */
  readonly isDone: boolean;
  readonly next: string | undefined;
}

/** Milliseconds that a list has to stand still before its rows are asked for. */
const CALM_MS = 60;

/**
 * Some pages of a list that is too long to be held: those in sight, and others as
 * long as there is room. Who scrolls past a page before it is here gives it up.
 * Rows that come and go meanwhile move none that was read, and change no count: a
 * page begins where the one before it ended, and who wants to see news reads anew.
 */
export class WindowCache<T> {
  readonly #options: WindowCacheOptions<T>;
  /** Those seen longest ago come first. */
  readonly #pages = new Map<number, HeldPage<T>>();
  readonly #asked = new Map<number, AbortController>();
  /** Pages in sight. */
  #first = 0;
  #end = 1;
  #isBegun = false;
  #calm: ReturnType<typeof setTimeout> | undefined;
  #count = 0;
  #isWhole = false;
  #isOver = false;

  constructor(options: WindowCacheOptions<T>) {
    this.#options = options;
  }

  /** How many rows are known to be. */
  get count(): number {
    return this.#count;
  }

  /** Whether these are all. */
  get isWhole(): boolean {
    return this.#isWhole;
  }

  get isLoading(): boolean {
    return this.#asked.size > 0;
  }

  /** Rows that are held. */
  get held(): number {
    let sum = 0;
    for (const { rows } of this.#pages.values()) sum += rows.length;
    return sum;
  }

  /** Undefined: not known yet. */
  rowAt(index: number): T | undefined {
    const page = Math.floor(index / PAGE_ROWS);
    return this.#pages.get(page)?.rows[index - page * PAGE_ROWS];
  }

  /** Whether it was looked for, and is not there any more. */
  isGone(index: number): boolean {
    const page = Math.floor(index / PAGE_ROWS);
    return (
      this.#pages.get(page)?.isDone === true && this.rowAt(index) === undefined
    );
  }

  /** Rows from `first` on, before `end`, are in sight: what is missing is read. */
  sight(first: number, end: number): void {
    const pages = [
      Math.floor(first / PAGE_ROWS),
      Math.max(1, Math.ceil(end / PAGE_ROWS)),
    ] as const;
    const wasAsked = this.#isBegun;
    if (wasAsked && pages[0] === this.#first && pages[1] === this.#end) return;
    [this.#first, this.#end] = pages;
    this.#isBegun = true;
    const wanted = this.#wanted();
    for (const [page, aborter] of this.#asked) {
      if (!wanted.includes(page)) aborter.abort();
    }
    clearTimeout(this.#calm);
    // Who drags the list past a thousand pages asks for the last of them.
    if (wasAsked) this.#calm = setTimeout(() => this.#readOn(), CALM_MS);
    else this.#readOn();
  }

  /** Goes on after a failure. */
  retry(): void {
    this.#readOn();
  }

  /** Nobody looks any more. */
  close(): void {
    this.#isOver = true;
    clearTimeout(this.#calm);
    for (const aborter of this.#asked.values()) aborter.abort();
    this.#pages.clear();
  }

  /** What is in sight; how far the list goes; and what may come into sight next. */
  #wanted(): readonly number[] {
    const sight: number[] = [];
    for (let page = this.#first; page < this.#end; page++) sight.push(page);
    const tail = this.#isWhole ? [] : [Math.floor(this.#count / PAGE_ROWS)];
    const next = [this.#end, this.#first - 1].filter((page) => page >= 0);
    return [...new Set([...sight, ...tail, ...next])];
  }

  #readOn(): void {
    if (this.#isOver) return;
    for (const page of this.#wanted()) {
      if (this.#asked.size >= MOST_ASKED) return;
      this.#touch(page);
      if (this.#isMissing(page)) void this.#read(page);
    }
  }

  /** What was seen last is forgotten last. */
  #touch(page: number): void {
    const held = this.#pages.get(page);
    if (held === undefined) return;
    this.#pages.delete(page);
    this.#pages.set(page, held);
  }

  #isMissing(page: number): boolean {
    if (this.#asked.has(page)) return false;
    const begin = page * PAGE_ROWS;
    // What lies behind all that is known is looked for at its end alone.
    if (begin > this.#count) return false;
    if (this.#isWhole && begin >= this.#count) return false;
    return this.#pages.get(page)?.isDone !== true;
  }

  async #read(page: number): Promise<void> {
    const { read, onChange, onError } = this.#options;
    const aborter = new AbortController();
    this.#asked.set(page, aborter);
    onChange();
    try {
      const { signal } = aborter;
      const cursor = this.#pages.get(page - 1)?.next;
      const at = page * PAGE_ROWS;
      const found = await read({ at, cursor, limit: PAGE_ROWS, signal });
      if (signal.aborted || this.#isOver) return;
      this.#take(page, found);
    } catch (error) {
      if (aborter.signal.aborted || this.#isOver) return;
      onError(error as Error);
      return;
    } finally {
      this.#asked.delete(page);
      if (!this.#isOver) onChange();
    }
    this.#readOn();
  }

  #take(page: number, { rows, at, total, next }: RowWindow<T>): void {
    if (!this.#isWhole) {
      this.#isWhole = total !== undefined;
      this.#count = total ?? Math.max(this.#count, at + rows.length);
    }
    this.#pages.delete(page);
    this.#pages.set(page, {
      rows,
      isDone: rows.length === PAGE_ROWS || total !== undefined,
      next: next ?? undefined,
    });
    for (const each of this.#pages.keys()) {
      if (this.#pages.size <= MOST_PAGES) break;
      if (each < this.#first || each >= this.#end) this.#pages.delete(each);
    }
  }
}
