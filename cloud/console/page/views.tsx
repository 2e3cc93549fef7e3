import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Failure, Nothing } from "./parts/bits.js";
import { decoded, navigate, path, to } from "./router.js";
import { firstPlace } from "./shell/places.js";
import type { ViewProps } from "./view-props.js";

type Load = () => Promise<ComponentType<ViewProps>>;

/** Views by their address; each is loaded when somebody first goes there. */
const VIEWS: readonly (readonly [RegExp, Load])[] = [
  [/^\/$/, async () => (await import("./views/now/now.js")).Now],
  [
    /^\/decisions$/,
    async () => (await import("./views/decisions.js")).Decisions,
  ],
  [
    /^\/decisions\/([^/]+)$/,
    async () => (await import("./views/decision/decision.js")).DecisionView,
  ],
  [/^\/bans$/, async () => (await import("./views/bans/bans.js")).Bans],
  [
    /^\/address$/,
    async () => (await import("./views/address/address.js")).Address,
  ],
  [/^\/fleet$/, async () => (await import("./views/fleet/fleet.js")).Fleet],
  [/^\/fleet\/(.+)$/, async () => (await import("./views/fleet/host.js")).Host],
  [
    /^\/attackers$/,
    async () => (await import("./views/attackers/attackers.js")).Attackers,
  ],
  [/^\/lists$/, async () => (await import("./views/lists/lists.js")).Lists],
  [/^\/rules$/, async () => (await import("./views/rules/rules.js")).Rules],
  [/^\/audit$/, async () => (await import("./views/audit/audit.js")).Audit],
  [/^\/audit\/(.+)$/, async () => (await import("./views/audit/call.js")).Call],
  [/^\/report$/, async () => (await import("./views/report/report.js")).Report],
  [
    /^\/settings$/,
    async () => (await import("./views/settings/settings.js")).Settings,
  ],
  [
    /^\/settings\/people$/,
    async () => (await import("./views/settings/people.js")).People,
  ],
  [
    /^\/settings\/people\/(.+)$/,
    async () => (await import("./views/settings/person.js")).Person,
  ],
  [
    /^\/settings\/customers$/,
    async () => (await import("./views/settings/customers.js")).Customers,
  ],
  [
    /^\/settings\/enrolment$/,
    async () => (await import("./views/settings/enrolment.js")).Enrolment,
  ],
  [
    /^\/settings\/policies$/,
    async () => (await import("./views/settings/policies.js")).Policies,
  ],
  [
    /^\/settings\/policies\/(.+)$/,
    async () => (await import("./views/settings/policy.js")).Policy,
  ],
  [
    /^\/settings\/trust$/,
    async () => (await import("./views/settings/trust.js")).Trust,
  ],
  [
    /^\/settings\/cloud$/,
    async () => (await import("./views/settings/cloud-status.js")).CloudStatus,
  ],
  [
    /^\/settings\/api$/,
    async () => (await import("./views/settings/api-document.js")).ApiOverview,
  ],
  [
    /^\/settings\/api\/(.+)$/,
    async () =>
      (await import("./views/settings/api-operation.js")).ApiOperation,
  ],
  [
    /^\/proposals$/,
    async () => (await import("./views/proposals/proposals.js")).Proposals,
  ],
  [
    /^\/proposals\/([^/]+)$/,
    async () => (await import("./views/proposals/proposal.js")).ProposalView,
  ],
  [
    /^\/contests$/,
    async () => (await import("./views/contests/contests.js")).Contests,
  ],
  [
    /^\/contests\/([^/]+)$/,
    async () => (await import("./views/contests/contest.js")).ContestView,
  ],
];

/** The view that the address names. */
export function View() {
  const place = path.value;
  const [shown, setShown] = useState<{
    of: RegExp;
    is: ComponentType<ViewProps>;
  }>();
  const [failed, setFailed] = useState<{ of: RegExp; error: unknown }>();
  const found = VIEWS.find(([pattern]) => pattern.test(place));
  const home = place === "/" ? firstPlace() : place;
  useEffect(() => {
    if (home !== place) navigate(to(home), "replace");
  }, [home, place]);
  useEffect(() => {
    if (found === undefined || home !== place) return undefined;
    const [of, load] = found;
    let isOver = false;
    load().then(
      (is) => {
        if (!isOver) setShown({ of, is });
      },
      (error: unknown) => {
        if (!isOver) setFailed({ of, error });
      },
    );
    return () => {
      isOver = true;
    };
  }, [found, home]);
  if (found === undefined) {
    return (
      <Nothing>
        There is no such view. <a href={to("/")}>To what happens now</a>
      </Nothing>
    );
  }
  const [pattern] = found;
  if (shown?.of !== pattern) {
    return failed?.of === pattern ? <NotLoaded error={failed.error} /> : null;
  }
  const [, id = ""] = pattern.exec(place) ?? [];
  const Is = shown.is;
  return (
    <div class="placed" data-view={place}>
      <Is id={decoded(id)} key={id} />
    </div>
  );
}

/** The cloud was out of reach, or has another version of the page by now. */
function NotLoaded({ error }: { readonly error: unknown }) {
  return (
    <div class="nothing">
      <Failure error={error} />
      <button type="button" onClick={() => window.location.reload()}>
        Load the page anew
      </button>
    </div>
  );
}
