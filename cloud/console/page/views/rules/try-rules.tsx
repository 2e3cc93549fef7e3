import { signal } from "@preact/signals";
import { useState } from "preact/hooks";
import type { Answers, Page } from "../../api-types.js";
import { ask, send } from "../../api.js";
import { Failure, Panel } from "../../parts/bits.js";
import { ChangeDialog } from "../../parts/change.js";
import { ChoiceField } from "../../parts/fields.js";
import { may } from "../../session.js";
import { useAsked } from "../../use-asked.js";
import { Difference } from "./difference.js";
import { RuleEditor } from "./rule-editor.js";
import { faultsIn } from "./rule-faults.js";
import { TrialShown } from "./trial.js";
import type { RulesText, RulesTold, Trial, Version } from "./told.js";

/** What somebody is at; it stays while they look at other views. */
const draft = signal<string | undefined>(undefined);

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
      <Begin rules={rules} />
      <RuleEditor
        text={text}
        faults={faults}
        onChange={(next) => {
          draft.value = next;
          trying.forget();
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
      {trying.trial !== undefined && <TrialShown trial={trying.trial} />}
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

/** Where a text begins: another version, in place of what stands there. */
function Begin({ rules }: { readonly rules: RulesTold }) {
  const { data } = useAsked<Page<Version>>("/rules/versions");
  const { inForce, shadow } = rules;
  const begin = async (version: number) => {
    const { text } = await ask<RulesText>(`/rules/versions/${version}`);
    draft.value = text;
  };
  const choices = [
    ["", "Begin with another version…"] as const,
    [String(inForce.version), `${inForce.version}: in force`] as const,
    ...(data?.items ?? [])
      .filter(({ version }) => version !== inForce.version)
      .map(({ version, by }) => {
        const isShadow = version === shadow?.version;
        const what = isShadow ? "in the shadow" : `by ${by}`;
        return [String(version), `${version}: ${what}`] as const;
      }),
  ];
  return (
    <div class="row">
      <ChoiceField
        label="Text"
        value=""
        choices={choices}
        onChange={(version) => {
          if (version !== "") void begin(Number(version));
        }}
      />
      {draft.value !== undefined && (
        <button
          type="button"
          class="quiet"
          onClick={() => {
            draft.value = undefined;
          }}
        >
          Back to what is in force
        </button>
      )}
    </div>
  );
}

/** A trial of a text: it runs in the cloud, one at a time. */
function useTrial(text: string) {
  const [since, setSince] = useState("30d");
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const [trial, setTrial] = useState<Trial | undefined>();
  const forget = () => {
    setError(undefined);
    setTrial(undefined);
  };
  const run = async () => {
    forget();
    setBusy(true);
    try {
      const order = { text, since };
      const { body } = await send<Trial>("POST", "/rules/test", order);
      setTrial(body);
    } catch (failure) {
      setError(failure);
    } finally {
      setBusy(false);
    }
  };
  return { since, setSince, isBusy, error, trial, run, forget };
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
