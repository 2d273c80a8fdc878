// Defines a check of `doctor` and `status`, its finding and its context, and runs one. Each check reads its own data,
// so a failed check does not affect the others. Sources that several checks share are read by the context: each at most
// once, when the first check needs it.
import type { DeployedFunction } from '../../adapters/aws/deployed-function.ts';
import { systemClock } from '../../adapters/process/clock.ts';
import { type ClockFault, faultByServer } from '../../core/clock-faults.ts';
import type { FunctionActor, Names } from '../../core/config/names.ts';
import { FyersError } from '../../core/errors.ts';
import type { CalendarOptions } from '../../core/market/calendar.ts';
import type { Clock } from '../../core/ports.ts';
import type { Instant } from '../../core/time.ts';
import { withOperatorHints } from '../shared/aws.ts';
import { readFunction } from '../shared/channels.ts';
import type { Session } from '../shared/io.ts';
import { hasSelectedStack, pulumiIn } from '../shared/pulumi.ts';
import {
  calendarOf,
  type ClockCheck,
  clockCheck,
  namesOf,
  type Settings,
  suffixOf,
} from '../shared/settings.ts';
import type { Tone } from '../shared/terminal.ts';

export interface Finding {
  /** Replaces the check's name: a second finding of a check needs its own. */
  readonly name?: string;
  /** One or two words. */
  readonly state: string;
  readonly tone: Tone | null;
  readonly detail: string;
  /** Actions for the operator: full sentences with a command. */
  readonly todo: readonly string[];
  /** The same content for scripts. */
  readonly facts: Readonly<Record<string, unknown>>;
  /** The source that could not be read; absent if all were read. */
  readonly unread?: 'aws' | 'broker';
  /** Equal for findings that could not be read for the same reason; absent if all were read. */
  readonly reason?: string;
}

export type NamedFinding = Finding & { readonly name: string };

type Findings = Finding | readonly Finding[];

export interface Check {
  readonly name: string;
  /** The check is skipped without it: `stack` on a laptop without a stack, `aws` also if AWS cannot be reached. */
  readonly needs?: 'stack' | 'aws';
  readonly run: (context: CheckContext) => Findings | Promise<Findings>;
}

export function ok(detail: string): Finding {
  return { state: 'ok', tone: 'good', detail, todo: [], facts: {} };
}

/** The check could not or need not run; the detail gives the reason. */
export function skipped(detail: string): Finding {
  return { state: 'skipped', tone: 'quiet', detail, todo: [], facts: {} };
}

/** @param fix a full sentence */
export function problem(detail: string, fix: string): Finding {
  return { state: 'problem', tone: 'bad', detail, todo: [fix], facts: {} };
}

/** @param failed turns a FyersError into a finding; every other error is thrown */
export async function runCheck(
  check: Check,
  context: CheckContext,
  failed: (error: FyersError) => Finding,
): Promise<readonly NamedFinding[]> {
  const named = (findings: Findings) =>
    [findings].flat().map((finding) => ({ name: check.name, ...finding }));
  try {
    return named((await reasonToSkip(check, context)) ?? (await check.run(context)));
  } catch (caught) {
    if (caught instanceof FyersError) return named(failed(caught));
    throw caught;
  }
}

async function reasonToSkip({ needs }: Check, context: CheckContext): Promise<Finding | null> {
  if (needs === undefined) return null;
  if (!(await usesAws(context))) return skipped('only for a stack on AWS');
  if (needs === 'stack' || (await hasAws(context))) return null;
  return skipped('AWS cannot be reached, see "AWS identity"');
}

interface Where {
  /** Absolute path of the folder with `.env` and the token files. */
  readonly dir: string;
  /** The value of `--suffix`. */
  readonly suffix: string | undefined;
  readonly settings: Settings;
  /** False: no request goes to Fyers. */
  readonly asksBroker: boolean;
}

export interface CheckContext extends Where {
  readonly session: Session;
  readonly now: Instant;
  /** The operator's calendar overrides. Errors: `operator.config`. */
  readonly calendar: () => CalendarOptions;
  /** Errors: `operator.config` for an invalid suffix. */
  readonly names: () => Names;
  /** Empty for the Python original's names. Errors: `operator.config` for an invalid suffix. */
  readonly stackSuffix: () => string;
  /** Collects server times from the checks. */
  readonly clock: Clocks;
}

export function createContext(session: Session, where: Where): CheckContext {
  const { dir, settings, suffix } = where;
  return {
    ...where,
    session,
    now: session.io.clock.now(),
    calendar: () => calendarOf(dir, settings),
    names: () => namesOf(settings, suffix),
    stackSuffix: () => suffixOf(settings, suffix),
    clock: clocksOf(session.io.clock),
  };
}

/** Returns a function that reads once for each context, so that checks can share what was read. */
export function oncePerContext<T>(
  read: (context: CheckContext) => Promise<T>,
): (context: CheckContext) => Promise<T> {
  const answers = new WeakMap<CheckContext, Promise<T>>();
  return (context) => {
    const answer = answers.get(context) ?? read(context);
    answers.set(context, answer);
    return answer;
  };
}

const stsClient = oncePerContext(async ({ session }) => {
  const { STSClient } = await import('@aws-sdk/client-sts');
  return new STSClient(session.io.aws);
});

/** Errors: `operator.credentials`, `platform.store`. */
export const readIdentity = oncePerContext(async (context) => {
  const { callerIdentity } = await import('../../adapters/aws/identity.ts');
  return withOperatorHints(callerIdentity(await stsClient(context), context.clock.onAwsTime));
});

/** False on a laptop without a stack: no selected stack, and no AWS credentials. */
export const usesAws = oncePerContext(async (context) => {
  const { hasCredentials } = await import('../../adapters/aws/identity.ts');
  const { cwd, env } = context.session.io;
  const stack = hasSelectedStack(pulumiIn({ folder: cwd, env }));
  return (await hasCredentials(await stsClient(context))) || (await stack);
});

/** False if AWS cannot be reached; one check reports the reason. */
export function hasAws(context: CheckContext): Promise<boolean> {
  return readIdentity(context).then(
    () => true,
    () => false,
  );
}

const FUNCTION_READERS = {
  refresh: functionReader('refresh'),
  login: functionReader('login'),
  watch: functionReader('watch'),
};

function functionReader(actor: FunctionActor) {
  return oncePerContext(async ({ session, names }) => readFunction(session, names(), actor));
}

/** Null if the function is not deployed. Errors: those of every AWS call by the operator. */
export function deployed(
  context: CheckContext,
  actor: FunctionActor,
): Promise<DeployedFunction | null> {
  return FUNCTION_READERS[actor](context);
}

interface Clocks extends ClockCheck {
  readonly onAwsTime: (serverTime: Instant) => void;
  /** Server times received so far; null if no server answered. */
  readonly seen: () => { readonly fault: ClockFault | null; readonly by: string } | null;
}

/** @param clock the clock that judges tokens; AWS is compared with the machine's own clock */
export function clocksOf(clock: Pick<Clock, 'now'>): Clocks {
  const check = clockCheck(clock);
  let byFyers = false;
  let byAws: ClockFault | null | undefined;
  return {
    ...check,
    onServerTime(serverTime) {
      byFyers = true;
      check.onServerTime(serverTime);
    },
    onAwsTime(serverTime) {
      byAws = faultByServer(serverTime, systemClock.now(), "the time of AWS's answer");
    },
    seen() {
      if (byFyers) return { fault: check.fault(), by: 'Fyers' };
      if (byAws !== undefined) return { fault: byAws, by: 'AWS' };
      const fault = check.fault();
      return fault === null ? null : { fault, by: fault.by };
    },
  };
}
