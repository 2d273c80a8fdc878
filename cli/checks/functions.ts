// Checks the functions of the stack: whether they are deployed and can run, how many runs the account has left, and
// the outcome of their last runs.
import type { DeployedFunction } from '../../adapters/aws/deployed-function.ts';
import { type FunctionActor, REGION } from '../../core/config/names.ts';
import { formatIst, HOUR, plus } from '../../core/time.ts';
import { type Entry, eventIn, type LoggedEvent, logReader } from '../commands/logs.ts';
import { withOperatorHints } from '../shared/aws.ts';
import type { Tone } from '../shared/terminal.ts';
import { type CheckContext, deployed, type Finding, ok, problem } from './check.ts';

export const DEPLOY_STEP =
  'Run `pulumi up`: it creates missing resources and reverts manual changes.';

const REPAIR_STEP = 'Run `pulumi up --refresh`.';

const ACTORS = ['refresh', 'login', 'watch'] as const;

export async function checkFunctions(context: CheckContext): Promise<Finding> {
  const found = await Promise.all(ACTORS.map((actor) => deployed(context, actor)));
  const all = ACTORS.map(context.names().function);
  const absent = all.filter((_, index) => found[index] === null);
  if (absent.length > 0) {
    return problem(`there is no ${absent.join(', no ')}`, 'Run `pulumi up`.');
  }
  const faults = found.flatMap((each) => (each === null ? [] : faultsOf(each)));
  return faults.length > 0 ? problem(faults.join('; '), REPAIR_STEP) : ok(all.join(', '));
}

function faultsOf({ name, fault }: DeployedFunction): readonly string[] {
  return fault === null ? [] : [`${name} cannot run: ${fault}`];
}

/** Returns a finding only if there is a problem. */
export async function checkKeeper(context: CheckContext): Promise<readonly Finding[]> {
  const found = await deployed(context, 'refresh');
  const name = context.names().function('refresh');
  if (found === null) {
    const detail = `there is no ${name} in ${REGION}: nothing is deployed under this name`;
    return [{ ...problem(detail, DEPLOY_STEP), state: 'absent', facts: { name } }];
  }
  return faultsOf(found).map((detail) => ({
    ...problem(detail, REPAIR_STEP),
    state: 'broken',
    facts: { name },
  }));
}

/** Lambda keeps this many executions for functions without a reservation (AWS Lambda API, "PutFunctionConcurrency"). */
const UNRESERVED_MIN = 100;

export async function checkQuota(context: CheckContext): Promise<Finding> {
  const { session, names } = context;
  const { LambdaClient } = await import('@aws-sdk/client-lambda');
  const { concurrencyOf, reservationOf } = await import('../../adapters/aws/deployed-function.ts');
  const client = new LambdaClient(session.io.aws);
  const { limit, unreserved } = await withOperatorHints(concurrencyOf(client));
  if (unreserved < 1) {
    return problem(
      `other functions have reserved all ${String(limit)} runs at a time that the account has`,
      `Ask for more at https://${REGION}.console.aws.amazon.com/servicequotas/home/services/lambda/quotas (Concurrent executions), or reduce the reservations of other functions.`,
    );
  }
  const bound =
    (await deployed(context, 'login')) === null
      ? null
      : await withOperatorHints(reservationOf(client, names().function('login')));
  if (bound !== null) {
    return ok(
      `${formatFreeExecutions(limit, unreserved)}; the login page is limited to ${String(bound)}`,
    );
  }
  return ok(
    limit <= UNRESERVED_MIN
      ? `${String(limit)} runs at a time: enough while reserved concurrency is off. Only this quota limits the login page: Lambda reserves runs for one function only if ${String(UNRESERVED_MIN)} stay free for the others`
      : `${formatFreeExecutions(limit, unreserved)}; the login page has no limit of its own: \`pulumi up\` sets one if ${String(UNRESERVED_MIN)} stay free, unless you set \`reservedConcurrency\` to none`,
  );
}

function formatFreeExecutions(limit: number, unreserved: number): string {
  return `${String(limit)} runs at a time, ${String(unreserved)} of them free`;
}

const OUTCOME_HOURS = 36;

/** Events that end a run, named as in `core/token/log.ts`. */
const OUTCOMES: Readonly<Record<string, { readonly state: string; readonly tone: Tone }>> = {
  'run-failed': { state: 'failed', tone: 'bad' },
  'token-published': { state: 'published', tone: 'good' },
  'token-already-good': { state: 'already good', tone: 'good' },
  'login-needed': { state: 'login needed', tone: 'strong' },
};

export async function checkLastRun(context: CheckContext, actor: FunctionActor): Promise<Finding> {
  const read = await logReader(context.session);
  const since = plus(context.now, -OUTCOME_HOURS * HOUR);
  // Null if the log group does not exist.
  const entries = await read(context.names().logGroup(actor), since);
  const last = lastOutcome(entries ?? []);
  const outcome = OUTCOMES[last?.event ?? ''];
  if (last === null || outcome === undefined) {
    const detail =
      entries === null
        ? 'there is no log group'
        : `no outcome in the last ${String(OUTCOME_HOURS)} hours`;
    return { state: 'none', tone: 'quiet', detail, todo: [], facts: { event: null } };
  }
  return {
    ...outcome,
    detail: `${formatIst(last.at)}: ${last.message}`,
    todo: [],
    facts: { event: last.event, at: formatIst(last.at), ...last.facts },
  };
}

/** Orders by the lines' own time; at equal times the later line of the log wins. */
function lastOutcome(entries: readonly Entry[]): LoggedEvent | null {
  return entries
    .flatMap((entry) => eventIn(entry) ?? [])
    .filter(({ event }) => event !== null && Object.hasOwn(OUTCOMES, event))
    .reduce<LoggedEvent | null>(
      (last, event) => (last === null || event.at >= last.at ? event : last),
      null,
    );
}
