// Creates the functions' settings from their environment, their ports over AWS and Fyers, and their failure reports.
import { randomBytes } from 'node:crypto';
import { SSMClient } from '@aws-sdk/client-ssm';
import { claimStore, parameterStore } from '../adapters/aws/parameters.ts';
import { fyersBroker } from '../adapters/fyers/auth.ts';
import { systemClock } from '../adapters/process/clock.ts';
import { createLog, type Log } from '../adapters/process/log.ts';
import { parseEndpoint, parseTelegram } from '../core/config/values.ts';
import { FyersError, toError } from '../core/errors.ts';
import { parseOverridesText } from '../core/market/calendar-data.ts';
import type { CalendarOptions } from '../core/market/calendar.ts';
import {
  ENVIRONMENT,
  type FunctionActor,
  FYERS_API_URL,
  namesFor,
  REFERENCE_REDIRECT_URI,
  TELEGRAM_API_URL,
} from '../core/config/names.ts';
import type { Notifier, SecretReader, TokenStore } from '../core/ports.ts';
import { SECOND } from '../core/time.ts';
import {
  DEFAULT_PROBE_REFRESH,
  parseProbeRefresh,
  type ProbeRefresh,
} from '../core/token/decide.ts';
import { channelFailed, runFailed } from '../core/token/log.ts';
import type { KeeperPorts, KeeperSettings } from '../keeper/ports.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Time reserved for the answer before the function's timeout. */
const SPARE_MS = 5 * SECOND;

// Created once per process, which serves many runs.
// Reused connections may be half open after a pause. Without these timeouts a call would wait forever.
const CLIENT_TIMEOUTS = {
  requestHandler: {
    connectionTimeout: 2 * SECOND,
    requestTimeout: 5 * SECOND,
    throwOnRequestTimeout: true,
  },
};
const ssm = new SSMClient(CLIENT_TIMEOUTS);

interface Wiring {
  readonly log: Log;
  readonly ports: KeeperPorts;
  readonly settings: KeeperSettings;
}

export function wiringOf(environment: Environment): Wiring {
  const log = createLog({ clock: systemClock });
  const settings = settingsFrom(environment);
  return { log, settings, ports: portsFor(settings, environment, log) };
}

/** Ends before Lambda ends the function. */
export function deadline(context: { getRemainingTimeInMillis(): number }): AbortSignal {
  return AbortSignal.timeout(Math.max(SECOND, context.getRemainingTimeInMillis() - SPARE_MS));
}

/** Lambda writes the thrown message to the log, so it must be the program's own text or scrubbed. */
export function failureOf(caught: unknown, log: Log, actor: FunctionActor): FyersError {
  if (caught instanceof FyersError) return caught;
  const { name, message } = toError(caught);
  return name === 'TimeoutError'
    ? new FyersError(
        'broker.unreachable',
        'The run reached the time limit of the function.',
        actor === 'login'
          ? "Press the link in today's message again; `./fyers logs login` shows its last step."
          : 'The next run tries again by itself; to try now, run `./fyers refresh --aws`.',
      )
    : new FyersError(
        'bug.unexpected',
        `The run stopped because of an unexpected error: ${name}: ${log.scrub(message).trim()}.`,
        `Please report the output of \`./fyers logs ${actor} --debug\`.`,
      );
}

function settingsFrom(environment: Environment): KeeperSettings {
  return {
    names: namesFor(environment[ENVIRONMENT.suffix] ?? ''),
    days: environment[ENVIRONMENT.days] === 'all' ? 'all' : 'trading',
    calendar: calendarFrom(environment),
    probeRefresh: probeRefreshIn(environment[ENVIRONMENT.probeRefresh] ?? ''),
    fyId: environment[ENVIRONMENT.fyId] ?? null,
    proof: environment[ENVIRONMENT.harvester] === 'yes' ? 'depth' : 'profile',
    login: {
      // Absent in the login function: its own address in its own environment would be a circular dependency.
      loginUrl: environment[ENVIRONMENT.loginUrl] ?? null,
      redirectUri: environment[ENVIRONMENT.redirectUri] ?? REFERENCE_REDIRECT_URI,
      apiUrl: endpointIn(environment, ENVIRONMENT.apiUrl) ?? FYERS_API_URL,
    },
  };
}

/** Receives a token, so a value set by hand is checked like that of the Pulumi program. @throws FyersError `operator.config` */
function endpointIn(environment: Environment, name: string): string | null {
  const text = environment[name];
  if (text === undefined) return null;
  const parsed = parseEndpoint(text);
  if (parsed.ok) return parsed.value;
  throw new FyersError(
    'operator.config',
    `${name} in the function's environment ${parsed.problem}.`,
    'Run `pulumi up` to restore the configured value.',
  );
}

function probeRefreshIn(text: string): ProbeRefresh {
  const parsed = parseProbeRefresh(text);
  return parsed.ok ? parsed.value : DEFAULT_PROBE_REFRESH;
}

/** The Pulumi program has checked it. A malformed value set by hand must not prevent the morning's token. */
function calendarFrom(environment: Environment): CalendarOptions {
  const parsed = parseOverridesText(environment[ENVIRONMENT.calendar] ?? '[]');
  return parsed.ok ? { overrides: parsed.value } : {};
}

function portsFor(settings: KeeperSettings, environment: Environment, log: Log) {
  const { names, login } = settings;
  const onSecret = (value: string): void => {
    log.hide(value);
  };
  const store = parameterStore({
    client: ssm,
    names,
    keyId: environment[ENVIRONMENT.keyId],
    onSecret,
  });
  const secretName = environment[ENVIRONMENT.pinSecret];
  const ports: KeeperPorts = {
    clock: systemClock,
    store,
    claims: claimStore(ssm),
    // Without a PIN there is no secret, and the role may not read it.
    secrets:
      secretName === undefined ? { pin: () => Promise.resolve(null) } : pinReader(secretName),
    notifier: notifierFor(store, settings, environment, log),
    broker: fyersBroker({ apiUrl: login.apiUrl, onSecret }),
    events: log,
    random: Math.random,
    nonce: () => randomBytes(16).toString('hex'),
  };
  return ports;
}

function notifierFor(
  store: TokenStore,
  { names }: KeeperSettings,
  environment: Environment,
  log: Log,
): Notifier {
  const topicArn = environment[ENVIRONMENT.topicArn];
  const apiUrl = endpointIn(environment, ENVIRONMENT.telegramApiUrl) ?? TELEGRAM_API_URL;
  const channels = [
    ...(topicArn === undefined ? [] : [topicNotifier(topicArn)]),
    ...(environment[ENVIRONMENT.telegram] === undefined
      ? []
      : [telegramNotifier(store, names.parameter('FYERS_TELEGRAM'), apiUrl)]),
  ];
  return allChannels(channels, (problem) => {
    log.log(channelFailed(log.scrub(problem)));
  });
}

/**
 * A message counts as sent if one channel accepts it; `onProblem` is called for each failed
 * channel.
 *
 * @throws FyersError `platform.message` with every channel's problem if all fail
 */
export function allChannels(
  channels: readonly Notifier[],
  onProblem: (problem: string) => void,
): Notifier {
  return {
    async send(message) {
      const results = await Promise.allSettled(channels.map((channel) => channel.send(message)));
      const problems = results.flatMap((result) =>
        result.status === 'rejected' ? [toError(result.reason).message] : [],
      );
      if (problems.length < channels.length) {
        for (const problem of problems) onProblem(problem);
        return;
      }
      throw new FyersError(
        'platform.message',
        `No channel accepted the message "${message.subject}". ${problems.join(' ')}`,
        'Run `./fyers test-alert`.',
      );
    },
    async hasListener() {
      const heard = await Promise.all(channels.map((channel) => channel.hasListener()));
      return heard.includes(true);
    },
  };
}

// These two load their AWS client on first use: most runs use neither, and loading takes most of a cold start.

function pinReader(secretName: string): SecretReader {
  return {
    async pin() {
      const [{ SecretsManagerClient }, { pinSecret }] = await Promise.all([
        import('@aws-sdk/client-secrets-manager'),
        import('../adapters/aws/pin.ts'),
      ]);
      return pinSecret(new SecretsManagerClient(CLIENT_TIMEOUTS), secretName).pin();
    },
  };
}

function topicNotifier(topicArn: string): Notifier {
  const channel = async (): Promise<Notifier> => {
    const [{ SNSClient }, { topicChannel }] = await Promise.all([
      import('@aws-sdk/client-sns'),
      import('../adapters/aws/topic.ts'),
    ]);
    return topicChannel(new SNSClient(CLIENT_TIMEOUTS), topicArn);
  };
  return {
    send: async (message) => (await channel()).send(message),
    hasListener: async () => (await channel()).hasListener(),
  };
}

/** Reads bot and chat only when there is a message to send. */
function telegramNotifier(store: TokenStore, parameter: string, apiUrl: string): Notifier {
  const channel = async (): Promise<Notifier> => {
    const chat = parseTelegram((await store.read('FYERS_TELEGRAM'))?.trim() ?? '');
    if (chat.ok) {
      const { telegramChannel } = await import('../adapters/telegram.ts');
      return telegramChannel({ chat: chat.value, apiUrl });
    }
    throw new FyersError(
      'operator.config',
      `The parameter ${parameter} ${chat.problem}.`,
      'Run `pulumi config set --secret telegram` and `pulumi up`.',
    );
  };
  return {
    send: async (message) => (await channel()).send(message),
    hasListener: async () => (await channel()).hasListener(),
  };
}

/** Logs the failure and returns it with a scrubbed message. */
export function reportFailure(caught: unknown, log: Log, actor: FunctionActor): FyersError {
  const failure = failureOf(caught, log, actor);
  failure.message = log.scrub(failure.message);
  log.log(runFailed(failure.code, failure.message));
  return failure;
}

/** Puts the code in front of the message, because Lambda passes on only the message. */
export function thrownFailure(caught: unknown, log: Log, actor: FunctionActor): FyersError {
  const failure = reportFailure(caught, log, actor);
  failure.message = `${failure.code}: ${failure.message}`;
  return failure;
}
