import { signal } from "@preact/signals";

interface Notice {
  readonly id: number;
  readonly text: string;
  readonly href?: string | undefined;
}

const notices = signal<readonly Notice[]>([]);
const MOST = 4;
const STAYS_MS = 8_000;

/** Says something in passing; it goes by itself. */
export function notify(text: string, href?: string): void {
  const id = performance.now();
  notices.value = [...notices.peek(), { id, text, href }].slice(-MOST);
  setTimeout(() => {
    notices.value = notices.peek().filter((each) => each.id !== id);
  }, STAYS_MS);
}

/** Read aloud where somebody listens, one after the other. */
export function Notices() {
  return (
    <div class="notices" role="status" aria-live="polite">
      {notices.value.map(({ id, text, href }) => (
        <p key={id}>{href === undefined ? text : <a href={href}>{text}</a>}</p>
      ))}
    </div>
  );
}
