import { Facts, Shown } from "../../parts/bits.js";
import { Time } from "../../parts/time.js";
import { useAsked } from "../../use-asked.js";
import { RuleText } from "./rule-text.js";
import type { RulesText, RulesTold } from "./told.js";

/** The rules that decide now. */
export function InForce({ rules }: { readonly rules: RulesTold }) {
  const { version, by, at, rules: names } = rules.inForce;
  const asked = useAsked<RulesText>(`/rules/versions/${version}`);
  return (
    <div class="stack">
      <Facts
        of={[
          [
            "Version",
            version === 0 ? "0: what the cloud's settings say" : version,
          ],
          ["Published", at === null ? "never" : <Time at={at} as="date" />],
          ["By", by ?? "nobody: they came with the settings"],
          ["Rules, in their order", names.join(", ") || "none"],
        ]}
      />
      <Shown asked={asked}>{({ text }) => <RuleText text={text} />}</Shown>
    </div>
  );
}
