// Lists edits of the optional parts.
import { editsOf, type Mutation } from '../tree.ts';

const HARVESTERS = 'test/infra/config/harvesters.test.ts';
const OPTIONS = 'test/infra/options.test.ts';
const ATHENA = 'test/infra/athena.test.ts';
const READS = 'test/infra/outside-reads.test.ts';
const GUARD = 'test/infra/session-guard.test.ts';

export const OPTIONAL: readonly Mutation[] = [
  ...editsOf('infra/iam/policies.ts', OPTIONS, {
    'a role decrypts whatever the service asks for': [
      '[CONTEXT_KEYS[through.service]]: [...encrypted],',
    ],
    'a secret is bound to its name as a parameter is': [
      "secretsmanager: 'kms:EncryptionContext:SecretARN'",
      "secretsmanager: 'kms:EncryptionContext:PARAMETER_ARN'",
    ],
    'the instance may not use the key': ['...(keyArn === null ? {} : { key: keyArn }),'],
    'another bot may read the app secret': [
      `actor: 'reader',
    effect: 'Allow',
    actions: ['ssm:GetParameter'],
    on: ['parameter FYERS_ACCESS_TOKEN', 'parameter FYERS_CLIENT_ID'],`,
      `actor: 'reader',
    effect: 'Allow',
    actions: ['ssm:GetParameter'],
    on: ['parameter FYERS_ACCESS_TOKEN', 'parameter FYERS_SECRET_KEY'],`,
    ],
  }),
  ...editsOf('infra/components/credentials.ts', OPTIONS, {
    'the key stays the same for ever': ['enableKeyRotation: true', 'enableKeyRotation: false'],
  }),
  ...editsOf('functions/wiring.ts', 'test/functions/refresh/handler.test.ts', {
    'the keeper encrypts under the default key, whatever the stack has': [
      'keyId: environment[ENVIRONMENT.keyId],',
    ],
  }),
  ...editsOf('infra/components/machine.ts', GUARD, {
    'the instance may be replaced before its day is in the bucket': [
      'AFTER_CLOSE_MS = 30 * MINUTE',
      'AFTER_CLOSE_MS = 0 * MINUTE',
    ],
  }),
  ...editsOf('infra/components/machine.ts', OPTIONS, {
    'the instance waits for no guard': ['...network.route, ...guards];', '...network.route];'],
    'a stop of the instance is not guarded': [
      'const plan = { script, instanceType, subnetId: args.subnetId };',
      'const plan = { script, subnetId: args.subnetId };',
    ],
  }),
  ...editsOf('tools/cost.ts', 'test/tools/cost.test.ts', {
    'an unknown price counts as none': [
      'if (FREE.some((pattern) => pattern.test(type))) return [];',
      "if (type !== '') return [];",
    ],
  }),
  ...editsOf('core/config/names.ts', ATHENA, {
    'Athena reads the logs as Parquet, too': [
      '`${OBJECTS.dayPrefix(date, shard)}parquet/`',
      'OBJECTS.dayPrefix(date, shard)',
    ],
  }),
  ...editsOf('infra/components/athena.ts', ATHENA, {
    'a query may scan whatever it likes': ['bytesScannedCutoffPerQuery: MAX_SCANNED_BYTES,'],
  }),
  ...editsOf('infra/queries/spread-by-minute.sql', ATHENA, {
    'a query asks for a column that is not there': [
      'ask_px_1 - bid_px_1 AS spread',
      'ask_price_1 - bid_px_1 AS spread',
    ],
    'the spread is taken of crossed books too': ['crossed|'],
  }),
  ...editsOf('infra/queries/marks-by-day.sql', ATHENA, {
    'a row with two marks is counted under their joined names': [
      "split(marks, ' ')",
      'ARRAY[marks]',
    ],
  }),
  ...editsOf('infra/components/outside-reads.ts', READS, {
    'a read by a user of IAM or by root is not reported': [
      "[{ exists: false }, { 'anything-but': arns }]",
      "[{ 'anything-but': arns }]",
    ],
    'every read by the keeper itself is reported': [
      'roleArns: [...own, ...arnsOf(',
      'roleArns: [...arnsOf(',
    ],
    'the rule gets no events that only read': [
      "state: 'ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS'",
      "state: 'ENABLED'",
    ],
  }),
  ...editsOf('infra/components/dashboard.ts', 'test/infra/dashboard.test.ts', {
    'the dashboard shows the metrics of another harvester': [
      'harvesterDimensions(suffix, String(shard))',
      "harvesterDimensions('other', String(shard))",
    ],
  }),
  ...editsOf('infra/components/machine.ts', HARVESTERS, {
    'an instance waits for no guard but its own': [
      'guarded.map(({ guard }) => guard)',
      'guarded.slice(0, 1).map(({ guard }) => guard)',
    ],
    'a harvester reaches another shard': [
      'OBJECTS.dayFilePatterns(String(shard))',
      "OBJECTS.dayFilePatterns('*')",
    ],
  }),
  ...editsOf('core/config/harvesters.ts', HARVESTERS, {
    'a symbol is recorded twice': ['known.set(symbol, before ?? shard);'],
  }),
  ...editsOf('core/config/sampling.ts', 'test/core/config/sampling.test.ts', {
    'harvesters together ask for more than the account may': [
      'if (sum <= CALLS_PER_MINUTE_CAP) return null;',
      'if (sum <= 2 * CALLS_PER_MINUTE_CAP) return null;',
    ],
  }),
];
