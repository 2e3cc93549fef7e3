import { useState } from "preact/hooks";
import type { Answers } from "../../api-types.js";
import { send } from "../../api.js";
import { Failure, Panel } from "../../parts/bits.js";
import { ChangeDialog } from "../../parts/change.js";
import { ChoiceField } from "../../parts/fields.js";
import { useTried } from "../../parts/use-tried.js";
import { may } from "../../session.js";
import { useAsked } from "../../use-asked.js";
import { Begin } from "./begin.js";
import { Difference } from "./difference.js";
import { draft } from "./draft.js";
import { RuleEditor } from "./rule-editor.js";
import { faultsIn } from "./rule-faults.js";
import { TrialShown } from "./trial.js";
import type { RulesText, RulesTold, Trial } from "./told.js";

const SPANS = [
  ["1d", "a day"],
  ["7d", "a week"],
  ["30d", "30 days"],
  ["90d", "90 days"],
] as const;

/** A text that is changed, tried on what hosts saw, watched, and published. */
export function TryRules({ rules }: { readonly rules: RulesTold }) {
  const { version } = rules.inForce;
  const base = useAsked<RulesText>(`/rules/versions/${version}`);
  const inForce = base.data?.text;
  const text = draft.value ?? inForce ?? "";
  const trying = useTrial(text);
  const faults = faultsIn(trying.error);
  const [asked, setAsked] = useState<"shadow" | "publish" | undefined>();
  const isChanged = inForce !== undefined && text !== inForce;
  return (
    <div class="stack">
      <Begin rules={rules} inForce={inForce} />
      <RuleEditor
        text={text}
        faults={faults}
        onChange={(next) => {
          draft.value = next;
        }}
      />
      {trying.error !== undefined && faults.length === 0 && (
        <Failure error={trying.error} />
      )}
      <Ways
        trying={trying}
        isEmpty={text === ""}
        isChanged={isChanged}
        onAsk={setAsked}
      />
      {trying.answer !== undefined && <TrialShown trial={trying.answer} />}
      {isChanged && (
        <Panel title={`What it changes of version ${version}`}>
          <Difference before={inForce} after={text} />
        </Panel>
      )}
      {asked === "shadow" && (
        <ShadowDialog text={text} onClose={() => setAsked(undefined)} />
      )}
      {asked === "publish" && (
        <PublishDialog text={text} onClose={() => setAsked(undefined)} />
      )}
    </div>
  );
}

/** What can be done with a text. */
function Ways({
  trying,
  isEmpty,
  isChanged,
  onAsk,
}: {
  readonly trying: ReturnType<typeof useTrial>;
  readonly isEmpty: boolean;
  readonly isChanged: boolean;
  readonly onAsk: (what: "shadow" | "publish") => void;
}) {
  return (
    <div class="row">
      <ChoiceField
        label="On what hosts saw in"
        value={trying.since}
        choices={SPANS}
        onChange={trying.setSince}
      />
      <button
        type="button"
        class="main"
        disabled={trying.isBusy || isEmpty}
        onClick={() => void trying.run()}
      >
        {trying.isBusy ? "It is tried…" : "Test on history"}
      </button>
      <button type="button" disabled={isEmpty} onClick={() => onAsk("shadow")}>
        Watch it in the shadow…
      </button>
      {may("approver") && (
        <button
          type="button"
          disabled={!isChanged}
          onClick={() => onAsk("publish")}
        >
          Publish it…
        </button>
      )}
    </div>
  );
}

/** A trial of a text: it runs in the cloud, one at a time. */
function useTrial(text: string) {
  const [since, setSince] = useState("30d");
  const tried = useTried(text, async () => {
    const order = { text, since };
    return (await send<Trial>("POST", "/rules/test", order)).body;
  });
  return { ...tried, since, setSince };
}

interface TextDialogProps {
  readonly text: string;
  readonly onClose: () => void;
}

function ShadowDialog({ text, onClose }: TextDialogProps) {
  return (
    <ChangeDialog<Answers["shadowRules"]>
      onClose={onClose}
      plan={{
        title: "Watch these rules in the shadow",
        ...{ verb: "Watch them", method: "PUT", path: "/rules/shadow" },
        bodyOf: () => ({ text }),
        done: "They are watched from now on, and ban nobody",
        children: (
          <p>
            They see all that hosts tell from now on, and ban nobody. What they
            would have banned stands under Shadow; whatever was watched there
            before ends.
          </p>
        ),
      }}
    />
  );
}

function PublishDialog({ text, onClose }: TextDialogProps) {
  return (
    <ChangeDialog<Answers["publishRules"]>
      onClose={onClose}
      plan={{
        title: "Have these rules decide",
        ...{ verb: "Propose them", isDanger: true, method: "POST" },
        path: "/rules",
        bodyOf: () => ({ text }),
        done: "They decide from now on",
        onDone: () => {
          draft.value = undefined;
        },
        children: (
          <p>
            They change who is banned everywhere, by itself. They decide once a
            second person has released them, unless others decide by then.
          </p>
        ),
      }}
    />
  );
}
