// Checks that all harvesters together stay within the limits of their common account, and paces the calls of each harvester.
import { type Instant, MINUTE, plus, SECOND } from '../time.ts';
import { isGroup } from './groups.ts';
import { CALLS_PER_MINUTE_CAP, type SamplingPlan } from './values.ts';

/** Limit of calls in any second (Fyers API v3, "Rate limits"). */
const ACCOUNT_CALLS_PER_SECOND = 10;
/**
 * Symbols that one harvester requests at once; the next ones follow a second later. If the network merges two neighbouring
 * bursts of five, they are still only ten.
 */
export const BURST = 5;
const MINUTE_SECONDS = 60;

/** Limits that the plans exceed together, with the arithmetic. Each plan alone is within the limits. */
export function rateProblems(plans: readonly SamplingPlan[]): readonly string[] {
  return [findMinuteProblem(plans), findSecondProblem(plans)].filter((problem) => problem !== null);
}

function findMinuteProblem(plans: readonly SamplingPlan[]): string | null {
  const calls = plans.map(
    ({ symbols, everySeconds }) => (symbols.length * MINUTE_SECONDS) / everySeconds,
  );
  const sum = sumOf(calls);
  if (sum <= CALLS_PER_MINUTE_CAP) return null;
  const terms = plans.map(
    ({ symbols, everySeconds }) => `${String(symbols.length)} × 60 / ${String(everySeconds)}`,
  );
  return `all together make ${terms.join(' + ')} = ${calls.join(' + ')} = ${String(sum)} calls a minute, over the ${String(CALLS_PER_MINUTE_CAP)} that leave room under the account's 200`;
}

/** Checks one minute only: every interval divides the minute, and every session starts at a full minute. */
function findSecondProblem(plans: readonly SamplingPlan[]): string | null {
  const minutes = plans.map(callsOfMinute);
  const inTwo = (calls: readonly number[], second: number) =>
    (calls[second] ?? 0) + (calls[(second + 1) % MINUTE_SECONDS] ?? 0);
  const sums = Array.from({ length: MINUTE_SECONDS }, (_, second) =>
    sumOf(minutes.map((calls) => inTwo(calls, second))),
  );
  const most = Math.max(...sums);
  if (most <= ACCOUNT_CALLS_PER_SECOND) return null;
  const second = sums.indexOf(most);
  const terms = minutes.map((calls) => inTwo(calls, second));
  return `all together make ${terms.join(' + ')} = ${String(most)} calls in seconds ${String(second)} and ${String(second + 1)} of a minute, which the network may push together, over the account's ${String(ACCOUNT_CALLS_PER_SECOND)} a second: one harvester alone spreads its symbols`;
}

function callsOfMinute({ symbols, everySeconds }: SamplingPlan): readonly number[] {
  const calls = Array.from({ length: MINUTE_SECONDS }, () => 0);
  for (let slot = 0; slot < MINUTE_SECONDS; slot += everySeconds) {
    for (const index of symbols.keys()) {
      const second = (slot + Math.floor(index / BURST)) % MINUTE_SECONDS;
      calls[second] = (calls[second] ?? 0) + 1;
    }
  }
  return calls;
}

function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, one) => sum + one, 0);
}

/** Calls a minute that a streaming harvester may make while its stream is down. */
const FALLBACK_CALLS_PER_MINUTE = 60;

/** The most symbols that a streaming harvester asks for over REST at a slot, as a plan of its own. */
export function fallbackPlan({ symbols, everySeconds }: SamplingPlan): SamplingPlan {
  const most = Math.floor((FALLBACK_CALLS_PER_MINUTE * everySeconds) / MINUTE_SECONDS);
  // A group has many symbols, and their number is not known here.
  const counted = symbols.flatMap((name) =>
    isGroup(name) ? Array<typeof name>(most).fill(name) : [name],
  );
  return { symbols: counted.slice(0, most), everySeconds };
}

interface Paced {
  readonly symbols: readonly string[];
  readonly everySeconds: number;
}

export interface Pace {
  /** The first instant, not before `from`, at which `calls` more may be sent together; at most a burst. */
  earliest(from: Instant, calls: number): Instant;
  /** Records a call that is sent now. */
  sent(at: Instant): void;
}

/**
 * Allows a burst in any second, and in any minute one burst more than the plan needs, to catch up after a late slot. Ten
 * harvesters with 150 planned calls together therefore stay within the account's 200. Windows slide, as the broker may
 * count that way.
 */
export function paceOf({ symbols, everySeconds }: Paced): Pace {
  const perMinute = (symbols.length * MINUTE) / (everySeconds * SECOND) + BURST;
  let recent: readonly Instant[] = [];
  return {
    earliest(from, calls) {
      // After the clock is set back, ignore calls with a later time.
      const before = recent.filter((at) => at <= from);
      const free = (most: number, windowMs: number): Instant => {
        const oldest = before.at(calls - most - 1);
        return oldest === undefined ? from : plus(oldest, windowMs);
      };
      return later(from, later(free(BURST, SECOND), free(perMinute, MINUTE)));
    },
    sent(at) {
      recent = [...recent.slice(1 - perMinute), at];
    },
  };
}

function later(a: Instant, b: Instant): Instant {
  return a > b ? a : b;
}
