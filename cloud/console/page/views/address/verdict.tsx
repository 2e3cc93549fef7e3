import type { ComponentChildren } from "preact";
import type { Why } from "../../api-types.js";
import { count, counted } from "../../parts/bits.js";
import { feedSaid } from "../../parts/feed-said.js";
import { Time, Until } from "../../parts/time.js";
import { isVendor } from "../../session.js";

/** What stands, and what was seen, in two sentences. */
export function Verdict({ why }: { readonly why: Why }) {
  return (
    <div class="verdict">
      <p>{standing(why)}</p>
      <p>{seen(why)}</p>
    </div>
  );
}

function standing({ range, bans, total }: Why): ComponentChildren {
  const [first] = bans;
  if (first === undefined) {
    return (
      <>
        <strong>Not banned.</strong> Nothing stops it anywhere.
      </>
    );
  }
  const enforced = bans.filter(({ observed }) => !observed);
  const ban = enforced[0] ?? first;
  const { coverage, feed, until } = ban;
  return (
    <>
      <strong>{enforced.length === 0 ? "Only observed" : "Banned"}</strong> for{" "}
      {feedSaid(feed)}
      {ban.range !== range && (
        <>
          , by <span class="mono">{ban.range}</span>
        </>
      )}
      ; it ends: <Until at={until} />.
      {coverage !== null && (
        <>
          {" "}
          {enforced.length === 0 ? "Counted" : "In force"} on{" "}
          <strong>
            {count(coverage.holding)} of {counted(coverage.must, "host")}
          </strong>
          .
        </>
      )}
      {total > 1 && ` ${counted(total - 1, "more ban")} below.`}
    </>
  );
}

function seen({ seen: by }: Why): ComponentChildren {
  if (by.length === 0) return "No sensor has reported it of late.";
  const failures = by.reduce((sum, each) => sum + each.failures, 0);
  const hosts = by.reduce((sum, each) => sum + each.hosts, 0);
  const last = by
    .map(({ lastSeen }) => lastSeen)
    .toSorted()
    .at(-1);
  return (
    <>
      <strong>{counted(failures, "failed log-in")}</strong> on{" "}
      {counted(hosts, "host")}
      {isVendor.value && ` of ${counted(by.length, "customer")}`}, the last{" "}
      <Time at={last} />.
    </>
  );
}
