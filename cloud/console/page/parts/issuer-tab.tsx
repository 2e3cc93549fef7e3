import { useState } from "preact/hooks";

/** Signing in with one's company beside the page, which keeps what one was at. */
export function IssuerTab({
  address,
  onDone,
}: {
  readonly address: string;
  readonly onDone: () => void;
}) {
  const [isThere, setThere] = useState(false);
  return (
    <>
      <a
        class="button"
        target="_blank"
        rel="noopener"
        href={address}
        onClick={() => setThere(true)}
      >
        Sign in anew with your company (in a new tab)
      </a>
      {isThere && (
        <button type="button" class="main" onClick={onDone}>
          I have done so: go on
        </button>
      )}
    </>
  );
}
