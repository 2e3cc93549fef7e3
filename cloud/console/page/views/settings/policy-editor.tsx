import { useState } from "preact/hooks";
import type { Answers } from "../../api-types.js";
import { ApiProblem, send } from "../../api.js";
import { Failure, Panel } from "../../parts/bits.js";
import { ChangeDialog } from "../../parts/change.js";
import { useTried } from "../../parts/use-tried.js";
import { Difference } from "../rules/difference.js";

type Foreseen = Extract<Answers["publishPolicy"], { readonly dryRun: boolean }>;

/** What a first policy may look like. */
const firstText = (org: string): string =>
  `version: 1\norg: ${org}\ngoodFor: 90d # from the publication on\nallow: []\n`;

/** A text that is changed, looked at first, and published. */
export function PolicyEditor({
  org,
  before,
  onClose,
  onDone,
}: {
  readonly org: string;
  /** As it is now; undefined: there is none. */
  readonly before: string | undefined;
  readonly onClose: () => void;
  readonly onDone: () => void;
}) {
  const [file, setFile] = useState(before ?? firstText(org));
  const [extend, setExtend] = useState(false);
  const [isPublishing, setPublishing] = useState(false);
  const path = `/orgs/${encodeURIComponent(org)}/policy`;
  const { answer: foreseen, error, run } = useLook(path, { file, extend });
  return (
    <div class="stack">
      <textarea
        aria-label={`Policy of ${org}, as YAML`}
        spellcheck={false}
        wrap="off"
        value={file}
        onInput={({ currentTarget }) => setFile(currentTarget.value)}
      />
      {error !== undefined && <Faults error={error} />}
      {foreseen !== undefined && <Widens foreseen={foreseen} />}
      <div class="row">
        <label class="check">
          <input
            type="checkbox"
            checked={extend}
            onChange={({ currentTarget }) => setExtend(currentTarget.checked)}
          />
          it lasts for as long as the text says, even where that is longer than
          until now
        </label>
      </div>
      <div class="row">
        <button type="button" class="main" onClick={() => void run()}>
          See what it comes to
        </button>
        <button
          type="button"
          disabled={foreseen === undefined}
          onClick={() => setPublishing(true)}
        >
          Publish it…
        </button>
        <button type="button" class="quiet" onClick={onClose}>
          Leave it
        </button>
      </div>
      {before !== undefined && (
        <Panel title="What it changes">
          <Difference before={before} after={file} />
        </Panel>
      )}
      {isPublishing && (
        <PublishDialog
          {...{ org, path, text: { file, extend } }}
          onClose={() => setPublishing(false)}
          onDone={() => {
            onDone();
            onClose();
          }}
        />
      )}
    </div>
  );
}

interface Text {
  readonly file: string;
  /** It may last for longer than what is there. */
  readonly extend: boolean;
}

/** What a text would come to, once it is asked for. */
const useLook = (path: string, text: Text) =>
  useTried(JSON.stringify([path, text]), async () => {
    const order = { ...text, dryRun: true };
    return (await send<Foreseen>("POST", path, order)).body;
  });

function PublishDialog({
  org,
  path,
  text,
  onClose,
  onDone,
}: {
  readonly org: string;
  readonly path: string;
  readonly text: Text;
  readonly onClose: () => void;
  readonly onDone: () => void;
}) {
  return (
    <ChangeDialog
      onClose={onClose}
      plan={{
        title: `Publish the policy of ${org}`,
        ...{ verb: "Publish it", method: "POST", path, onDone },
        bodyOf: () => text,
        done: `The policy of ${org} counts`,
        children: (
          <p>
            What lets more through than now waits for a second person; what only
            takes back counts at once.
          </p>
        ),
      }}
    />
  );
}

function Faults({ error }: { readonly error: unknown }) {
  const faults = error instanceof ApiProblem ? error.errors : [];
  if (faults.length === 0) return <Failure error={error} />;
  return (
    <div class="failure" role="alert">
      <ul>
        {faults.map(({ message }) => (
          <li key={message}>{message}</li>
        ))}
      </ul>
    </div>
  );
}

/** What it lets through that is not let through now. */
function Widens({ foreseen }: { readonly foreseen: Foreseen }) {
  const { widens } = foreseen;
  if (widens.length === 0) {
    return (
      <p class="foresight" role="status">
        It lets nothing more through than now: it would count at once.
      </p>
    );
  }
  return (
    <div class="foresight" role="status">
      <p>
        It lets more through than now, so a second person has to release it:
      </p>
      <ul>
        {widens.map((each) => (
          <li key={each}>{each}</li>
        ))}
      </ul>
    </div>
  );
}
