import { computed } from "@preact/signals";
import { connection, heardAt, live, type Connection } from "../live.js";
import { now, span } from "../parts/time.js";
import { may } from "../session.js";

const words = computed(() => {
  if (connection.value === "live") return "live";
  if (connection.value === "connecting") return "connecting";
  if (connection.value === "paused") {
    return "too many pages open; this one is paused";
  }
  const since = span(now.value - heardAt.value);
  return `no connection for ${since}: what you see is of then`;
});

/** What is said once, when it changes. */
const ALOUD: Readonly<Record<Connection, string>> = {
  ...{ connecting: "", live: "", broken: "The connection is lost" },
  paused: "Too many pages are open; this one is paused",
};

/** Whether what is seen is as of now. */
export function ConnectionSign() {
  // Who is told nothing has no stream that could be there, or break.
  if (!may("viewer")) return null;
  const is = connection.value;
  return (
    <span class={`connection ${is}`}>
      <span class="dot" aria-hidden="true" />
      {words}
      {is === "paused" && (
        <button
          type="button"
          title="Another page of yours is paused instead"
          onClick={() => live.goOn()}
        >
          Go on here
        </button>
      )}
      <span class="aloud" role="status">
        {ALOUD[is]}
      </span>
    </span>
  );
}
