// Checks the deployed stack: its functions, and whether a person receives their messages.
import { FyersError } from '../../../core/errors.ts';
import { withOperatorHints } from '../../shared/aws.ts';
import { channelsIn, telegramOfStack } from '../../shared/channels.ts';
import { type Finding, type CheckContext, WITHOUT_AWS, ok, problem, skipped } from './finding.ts';

const ACTORS = ['refresh', 'login', 'watch'] as const;

export async function functionsFinding({
  names,
  hasAws,
  deployed,
}: CheckContext): Promise<Finding> {
  if (!(await hasAws())) return WITHOUT_AWS;
  const found = await Promise.all(ACTORS.map(deployed));
  const all = ACTORS.map(names().function);
  const absent = all.filter((_, index) => found[index] === null);
  if (absent.length > 0) {
    return problem(`there is no ${absent.join(', no ')}`, 'Run `pulumi up`.');
  }
  const faults = found.flatMap((each) => {
    const fault = each?.fault ?? null;
    return fault === null ? [] : [`${each?.name ?? ''} cannot run: ${fault}`];
  });
  return faults.length > 0
    ? problem(faults.join('; '), 'Run `pulumi up --refresh`.')
    : ok(all.join(', '));
}

export async function messagesFinding(patient: CheckContext): Promise<Finding> {
  const { session, names, hasAws, deployed } = patient;
  if (!(await hasAws())) return WITHOUT_AWS;
  const login = await deployed('login');
  if (login === null) return skipped('no login function yet, see "Functions"');
  const { topicArn, telegramApiUrl } = channelsIn(login.environment);
  const topic =
    topicArn === null ? { heard: [], pending: [] } : await readSubscribers(patient, topicArn);
  const chat =
    telegramApiUrl === null ? null : await telegramOfStack(session, names(), telegramApiUrl);
  const heard = [...topic.heard, ...(chat === null ? [] : [`Telegram chat ${chat.chatId}`])];
  const pending = topic.pending.length === 0 ? '' : `; pending: ${topic.pending.join(', ')}`;
  if (heard.length > 0) return ok(`${heard.join(', ')}${pending}`);
  return topic.pending.length > 0
    ? problem(
        `no subscription is confirmed${pending}`,
        "Confirm with the link in AWS's mail: `npx --no-install fyers confirm`. For a new mail run `npx --no-install fyers test-alert --resubscribe`.",
      )
    : problem(
        'no one would receive alarms or the login link',
        'Run `pulumi config set email ADDRESS` or `npx --no-install fyers telegram`, then `pulumi up`.',
      );
}

async function readSubscribers(
  { session }: CheckContext,
  topicArn: string,
): Promise<{ readonly heard: readonly string[]; readonly pending: readonly string[] }> {
  const { SNSClient } = await import('@aws-sdk/client-sns');
  const { subscriptionsOf } = await import('../../../adapters/aws/subscriptions.ts');
  const all = await withOperatorHints(subscriptionsOf(new SNSClient(session.io.aws), topicArn));
  const those = (wanted: boolean) =>
    all
      .filter(({ confirmed }) => confirmed === wanted)
      .map(({ protocol, endpoint }) => `${protocol} ${endpoint}`);
  return { heard: those(true), pending: those(false) };
}

/** Converts a FyersError to a finding. @throws every other error */
export function findingOf(caught: unknown): Finding {
  if (!(caught instanceof FyersError)) throw caught;
  const detail = caught.message.slice(0, -caught.nextStep.length);
  const items = detail.split('\n').map((line) => line.replace(/^[\s-]+/, '').trimEnd());
  return problem(items.filter((item) => item !== '').join(' '), caught.nextStep);
}
