// Defines the schema of the calendar data: of the built-in rules and special days, and of the operator's own days.
import * as z from 'zod/mini';
import type { Parsed } from '../config/values.ts';
import { type IstDate, parseIstDate } from '../time.ts';
import shipped from './nse-calendar.json' with { type: 'json' };
import { CERTAINTIES, PHASE_NAMES } from './phases.ts';

const dateText = z.pipe(
  stringThat('must be a date, YYYY-MM-DD', (value) => parseIstDate(value) !== null),
  z.transform((value) => value as IstDate),
);
const time = stringThat('must be a time of day, HH:MM', (value) =>
  /^(?:[01]\d|2[0-3]):[0-5]\d$/.test(value),
);
const text = stringThat('must be a text that is not empty', (value) => value !== '');
const certainty = z.optional(z.enum(CERTAINTIES, `must be one of ${CERTAINTIES.join(', ')}`));

const phase = z.readonly(
  z
    .strictObject({
      name: z.enum(PHASE_NAMES, `must be one of ${PHASE_NAMES.join(', ')}`),
      from: time,
      to: time,
      randomCloseFrom: z.optional(time),
      certainty,
    })
    .check(
      z.refine(({ from, to }) => from < to, 'must end after it starts'),
      z.refine(
        ({ from, to, randomCloseFrom: random = from }) => from <= random && random < to,
        'must have its random close inside',
      ),
    ),
);
const phases = z.readonly(
  z.array(phase).check(
    z.minLength(1, 'must have a phase'),
    z.refine(
      (list) => list.every(({ from }, index) => index === 0 || list[index - 1]?.to === from),
      'must follow each other without a gap',
    ),
  ),
);

const session = z.readonly(
  z.strictObject({
    date: dateText,
    name: z.optional(z.enum(['special', 'muhurat'], 'must be special or muhurat')),
    source: z.optional(text),
    certainty,
    // Without phases the day has the hours that the rules define.
    phases: z.optional(phases),
  }),
);
const closure = z.readonly(
  z.strictObject({ date: dateText, closed: z.literal(true, 'must be true'), why: text }),
);
// The operator must state that a year's list is complete: single days are not a complete list.
const wholeYear = z.readonly(
  z.strictObject({
    year: z
      .number('must be a year such as 2027')
      .check(
        z.refine(
          (year) => Number.isInteger(year) && 1900 <= year && year <= 2999,
          'must be a year such as 2027',
        ),
      ),
    complete: z.literal(true, 'must be true'),
    source: z.optional(text),
  }),
);
const shares = z.readonly(
  z.array(z.enum(['auction', 'plain', 'derivative', 'expiring', 'option', 'expiring-option'])),
);
const rule = z.readonly(
  z.strictObject({
    part: z.enum(['preopen', 'trading']),
    from: dateText,
    shares,
    source: text,
    phases,
  }),
);
// Phases that follow the last continuous trading of a special session, at any time of day.
const closing = z.readonly(
  z.strictObject({
    from: dateText,
    shares,
    source: text,
    phases: z.readonly(
      z.array(
        z.strictObject({
          name: z.enum(PHASE_NAMES),
          minutes: z.int(),
          randomCloseAfter: z.optional(z.int()),
          certainty,
        }),
      ),
    ),
  }),
);
const calendar = z.strictObject({
  about: text,
  coveredFrom: dateText,
  coveredUntil: dateText,
  rules: z.array(rule),
  closings: z.array(closing),
  holidays: z.array(z.strictObject({ source: text, certainty, days: z.record(dateText, text) })),
  sessions: z.array(session),
  // A share's own pre-open, which replaces the common one. Its continuous trading begins when these phases end.
  preopens: z.array(z.strictObject({ date: dateText, symbol: text, source: text, phases })),
  notes: z.array(z.strictObject({ note: text, source: text, days: z.array(dateText) })),
});

export type Rule = z.infer<typeof rule>;
export type PhaseTimes = z.infer<typeof phase>;
export type SpecialSession = z.infer<typeof session>;
type DayOverride = SpecialSession | z.infer<typeof closure>;
/**
 * An operator's correction of the release: a day that is closed, a day that is open (with its own phases or the usual ones),
 * or the statement that the operator's days and the built-in ones together are all holidays of a year.
 */
export type Override = DayOverride | z.infer<typeof wholeYear>;

/** The first entry for a date wins. */
export function overrideOn(
  date: IstDate,
  overrides: readonly Override[] = [],
): DayOverride | undefined {
  return overrides.find((entry): entry is DayOverride => 'date' in entry && entry.date === date);
}

/** The built-in data, checked when the module loads. */
export const CALENDAR = calendar.parse(shipped);

/**
 * An operator's list, such as `[{"date":"2027-01-26","closed":true,"why":"Republic Day"}]`.
 * Problems name the entry, the field and the allowed form.
 */
export function parseOverrides(value: unknown): Parsed<readonly Override[]> {
  if (!Array.isArray(value)) return { ok: false, problem: 'must be a list of days' };
  const entries: Override[] = [];
  const problems: string[] = [];
  value.forEach((entry: unknown, index) => {
    const parsed = formOf(entry).safeParse(entry);
    if (parsed.success) entries.push(parsed.data);
    else problems.push(...parsed.error.issues.map((issue) => describeIssue(index, issue)));
  });
  return problems.length > 0
    ? { ok: false, problem: problems.join('; ') }
    : { ok: true, value: entries };
}

function formOf(entry: unknown) {
  const has = (key: string) => typeof entry === 'object' && entry !== null && key in entry;
  if (has('year')) return wholeYear;
  return has('closed') ? closure : session;
}

/** Parses the JSON text of a file or a variable. */
export function parseOverridesText(text: string): Parsed<readonly Override[]> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { ok: false, problem: 'must be JSON: a list of days in square brackets' };
  }
  return parseOverrides(value);
}

function describeIssue(index: number, issue: z.core.$ZodIssue): string {
  const place = [`day ${String(index + 1)}`, issue.path.join('.')].filter((part) => part !== '');
  const unknown = issue.code === 'unrecognized_keys' ? issue.keys : [];
  const message = unknown.length > 0 ? `no field is called ${unknown.join(', ')}` : issue.message;
  return `${place.join(', ')}: ${message}`;
}

/** A text schema with one message for every error: absent, of another type or of the wrong form. */
function stringThat(problem: string, holds: (value: string) => boolean) {
  return z.string(problem).check(z.refine(holds, problem));
}
