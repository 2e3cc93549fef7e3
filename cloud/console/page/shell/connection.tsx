import { computed } from "@preact/signals";
import { connection, heardAt } from "../live.js";
import { now, span } from "../parts/time.js";

const words = computed(() => {
  if (connection.value === "live") return "live";
  if (connection.value === "connecting") return "connecting";
  const since = span(now.value - heardAt.value);
  return `no connection for ${since}: what you see is of then`;
});

/** Whether what is seen is as of now. */
export function ConnectionSign() {
  return (
    <span class={`connection ${connection.value}`}>
      <span class="dot" aria-hidden="true" />
      {words}
      <span class="aloud" role="status">
        {connection.value === "broken" ? "The connection is lost" : ""}
      </span>
    </span>
  );
}
