// The stack's functions, called by the operator's own identity.
import type { LambdaClient } from '@aws-sdk/client-lambda';
import * as z from 'zod/mini';
import { type ErrorCode, FyersError } from '../core/errors.ts';
import type { Names } from '../core/names.ts';
import { MINUTE, SECOND } from '../core/time.ts';
import { forTheOperator } from './aws.ts';
import type { Session } from './io.ts';
import { asSentence } from '../core/text.ts';

/** What FyersTokenRefresh answers; `body` is JSON text, as behind an HTTP gateway. */
export interface KeeperAnswer {
  readonly statusCode: number;
  /** Parsed. */
  readonly body: unknown;
}

/** The function's own limit is two minutes. */
const LONGEST_RUN = 2 * MINUTE + 5 * SECOND;

const Answer = z.object({ statusCode: z.number(), body: z.string() });

/** What FyersTokenRefresh fails with; it writes the code before its words. */
const CODES = [
  'operator.config',
  'operator.usage',
  'operator.credentials',
  'operator.app-secret',
  'operator.account',
  'broker.unreachable',
  'broker.bad-token',
  'platform.store',
  'platform.permission',
  'platform.busy',
  'platform.message',
  'platform.integrity',
  'bug.unexpected',
] as const satisfies readonly ErrorCode[];

/** Once: a run that is asked for twice would do its work twice. @throws FyersError as {@link CODES}, and for AWS's own faults */
export async function invokeKeeper(
  session: Session,
  names: Names,
  event: unknown,
): Promise<KeeperAnswer> {
  const name = names.function('refresh');
  const { invokeFunction } = await import('../adapters/aws/functions.ts');
  const client = await lambdaClient(session);
  const invoked = await invokeFunction(client, name, event).catch((caught: unknown) => {
    throw forTheOperator(caught);
  });
  if (invoked.kind === 'failed') throw failureOf(session, name, invoked.message);
  const answer = Answer.safeParse(invoked.payload);
  if (!answer.success) throw strange(name);
  return { statusCode: answer.data.statusCode, body: parseJson(answer.data.body) };
}

/** The login function's address, with a trailing slash. */
export async function loginFunctionUrl(session: Session, names: Names): Promise<string> {
  const { functionUrl } = await import('../adapters/aws/functions.ts');
  const client = await lambdaClient(session);
  return functionUrl(client, names.function('login')).catch((caught: unknown) => {
    throw forTheOperator(caught);
  });
}

async function lambdaClient({ io }: Session): Promise<LambdaClient> {
  const { LambdaClient } = await import('@aws-sdk/client-lambda');
  return new LambdaClient({
    ...io.aws,
    maxAttempts: 1,
    requestHandler: { connectionTimeout: 3 * SECOND, requestTimeout: LONGEST_RUN },
  });
}

function failureOf(session: Session, name: string, message: string): FyersError {
  const code = CODES.find((each) => message.startsWith(`${each}: `));
  const words = code === undefined ? message : message.slice(code.length + 2);
  const timedOut = message.includes('Task timed out');
  return new FyersError(
    code ?? (timedOut ? 'platform.busy' : 'bug.unexpected'),
    `${name} failed: ${asSentence(words.trim())}`,
    'What it did: `npx --no-install fyers logs refresh`.',
  );
}

function strange(name: string): FyersError {
  return new FyersError(
    'platform.integrity',
    `${name} gave an answer that is none of this version.`,
    'Run `pulumi up`, so that the function and this command are of one version.',
  );
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
