// Confirms an SNS subscription with the account's credentials (`./fyers confirm`), so that the unsubscribe link of a
// message does not work without them.
import type { Command } from 'commander';
import type { Parsed } from '../../core/config/values.ts';
import { FyersError } from '../../core/errors.ts';
import { REGION } from '../../core/config/names.ts';
import { pastedUrl } from '../../core/token/login/pasted.ts';
import { withOperatorHints } from '../shared/aws.ts';
import type { Session } from '../shared/io.ts';

interface Link {
  readonly topicArn: string;
  readonly account: string;
  readonly token: string;
}

export function addConfirm(program: Command, session: Session): void {
  program
    .command('confirm')
    .description("Confirm an e-mail subscription with the link in AWS's mail, without pressing it.")
    .argument(
      '[URL]',
      'the link behind "Confirm subscription", in quotes; without it, the command asks for it',
    )
    .option('--debug', 'show more detail when something fails')
    .addHelpText(
      'after',
      `
Every mail has an unsubscribe link, and mail scanners open links. After a confirmation by this command, only identities of
your AWS account can end the subscription. Copy the address of the link from the mail (right click), and keep the quotes,
because it contains "&". This command does not open the link. It refuses a link that is not Amazon SNS's, or that is for a
topic of another account.

Example:
  $ ./fyers confirm 'https://sns.${REGION}.amazonaws.com/confirmation.html?TopicArn=...&Token=...'`,
    )
    .action((url: string | undefined) => confirm(session, url));
}

async function confirm(session: Session, given: string | undefined): Promise<void> {
  const { io } = session;
  const text =
    given ??
    (io.person === null
      ? await io.piped()
      : await io.person.ask("The link in AWS's mail: ", { isWhole: (text) => parseLink(text).ok }));
  const link = parseLinkOrThrow(text);
  session.hide(link.token);
  await refuseForeignTopic(session, link);
  const { SNSClient } = await import('@aws-sdk/client-sns');
  const { confirmSubscription } = await import('../../adapters/aws/topic.ts');
  await withOperatorHints(confirmSubscription(new SNSClient(io.aws), link));
  io.out(
    `Confirmed: you get the messages of ${link.topicArn}, and the unsubscribe link in a mail does not work.`,
  );
  io.out('Next: `./fyers test-alert`.');
}

function parseLinkOrThrow(text: string): Link {
  const parsed = parseLink(text);
  if (parsed.ok) return parsed.value;
  throw new FyersError(
    'operator.usage',
    `The link ${parsed.problem}, so it was not opened.`,
    'Copy the address behind "Confirm subscription" in AWS\'s mail, and give it in quotes to `./fyers confirm`.',
  );
}

/** Accepts the mail's link to `/confirmation.html` and a URL of the API's action "ConfirmSubscription". */
function parseLink(text: string): Parsed<Link> {
  const wrong = (problem: string): Parsed<Link> => ({ ok: false, problem });
  const url = pastedUrl(text);
  if (url === null) return wrong('is not an address');
  const [, region] = /^https:\/\/sns\.([a-z0-9-]+)\.amazonaws\.com$/.exec(url.origin) ?? [];
  if (region === undefined || url.username !== '' || url.password !== '') {
    return wrong('does not lead to Amazon SNS (https://sns.REGION.amazonaws.com)');
  }
  if (region !== REGION)
    return wrong(`is for ${region}, and this project's topics are in ${REGION}`);
  const { pathname, searchParams: query } = url;
  const confirms =
    pathname === '/confirmation.html'
      ? !query.has('Action')
      : pathname === '/' && query.get('Action') === 'ConfirmSubscription';
  if (!confirms) return wrong('does not confirm a subscription');
  const topicArn = query.get('TopicArn') ?? '';
  const [, account] = TOPIC.exec(topicArn) ?? [];
  if (account === undefined) return wrong('names no topic (was it given in quotes?)');
  const token = query.get('Token') ?? '';
  if (!/^[\w-]{16,1024}$/.test(token)) return wrong('has no token (was it given in quotes?)');
  return { ok: true, value: { topicArn, account, token } };
}

const TOPIC = new RegExp(`^arn:aws:sns:${REGION}:(\\d{12}):[\\w-]{1,256}$`);

/**
 * Refuses another account's topic: a forged mail could contain a link that confirms one. @throws FyersError
 * `operator.usage`
 */
async function refuseForeignTopic({ io }: Session, link: Link): Promise<void> {
  const { STSClient } = await import('@aws-sdk/client-sts');
  const { callerIdentity } = await import('../../adapters/aws/identity.ts');
  const { account } = await withOperatorHints(callerIdentity(new STSClient(io.aws)));
  if (account === link.account) return;
  throw new FyersError(
    'operator.usage',
    `The link is for a topic of the AWS account ${link.account}, but your identity belongs to ${account}; nothing was confirmed.`,
    'If that is your account, choose its profile with AWS_PROFILE and check it with `aws sts get-caller-identity`; if not, delete the mail.',
  );
}
