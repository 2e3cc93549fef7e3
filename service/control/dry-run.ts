/** The header by which something that is handed in is only looked at. */
export const DRY_RUN = "x-dry-run";
