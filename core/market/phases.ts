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
  readonly name: 'regular' | 'special' | 'muhurat';
  readonly opensAt: Instant;
  readonly closesAt: Instant;
  readonly phases: readonly Phase[];
  /** The weakest of its phases'. */
  readonly certainty: Certainty;
  readonly source: string;
}

export type TradingDay =
  | { readonly kind: 'open'; readonly plan: SessionPlan }
  | { readonly kind: 'closed'; readonly why: string };

/** The plan of a day of which the calendar knows no phases: every instant is outside of them. */
export function withoutPhases({
  date,
  opensAt,
  closesAt,
  certainty,
  source,
}: Pick<SessionPlan, 'date' | 'opensAt' | 'closesAt' | 'certainty' | 'source'>): SessionPlan {
  return { date, name: 'special', opensAt, closesAt, phases: [], certainty, source };
}

/** Null outside the session. */
export function phaseAt(plan: SessionPlan, at: Instant): Phase | null {
  return plan.phases.find(({ from, to }) => from <= at && at < to) ?? null;
}
