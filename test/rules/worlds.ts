// Lists the configurations in which every rule is checked.
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

const withConfig = (world: World, config: Readonly<Record<string, string>>): World => ({
  ...world,
  config: { ...world.config, ...config },
});

const TWO_HARVESTERS = JSON.stringify([
  { symbols: ['NSE:SBIN-EQ'] },
  { symbols: ['NSE:INFY-EQ'], everySeconds: 1, instanceType: 't4g.nano' },
]);

/** The first configuration is the base of all flaws. */
export const WORLDS: Readonly<Record<string, World>> = {
  'everything configured': withConfig(WHOLE, {
    email: 'a@example.com',
    fyId: 'XA00001',
    athena: 'true',
    dashboard: 'true',
    harvesters: TWO_HARVESTERS,
  }),
  'no app': {},
  'only an app': APP_ONLY,
  'a suffix': withConfig(WHOLE, { suffix: 'b' }),
  'a customer key and readers': withConfig(WHOLE, {
    customerKey: 'true',
    readers: `arn:aws:iam::${ACCOUNT}:role/bot, arn:aws:iam::${ACCOUNT}:user/me`,
  }),
  'watched reads': withConfig(WHOLE, {
    watchReads: 'true',
    readers: `arn:aws:iam::${ACCOUNT}:role/bot`,
  }),
  'only the keeper': withConfig(WHOLE, { harvester: 'false' }),
  'the operator’s own subnet': withConfig(APP_ONLY, { subnetId: 'subnet-0123456789abcdef0' }),
  'data that is deleted with the stack': withConfig(APP_ONLY, { deleteData: 'true' }),
  'a bucket of an earlier stack': withConfig(APP_ONLY, { dataBucket: 'an-old-bucket' }),
  'the redirect URL loginUrl, every day': withConfig(WHOLE, {
    redirectUri: 'loginUrl',
    days: 'all',
  }),
};

/**
 * The secrets of these configurations, without the PIN: its four digits may appear in any number.
 */
export const SECRETS: readonly string[] = [
  ACCESS_TOKEN,
  REFRESH_TOKEN,
  APP_SECRET,
  APP_ID,
  TELEGRAM,
];
