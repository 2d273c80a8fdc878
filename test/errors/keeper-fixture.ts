// Starts the functions of the stack as Lambda does, with proxies in front of AWS and Fyers.
import { CreateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { CreateTopicCommand, SNSClient, SubscribeCommand } from '@aws-sdk/client-sns';
import { DeleteParameterCommand, DescribeParametersCommand, SSMClient } from '@aws-sdk/client-ssm';
import { vi } from 'vitest';
import { parameterStore } from '../../adapters/aws/parameters.ts';
import type { FyersError } from '../../core/errors.ts';
import { namesFor } from '../../core/config/names.ts';
import type { TokenStore } from '../../core/ports.ts';
import type { WatchSlot } from '../../core/schedule.ts';
import { DAY, plus } from '../../core/time.ts';
import { type Faults, startFaults } from '../../sandbox/faults.ts';
import { startFyers } from '../../sandbox/fyers/server.ts';
import { type EmulatedAws, emulatedAws } from '../support/emulated-aws.ts';
import {
  APP,
  LINK_KEY,
  PIN,
  PIN_KEY,
  SEVEN,
  SIMULATED_APP,
  accessToken,
  refreshToken,
} from '../support/keeper-fixture.ts';
import { catchError } from './outcomes.ts';

const names = namesFor('');

interface Arrangement {
  readonly store: TokenStore;
  readonly ssm: SSMClient;
  /** A topic without a subscription. */
  readonly muteTopic: string;
  /** Proxies in front of AWS and Fyers. */
  readonly toAws: Faults;
  readonly toFyers: Faults;
}

export interface KeeperScene extends AsyncDisposable {
  readonly aws: EmulatedAws;
  /**
   * Runs the refresh at 07:00 of a trading day with yesterday's token, unless `arrange` changes
   * that.
   */
  refresh(
    arrange: (arranged: Arrangement) => unknown,
    event?: unknown,
    remainingMs?: number,
  ): Promise<FyersError>;
  watch(slot: WatchSlot, arrange: (arranged: Arrangement) => unknown): Promise<FyersError>;
}

export async function keeperScene(): Promise<KeeperScene> {
  const aws = await emulatedAws();
  const toAws = await startFaults(aws.options.endpoint);
  vi.stubEnv('AWS_ENDPOINT_URL', toAws.url);
  vi.stubEnv('AWS_REGION', aws.options.region);
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'test');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'test');
  const ssm = new SSMClient(aws.options);
  const store = parameterStore({ client: ssm, names, onSecret: () => undefined });
  const pin = new CreateSecretCommand({ Name: names.pinSecret, SecretString: PIN });
  await new SecretsManagerClient(aws.options).send(pin);
  const sns = new SNSClient(aws.options);
  const topic = async (Name: string) =>
    (await sns.send(new CreateTopicCommand({ Name }))).TopicArn ?? '';
  const [TopicArn, muteTopic] = [await topic('fyers-messages'), await topic('fyers-mute')];
  const reader = { TopicArn, Protocol: 'email', Endpoint: 'me@example.in' };
  await sns.send(new SubscribeCommand(reader));
  const refresh = await import('../../functions/refresh/handler.ts');
  const watch = await import('../../functions/watch/handler.ts');

  const run = async (
    arrange: (arranged: Arrangement) => unknown,
    invoke: () => Promise<FyersError>,
  ): Promise<FyersError> => {
    const fyers = await startFyers({
      seed: 'test',
      apps: [SIMULATED_APP],
      refresh: 'accepted',
      startsAt: SEVEN,
    });
    const toFyers = await startFaults(fyers.url);
    vi.stubEnv('FYERS_API_URL', toFyers.url);
    vi.stubEnv('FYERS_TOPIC_ARN', TopicArn);
    vi.stubEnv('FYERS_LOGIN_URL', 'https://login.example/');
    vi.stubEnv('FYERS_REDIRECT_URI', 'loginUrl');
    vi.stubEnv('FYERS_PIN_SECRET', names.pinSecret);
    vi.stubEnv('FYERS_FY_ID', undefined);
    // The clock must stand still during a run: the session hours depend on the date.
    vi.useFakeTimers({ now: SEVEN, toFake: ['Date'] });
    try {
      await reset(ssm, store);
      await arrange({ store, ssm, muteTopic, toAws, toFyers });
      return await invoke();
    } finally {
      vi.useRealTimers();
      toAws.clear();
      await toFyers.close();
      await fyers.close();
    }
  };
  return {
    aws,
    refresh: (arrange, event = {}, remainingMs = 120_000) =>
      run(arrange, () => catchError(refresh.handler, event, remainingMs)),
    watch: (slot, arrange) =>
      run(arrange, () => catchError(watch.handler, { trigger: 'watch', slot })),
    async [Symbol.asyncDispose]() {
      vi.unstubAllEnvs();
      await toAws.close();
      await aws.close();
    },
  };
}

async function reset(ssm: SSMClient, store: TokenStore): Promise<void> {
  const { Parameters = [] } = await ssm.send(new DescribeParametersCommand({ MaxResults: 50 }));
  await Promise.all(Parameters.map(({ Name }) => ssm.send(new DeleteParameterCommand({ Name }))));
  await Promise.all([
    store.write('FYERS_CLIENT_ID', APP.id),
    store.write('FYERS_SECRET_KEY', APP.secret),
    store.write('FYERS_LINK_KEY', LINK_KEY),
    store.write('FYERS_PIN_KEY', PIN_KEY),
    store.write('FYERS_ACCESS_TOKEN', accessToken(plus(SEVEN, -2 * DAY))),
    store.write('FYERS_REFRESH_TOKEN', refreshToken(plus(SEVEN, -DAY))),
  ]);
}
