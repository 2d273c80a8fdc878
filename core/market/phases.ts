// The phases of a session, planned by the clock.
import type { Instant, IstDate } from '../time.ts';

export const PHASE_NAMES = [
  'PREOPEN_ENTRY',
  'PREOPEN_LIMIT',
  'PREOPEN_MATCH',
  'BUFFER',
  'BLOCK_DEAL',
  'CONTINUOUS',
  'CLOSE_CALC',
  'CAS_REF',
  'CAS_ENTRY',
  'CAS_LIMIT',
  'CAS_MATCH',
  'TRANSITION',
  'POSTCLOSE',
  'UNKNOWN',
] as const;

export type PhaseName = (typeof PHASE_NAMES)[number];

/** Strongest first. sourced: a circular or a stored quotation of one says so · inferred: no source gives the edge · provisional: announced, times not. */
export const CERTAINTIES = ['sourced', 'inferred', 'provisional'] as const;

export type Certainty = (typeof CERTAINTIES)[number];

/** Half-open: `from` is inside, `to` is not. */
export interface Phase {
  readonly name: PhaseName;
  readonly from: Instant;
  readonly to: Instant;
  readonly certainty: Certainty;
  /** Where the exchange closes the phase at a random instant, the earliest one. */
  readonly randomCloseFrom?: Instant;
}

/** One trading day's plan. Phases follow each other without a gap from `opensAt` to `closesAt`. */
export interface SessionPlan {
  readonly date: IstDate;
  /** surprise: the calendar has the day as closed, and the broker said that the market is open. */
  readonly name: 'regular' | 'special' | 'muhurat' | 'surprise';
  readonly opensAt: Instant;
  readonly closesAt: Instant;
  readonly phases: readonly Phase[];
  /** The weakest of its phases'. */
  readonly certainty: Certainty;
  readonly source: string;
}

export type TradingDay =
  | { readonly kind: 'open'; readonly plan: SessionPlan }
  | {
      readonly kind: 'closed';
      readonly why: string;
      /** Only of a holiday that no list of the exchange has yet. */
      readonly certainty?: 'inferred';
    };

/**
 * The plan of a day of which the calendar knows no phases: every instant is outside of them.
 * @param plan of the day's event log; of a surprise every instant is UNKNOWN, because somebody saw that the market trades
 */
export function withoutPhases({
  session,
  date,
  opensAt,
  closesAt,
  certainty,
  source,
}: Pick<SessionPlan, 'date' | 'opensAt' | 'closesAt' | 'certainty' | 'source'> & {
  readonly session?: string;
}): SessionPlan {
  const plan = { date, opensAt, closesAt, certainty, source };
  if (session !== 'surprise') return { ...plan, name: 'special', phases: [] };
  const all: Phase = { name: 'UNKNOWN', from: opensAt, to: closesAt, certainty: 'provisional' };
  return { ...plan, name: 'surprise', phases: [all] };
}

/** Null outside the session. */
export function phaseAt(plan: SessionPlan, at: Instant): Phase | null {
  return plan.phases.find(({ from, to }) => from <= at && at < to) ?? null;
}
