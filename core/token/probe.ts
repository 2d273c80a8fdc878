// Decides whether a refresh is tried although the broker's policy has switched refreshes off: the broker may lift its ban
// without notice, and one call a week shows it.
import type { Parsed } from '../config.ts';
import { type IstDate, addDays } from '../time.ts';
import type { Trigger } from './decide.ts';

const CHOICES = ['never', 'weekly', 'daily'] as const;

export type ProbeRefresh = (typeof CHOICES)[number];

export const DEFAULT_PROBE_REFRESH: ProbeRefresh = 'weekly';

export function parseProbeRefresh(text: string): Parsed<ProbeRefresh> {
  const value = CHOICES.find((choice) => choice === text);
  return value === undefined
    ? { ok: false, problem: 'must be never, weekly or daily' }
    : { ok: true, value };
}

/** True for a slot before the first link of its day, a week (or a day) after the last probe. */
export function isProbeDue(
  probe: ProbeRefresh,
  { trigger, today, lastProbe, isAsked }: ProbeFacts,
): boolean {
  if (probe === 'never' || trigger.kind !== 'slot' || isAsked) return false;
  // A date that lies ahead was written under a wrong clock.
  if (lastProbe === null || lastProbe > today) return true;
  return lastProbe <= addDays(today, -DAYS_BETWEEN[probe]);
}

const DAYS_BETWEEN = { weekly: 7, daily: 1 } as const;

interface ProbeFacts {
  readonly trigger: Trigger;
  /** The broker day. */
  readonly today: IstDate;
  /** When a refresh was last tried against the policy, or refused by it; null: never as far as is known. */
  readonly lastProbe: IstDate | null;
  /** A link was sent today. */
  readonly isAsked: boolean;
}
