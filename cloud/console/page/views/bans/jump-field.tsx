import { useEffect, useId, useRef, useState } from "preact/hooks";
import { said } from "../../api.js";
import type { BansAsked } from "./order.js";
import { targetOf, type Target } from "./jump.js";

/** Longer than any address or time is written. */
const MOST = 64;

/** Goes to a row of the list by its number, an address, a time or a feed. */
export function JumpField({
  asked,
  onJump,
}: {
  readonly asked: BansAsked;
  readonly onJump: (target: Target) => void;
}) {
  const id = useId();
  const [text, setText] = useState("");
  const [wrong, setWrong] = useState<string | undefined>();
  const [isBusy, setBusy] = useState(false);
  const looking = useRef<AbortController | undefined>(undefined);
  useEffect(() => () => looking.current?.abort(), []);
  const go = async () => {
    looking.current?.abort();
    const aborter = new AbortController();
    looking.current = aborter;
    setWrong(undefined);
    setBusy(true);
    try {
      const target = await targetOf(text.trim(), asked, aborter.signal);
      if (aborter.signal.aborted) return;
      onJump(target);
    } catch (error) {
      if (!aborter.signal.aborted) setWrong(said(error));
    } finally {
      if (looking.current === aborter) setBusy(false);
    }
  };
  return (
    <form
      class="bans-jump"
      onSubmit={(event) => {
        event.preventDefault();
        if (text.trim() !== "") void go();
      }}
    >
      <label for={id}>Go to</label>
      <input
        id={id}
        maxLength={MOST}
        spellcheck={false}
        autocomplete="off"
        placeholder="row, address, day or feed"
        value={text}
        aria-invalid={wrong !== undefined}
        {...(wrong !== undefined && { "aria-describedby": `${id}-wrong` })}
        onInput={({ currentTarget }) => {
          setText(currentTarget.value);
          setWrong(undefined);
        }}
      />
      <button type="submit" disabled={isBusy}>
        Go
      </button>
      {wrong !== undefined && (
        <span class="failure" id={`${id}-wrong`} role="alert">
          {wrong}
        </span>
      )}
    </form>
  );
}
