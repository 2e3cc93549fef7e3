import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";

interface FieldProps {
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  /** What one has to know to fill it in. */
  readonly hint?: ComponentChildren;
}

/** A line of text that somebody fills in. */
export function TextField({
  label,
  hint,
  value,
  onChange,
  ...more
}: FieldProps & {
  readonly type?: "password";
  readonly autocomplete?: string;
  readonly placeholder?: string;
  readonly maxLength?: number;
  readonly required?: boolean;
}) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <input
        id={id}
        {...more}
        {...(hint !== undefined && { "aria-describedby": `${id}-hint` })}
        value={value}
        onInput={({ currentTarget }) => onChange(currentTarget.value)}
      />
      {hint !== undefined && <span id={`${id}-hint`}>{hint}</span>}
    </div>
  );
}

/** One of several: what it is called behind the scenes, and by people. */
export type Choices = readonly (readonly [value: string, says: string])[];

export function ChoiceField({
  label,
  hint,
  value,
  choices,
  onChange,
}: FieldProps & { readonly choices: Choices }) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <select
        id={id}
        value={value}
        {...(hint !== undefined && { "aria-describedby": `${id}-hint` })}
        onChange={({ currentTarget }) => onChange(currentTarget.value)}
      >
        {choices.map(([each, says]) => (
          <option key={each} value={each}>
            {says}
          </option>
        ))}
      </select>
      {hint !== undefined && <span id={`${id}-hint`}>{hint}</span>}
    </div>
  );
}
