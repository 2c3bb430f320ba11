/** Times by cron expressions: minute, hour, day of the month, month, day of the week, in UTC. */
import { PorticoError } from '../src/index.ts';

/** A cron expression, read: which values each field allows. */
export interface Cron {
  readonly expression: string;
  readonly minutes: readonly number[];
  readonly hours: readonly number[];
  readonly days: readonly number[];
  readonly months: readonly number[];
  readonly weekdays: readonly number[];
  /** If both the day of the month and that of the week are restricted, one of them is enough. */
  readonly eitherDay: boolean;
}

const fields = [
  { name: 'minute', from: 0, to: 59 },
  { name: 'hour', from: 0, to: 23 },
  { name: 'day of the month', from: 1, to: 31 },
  { name: 'month', from: 1, to: 12 },
  { name: 'day of the week', from: 0, to: 7 },
] as const;

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
/** Leap days and weekdays repeat after this many days, so nothing comes later that did not come before. */
const CYCLE_DAYS = 146_097;

/** Reads an expression. */
export function cron(expression: string): Cron {
  const parts = expression.trim().split(/\s+/);
  if (parts.length !== fields.length)
    throw bad(expression, `it has ${parts.length} fields, and five are needed`);
  const [minutes, hours, days, months, weekdays] = fields.map((field, i) =>
    valuesOf(parts[i] ?? '', field, expression),
  ) as [number[], number[], number[], number[], number[]];
  const [, , day, , weekday] = parts;
  const read: Cron = {
    expression,
    minutes,
    hours,
    days,
    months,
    weekdays: [...new Set(weekdays.map((each) => each % 7))],
    eitherDay: day !== '*' && weekday !== '*',
  };
  if (nextOrNever(read, 0) === undefined) throw bad(expression, 'there is no such day');
  return read;
}

/** The first time after `nowMs` that an expression allows. */
export function nextCron(read: Cron, nowMs: number): number {
  const next = nextOrNever(read, nowMs);
  if (next === undefined) throw bad(read.expression, 'there is no such day');
  return next;
}

function nextOrNever(read: Cron, nowMs: number): number | undefined {
  const after = (Math.floor(nowMs / MINUTE_MS) + 1) * MINUTE_MS;
  let day = Math.floor(after / DAY_MS) * DAY_MS;
  for (let i = 0; i < CYCLE_DAYS; i++, day += DAY_MS) {
    if (!dayFits(read, day)) continue;
    for (const hour of read.hours) {
      for (const minute of read.minutes) {
        const at = day + hour * HOUR_MS + minute * MINUTE_MS;
        if (at >= after) return at;
      }
    }
  }
  return undefined;
}

function dayFits(read: Cron, dayMs: number): boolean {
  const { day, month } = civil(Math.round(dayMs / DAY_MS));
  if (!read.months.includes(month)) return false;
  // 1970-01-01 was a Thursday.
  const weekday = (((Math.round(dayMs / DAY_MS) + 4) % 7) + 7) % 7;
  const dayIn = read.days.includes(day);
  const weekdayIn = read.weekdays.includes(weekday);
  return read.eitherDay ? dayIn || weekdayIn : dayIn && weekdayIn;
}

/** The date of a day, counted from 1970-01-01, in the calendar that we use. */
function civil(days: number): { day: number; month: number } {
  // Counted from a first of March, leap days come last in their year.
  const since = days + 719_468;
  const era = Math.floor(since / CYCLE_DAYS);
  const ofEra = since - era * CYCLE_DAYS;
  const year = Math.floor(
    (ofEra - Math.floor(ofEra / 1460) + Math.floor(ofEra / 36_524) - Math.floor(ofEra / 146_096)) / 365,
  );
  const ofYear = ofEra - (365 * year + Math.floor(year / 4) - Math.floor(year / 100));
  const shifted = Math.floor((5 * ofYear + 2) / 153);
  const day = ofYear - Math.floor((153 * shifted + 2) / 5) + 1;
  return { day, month: shifted < 10 ? shifted + 3 : shifted - 9 };
}

function valuesOf(text: string, { name, from, to }: (typeof fields)[number], expression: string): number[] {
  const values = new Set<number>();
  for (const item of text.split(',')) {
    const match = /^(?:\*|(\d+)(?:-(\d+))?)(?:\/(\d+))?$/.exec(item);
    if (match === null) throw bad(expression, `“${item}” is no ${name}`);
    const [, first, last, step] = match;
    const low = first === undefined ? from : Number(first);
    const high = last !== undefined ? Number(last) : first === undefined || step !== undefined ? to : low;
    const by = step === undefined ? 1 : Number(step);
    if (low < from || high > to || low > high || by < 1) throw bad(expression, `“${item}” is no ${name}`);
    for (let value = low; value <= high; value += by) values.add(value);
  }
  return [...values].sort((a, b) => a - b);
}

function bad(expression: string, what: string): PorticoError {
  return new PorticoError({
    code: 'actor/bad-cron',
    where: `cron “${expression}”`,
    what,
    cure: 'Write minute, hour, day of the month, month and day of the week, each *, a number, a-b, a,b or with /step',
  });
}
