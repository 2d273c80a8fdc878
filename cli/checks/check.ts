// Defines a finding of `fyers status` about one part of the stack. Each part reads for itself, so an unreadable part
// does not affect the others.
import { FyersError } from '../../core/errors.ts';
import type { CalendarOptions } from '../../core/market/calendar.ts';
import type { Names } from '../../core/config/names.ts';
import type { Instant } from '../../core/time.ts';
import type { Session } from '../shared/io.ts';
import type { Settings } from '../shared/settings.ts';
import type { Tone } from '../shared/terminal.ts';

export interface Finding {
  readonly part: string;
  /** One or two words. */
  readonly state: string;
  readonly tone: Tone | null;
  readonly detail: string;
  /** Actions for the operator: full sentences with a command. */
  readonly todo: readonly string[];
  /** The source that could not be read; absent if all were read. */
  readonly unread?: 'aws' | 'broker';
  /** Equal for parts that could not be read for the same reason; absent if all were read. */
  readonly reason?: string;
  /** The same content for scripts. */
  readonly facts: Readonly<Record<string, unknown>>;
}

/** Settings of the deployed stack, from the environment of FyersTokenRefresh; null if that function does not exist. */
export interface Deployed {
  readonly topicArn: string | null;
  readonly telegram: boolean;
  readonly days: 'trading' | 'all';
  /** Why the function cannot run; null if it can. */
  readonly fault: string | null;
}

export interface Looking {
  readonly session: Session;
  readonly names: Names;
  readonly suffix: string;
  readonly settings: Settings;
  /** The operator's calendar overrides. */
  readonly calendar: CalendarOptions;
  readonly now: Instant;
  readonly deployed: Promise<Deployed | null>;
}

export const DEPLOY = 'Run `pulumi up`: it creates missing resources and reverts manual changes.';

/** Never throws a FyersError: it becomes the finding of the part. */
export async function readable(
  part: string,
  read: () => Promise<readonly Finding[]>,
): Promise<readonly Finding[]> {
  try {
    return await read();
  } catch (caught) {
    if (caught instanceof FyersError) return [unreadFinding(part, caught)];
    throw caught;
  }
}

function unreadFinding(part: string, error: FyersError): Finding {
  const said = {
    part,
    state: 'not read',
    tone: 'bad',
    detail: error.message,
    todo: [],
    facts: { code: error.code },
    reason: `${error.code} ${error.nextStep}`,
  } as const;
  if (error.family === 'broker') return { ...said, unread: 'broker' };
  const aws = error.family === 'platform' || error.code === 'operator.credentials';
  return aws ? { ...said, unread: 'aws' } : { ...said, todo: [error.nextStep] };
}

/** Returns 2 if the operator has to act, 4 if AWS could not be read, 3 if the broker did not answer, else 0. */
export function exitCodeFor(all: readonly Finding[]): number {
  if (all.some(({ todo }) => todo.length > 0)) return 2;
  if (all.some(({ unread: by }) => by === 'aws')) return 4;
  return all.some(({ unread: by }) => by === 'broker') ? 3 : 0;
}

/**
 * Joins the parts that could not be read for the same reason, such as missing credentials, into one finding, so that a
 * person reads the reason once.
 */
export function joinUnread(all: readonly Finding[]): readonly Finding[] {
  const groups = Map.groupBy(all, ({ unread, reason }) => (unread === undefined ? null : reason));
  return all.flatMap((finding) => {
    const alike = finding.unread === undefined ? [] : (groups.get(finding.reason) ?? []);
    if (finding.reason === undefined || alike.length < 2) return [finding];
    if (finding !== alike[0]) return [];
    const isAll = all.every(({ unread }) => unread !== undefined);
    const names = isAll ? '' : `${alike.map(({ part }) => part).join(', ')}: `;
    return [
      { ...finding, part: `${String(alike.length)} parts`, detail: `${names}${finding.detail}` },
    ];
  });
}
