import { useState } from "preact/hooks";
import { Facts, Head, Panel } from "../../parts/bits.js";
import { Time, Until } from "../../parts/time.js";
import { SignOut } from "../../parts/sign-out.js";
import { may, session } from "../../session.js";
import { Credentials } from "./credentials.js";
import { SettingsFrame } from "./frame.js";
import { OwnChange, type OwnChangeName } from "./own-changes.js";
import { ROLES_EXPLAINED } from "./roles.js";

/** Oneself: who one is here, and by what one proves it. */
export function Settings() {
  const known = session.value;
  const [change, setChange] = useState<OwnChangeName | undefined>();
  const [round, setRound] = useState(0);
  if (known === undefined) return null;
  const { operator } = known;
  return (
    <SettingsFrame>
      <Head title={operator.name}>
        <button type="button" onClick={() => setChange("passkey")}>
          Add a passkey…
        </button>
        <button type="button" onClick={() => setChange("password")}>
          Change the password…
        </button>
        {may("viewer") && (
          <button type="button" onClick={() => setChange("token")}>
            Make a token…
          </button>
        )}
        <SignOut />
      </Head>
      <div class="panels">
        <Panel title="Who you are">
          <Facts
            of={[
              ["Name", operator.name],
              ["Of", operator.org ?? "the vendor: you see every customer"],
              ["Role", operator.role],
              ["May", ROLES_EXPLAINED[operator.role]],
              ["Id", <code>{operator.id}</code>],
            ]}
          />
        </Panel>
        <SessionPanel known={known} />
      </div>
      {may("viewer") && (
        <Panel title="What you prove yourself with">
          <Credentials operator={operator.id} round={round} isOwn />
        </Panel>
      )}
      {change !== undefined && (
        <OwnChange
          operator={operator.id}
          change={change}
          onClose={() => setChange(undefined)}
          onDone={() => setRound(round + 1)}
        />
      )}
    </SettingsFrame>
  );
}

const WAYS = {
  password: "a password",
  passkey: "a passkey",
  oidc: "your company's sign-in",
} as const;

function SessionPanel({
  known,
}: {
  readonly known: NonNullable<typeof session.value>;
}) {
  const { session: opened, from, steppedUpUntil } = known;
  return (
    <Panel title="This session">
      <Facts
        of={[
          [
            "Signed in",
            opened === null ? (
              "with a token"
            ) : (
              <>
                <Time at={opened.madeAt} />, with {WAYS[opened.way]}
              </>
            ),
          ],
          ["From", from],
          [
            "Ends",
            opened === null ? "with the token" : <Until at={opened.endsAt} />,
          ],
          ["Step-up", <SteppedUp until={steppedUpUntil} />],
        ]}
      />
    </Panel>
  );
}

/** What is dangerous takes that one has shown anew who one is. */
function SteppedUp({ until }: { readonly until: string | null }) {
  const isOver = until === null || Date.parse(until) <= Date.now();
  if (isOver) return <>not lately: you are asked when something takes it</>;
  return (
    <>
      done; it ends <Until at={until} />
    </>
  );
}
