import { signal } from "@preact/signals";
import { unturned } from "../../../agent/text/shown.js";
import type { Told } from "./api-types.js";
import { Gathered } from "./gathered.js";
import { forgetSession } from "./session.js";

/**
 * How the stream is: what is seen is as of now only while it is live. `paused`:
 * other pages of the same person have the room, until this one is told to go on.
 */
export type Connection = "connecting" | "live" | "broken" | "paused";

export const connection = signal<Connection>("connecting");

/** When the stream was heard last: milliseconds since 1970. */
export const heardAt = signal(Date.now());

/** What happened while the page was open, newest first: the last 500. */
export const happened = signal<readonly Told[]>([]);

const MOST_KEPT = 500;

/** How often the cloud shows that it is there, and how long it may be silent. */
const BEAT_MS = 350;
const SILENCE_MS = 900;

/** How long to wait before the next try, at most. */
const LONGEST_WAIT_MS = 15_000;

/** The stream's own closing codes, as the API's document has them. */
const NOT_KNOWN = 4401;
const NO_SUCH_POSITION = 4404;
const MADE_ROOM = 4429;

/**
 * Without news: the stream is back, and what it does not tell may have changed.
 * @param isMissing what it usually tells happened unheard, too
 */
type Listener = (news: readonly Told[], isMissing: boolean) => void;

/**
 * One stream for the whole page. It goes on where it broke off, by its position
 * in the log; news come to listeners once a frame, however many there are.
 */
export class Live {
  readonly #listeners = new Set<Listener>();
  #socket: WebSocket | undefined;
  #position: number | undefined;
  readonly #waiting = new Gathered<Told>(MOST_KEPT);
  #tries = 0;
  #silence: ReturnType<typeof setTimeout> | undefined;
  #again: ReturnType<typeof setTimeout> | undefined;
  #isOpen = false;
  /** It broke off, and listeners were not told yet that it is back. */
  #wasLost = false;
  /** It does not go on where it was heard last. */
  #skips = false;

  open(): void {
    if (this.#isOpen) return;
    this.#isOpen = true;
    document.addEventListener("visibilitychange", this.#onHidden);
    this.#connect();
  }

  /** After a pause: another page of this person makes room now. */
  goOn(): void {
    if (!this.#isOpen || connection.peek() !== "paused") return;
    connection.value = "connecting";
    this.#tries = 0;
    this.#connect();
  }

  /** @param staysSeen views stay meanwhile, and ask anew when it is opened again */
  close(staysSeen = false): void {
    this.#isOpen = false;
    document.removeEventListener("visibilitychange", this.#onHidden);
    clearTimeout(this.#again);
    clearTimeout(this.#silence);
    this.#drop();
    this.#position = undefined;
    this.#waiting.take();
    happened.value = [];
    this.#wasLost = staysSeen;
    connection.value = "connecting";
  }

  /** @returns what ends it */
  listen(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  #connect(): void {
    const url = new URL("/api/v1/live", window.location.href);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    url.searchParams.set("beat", String(BEAT_MS));
    this.#skips = this.#position === undefined;
    if (this.#position !== undefined) {
      url.searchParams.set("after", String(this.#position));
    }
    const socket = new WebSocket(url);
    this.#socket = socket;
    socket.onmessage = ({ data }) => {
      if (this.#socket === socket) this.#hear(unturned(String(data)));
    };
    socket.onclose = ({ code }) => {
      if (this.#socket === socket) this.#closed(code);
    };
  }

  #hear(text: string): void {
    const message = JSON.parse(text) as { position: number; items: Told[] };
    this.#position = message.position;
    this.#tries = 0;
    const isBack = this.#wasLost;
    this.#wasLost = false;
    connection.value = "live";
    if (isBack) this.#say([], this.#skips);
    heardAt.value = Date.now();
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => this.#closed(0), SILENCE_MS);
    if (message.items.length > 0) this.#gather(message.items);
  }

  /** Sixty updates a second are one change of the page a frame. */
  #gather(items: readonly Told[]): void {
    if (this.#waiting.isEmpty) {
      // A page in the background has no frames, and few timers.
      if (document.hidden) setTimeout(() => this.#tell(), 0);
      else requestAnimationFrame(() => this.#tell());
    }
    this.#waiting.add(items);
  }

  /** The frame that was asked for comes only once the page is looked at again. */
  readonly #onHidden = (): void => {
    if (document.hidden) setTimeout(() => this.#tell(), 0);
  };

  #tell(): void {
    if (this.#waiting.isEmpty) return;
    const { news, isMissing } = this.#waiting.take();
    happened.value = [...news.toReversed(), ...happened.peek()].slice(
      0,
      MOST_KEPT,
    );
    this.#say(news, false);
    if (isMissing) this.#say([], true);
  }

  #say(news: readonly Told[], isMissing: boolean): void {
    for (const listener of this.#listeners) listener(news, isMissing);
  }

  #closed(code: number): void {
    clearTimeout(this.#silence);
    this.#drop();
    if (!this.#isOpen) return;
    this.#wasLost = true;
    // Pages that come back by themselves would push each other out for ever.
    connection.value = code === MADE_ROOM ? "paused" : "broken";
    if (code === MADE_ROOM) return;
    if (code === NOT_KNOWN) {
      forgetSession();
      return;
    }
    // The cloud was restored to an earlier state: there is another log now.
    if (code === NO_SUCH_POSITION) this.#position = undefined;
    const wait = Math.min(LONGEST_WAIT_MS, 250 * 2 ** this.#tries);
    this.#tries += 1;
    clearTimeout(this.#again);
    this.#again = setTimeout(
      () => this.#connect(),
      wait * (0.5 + Math.random() / 2),
    );
  }

  #drop(): void {
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.close();
  }
}

export const live = new Live();
