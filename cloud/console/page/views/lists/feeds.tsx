import type { Answers } from "../../api-types.js";
import { Panel, Shown, count } from "../../parts/bits.js";
import { feedSaid } from "../../parts/feed-said.js";
import { to } from "../../router.js";
import { useAsked } from "../../use-asked.js";

/** Where feeds stand, and how much each bans. */
export function Feeds() {
  const asked = useAsked<Answers["listFeeds"]>("/feeds", {
    ...{ every: 5_000, on: ["decided", "undone"] },
  });
  return (
    <Panel title="Feeds">
      <Shown asked={asked}>
        {({ items }) => (
          <div class="scroll">
            <table class="lines">
              <thead>
                <tr>
                  <th>Feed</th>
                  <th>For</th>
                  <th class="number">Bans</th>
                  <th class="number">Only counted</th>
                  <th class="number">Changes so far</th>
                </tr>
              </thead>
              <tbody>
                {items.map((each) => (
                  <Feed key={each.feed} feed={each} />
                ))}
              </tbody>
            </table>
          </div>
        )}
      </Shown>
    </Panel>
  );
}

function Feed({
  feed: { feed, epoch, offset, hash, bans, observed },
}: {
  readonly feed: Answers["listFeeds"]["items"][number];
}) {
  return (
    <tr>
      <td>
        <a href={to("/bans", { q: `feed:${feed}` })}>{feed}</a>
      </td>
      <td>{feedSaid(feed)}</td>
      <td class="number">{count(bans)}</td>
      <td class="number">{count(observed)}</td>
      <td class="number">
        <span
          title={`Of the log ${epoch}, whose last change has SHA-256 ${hash}`}
        >
          {count(offset)}
        </span>
      </td>
    </tr>
  );
}
