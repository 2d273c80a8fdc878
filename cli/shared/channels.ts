// Reads the settings of a stack's functions, and from them how they notify the operator.
import type { DeployedFunction } from '../../adapters/aws/deployed-function.ts';
import { parseTelegram } from '../../core/config/values.ts';
import { FyersError } from '../../core/errors.ts';
import {
  ENVIRONMENT,
  type FunctionActor,
  type Names,
  REGION,
  TELEGRAM_API_URL,
} from '../../core/config/names.ts';
import type { Message, Notifier } from '../../core/ports.ts';
import { type Instant, formatIst } from '../../core/time.ts';
import { withOperatorHints, parametersOf } from './aws.ts';
import type { Session } from './io.ts';

export interface StackChannels {
  readonly topicArn: string | null;
  /** Base URL of the Telegram API; null if Telegram is not configured. */
  readonly telegramApiUrl: string | null;
}

/** Null if the function is not deployed. Errors: those of every AWS call by the operator. */
export async function readFunction(
  { io }: Session,
  names: Names,
  actor: FunctionActor,
): Promise<DeployedFunction | null> {
  const { LambdaClient } = await import('@aws-sdk/client-lambda');
  const { deployedFunction } = await import('../../adapters/aws/deployed-function.ts');
  return withOperatorHints(deployedFunction(new LambdaClient(io.aws), names.function(actor)));
}

/**
 * Reads the settings of the login function, which sends requested links.
 * Errors: `operator.prerequisite` without that function; AWS errors.
 */
export async function channelsOfStack(session: Session, names: Names): Promise<StackChannels> {
  const found = await readFunction(session, names, 'login');
  if (found !== null) return channelsIn(found.environment);
  throw new FyersError(
    'operator.prerequisite',
    `There is no function ${names.function('login')} in ${REGION}.`,
    'Run `pulumi up`, or name the stack with --suffix.',
  );
}

export function channelsIn(environment: Readonly<Record<string, string>>): StackChannels {
  return {
    topicArn: environment[ENVIRONMENT.topicArn] ?? null,
    telegramApiUrl:
      environment[ENVIRONMENT.telegram] === undefined
        ? null
        : (environment[ENVIRONMENT.telegramApiUrl] ?? TELEGRAM_API_URL),
  };
}

/** The chat from the stack's parameter. Errors: `operator.config`, AWS errors. */
export async function telegramOfStack(
  session: Session,
  names: Names,
  apiUrl: string,
): Promise<{ readonly chatId: string; readonly channel: Notifier }> {
  const store = await parametersOf(session, names);
  const parsed = parseTelegram((await store.read('FYERS_TELEGRAM'))?.trim() ?? '');
  if (!parsed.ok) {
    throw new FyersError(
      'operator.config',
      `The parameter ${names.parameter('FYERS_TELEGRAM')} ${parsed.problem}.`,
      'Run `./fyers telegram`, and `pulumi up`.',
    );
  }
  session.hide(parsed.value.botToken);
  const { telegramChannel } = await import('../../adapters/telegram.ts');
  return {
    chatId: parsed.value.chatId,
    channel: telegramChannel({ chat: parsed.value, apiUrl }),
  };
}

export function testMessage(now: Instant): Message {
  return {
    subject: 'Fyers test message: no action needed',
    text: `Sent on ${formatIst(now)} by \`./fyers\`. Messages such as the daily login link will reach you here.`,
  };
}
