import { useId } from "preact/hooks";
import type { Answers } from "../../api-types.js";
import { feedSaid } from "../../parts/feed-said.js";
import { isVendor } from "../../session.js";
import { useAsked } from "../../use-asked.js";

/** For whom something is: an org's people have one feed of their own. */
export function FeedField({
  value,
  onChange,
}: {
  readonly value: string;
  readonly onChange: (feed: string) => void;
}) {
  const id = useId();
  const { data } = useAsked<Answers["listOrgs"]>(
    isVendor.value ? "/orgs" : undefined,
  );
  const orgs = data?.items.map((org) => `org/${org.id}`) ?? [];
  const feeds = isVendor.value ? ["reputation", "urgent", ...orgs] : [value];
  return (
    <div class="field">
      <label for={id}>For</label>
      <select
        id={id}
        value={value}
        onChange={({ currentTarget }) => onChange(currentTarget.value)}
      >
        {feeds.map((feed) => (
          <option key={feed} value={feed}>
            {feed}: {feedSaid(feed)}
          </option>
        ))}
      </select>
    </div>
  );
}
