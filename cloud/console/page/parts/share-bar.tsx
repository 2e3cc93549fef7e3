import { count } from "./bits.js";

export interface Share {
  readonly must: number;
  readonly holding: number;
  readonly inPart: number;
  readonly missing: number;
}

/** How many of the hosts that must hold a decision do: in figures, and to be seen. */
export function ShareBar({ share }: { readonly share: Share }) {
  const { must, holding, inPart } = share;
  const part = (hosts: number) =>
    must === 0 ? "0%" : `${(100 * hosts) / must}%`;
  return (
    <span class="share">
      <span class="share-bar" aria-hidden="true">
        <span class="share-holding" style={{ width: part(holding) }} />
        <span class="share-in-part" style={{ width: part(inPart) }} />
      </span>
      <span class="share-text">
        {count(holding)} of {count(must)}
        {inPart > 0 && `, ${count(inPart)} in part`}
      </span>
    </span>
  );
}
