/** What a view is given of its address. */
export interface ViewProps {
  /** Behind the view's own name: "/decisions/dec-1" → "dec-1". */
  readonly id: string;
}
