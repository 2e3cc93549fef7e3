import type { Host } from "../../api-types.js";
import { Badge, Nothing, Panel } from "../../parts/bits.js";
import { Time } from "../../parts/time.js";
import { healthAdvice } from "./health-advice.js";
import { troublesOf } from "./host-words.js";

/** All that is wrong with a host, and what to do about it. */
export function HostHealth({ host }: { readonly host: Host }) {
  const troubles = troublesOf(host);
  return (
    <Panel title="What is wrong">
      {troubles.length === 0 ? (
        <Nothing>
          {host.report === null
            ? "Nobody knows: it has not said anything of itself yet."
            : "Nothing that it or the cloud knows of."}
        </Nothing>
      ) : (
        <ul class="troubles">
          {troubles.map(({ code, tone, says, since }) => (
            <li key={code}>
              <Badge tone={tone}>{code}</Badge>
              <div>
                <p>{says}</p>
                <p class="faint">{healthAdvice(code)}</p>
              </div>
              <span class="faint">
                {since !== null && (
                  <>
                    since <Time at={since} as="date" />
                  </>
                )}
              </span>
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}
