import type { ComponentChildren } from "preact";
import { path, to } from "../../router.js";
import { isVendor, may } from "../../session.js";

interface Part {
  readonly name: string;
  readonly view: string;
  readonly isFor: () => boolean;
}

const everybody = () => true;
const viewers = () => may("viewer");
const vendor = () => isVendor.value && may("viewer");

const PARTS: readonly Part[] = [
  { name: "You", view: "/settings", isFor: everybody },
  { name: "People", view: "/settings/people", isFor: viewers },
  { name: "Customers", view: "/settings/customers", isFor: vendor },
  { name: "New hosts", view: "/settings/enrolment", isFor: viewers },
  { name: "Policies", view: "/settings/policies", isFor: viewers },
  { name: "Keys and approvals", view: "/settings/trust", isFor: vendor },
  { name: "This cloud", view: "/settings/cloud", isFor: vendor },
  { name: "API", view: "/settings/api", isFor: everybody },
];

/** What is around every part of the settings: the way to the others. */
export function SettingsFrame({
  children,
}: {
  readonly children: ComponentChildren;
}) {
  return (
    <div class="settings">
      <nav aria-label="Settings">
        {PARTS.filter(({ isFor }) => isFor()).map(({ name, view }) => (
          <a
            key={view}
            href={to(view)}
            {...(isWithin(view) && { "aria-current": "page" as const })}
          >
            {name}
          </a>
        ))}
      </nav>
      <div class="view">{children}</div>
    </div>
  );
}

const isWithin = (view: string): boolean =>
  view === "/settings"
    ? path.value === view
    : path.value === view || path.value.startsWith(`${view}/`);
