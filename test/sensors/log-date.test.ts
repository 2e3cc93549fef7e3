import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { readDate } from "../../agent/sensors/log-date.js";

const NOW = Date.UTC(2026, 10, 28, 2, 0, 0);

/** ISO 8601 with a Z where the zone was named. */
function told(text: string, now = NOW): string | undefined {
  const date = readDate(text, now);
  const iso = date && new Date(date.ms).toISOString();
  return date?.zoned === true ? iso : iso?.replace("Z", "");
}

describe("a date in a log", () => {
  it.each([
    ["Nov 27 12:00:01", "2026-11-27T12:00:01.000"],
    ["Nov  3 12:00:01.5", "2026-11-03T12:00:01.500"],
    ["Nov 3 12:00:01,123456", "2026-11-03T12:00:01.123"],
    ["Fri Nov 27 12:00:01 2026", "2026-11-27T12:00:01.000"],
    ["Nov 27 2025 12:00:01", "2025-11-27T12:00:01.000"],
    ["2024 Feb 29 12:00:01", "2024-02-29T12:00:01.000"],
    ["2026-11-27T12:00:01Z", "2026-11-27T12:00:01.000Z"],
    ["2026-11-27T12:00:01.25+01:00", "2026-11-27T11:00:01.250Z"],
    ["2026-11-27 12:00:01,5 -0330", "2026-11-27T15:30:01.500Z"],
    ["2026-11-27 12:00:01+05", "2026-11-27T07:00:01.000Z"],
    ["2026/11/27 12:00:01", "2026-11-27T12:00:01.000"],
    ["Fri 2026-11-27 12:00:01 UTC", "2026-11-27T12:00:01.000Z"],
    ["Fri 2026-11-27 12:00:01 CET", "2026-11-27T12:00:01.000"],
    ["2026-01-28_18:14:32.12345", "2026-01-28T18:14:32.123Z"],
    ["1795780801.123456", "2026-11-27T12:00:01.123Z"],
  ])("is read: %s", (text, iso) => {
    expect(told(text)).toBe(iso);
  });

  it.each([
    ["of this year, when that is not in the future", "Nov 28 03:00:00", 2026],
    ["of the year before, when it would be", "Dec  3 12:00:00", 2025],
    ["of tomorrow, where it is tomorrow already", "Nov 29 03:00:00", 2026],
    ["of the latest leap year", "Feb 29 12:00:00", 2024],
  ])("without a year is %s", (_, text, year) => {
    expect(told(text)?.slice(0, 4)).toBe(String(year));
  });

  it("without a year is next year's where the new year has begun", () => {
    const eve = Date.UTC(2026, 11, 31, 23, 0, 0);
    expect(told("Jan  1 09:00:00", eve)).toBe("2027-01-01T09:00:00.000");
    expect(told("Dec 31 23:00:00", eve + 7_200_000)).toMatch(/^2026/);
  });

  it.each([
    ...["", "Nov", "Foo  3 12:00:00", "Feb 30 12:00:00", "Nov  0 12:00:00"],
    ...["2026-02-30T12:00:00Z", "2026-13-01T12:00:00Z", "12:00:00"],
  ])("is none: %j", (text) => {
    expect(told(text)).toBeUndefined();
  });

  it("comes out as it went in", () => {
    const years = { min: new Date("1971"), max: new Date("2100") };
    const dates = fc.date({ ...years, noInvalidDate: true });
    fc.assert(
      fc.property(dates, (date) => {
        expect(told(date.toISOString())).toBe(date.toISOString());
      }),
    );
  });
});
