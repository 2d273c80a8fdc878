// The configurations over which every rule is asked.
import { ACCOUNT, type World } from '../support/graph.ts';
import {
  ACCESS_TOKEN,
  APP_ID,
  APP_ONLY,
  APP_SECRET,
  REFRESH_TOKEN,
  TELEGRAM,
  WHOLE,
} from '../support/stack-configs.ts';

const having = (world: World, config: Readonly<Record<string, string>>): World => ({
  ...world,
  config: { ...world.config, ...config },
});

const TWO_HARVESTERS = JSON.stringify([
  { symbols: ['NSE:SBIN-EQ'] },
  { symbols: ['NSE:INFY-EQ'], everySeconds: 1, instanceType: 't4g.nano' },
]);

/** The first is the one that flaws are made in. */
export const WORLDS: Readonly<Record<string, World>> = {
  'everything configured': having(WHOLE, {
    email: 'a@example.com',
    fyId: 'XA00001',
    athena: 'true',
    dashboard: 'true',
    harvesters: TWO_HARVESTERS,
  }),
  'no app': {},
  'an app alone': APP_ONLY,
  'a suffix': having(WHOLE, { suffix: 'b' }),
  'a key of its own, and readers': having(WHOLE, {
    customerKey: 'true',
    readers: `arn:aws:iam::${ACCOUNT}:role/bot, arn:aws:iam::${ACCOUNT}:user/me`,
  }),
  'reads that are watched': having(WHOLE, {
    watchReads: 'true',
    readers: `arn:aws:iam::${ACCOUNT}:role/bot`,
  }),
  'the token alone': having(WHOLE, { harvester: 'false' }),
  'the operator’s own subnet': having(APP_ONLY, { subnetId: 'subnet-0123456789abcdef0' }),
  'data that goes with the stack': having(APP_ONLY, { deleteData: 'true' }),
  'a bucket of an earlier stack': having(APP_ONLY, { dataBucket: 'an-old-bucket' }),
  'the login’s own redirect URL, every day': having(WHOLE, {
    redirectUri: 'loginUrl',
    days: 'all',
  }),
};

/** What those worlds keep secret, beside the PIN, whose four digits may stand in any number. */
export const SECRETS: readonly string[] = [
  ACCESS_TOKEN,
  REFRESH_TOKEN,
  APP_SECRET,
  APP_ID,
  TELEGRAM,
];
