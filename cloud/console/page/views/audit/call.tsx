import type { Call as CallOut } from "../../api-types.js";
import {
  Facts,
  Head,
  Nothing,
  Panel,
  Shown,
  counted,
} from "../../parts/bits.js";
import { JsonShown } from "../../parts/json-shown.js";
import { Linked, ThingLink } from "../../parts/thing-link.js";
import { Time } from "../../parts/time.js";
import { to } from "../../router.js";
import type { ViewProps } from "../../view-props.js";
import { placeSays } from "./audit.js";
import { useCall } from "./kept-call.js";

/** One call: who, from where, why, what stood before and what came of it. */
export function Call({ id }: ViewProps) {
  const asked = useCall(id);
  return (
    <div class="view">
      {asked.data === undefined && <Head title={id} />}
      <Shown asked={asked}>{(call) => <Story call={call} />}</Shown>
    </div>
  );
}

function Story({ call }: { readonly call: CallOut }) {
  const { operation, name, operator, role, org, credential } = call;
  return (
    <>
      <Head title={`${name}: ${operation}`}>
        <a href={to("/audit", { q: `by:${operator}` })}>All of {name}'s</a>
        <a href={to("/audit", { q: `operation:${operation}` })}>
          All of this kind
        </a>
      </Head>
      <div class="panels">
        <Panel title="Who, when, and from where">
          <Facts
            of={[
              ["When", <Time at={call.at} as="date" />],
              ["Who", `${name}, ${role} of ${org ?? "the vendor"}`],
              ["Signed in with", <code>{credential}</code>],
              ["From", placeSays(call.from)],
              ["Why", call.why === "" ? <NothingSaid /> : call.why],
              ["Number", `${call.seq} in the cloud's log`],
              ["Call", <code>{call.call}</code>],
            ]}
          />
        </Panel>
        <Panel title="What stood before">
          <JsonShown of={call.before} />
        </Panel>
      </div>
      <Panel title="What came of it">
        {call.after.length === 0 ? (
          <Nothing>Nothing changed.</Nothing>
        ) : (
          <ul class="stack-small">
            {call.after.map(({ seq, of, says }) => (
              <li key={seq}>
                <Linked text={says} />{" "}
                {of !== null && !says.includes(of) && <ThingLink id={of} />}
              </li>
            ))}
          </ul>
        )}
        {call.segments > 0 && (
          <p class="faint">
            {counted(call.segments, "signed segment")} went out to hosts.
          </p>
        )}
      </Panel>
      <p class="faint">
        The record cannot be changed without being seen: tourniquet-cloud audit
        --verify holds it to the tree of all that was ever decided.
      </p>
    </>
  );
}

const NothingSaid = () => <span class="faint">nothing was said</span>;
