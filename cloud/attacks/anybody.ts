/** The rows of what anybody saw: no org is called so. */
export const ANYBODY = "";
