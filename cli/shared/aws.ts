// Calls AWS with the operator's own identity and adds a next step for the operator to each error: Parameter Store,
// and the stack's functions.
import type { LambdaClient } from '@aws-sdk/client-lambda';
import * as z from 'zod/mini';
import { type ErrorCode, FyersError } from '../../core/errors.ts';
import { type Names, type ParameterName, REGION } from '../../core/config/names.ts';
import type { TokenStore } from '../../core/ports.ts';
import { asSentence, parseJson } from '../../core/text.ts';
import { MINUTE, SECOND } from '../../core/time.ts';
import type { Session } from './io.ts';

export type ReadParameter = (name: ParameterName) => Promise<string | null>;

/** Error names for a missing resource; each service has its own. */
const MISSING_ERROR_NAMES: ReadonlySet<string> = new Set([
  'ResourceNotFoundException',
  'NoSuchEntityException',
  'NoSuchEntity',
  'ParameterNotFound',
  'NotFound',
  'NotFoundException',
]);

const NEXT_STEPS: Readonly<Partial<Record<FyersError['code'], string>>> = {
  'operator.credentials':
    'Run `aws configure` or choose a profile with AWS_PROFILE, check it with `aws sts get-caller-identity`, and repeat the command.',
  'platform.permission':
    'Allow your own AWS identity that action on that resource (`aws sts get-caller-identity` names it), or use one that may.',
  'platform.store': `Check the connection to AWS (${REGION}) with \`./fyers doctor\`, and try again in a few minutes.`,
};

/**
 * The reader returns null for a missing parameter.
 * Errors: `operator.credentials`, `platform.permission` naming action and resource, `platform.store`.
 */
export async function parameterReader(session: Session, names: Names): Promise<ReadParameter> {
  const store = await parametersOf(session, names);
  return (name) => store.read(name);
}

/**
 * Errors: `operator.credentials`, `platform.permission` naming action and resource, `platform.store`.
 * @param keyId KMS key for writes; default: the account's key for parameters
 */
export async function parametersOf(
  session: Session,
  names: Names,
  keyId?: string,
): Promise<TokenStore> {
  const { SSMClient } = await import('@aws-sdk/client-ssm');
  const client = new SSMClient(session.io.aws);
  const { parameterStore } = await import('../../adapters/aws/parameters.ts');
  const store = parameterStore({ client, names, keyId, onSecret: session.hide });
  return {
    read: (name) => withOperatorHints(store.read(name)),
    write: (name, value) => withOperatorHints(store.write(name, value)),
  };
}

/** Replaces next steps of AWS errors with steps for the operator. */
export async function withOperatorHints<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (caught) {
    throw addOperatorHints(caught);
  }
}

/** Runs one AWS call. Errors: as {@link parameterReader}; the message includes `doing`, such as "Reading the alarms". */
export async function awsCall<T>(doing: string, call: () => Promise<T>): Promise<T> {
  const { awsFault } = await import('../../adapters/aws/fault.ts');
  try {
    return await call();
  } catch (caught) {
    throw addOperatorHints(awsFault(caught, doing));
  }
}

/** As {@link awsCall}, but returns null if AWS reports a missing resource. */
export function nullIfNotFound<T>(doing: string, call: () => Promise<T>): Promise<T | null> {
  return awsCall(doing, async () => {
    try {
      return await call();
    } catch (caught) {
      if (caught instanceof Error && MISSING_ERROR_NAMES.has(caught.name)) return null;
      throw caught;
    }
  });
}

/** The adapter's next steps are for a role of the stack; here a person calls AWS. */
export function addOperatorHints(caught: unknown): unknown {
  return withNextStep(caught, NEXT_STEPS);
}

/**
 * Replaces the next step of an error if `nextSteps` has one for its code. Keeps a step that is specific to one cause;
 * only general steps are replaced.
 */
export function withNextStep(
  caught: unknown,
  nextSteps: Readonly<Partial<Record<FyersError['code'], string>>>,
): unknown {
  if (!(caught instanceof FyersError) || !caught.isGeneral) return caught;
  const nextStep = nextSteps[caught.code];
  return nextStep === undefined ? caught : withStep(caught, nextStep);
}

/** Appends a further step to the error's own. */
export function withMoreToDo(caught: FyersError, more: string): FyersError {
  return withStep(caught, `${asSentence(caught.nextStep)} ${more}`);
}

function withStep(caught: FyersError, nextStep: string): FyersError {
  const { code, problem, isGeneral } = caught;
  return new FyersError(code, problem, nextStep, { cause: caught, isGeneral });
}

/** Answer of FyersTokenRefresh; `body` is JSON text, as from an HTTP gateway. */
interface KeeperAnswer {
  readonly statusCode: number;
  /** Parsed body. */
  readonly body: unknown;
}

/** The function's own timeout is two minutes. */
const MAX_RUN_MS = 2 * MINUTE + 5 * SECOND;

const Answer = z.object({ statusCode: z.number(), body: z.string() });

/** Error codes of FyersTokenRefresh; it writes the code before the message. */
const KEEPER_ERROR_CODES = [
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

/** Never retries: a second run would repeat the work. @throws FyersError as {@link KEEPER_ERROR_CODES}, and for AWS errors */
export async function invokeKeeper(
  session: Session,
  names: Names,
  event: unknown,
): Promise<KeeperAnswer> {
  const name = names.function('refresh');
  const { invokeFunction } = await import('../../adapters/aws/deployed-function.ts');
  const client = await lambdaClient(session);
  const invoked = await invokeFunction(client, name, event).catch((caught: unknown) => {
    throw addOperatorHints(caught);
  });
  if (invoked.kind === 'failed') throw failureOf(session, name, invoked.message);
  const answer = Answer.safeParse(invoked.payload);
  if (!answer.success) throw unknownAnswerError(name);
  return { statusCode: answer.data.statusCode, body: parseJson(answer.data.body) };
}

/** The login function's address, with a trailing slash. */
export async function loginFunctionUrl(session: Session, names: Names): Promise<string> {
  const { functionUrl } = await import('../../adapters/aws/deployed-function.ts');
  const client = await lambdaClient(session);
  return functionUrl(client, names.function('login')).catch((caught: unknown) => {
    throw addOperatorHints(caught);
  });
}

async function lambdaClient({ io }: Session): Promise<LambdaClient> {
  const { LambdaClient } = await import('@aws-sdk/client-lambda');
  return new LambdaClient({
    ...io.aws,
    maxAttempts: 1,
    requestHandler: { connectionTimeout: 3 * SECOND, requestTimeout: MAX_RUN_MS },
  });
}

function failureOf(session: Session, name: string, message: string): FyersError {
  const code = KEEPER_ERROR_CODES.find((each) => message.startsWith(`${each}: `));
  const words = code === undefined ? message : message.slice(code.length + 2);
  const timedOut = message.includes('Task timed out');
  return new FyersError(
    code ?? (timedOut ? 'platform.busy' : 'bug.unexpected'),
    `${name} failed: ${asSentence(words.trim())}`,
    'See its log: `./fyers logs refresh`.',
  );
}

function unknownAnswerError(name: string): FyersError {
  return new FyersError(
    'platform.integrity',
    `${name} gave an answer that this version does not know.`,
    'Run `pulumi up`, so that the function and this command are of one version.',
  );
}
