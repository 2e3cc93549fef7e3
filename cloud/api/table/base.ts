/** Where the table of routes stands below a cloud's public URL. */
export const BASE = "/api/v1";
