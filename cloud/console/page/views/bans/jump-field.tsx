import { useEffect, useId, useRef, useState } from "preact/hooks";
import { said } from "../../api.js";
import { counted } from "../../parts/bits.js";
import { see, type BansAsked } from "./order.js";
import { targetOf, type Held, type Target } from "./jump.js";

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
  const [held, setHeld] = useState<Held | undefined>();
  const [isBusy, setBusy] = useState(false);
  const looking = useRef<AbortController | undefined>(undefined);
  useEffect(() => () => looking.current?.abort(), []);
  const go = async () => {
    looking.current?.abort();
    const aborter = new AbortController();
    looking.current = aborter;
    setWrong(undefined);
    setHeld(undefined);
    setBusy(true);
    try {
      const target = await targetOf(text.trim(), asked, aborter.signal);
      if (aborter.signal.aborted) return;
      setHeld(target.held);
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
          setHeld(undefined);
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
      {held !== undefined && <HeldBy held={held} onSeen={setHeld} />}
    </form>
  );
}

/** Who looks for an address is to learn that it is banned by what is wider. */
function HeldBy({
  held: { asked, count },
  onSeen,
}: {
  readonly held: Held;
  readonly onSeen: (held: undefined) => void;
}) {
  return (
    <span role="status">
      {counted(count, "ban holds it or lies", "bans hold it or lie")} in it.{" "}
      <button
        type="button"
        class="quiet"
        onClick={() => {
          onSeen(undefined);
          see(asked);
        }}
      >
        Show
      </button>
    </span>
  );
}
