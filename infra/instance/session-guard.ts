// Refuses changes that replace or stop the instance during a session: from before it records until the day is
// complete in the bucket. A change in that time fails the deploy before it reaches the instance.
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

/** Returns why the instance cannot be replaced or stopped now, and what to do; null if it can. */
export function sessionProblem(now: Instant, calendar: CalendarOptions = {}): string | null {
  const day = dayOf(istDateAt(now), calendar);
  if (day.kind === 'closed') return null;
  const from = plus(day.plan.opensAt, -BEFORE_OPEN_MS);
  const until = plus(day.plan.closesAt, AFTER_CLOSE_MS);
  if (now < from || until <= now) return null;
  return `This change replaces or stops the instance, and there is no recording until the new one is ready, some minutes later: from ${timeOf(from)} to ${timeOf(until)} IST that is refused. Run \`pulumi up\` after that, or \`pulumi config set replaceInSession true\` first.`;
}

function timeOf(at: Instant): string {
  return formatClock(at).slice(0, 'HH:MM'.length);
}

interface InstanceGuardArgs {
  readonly shard: number;
  /** Properties that cannot change without replacing or stopping the instance. */
  readonly plan: Readonly<Record<string, pulumi.Input<string | boolean | null>>>;
  readonly replaceInSession: boolean;
  readonly calendar: readonly Override[];
  readonly clock: Pick<Clock, 'now'>;
}

/**
 * A value that exists only in the state, with a hook before each change of it; the instance depends on it. A hook
 * before the instance's deletion would be the natural place, but then the engine refuses every `pulumi destroy`
 * without `--run-program` (docs/decisions/0006).
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
      // A preview only shows the plan, so it must not fail.
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
