import { useId } from "preact/hooks";

/** How long something is to last. */
export function TermField({
  label,
  value,
  onChange,
}: {
  readonly label: string;
  readonly value: string;
  readonly onChange: (text: string) => void;
}) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{label} (such as 30m, 4h, 7d or permanent)</label>
      <input
        id={id}
        class="short"
        maxLength={16}
        value={value}
        onInput={({ currentTarget }) => onChange(currentTarget.value)}
      />
    </div>
  );
}
