import type { Why } from "../../api-types.js";
import { apiPath } from "../../api.js";
import { Badge, Nothing, Panel, Shown } from "../../parts/bits.js";
import { ShareBar } from "../../parts/share-bar.js";
import { Until } from "../../parts/time.js";
import { to } from "../../router.js";
import { useAsked } from "../../use-asked.js";

/** What bans an address now, and how many hosts hold that. */
export function BansOnAddress({ address }: { readonly address: string }) {
  const asked = useAsked<Why>(apiPath("/why", { range: address }), {
    ...{ every: 10_000, on: ["decided", "undone"] },
  });
  return (
    <Panel title="What bans it now">
      <Shown asked={asked}>
        {({ bans }) =>
          bans.length === 0 ? (
            <Nothing>Nothing bans it.</Nothing>
          ) : (
            <BanTable of={bans} />
          )
        }
      </Shown>
    </Panel>
  );
}

function BanTable({ of }: { readonly of: Why["bans"] }) {
  return (
    <div class="scroll">
      <table class="lines">
        <thead>
          <tr>
            <th>Range</th>
            <th>Feed</th>
            <th>Ends</th>
            <th>By</th>
            <th>Why</th>
            <th>Decision</th>
            <th>In force on</th>
          </tr>
        </thead>
        <tbody>
          {of.map((ban) => (
            <BanRow key={`${ban.feed} ${ban.range}`} ban={ban} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function BanRow({ ban }: { readonly ban: Why["bans"][number] }) {
  const { range, feed, observed, until, by, reason, decision, coverage } = ban;
  return (
    <tr>
      <td class="mono">{range}</td>
      <td>
        {feed} {observed && <Badge>observed</Badge>}
      </td>
      <td>
        <Until at={until} />
      </td>
      <td>{by ?? <span class="faint">unknown</span>}</td>
      <td class="wraps">{reason}</td>
      <td>
        <a href={to(`/decisions/${decision}`)}>{decision}</a>
      </td>
      <td>
        {coverage === null ? (
          <span class="faint">unknown</span>
        ) : (
          <ShareBar share={coverage} />
        )}
      </td>
    </tr>
  );
}
