import { useEffect, useRef, useState } from "preact/hooks";

/** Something that is shown once, and can be taken along. */
export function Secret({
  secret,
  label,
}: {
  readonly secret: string;
  readonly label: string;
}) {
  const [isCopied, setCopied] = useState(false);
  const box = useRef<HTMLInputElement>(null);
  useEffect(() => box.current?.select(), []);
  const copy = async () => {
    box.current?.select();
    await navigator.clipboard.writeText(secret);
    setCopied(true);
  };
  return (
    <div class="secret">
      <p>It is shown now, and never again.</p>
      <div class="row">
        <input
          ref={box}
          class="mono grow"
          readOnly
          aria-label={label}
          value={secret}
        />
        {/* Without TLS a browser has no clipboard to offer; it stands selected. */}
        {window.isSecureContext && (
          <button type="button" onClick={() => void copy()}>
            {isCopied ? "Copied" : "Copy"}
          </button>
        )}
      </div>
      <span class="aloud" role="status">
        {isCopied ? "Copied" : ""}
      </span>
    </div>
  );
}
