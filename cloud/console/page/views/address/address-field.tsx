import { useId, useState } from "preact/hooks";
import { navigate, to } from "../../router.js";
import { rangeOf } from "./around.js";

/** Longer than any range of IPv6 is written. */
const MOST = 64;

/** Goes to an address that somebody writes. */
export function AddressField() {
  const id = useId();
  const [text, setText] = useState("");
  const [isWrong, setWrong] = useState(false);
  const go = () => {
    const range = rangeOf(text);
    setWrong(range === undefined);
    if (range === undefined) return;
    setText("");
    navigate(to("/address", { of: range }));
    window.scrollTo(0, 0);
  };
  return (
    <form
      class="row"
      onSubmit={(event) => {
        event.preventDefault();
        go();
      }}
    >
      <div class="field address-field">
        <label for={id}>An address, or a range such as 203.0.113.0/24</label>
        <input
          id={id}
          class="mono"
          maxLength={MOST}
          spellcheck={false}
          autocomplete="off"
          value={text}
          aria-invalid={isWrong}
          {...(isWrong && { "aria-describedby": `${id}-wrong` })}
          onInput={({ currentTarget }) => setText(currentTarget.value)}
        />
      </div>
      <button type="submit">Look it up</button>
      {isWrong && (
        <p class="failure" id={`${id}-wrong`} role="alert">
          That is neither an address nor a range of some.
        </p>
      )}
    </form>
  );
}
