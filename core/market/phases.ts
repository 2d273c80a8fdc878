// Defines the phases of a session, its plan, and its sampling grid.
import { type Instant, type IstDate, SECOND, plus } from '../time.ts';

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

/**
 * Strongest first. sourced: stated in a circular or a stored quotation of one · inferred: no source gives the boundary ·
 * provisional: announced without times.
 */
export const CERTAINTIES = ['sourced', 'inferred', 'provisional'] as const;

export type Certainty = (typeof CERTAINTIES)[number];

/** Half-open: `from` is inside, `to` is not. */
export interface Phase {
  readonly name: PhaseName;
  readonly from: Instant;
  readonly to: Instant;
  readonly certainty: Certainty;
  /** The earliest possible end, if the exchange closes the phase at a random instant. */
  readonly randomCloseFrom?: Instant;
}

/** One trading day's plan. Phases follow each other without a gap from `opensAt` to `closesAt`. */
export interface SessionPlan {
  readonly date: IstDate;
  /** surprise: the market is closed in the calendar, but the broker reported it as open. */
  readonly name: 'regular' | 'special' | 'muhurat' | 'surprise';
  readonly opensAt: Instant;
  readonly closesAt: Instant;
  readonly phases: readonly Phase[];
  /** The weakest certainty of the phases. */
  readonly certainty: Certainty;
  readonly source: string;
}

export type TradingDay =
  | { readonly kind: 'open'; readonly plan: SessionPlan }
  | {
      readonly kind: 'closed';
      readonly why: string;
      /** Only for a holiday that is not yet on a list of the exchange. */
      readonly certainty?: 'inferred';
    };

/**
 * Returns the plan of a day without phases in the calendar: every instant is outside of all phases.
 * @param plan from the day's event log. For a surprise session every instant is UNKNOWN, because the market was seen to trade
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

/** Returns null outside the session. */
export function phaseAt(plan: SessionPlan, at: Instant): Phase | null {
  return plan.phases.find(({ from, to }) => from <= at && at < to) ?? null;
}

/**
 * The sampling grid: exact instants from the opening (inclusive) to the close (exclusive). A late slot does not shift it.
 *
 * @param everySeconds checked by `parseSampling`: a whole number, at least 1
 */
export function slotsOf(plan: SessionPlan, everySeconds: number): readonly Instant[] {
  return Array.from({ length: slotCount(plan, everySeconds) }, (_, index) =>
    plus(plan.opensAt, index * everySeconds * SECOND),
  );
}

export function slotCount(plan: SessionPlan, everySeconds: number): number {
  return Math.ceil((plan.closesAt - plan.opensAt) / (everySeconds * SECOND));
}

/** The first slot at or after `at`; null if the session has none. */
export function slotAtOrAfter(
  plan: SessionPlan,
  everySeconds: number,
  at: Instant,
): Instant | null {
  const every = everySeconds * SECOND;
  const index = Math.max(0, Math.ceil((at - plan.opensAt) / every));
  return index < slotCount(plan, everySeconds) ? plus(plan.opensAt, index * every) : null;
}
