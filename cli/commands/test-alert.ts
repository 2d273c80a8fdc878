// Sends a test message by every configured channel and reports each result (`./fyers test-alert`).
import type { SNSClient } from '@aws-sdk/client-sns';
import type { Command } from 'commander';
import type { Names } from '../../core/config/names.ts';
import { FyersError } from '../../core/errors.ts';
import { withOperatorHints } from '../shared/aws.ts';
import { channelsOfStack, telegramOfStack, testMessage } from '../shared/channels.ts';
import type { Session } from '../shared/io.ts';
import { namesOf, settingsOf } from '../shared/settings.ts';
import { paint, table } from '../shared/terminal.ts';

interface TestAlertOptions {
  readonly suffix?: string;
  readonly resubscribe?: true | string;
}

/** Result of one channel. */
interface Outcome {
  /** True if a person would receive the message. */
  readonly isReceived: boolean;
  /** True if a recipient is configured, confirmed or not. */
  readonly isConfigured: boolean;
  readonly problem: FyersError | null;
}

export function addTestAlert(program: Command, session: Session): void {
  program
    .command('test-alert')
    .description('Send a test message the way the functions send the daily login link.')
    .option('--resubscribe [ADDRESS]', 'send no message, but let AWS send a new confirmation mail')
    .option('--suffix <SUFFIX>', 'the suffix of a second stack in the account')
    .option('--debug', 'show more detail when something fails')
    .addHelpText(
      'after',
      `
Uses the topic and the Telegram chat of the deployed FyersLogin, with your own AWS identity. A pending subscription gets
nothing: confirm it with \`fyers confirm\`. --resubscribe uses the given address, else ${EMAIL} in .env, else every pending
address; AWS removes those after three days.

Exits with 2 if no one would have received the message, and 4 if a channel refused it.

Examples:
  $ ./fyers test-alert
  $ ./fyers test-alert --resubscribe me@example.in`,
    )
    .action((options: TestAlertOptions) => testAlert(session, options));
}

/** Configuration key for the mail address. */
const EMAIL = 'FYERS_EMAIL';

async function testAlert(session: Session, options: TestAlertOptions): Promise<void> {
  const { io } = session;
  const names = namesOf(settingsOf(io.cwd, io.env), options.suffix);
  const { topicArn, telegramApiUrl } = await channelsOfStack(session, names);
  if (options.resubscribe !== undefined) {
    await resubscribe(session, topicArn, options.resubscribe);
    return;
  }
  const outcomes = [
    ...(topicArn === null ? [] : [await tryTopic(session, topicArn)]),
    ...(telegramApiUrl === null ? [] : [await tryTelegram(session, names, telegramApiUrl)]),
  ];
  throwUnlessReceived(outcomes);
}

/** @throws FyersError `operator.channel`, or the error of a channel that refused the message */
function throwUnlessReceived(outcomes: readonly Outcome[]): void {
  const problem = outcomes.find((outcome) => outcome.problem !== null)?.problem ?? null;
  if (outcomes.some(({ isReceived }) => isReceived)) {
    if (problem !== null) throw problem;
    return;
  }
  const isConfigured = outcomes.some((outcome) => outcome.isConfigured);
  throw (
    problem ??
    new FyersError(
      'operator.channel',
      outcomes.length === 0
        ? 'The stack has no channel for messages to you.'
        : isConfigured
          ? 'No subscription is confirmed, so no one would have received the message.'
          : 'There is no subscription, so no one would have received the message.',
      !isConfigured
        ? 'Run `pulumi config set email ADDRESS` or `./fyers telegram`, then `pulumi up`.'
        : "Confirm with the link in AWS's mail: `./fyers confirm`. For a new mail run `./fyers test-alert --resubscribe`.",
    )
  );
}

async function tryTopic(session: Session, topicArn: string): Promise<Outcome> {
  const { io } = session;
  io.out(paint(io, 'strong', `Topic ${topicArn}`));
  return tryChannel(session, async () => {
    const { subscriptionsOf, topicChannel } = await import('../../adapters/aws/topic.ts');
    const client = await topicClient(session);
    const subscriptions = await withOperatorHints(subscriptionsOf(client, topicArn));
    const rows = subscriptions.map(({ protocol, endpoint, confirmed }) => [
      { text: confirmed ? 'confirmed' : 'pending', tone: confirmed ? 'good' : 'bad' } as const,
      { text: protocol },
      { text: endpoint },
    ]);
    if (rows.length > 0) {
      for (const line of table(io, ['Subscription', 'By', 'Address'], rows)) io.out(line);
    }
    const listeners = subscriptions.filter(({ confirmed }) => confirmed).length;
    // Publishing without subscribers would fail the channel, even if only Telegram is configured.
    if (listeners > 0) {
      await withOperatorHints(topicChannel(client, topicArn).send(testMessage(io.clock.now())));
    }
    io.out(`Sent to ${String(listeners)} of ${String(subscriptions.length)} subscriptions.`);
    return { isReceived: listeners > 0, isConfigured: subscriptions.length > 0 };
  });
}

function tryTelegram(session: Session, names: Names, apiUrl: string): Promise<Outcome> {
  const { io } = session;
  io.out(paint(io, 'strong', 'Telegram'));
  return tryChannel(session, async () => {
    const { chatId, channel } = await telegramOfStack(session, names, apiUrl);
    await channel.send(testMessage(io.clock.now()));
    io.out(`Sent to chat ${chatId}.`);
    return { isReceived: true, isConfigured: true };
  });
}

/** Reports an error of one channel without skipping the others. */
async function tryChannel(
  { io }: Session,
  send: () => Promise<Omit<Outcome, 'problem'>>,
): Promise<Outcome> {
  try {
    return { ...(await send()), problem: null };
  } catch (caught) {
    if (!(caught instanceof FyersError)) throw caught;
    io.out(paint(io, 'bad', `Not sent (${caught.code}).`));
    return { isReceived: false, isConfigured: true, problem: caught };
  }
}

async function resubscribe(
  session: Session,
  topicArn: string | null,
  given: true | string,
): Promise<void> {
  const { io } = session;
  if (topicArn === null) {
    throw new FyersError(
      'operator.channel',
      'The stack has no topic to subscribe to.',
      'Run `pulumi config set email ADDRESS` and `pulumi up`.',
    );
  }
  const { askToSubscribe } = await import('../../adapters/aws/topic.ts');
  const client = await topicClient(session);
  for (const address of await addressesFor(session, client, topicArn, given)) {
    await withOperatorHints(askToSubscribe(client, topicArn, address));
    io.out(`AWS sends a mail to ${address}, unless that address is already confirmed.`);
  }
  io.out('Next: `./fyers confirm`, with the link in that mail; do not press it.');
}

/** @throws FyersError `operator.usage` if no address is known */
async function addressesFor(
  { io }: Session,
  client: SNSClient,
  topicArn: string,
  given: true | string,
): Promise<readonly string[]> {
  const { subscriptionsOf } = await import('../../adapters/aws/topic.ts');
  const named = given === true ? settingsOf(io.cwd, io.env)(EMAIL) : given;
  const addresses =
    named === null
      ? (await withOperatorHints(subscriptionsOf(client, topicArn)))
          .filter(({ protocol, confirmed }) => protocol === 'email' && !confirmed)
          .map(({ endpoint }) => endpoint)
      : [named];
  if (addresses.length > 0 && addresses.every((address) => /^[^\s@]+@[^\s@]+$/.test(address))) {
    return addresses;
  }
  throw new FyersError(
    'operator.usage',
    named === null
      ? 'No address is given, and no subscription is pending.'
      : `"${named}" is not an e-mail address.`,
    'Give it: `./fyers test-alert --resubscribe me@example.in`.',
  );
}

async function topicClient({ io }: Session): Promise<SNSClient> {
  const { SNSClient } = await import('@aws-sdk/client-sns');
  return new SNSClient(io.aws);
}
