// Invokes the stack's functions and reads their URLs.
import {
  GetFunctionUrlConfigCommand,
  InvokeCommand,
  type LambdaClient,
} from '@aws-sdk/client-lambda';
import * as z from 'zod/mini';
import { FyersError } from '../../core/errors.ts';
import { REGION } from '../../core/config/names.ts';
import { awsFault, isAwsError } from './fault.ts';
import { withoutEndSlashes } from '../../core/text.ts';

export type Invoked =
  | { readonly kind: 'answered'; readonly payload: unknown }
  /** `errorMessage` of a function that threw or was ended. */
  | { readonly kind: 'failed'; readonly message: string };

const Failure = z.object({ errorMessage: z.string() });

/**
 * Waits for the result. Errors: `operator.prerequisite` if there is no such function, `platform.*`,
 * `operator.credentials`.
 */
export async function invokeFunction(
  client: LambdaClient,
  FunctionName: string,
  event: unknown,
): Promise<Invoked> {
  const Payload = JSON.stringify(event);
  try {
    const answer = await client.send(new InvokeCommand({ FunctionName, Payload }));
    const payload = parseJson(answer.Payload?.transformToString() ?? '');
    if (answer.FunctionError === undefined) return { kind: 'answered', payload };
    const failure = Failure.safeParse(payload);
    const message = failure.success ? failure.data.errorMessage : answer.FunctionError;
    return { kind: 'failed', message };
  } catch (caught) {
    throw functionError(caught, FunctionName, `Invoking ${FunctionName}`);
  }
}

/** The function's URL, with a trailing slash. Errors as above. */
export async function functionUrl(client: LambdaClient, FunctionName: string): Promise<string> {
  try {
    const { FunctionUrl } = await client.send(new GetFunctionUrlConfigCommand({ FunctionName }));
    if (FunctionUrl === undefined) throw missingFunctionError(FunctionName);
    return `${withoutEndSlashes(FunctionUrl)}/`;
  } catch (caught) {
    throw functionError(caught, FunctionName, `Asking for the URL of ${FunctionName}`);
  }
}

function functionError(caught: unknown, name: string, doing: string): FyersError {
  if (isAwsError(caught, 'ResourceNotFoundException')) return missingFunctionError(name);
  if (isAwsError(caught, 'TooManyRequestsException')) {
    return new FyersError(
      'platform.busy',
      `${name} is running as often as the account allows.`,
      `Repeat the command in a minute; \`aws lambda get-account-settings --region ${REGION}\` shows how often that is.`,
    );
  }
  return awsFault(caught, doing);
}

function missingFunctionError(name: string): FyersError {
  return new FyersError(
    'operator.prerequisite',
    `This account and region have no function ${name}, or it has no URL.`,
    'Run `pulumi up`, or name the stack with --suffix.',
  );
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
