import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";
import { Notices } from "../parts/notices.js";
import { SignOut } from "../parts/sign-out.js";
import { StepUp } from "../parts/step-up.js";
import { decoded, path, to } from "../router.js";
import { known, session, signInAnew } from "../session.js";
import { ConnectionSign } from "./connection.js";
import { Help, Palette, openPalette, useKeys } from "./palette.js";
import { ownPlaces } from "./places.js";
import { ThemeButton } from "./theme.js";

/** What is around every view. */
export function Shell({ children }: { readonly children: ComponentChildren }) {
  useKeys();
  useTitle();
  return (
    <>
      <a class="skip" href="#main">
        To the view
      </a>
      <header class="top">
        <a class="brand" href={to("/")}>
          <span class="brand-mark" aria-hidden="true" />
          tourniquet
        </a>
        <nav aria-label="Views">
          {ownPlaces().map(({ name, view }) => (
            <a
              key={view}
              href={to(view)}
              {...(isWithin(view) && { "aria-current": "page" as const })}
            >
              {name}
            </a>
          ))}
        </nav>
        <div class="top-more">
          <ConnectionSign />
          <button
            type="button"
            class="quiet"
            onClick={openPalette}
            aria-keyshortcuts="Control+K"
          >
            Go to… <kbd>Ctrl K</kbd>
          </button>
          <ThemeButton />
          <Who />
        </div>
      </header>
      <main id="main" tabIndex={-1}>
        {children}
      </main>
      <Notices />
      <Palette />
      <Help />
      <StepUp />
    </>
  );
}

const isWithin = (view: string): boolean =>
  view === "/"
    ? path.value === "/"
    : path.value === view || path.value.startsWith(`${view}/`);

function Who() {
  const who = session.value?.operator;
  if (who === undefined) return null;
  const { name, role, org } = who;
  return (
    <span class="who">
      <span title={`${role} of ${org ?? "the vendor"}`}>{name}</span>
      {known.value.kind === "over" && (
        <button type="button" class="quiet" onClick={signInAnew}>
          Sign in anew
        </button>
      )}
      <SignOut isQuiet />
    </span>
  );
}

/** The tab says where one is. */
function useTitle(): void {
  const place = path.value;
  useEffect(() => {
    const name = decoded(place.slice(1)) || "now";
    document.title = `${name} · tourniquet`;
  }, [place]);
}
