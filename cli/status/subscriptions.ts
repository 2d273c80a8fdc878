// Who would read a message.
import type { Subscription } from '../../adapters/aws/subscriptions.ts';
import { asOperator } from '../aws.ts';
import { DEPLOY, type Deployed, type Looking, type Said } from './said.ts';

/** Errors: as every call of the operator's. */
export async function readSubscriptions(
  { session }: Looking,
  topicArn: string,
): Promise<readonly Subscription[]> {
  const { SNSClient } = await import('@aws-sdk/client-sns');
  const { subscriptionsOf } = await import('../../adapters/aws/subscriptions.ts');
  return asOperator(subscriptionsOf(new SNSClient(session.io.aws), topicArn));
}

export function saySubscriptions(
  { telegram, topicArn }: Deployed,
  subscriptions: readonly Subscription[],
): Said {
  const confirmed = subscriptions.filter((each) => each.confirmed);
  const heard = confirmed.length > 0 || telegram;
  const pending = subscriptions.length - confirmed.length;
  return {
    part: 'subscriptions',
    state: heard ? 'confirmed' : pending > 0 ? 'pending' : 'none',
    tone: heard ? 'good' : 'bad',
    detail:
      [
        ...subscriptions.map(
          ({ protocol, endpoint, confirmed: is }) =>
            `${protocol} ${endpoint}${is ? '' : ' (not confirmed)'}`,
        ),
        ...(telegram ? ['Telegram'] : []),
      ].join(', ') || 'nobody would read a message',
    todo: heard ? [] : [howToHear(topicArn, pending)],
    facts: { telegram, subscriptions },
  };
}

function howToHear(topicArn: string | null, pending: number): string {
  if (topicArn === null) return DEPLOY;
  return pending > 0
    ? "Confirm with the link in AWS's mail: `npx --no-install fyers confirm`. For a new mail run `npx --no-install fyers test-alert --resubscribe`."
    : 'Say where messages go: `pulumi config set email ADDRESS` or `npx --no-install fyers telegram`, then `pulumi up`.';
}
