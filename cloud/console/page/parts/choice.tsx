import { useId } from "preact/hooks";

/** One of a few. */
export function Choice<V extends string>({
  legend,
  of,
  value,
  onChange,
}: {
  readonly legend: string;
  readonly of: readonly (readonly [V, string])[];
  readonly value: V | undefined;
  readonly onChange: (value: V) => void;
}) {
  const name = useId();
  return (
    <fieldset class="choice">
      <legend>{legend}</legend>
      {of.map(([each, says]) => (
        <label key={each} class="check">
          <input
            type="radio"
            name={name}
            checked={value === each}
            onChange={() => onChange(each)}
          />
          {says}
        </label>
      ))}
    </fieldset>
  );
}
