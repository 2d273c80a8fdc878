// FyersTokenRefresh: wires the ports and hands over. A failure is always thrown: to AWS a returned 500 is a success.
import { SSMClient } from '@aws-sdk/client-ssm';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { Context } from 'aws-lambda';
import { claimStore } from '../../adapters/aws/claims.ts';
import { parameterStore } from '../../adapters/aws/parameters.ts';
import { pinSecret } from '../../adapters/aws/pin.ts';
import { fyersBroker } from '../../adapters/fyers/broker.ts';
import { systemClock } from '../../adapters/process/clock.ts';
import { type Log, createLog } from '../../adapters/process/log.ts';
import { FyersError, toError } from '../../core/errors.ts';
import { ENVIRONMENT, FYERS_API_URL, namesFor } from '../../core/names.ts';
import { SECOND } from '../../core/time.ts';
import { runFailed } from '../../core/token/events.ts';
import { adopt } from '../../keeper/adopt.ts';
import type { KeeperPorts, KeeperSettings } from '../../keeper/ports.ts';
import { refresh } from '../../keeper/refresh.ts';
import { type Answer, adoptionAnswer, answerTo, parseEvent } from './event.ts';

/** Left for the answer when the function's own time runs out. */
const SPARE_MS = 5 * SECOND;

const ssm = new SSMClient();
const secretsManager = new SecretsManagerClient();

/** @throws FyersError for everything but a live token, a day of rest and a login that is needed. */
export async function handler(event: unknown, context: Context): Promise<Answer> {
  const log = createLog({ clock: systemClock });
  try {
    const settings = settingsFrom(process.env);
    const ports = portsFor(settings, process.env, log);
    const signal = AbortSignal.timeout(
      Math.max(SECOND, context.getRemainingTimeInMillis() - SPARE_MS),
    );
    const request = parseEvent(event);
    if (request.kind === 'refresh') {
      return answerTo(await refresh(ports, settings, request.trigger, signal));
    }
    const { accessToken, refreshToken } = request.offer;
    for (const token of [accessToken, refreshToken]) if (token !== null) log.hide(token);
    return adoptionAnswer(await adopt(ports, settings, request.offer, signal));
  } catch (caught) {
    const failure = failureOf(caught, log);
    log.emit(runFailed(failure.code, failure.message));
    throw failure;
  }
}

function settingsFrom(environment: NodeJS.ProcessEnv): KeeperSettings {
  return {
    names: namesFor(environment[ENVIRONMENT.suffix] ?? ''),
    days: environment[ENVIRONMENT.days] === 'all' ? 'all' : 'trading',
    fyId: environment[ENVIRONMENT.fyId] ?? null,
  };
}

function portsFor(
  { names }: KeeperSettings,
  environment: NodeJS.ProcessEnv,
  log: Log,
): KeeperPorts {
  const onSecret = (value: string): void => {
    log.hide(value);
  };
  const secretName = environment[ENVIRONMENT.pinSecret];
  return {
    clock: systemClock,
    store: parameterStore({ client: ssm, names, onSecret }),
    claims: claimStore(ssm),
    // Without a PIN there is no secret, and the role may not even ask for it.
    secrets:
      secretName === undefined
        ? { pin: () => Promise.resolve(null) }
        : pinSecret(secretsManager, secretName),
    broker: fyersBroker({ apiUrl: environment[ENVIRONMENT.apiUrl] ?? FYERS_API_URL, onSecret }),
    events: log,
    random: Math.random,
  };
}

/** Lambda writes what is thrown to the log: only words of ours, or scrubbed ones. */
function failureOf(caught: unknown, log: Log): FyersError {
  if (caught instanceof FyersError) return caught;
  const { name, message } = toError(caught);
  return name === 'TimeoutError'
    ? new FyersError(
        'broker.unreachable',
        'The run took all the time that the function has.',
        'Invoke the function again in a few minutes.',
      )
    : new FyersError(
        'bug.unexpected',
        `The run stopped for a reason that nobody foresaw: ${name}: ${log.scrub(message)}.`,
        'Please report this.',
      );
}
