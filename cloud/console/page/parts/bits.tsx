import type { ComponentChildren } from "preact";
import { said } from "../api.js";

/** Small things that every view says things with. */

export type Tone = "good" | "warn" | "bad" | "calm";

export function Badge({
  tone = "calm",
  children,
}: {
  readonly tone?: Tone;
  readonly children: ComponentChildren;
}) {
  return <span class={`badge ${tone}`}>{children}</span>;
}

const WHOLE = new Intl.NumberFormat("en");

/** "9,981" */
export const count = (value: number): string => WHOLE.format(value);

/** "1 host", "9,981 hosts" */
export const counted = (value: number, one: string, more = `${one}s`): string =>
  `${count(value)} ${value === 1 ? one : more}`;

/** A heading with what belongs to all of a view at its end. */
export function Head({
  title,
  children,
}: {
  readonly title: ComponentChildren;
  readonly children?: ComponentChildren;
}) {
  return (
    <header class="head">
      <h1>{title}</h1>
      <div class="head-more">{children}</div>
    </header>
  );
}

/** A part of a view. */
export function Panel({
  title,
  more,
  children,
}: {
  readonly title: string;
  readonly more?: ComponentChildren;
  readonly children: ComponentChildren;
}) {
  return (
    <section class="panel" aria-label={title}>
      <header class="panel-head">
        <h2>{title}</h2>
        {more}
      </header>
      {children}
    </section>
  );
}

/** What went wrong, where it was to be seen. */
export function Failure({ error }: { readonly error: unknown }) {
  return (
    <p class="failure" role="alert">
      {said(error)}
    </p>
  );
}

/** What there is to say where nothing is. */
export function Nothing({
  children,
}: {
  readonly children: ComponentChildren;
}) {
  return <p class="nothing">{children}</p>;
}

/** An answer, or that it is on its way, or that there is none. */
export function Shown<T>({
  asked,
  children,
}: {
  readonly asked: {
    readonly data: T | undefined;
    readonly error: Error | undefined;
  };
  readonly children: (data: T) => ComponentChildren;
}) {
  const { data, error } = asked;
  return (
    <>
      {error !== undefined && <Failure error={error} />}
      {data !== undefined && children(data)}
      {data === undefined && error === undefined && (
        <p class="nothing" aria-busy="true">
          Asking the cloud…
        </p>
      )}
    </>
  );
}

/** Names and values, one below the other. */
export function Facts({
  of,
}: {
  readonly of: readonly (readonly [string, ComponentChildren])[];
}) {
  return (
    <dl class="facts">
      {of.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
