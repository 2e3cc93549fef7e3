import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";

export interface Tab {
  readonly id: string;
  readonly says: ComponentChildren;
}

/** Several things at one place, one of them in sight; arrows go from one to the next. */
export function Tabs({
  label,
  tabs,
  shown,
  onShow,
  children,
}: {
  readonly label: string;
  readonly tabs: readonly Tab[];
  readonly shown: string;
  readonly onShow: (id: string) => void;
  readonly children: ComponentChildren;
}) {
  const name = useId();
  const step = (event: KeyboardEvent) => {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (by === undefined) return;
    const at = tabs.findIndex(({ id }) => id === shown);
    const next = tabs[(at + by + tabs.length) % tabs.length];
    if (next === undefined) return;
    event.preventDefault();
    onShow(next.id);
    document.getElementById(`${name}-${next.id}`)?.focus();
  };
  return (
    <div>
      <div class="tabs" role="tablist" aria-label={label} onKeyDown={step}>
        {tabs.map(({ id, says }) => (
          <button
            key={id}
            type="button"
            role="tab"
            id={`${name}-${id}`}
            aria-selected={id === shown}
            aria-controls={`${name}-shown`}
            tabIndex={id === shown ? 0 : -1}
            onClick={() => onShow(id)}
          >
            {says}
          </button>
        ))}
      </div>
      <div
        id={`${name}-shown`}
        role="tabpanel"
        aria-labelledby={`${name}-${shown}`}
        tabIndex={0}
      >
        {children}
      </div>
    </div>
  );
}
