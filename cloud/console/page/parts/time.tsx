import { signal } from "@preact/signals";

/** The time that the page shows ages by: it moves once a second. */
export const now = signal(Date.now());

/** Has ages grow while the page is looked at. */
export function tick(): void {
  setInterval(() => {
    if (!document.hidden) now.value = Date.now();
  }, 1_000);
}

const SHORT = new Intl.DateTimeFormat(undefined, {
  ...{ hour: "2-digit", minute: "2-digit", second: "2-digit" },
  hourCycle: "h23",
});
const LONG = new Intl.DateTimeFormat(undefined, {
  ...{ year: "numeric", month: "short", day: "numeric" },
  ...{ hour: "2-digit", minute: "2-digit", hourCycle: "h23" },
});

const DAY = new Intl.DateTimeFormat(undefined, {
  ...{ year: "numeric", month: "short", day: "numeric" },
});

export const localDay = (at: string): string => DAY.format(new Date(at));

/** In the reader's own zone. */
export const localTime = (at: string): string => LONG.format(new Date(at));

const utc = (at: string): string =>
  `${at.slice(0, 10)} ${at.slice(11, 19)} UTC`;

/** "3 min", "2 h", "5 d": how long something is, roughly. */
export function span(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.round(minutes / 60);
  return hours < 48 ? `${hours} h` : `${Math.round(hours / 24)} d`;
}

interface TimeProps {
  /** RFC 3339, in UTC. */
  readonly at: string | null | undefined;
  /** "age": how long ago; "clock": of today; "date": in full. */
  readonly as?: "age" | "clock" | "date";
}

/** A time in the reader's zone; in UTC for who points at it. */
export function Time({ at, as = "age" }: TimeProps) {
  if (at === null || at === undefined) return <span class="faint">never</span>;
  return (
    <time dateTime={at} title={utc(at)}>
      {textOf(at, as)}
    </time>
  );
}

function textOf(at: string, as: "age" | "clock" | "date"): string {
  if (as === "date") return localTime(at);
  const date = new Date(at);
  if (as === "clock") return SHORT.format(date);
  return `${span(now.value - date.getTime())} ago`;
}

/** What the cloud says, with the times in it in the reader's zone. */
export function Timed({ says }: { readonly says: string }) {
  return (
    <>
      {says
        .split(TIMES)
        .map((part, nth) =>
          nth % 2 === 0 ? part : <Time key={nth} at={part} as="date" />,
        )}
    </>
  );
}

/** RFC 3339, in UTC, as the cloud writes them. */
const TIMES = /(\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z)/;

/** When something ends: "in 3 h", or that it never does. */
export function Until({ at }: { readonly at: string | null }) {
  if (at === null) return <span class="faint">unknown</span>;
  if (at.startsWith("9999")) return <span>no end</span>;
  const left = new Date(at).getTime() - now.value;
  return (
    <time dateTime={at} title={`${localTime(at)}, ${utc(at)}`}>
      {left <= 0 ? `ended ${span(-left)} ago` : `in ${span(left)}`}
    </time>
  );
}
