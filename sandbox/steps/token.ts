// Invokes the function as AWS does, and reports its effect on the token, with fingerprints.
import { createHash } from 'node:crypto';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { GetParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { REFRESHED_BODY } from '../../core/config/names.ts';
import { FyersError } from '../../core/errors.ts';
import type { Emulator } from '../aws/emulator.ts';
import type { LoggedRequest } from '../fyers/state.ts';
import type { StandIns } from '../stand-ins.ts';
import type { Progress } from './progress.ts';

export interface Invoked {
  /** In the format of `aws lambda invoke`. */
  readonly answer: string;
  readonly statusCode: number;
  readonly message: string;
}

export function clientOptions({ endpoint, region, rootCredentials }: Emulator) {
  return { endpoint, region, credentials: rootCredentials };
}

/** @throws FyersError with code and message of a failed function. */
export async function invoke(
  emulator: Emulator,
  functionName: string,
  slot = '07:00',
): Promise<Invoked> {
  const answer = await answerOf(emulator, functionName, { trigger: 'slot', slot });
  const { statusCode, body } = JSON.parse(answer) as {
    readonly statusCode: number;
    readonly body: string;
  };
  const { message } = JSON.parse(body) as { readonly message: string };
  return { answer, statusCode, message };
}

/** Whether it is the exact answer of the guide. */
export function isRefreshed({ statusCode, message }: Invoked): boolean {
  const refreshed = JSON.parse(REFRESHED_BODY) as { readonly message: string };
  return statusCode === 200 && message === refreshed.message;
}

/** @throws FyersError with code and message of a failed function. */
export async function answerOf(
  emulator: Emulator,
  functionName: string,
  event: Readonly<Record<string, string>>,
): Promise<string> {
  using lambda = disposable(new LambdaClient(clientOptions(emulator)));
  const { Payload: payload, FunctionError: failed } = await lambda.client.send(
    new InvokeCommand({ FunctionName: functionName, Payload: JSON.stringify(event) }),
  );
  const answer = Buffer.from(payload ?? []).toString();
  if (failed !== undefined) {
    const { errorMessage } = JSON.parse(answer) as { readonly errorMessage?: string };
    throw new FyersError(
      /not authorized|AccessDenied/.test(answer) ? 'platform.permission' : 'broker.unrecognised',
      `${functionName} failed: ${errorMessage ?? answer}`,
      'Correct what it names, then run the command again.',
    );
  }
  return answer;
}

/** Runs a step that invokes a function at a time of the virtual day. */
export async function invokeStep(
  progress: Progress,
  functionName: string,
  when: string,
  work: () => Promise<void>,
): Promise<void> {
  await progress.step(`Invoke ${functionName}${when}`, async () => {
    progress.status(`${functionName} is running`);
    await work();
  });
}

export const TOKEN = 'FYERS_ACCESS_TOKEN';

export interface StoredToken {
  readonly value: string;
  readonly fingerprint: string;
}

export async function storedToken(emulator: Emulator, name: string): Promise<StoredToken> {
  using ssm = disposable(new SSMClient(clientOptions(emulator)));
  const { Parameter } = await ssm.client.send(
    new GetParameterCommand({ Name: name, WithDecryption: true }),
  );
  const value = Parameter?.Value ?? '';
  return { value, fingerprint: createHash('sha256').update(value).digest('hex').slice(0, 8) };
}

/** Proves the token at the broker, the only way to know. */
export async function isLive({ simulator, operator }: StandIns, token: string): Promise<boolean> {
  const response = await fetch(`${simulator.url}/api/v3/profile`, {
    headers: { authorization: `${operator.app.id}:${token}` },
  });
  await response.body?.cancel();
  return response.ok;
}

/** Prints the published token before and after. Returns true if it has changed and is live. */
export async function isNewAndLive(
  standIns: StandIns,
  before: StoredToken,
  progress: Progress,
): Promise<boolean> {
  const after = await storedToken(standIns.emulator, TOKEN);
  const live = await isLive(standIns, after.value);
  progress.rows([
    [TOKEN, `${before.fingerprint} → ${after.fingerprint} (first 8 digits of its SHA-256)`],
    ['live', live ? 'yes: the broker accepts it' : 'no'],
  ]);
  return live && before.value !== after.value;
}

/** Selects the broker's answers to refresh requests. */
export function refreshAnswers(requests: readonly LoggedRequest[]): readonly LoggedRequest[] {
  return requests.filter(({ path }) => path === '/api/v3/validate-refresh-token');
}

interface Closable {
  destroy(): void;
}

export function disposable<C extends Closable>(client: C): Disposable & { readonly client: C } {
  return {
    client,
    [Symbol.dispose]: () => {
      client.destroy();
    },
  };
}
