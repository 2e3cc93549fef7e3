import { useRef, useState } from "preact/hooks";
import type { Page } from "../../api-types.js";
import { ask } from "../../api.js";
import { Failure } from "../../parts/bits.js";
import { Dialog } from "../../parts/dialog.js";
import { ChoiceField, type Choices } from "../../parts/fields.js";
import { useAsked } from "../../use-asked.js";
import { beginWith, draft, isOwn } from "./draft.js";
import type { RulesText, RulesTold, Version } from "./told.js";

/** Where a text begins: another version, in place of what stands there. */
export function Begin({
  rules,
  inForce,
}: {
  readonly rules: RulesTold;
  /** The text that decides now; undefined: it is not known yet. */
  readonly inForce: string | undefined;
}) {
  const { data } = useAsked<Page<Version>>("/rules/versions");
  const { offered, error, offer, read, settle } = useOffer(inForce);
  return (
    <div class="row">
      <ChoiceField
        label="Text"
        value=""
        choices={choicesOf(rules, data?.items ?? [])}
        onChange={(version) => {
          if (version !== "") void read(version);
        }}
      />
      {draft.value !== undefined && (
        <button
          type="button"
          class="quiet"
          onClick={() => offer({ text: undefined })}
        >
          Back to what is in force
        </button>
      )}
      {error !== undefined && <Failure error={error} />}
      {offered !== undefined && <Replace onSettle={settle} />}
    </div>
  );
}

interface Offered {
  readonly text: string | undefined;
}

/** Another text, which takes the place of one's own only if one says so. */
function useOffer(inForce: string | undefined) {
  const [offered, setOffered] = useState<Offered | undefined>();
  const [error, setError] = useState<unknown>();
  const newest = useRef(0);
  const offer = (next: Offered) => {
    newest.current += 1;
    setError(undefined);
    if (isOwn(inForce)) setOffered(next);
    else beginWith(next.text);
  };
  const read = async (version: string) => {
    newest.current += 1;
    const own = newest.current;
    try {
      const { text } = await ask<RulesText>(`/rules/versions/${version}`);
      if (own === newest.current) offer({ text });
    } catch (failure) {
      if (own === newest.current) setError(failure);
    }
  };
  const settle = (isMeant: boolean) => {
    if (isMeant) beginWith(offered?.text);
    setOffered(undefined);
  };
  return { offered, error, offer, read, settle };
}

function Replace({
  onSettle,
}: {
  readonly onSettle: (isMeant: boolean) => void;
}) {
  return (
    <Dialog title="Replace what you wrote?" onClose={() => onSettle(false)}>
      <p>The text that stands there now is kept nowhere else.</p>
      <div class="row end">
        <button type="button" class="quiet" onClick={() => onSettle(false)}>
          Leave it
        </button>
        <button type="button" class="danger" onClick={() => onSettle(true)}>
          Replace it
        </button>
      </div>
    </Dialog>
  );
}

function choicesOf(
  { inForce, shadow }: RulesTold,
  versions: readonly Version[],
): Choices {
  const others = versions.filter(({ version }) => version !== inForce.version);
  return [
    ["", "Begin with another version…"],
    [String(inForce.version), `${inForce.version}: in force`],
    ...others.map(({ version, by }) => {
      const isShadow = version === shadow?.version;
      const what = isShadow ? "in the shadow" : `by ${by}`;
      return [String(version), `${version}: ${what}`] as const;
    }),
  ];
}
