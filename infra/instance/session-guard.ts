// When the instance must not be touched: while it records, and until the day is whole in the bucket.
import { createHash } from 'node:crypto';
import * as pulumi from '@pulumi/pulumi';
import type { Override } from '../../core/market/calendar-data.ts';
import { type CalendarOptions, dayOf } from '../../core/market/calendar.ts';
import type { Clock } from '../../core/ports.ts';
import { formatClock, type Instant, istDateAt, MINUTE, plus } from '../../core/time.ts';
import { numbered } from '../config/harvesters.ts';

/** A new instance needs some minutes until it records. */
const BEFORE_OPEN_MS = 15 * MINUTE;
/** The day is compacted and shipped after the close. */
const AFTER_CLOSE_MS = 30 * MINUTE;

/** What is wrong with replacing or stopping the instance now, and what to do; null when nothing is. */
export function sessionProblem(now: Instant, calendar: CalendarOptions = {}): string | null {
  const day = dayOf(istDateAt(now), calendar);
  if (day.kind === 'closed') return null;
  const from = plus(day.plan.opensAt, -BEFORE_OPEN_MS);
  const until = plus(day.plan.closesAt, AFTER_CLOSE_MS);
  if (now < from || until <= now) return null;
  return `This change replaces or stops the instance, and nobody records until the new one is ready, some minutes: from ${timeOf(from)} to ${timeOf(until)} IST that is refused. Run \`pulumi up\` after that, or \`pulumi config set replaceInSession true\` first.`;
}

function timeOf(at: Instant): string {
  return formatClock(at).slice(0, 'HH:MM'.length);
}

// Stands before the instance: a change that would replace or stop it in a session ends the deploy here.

interface InstanceGuardArgs {
  readonly shard: number;
  /** What cannot change without a new instance, or a stop of this one. */
  readonly plan: Readonly<Record<string, pulumi.Input<string | boolean | null>>>;
  readonly replaceInSession: boolean;
  readonly calendar: readonly Override[];
  readonly clock: Pick<Clock, 'now'>;
}

/**
 * A value that only the state holds, with a hook before each change of it; the instance waits for it. Not a hook before
 * the instance's deletion, which is where it belongs: with one, the engine refuses every `pulumi destroy` without
 * `--run-program` (docs/decisions/0006).
 */
export function instanceGuard(parent: pulumi.Resource, args: InstanceGuardArgs): pulumi.Stash {
  const fingerprint = pulumi
    .all(args.plan)
    .apply((plan) => createHash('sha256').update(JSON.stringify(plan)).digest('hex'));
  const hook = new pulumi.ResourceHook(
    numbered('instance-in-session', args.shard),
    async () => {
      const problem = args.replaceInSession
        ? null
        : sessionProblem(args.clock.now(), { overrides: args.calendar });
      if (problem === null) return;
      // A preview shows what would be done, and changes nothing.
      if (!pulumi.runtime.isDryRun()) throw new Error(problem);
      await pulumi.log.warn(problem);
    },
    { onDryRun: true },
  );
  return new pulumi.Stash(
    numbered('instance-plan', args.shard),
    { input: fingerprint },
    { parent, hooks: { beforeUpdate: [hook] } },
  );
}
