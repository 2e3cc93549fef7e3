import { useState } from "preact/hooks";
import { Facts } from "../../parts/bits.js";
import { Choice } from "../../parts/choice.js";
import { Dialog } from "../../parts/dialog.js";
import { OrderDialog, type OrderPlan } from "../../parts/order.js";
import { useOthers } from "../../parts/others.js";
import { Ranges } from "../../parts/ranges.js";
import { Time, Until } from "../../parts/time.js";
import { to } from "../../router.js";
import { may, session } from "../../session.js";
import { deedOf, type Glass } from "./glass-texts.js";
import { sentence } from "./proposal-texts.js";

interface GlassProps {
  readonly glass: Glass;
  readonly onClose: () => void;
}

/** One of them: all that is known, and the review where one may give it. */
export function GlassDialog(props: GlassProps) {
  const { glass } = props;
  const isOpen = glass.verdict === null && may("approver");
  const isOwn = glass.by === session.value?.operator.name;
  const hasOthers = useOthers(isOpen && isOwn);
  const mayReview = isOpen && (!isOwn || hasOthers === false);
  return mayReview ? (
    <Review {...props} />
  ) : (
    <Dialog title={deedOf(glass)} onClose={props.onClose} wide>
      <About glass={glass} />
      {isOpen && isOwn && (
        <p class="nothing">You did it yourself: somebody else reviews it.</p>
      )}
    </Dialog>
  );
}

type Verdict = NonNullable<Glass["verdict"]>;

const VERDICTS: readonly (readonly [Verdict, string])[] = [
  ["justified", "It was justified"],
  ["not-justified", "It was not justified"],
];

function Review({ glass, onClose }: GlassProps) {
  const [verdict, setVerdict] = useState<Verdict | undefined>();
  const plan: OrderPlan<object> = {
    title: `Review: ${deedOf(glass)}`,
    ...{ verb: "Say so", method: "POST", isReady: verdict !== undefined },
    path: `/break-glass/${encodeURIComponent(glass.glass)}/review`,
    bodyOf: (reason) => ({ verdict, reason }),
    fateOf: () => ({ kind: "done", says: "It is reviewed.", decisions: [] }),
    children: (
      <>
        <About glass={glass} />
        <Choice
          legend="What do you find?"
          of={VERDICTS}
          value={verdict}
          onChange={setVerdict}
        />
      </>
    ),
  };
  return <OrderDialog plan={plan} onClose={onClose} />;
}

function About({ glass }: { readonly glass: Glass }) {
  const { decision, reviewedAt, reviewedBy, reviewedWhy } = glass;
  return (
    <>
      <Facts
        of={[
          ["By", glass.by],
          ["When", <Time at={glass.brokenAt} as="date" />],
          ["Why alone", glass.why],
          [
            "What it takes two for",
            glass.dangers.map(({ says }) => sentence(says)).join(" "),
          ],
          ["Feed", glass.feeds.join(", ")],
          ["Decision", <a href={to(`/decisions/${decision}`)}>{decision}</a>],
          ...(glass.expiresAt === null
            ? []
            : [["Ends", <Until at={glass.expiresAt} />] as const]),
          ...(reviewedAt === null
            ? []
            : [
                [
                  "Reviewed",
                  <>
                    {reviewedBy}
                    {glass.bySelf === true && " (there was nobody else)"},{" "}
                    <Time at={reviewedAt} as="date" />: {reviewedWhy}
                  </>,
                ] as const,
              ]),
        ]}
      />
      {glass.targets.length > 0 && (
        <Ranges of={glass.targets} total={glass.ranges} />
      )}
    </>
  );
}
