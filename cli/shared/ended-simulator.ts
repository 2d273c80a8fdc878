// Recognises a terminal with the settings of a simulator (`npm start -- --keep`) that has ended. With these settings no
// command reaches AWS or Fyers, and an error about the connection alone would mislead the operator.
import { connect } from 'node:net';
import { ENVIRONMENT } from '../../core/config/names.ts';
import { isLoopback } from '../../core/config/values.ts';
import { FyersError } from '../../core/errors.ts';
import { SECOND } from '../../core/time.ts';
import type { Environment, Io } from './io.ts';

type EndpointName = 'AWS_ENDPOINT_URL' | typeof ENVIRONMENT.apiUrl;
const ENDPOINT_NAMES: readonly EndpointName[] = ['AWS_ENDPOINT_URL', ENVIRONMENT.apiUrl];
const MAX_CONNECT_MS = 2 * SECOND;

/** Recognises the step in a printed text. */
const UNSET = 'unset AWS_ENDPOINT_URL';
const NEXT_STEP =
  'Use a new terminal, or run `unset AWS_ENDPOINT_URL AWS_REGION AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY FYERS_API_URL FYERS_BUCKET`, then run the command again.';

interface Endpoint {
  readonly name: EndpointName;
  readonly url: URL;
}

/** Returns the fix for a text about a refused connection to a simulator of the environment; null for every other text. */
export function endedSimulatorStep(text: string, env: Environment): string | null {
  if (!text.includes('ECONNREFUSED') || text.includes(UNSET)) return null;
  const ended = loopbackEndpoints(env).find(({ url }) => text.includes(hostOf(url)));
  return ended === undefined ? null : `${problemOf(ended)} ${NEXT_STEP}`;
}

/** Adds the fix to an error about such a connection; returns every other error unchanged. */
export function withEndedSimulator<T extends Error>(error: T, env: Environment): T | FyersError {
  const step = endedSimulatorStep(error.message, env);
  if (step === null || !(error instanceof FyersError)) return error;
  return new FyersError(error.code, error.problem, step, { cause: error });
}

/**
 * Watches the lines that a command prints. Some commands report an unread part and continue, so they end without an error.
 * @returns the same terminal, and a function that prints the fix at the end if none of those lines had it
 */
export function watchEndedSimulator(io: Io): { readonly io: Io; readonly finish: () => void } {
  let step: string | null = null;
  let isShown = false;
  const watch = (text: string): string => {
    step ??= endedSimulatorStep(text, io.env);
    isShown ||= text.includes(UNSET);
    return text;
  };
  const printed = {
    out: (text: string) => {
      io.out(watch(text));
    },
    err: (text: string) => {
      io.err(watch(text));
    },
  };
  return {
    // Inherits from `io`, because copying its properties would create the AWS options before they are needed.
    io: Object.assign(Object.create(io) as Io, printed),
    finish: () => {
      if (step !== null && !isShown) io.err(step);
    },
  };
}

/**
 * Call this before a command waits for a person or for the session.
 * @param url the address in use; another source than the environment may have set it
 * @throws FyersError `operator.prerequisite` if the environment names a simulator there and nothing listens
 */
export async function refuseEndedSimulator(env: Environment, url: string): Promise<void> {
  const href = URL.canParse(url) ? new URL(url).href : '';
  const endpoint = loopbackEndpoints(env).find((each) => each.url.href === href);
  if (endpoint === undefined || (await isListening(endpoint.url))) return;
  throw new FyersError(
    'operator.prerequisite',
    `Nothing listens at ${hostOf(endpoint.url)}. ${problemOf(endpoint)}`,
    NEXT_STEP,
  );
}

function problemOf({ name, url }: Endpoint): string {
  return `This terminal has the settings of a simulator that has ended: ${name} is ${url.origin}.`;
}

/** As error messages have it: an IPv6 address without its brackets. */
function hostOf({ hostname, port }: URL): string {
  return `${hostname.replaceAll(/[[\]]/g, '')}:${port}`;
}

function loopbackEndpoints(env: Environment): readonly Endpoint[] {
  return ENDPOINT_NAMES.flatMap((name) => {
    const text = env[name]?.trim() ?? '';
    const url = URL.canParse(text) ? new URL(text) : null;
    return url !== null && isLoopback(url.hostname) ? [{ name, url }] : [];
  });
}

function isListening({ hostname, port, protocol }: URL): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({
      host: hostname.replaceAll(/[[\]]/g, ''),
      port: port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port),
      timeout: MAX_CONNECT_MS,
    });
    const end = (isUp: boolean) => () => {
      socket.destroy();
      resolve(isUp);
    };
    socket.once('connect', end(true));
    // A slow host counts as listening: the command itself reports the problem.
    socket.once('timeout', end(true));
    socket.once('error', end(false));
  });
}
