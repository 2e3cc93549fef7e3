import type { Why } from "../../api-types.js";
import { Badge, count, counted, Nothing, Panel } from "../../parts/bits.js";
import { feedSaid } from "../../parts/feed-said.js";
import { heldSaid } from "../../parts/held-said.js";
import { ShareBar } from "../../parts/share-bar.js";
import { Until } from "../../parts/time.js";
import { to } from "../../router.js";

type Ban = Why["bans"][number];

/** Every ban that holds it, or lies in it, and who holds the ban. */
export function BansPanel({ why }: { readonly why: Why }) {
  const { range, bans, total } = why;
  return (
    <Panel title="Bans on it">
      {bans.length === 0 ? (
        <Nothing>There is none: hosts let it through.</Nothing>
      ) : (
        <div class="scroll">
          <table class="lines">
            <thead>
              <tr>
                <th scope="col">Range</th>
                <th scope="col">For</th>
                <th scope="col">Ends</th>
                <th scope="col">In force on</th>
                <th scope="col">Why</th>
                <th scope="col">By</th>
                <th scope="col">Decision</th>
              </tr>
            </thead>
            <tbody>
              {bans.map((ban) => (
                <BanRow key={`${ban.feed} ${ban.range}`} {...{ ban, range }} />
              ))}
            </tbody>
          </table>
        </div>
      )}
      {total > bans.length && (
        <p class="nothing">
          and{" "}
          <a href={to("/bans", { q: `range:${range}` })}>
            {count(total - bans.length)} more
          </a>
        </p>
      )}
      <Held bans={bans} />
    </Panel>
  );
}

function BanRow({ ban, range }: { readonly ban: Ban; readonly range: string }) {
  const { feed, observed, until, by, reason, decision, coverage } = ban;
  const { confidence, evidence } = ban;
  return (
    <tr>
      <td class="mono">
        {ban.range === range ? (
          range
        ) : (
          <a href={to("/address", { of: ban.range })}>{ban.range}</a>
        )}
      </td>
      <td>
        {feedSaid(feed)} {observed && <Badge>only counted</Badge>}
      </td>
      <td>
        <Until at={until} />
      </td>
      <td>
        {coverage === null ? (
          <span class="faint">not known</span>
        ) : (
          <ShareBar share={coverage} />
        )}
      </td>
      <td class="wraps">
        {reason}
        {confidence !== null && (
          <span class="faint">
            {" "}
            ({Math.floor(confidence * 100)} % sure
            {evidence > 0 && `, on ${counted(evidence, "report")}`})
          </span>
        )}
      </td>
      <td>{by ?? <span class="faint">the vendor</span>}</td>
      <td>
        <a href={to(`/decisions/${decision}`)}>{decision}</a>
      </td>
    </tr>
  );
}

/** Where hosts do not do what was decided, and by which of their rules. */
function Held({ bans }: { readonly bans: Why["bans"] }) {
  const held = bans.flatMap(({ decision, held }) =>
    held.map((each) => ({ decision, ...each })),
  );
  if (held.length === 0) return null;
  return (
    <ul class="sentences held-back">
      {held.map(({ decision, rule, hosts }) => (
        <li key={`${decision} ${rule}`}>
          <Badge tone="warn">held back</Badge> on {counted(hosts, "host")} (
          {rule}). {heldSaid(rule)}
        </li>
      ))}
    </ul>
  );
}
