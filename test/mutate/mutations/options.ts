// Edits of the optional parts.
import type { Mutation } from '../tree.ts';

const HARVESTERS = ['test/infra/harvesters.test.ts'];
const OPTIONS = ['test/infra/options.test.ts'];
const ATHENA = ['test/infra/athena.test.ts'];
const READS = ['test/infra/outside-reads.test.ts'];
const GUARD = ['test/infra/session-guard.test.ts'];

export const OPTIONAL: readonly Mutation[] = [
  {
    name: 'a role decrypts whatever the service asks for',
    file: 'infra/key-permissions.ts',
    find: '[CONTEXT_KEYS[through.service]]: [...encrypted],',
    replace: '',
    tests: OPTIONS,
  },
  {
    name: 'a secret is bound to its name as a parameter is',
    file: 'infra/key-permissions.ts',
    find: "secretsmanager: 'kms:EncryptionContext:SecretARN'",
    replace: "secretsmanager: 'kms:EncryptionContext:PARAMETER_ARN'",
    tests: OPTIONS,
  },
  {
    name: 'the key stays the same for ever',
    file: 'infra/components/credentials.ts',
    find: 'enableKeyRotation: true',
    replace: 'enableKeyRotation: false',
    tests: OPTIONS,
  },
  {
    name: 'the instance may not use the key',
    file: 'infra/arns.ts',
    find: '...(keyArn === null ? {} : { key: keyArn }),',
    replace: '',
    tests: OPTIONS,
  },
  {
    name: 'the keeper encrypts under the default key, whatever the stack has',
    file: 'functions/wiring.ts',
    find: 'keyId: environment[ENVIRONMENT.keyId],',
    replace: '',
    tests: ['test/functions/refresh/handler.test.ts'],
  },
  {
    name: 'another bot may read the app secret',
    file: 'infra/policies.ts',
    find: `actor: 'reader',
    effect: 'Allow',
    actions: ['ssm:GetParameter'],
    on: ['parameter FYERS_ACCESS_TOKEN', 'parameter FYERS_CLIENT_ID'],`,
    replace: `actor: 'reader',
    effect: 'Allow',
    actions: ['ssm:GetParameter'],
    on: ['parameter FYERS_ACCESS_TOKEN', 'parameter FYERS_SECRET_KEY'],`,
    tests: OPTIONS,
  },
  {
    name: 'the instance may be replaced before its day is in the bucket',
    file: 'infra/session-guard.ts',
    find: 'AFTER_CLOSE_MS = 30 * MINUTE',
    replace: 'AFTER_CLOSE_MS = 0 * MINUTE',
    tests: GUARD,
  },
  {
    name: 'the instance waits for no guard',
    file: 'infra/components/machine.ts',
    find: '...network.route, ...guards];',
    replace: '...network.route];',
    tests: OPTIONS,
  },
  {
    name: 'a stop of the instance is not guarded',
    file: 'infra/components/machine.ts',
    find: 'const plan = { script, instanceType, subnetId: args.subnetId };',
    replace: 'const plan = { script, subnetId: args.subnetId };',
    tests: OPTIONS,
  },
  {
    name: 'an unknown price counts as none',
    file: 'infra/cost.ts',
    find: 'if (FREE.some((pattern) => pattern.test(type))) return [];',
    replace: "if (type !== '') return [];",
    tests: ['test/infra/cost.test.ts'],
  },
  {
    name: 'Athena reads the logs as Parquet, too',
    file: 'core/names.ts',
    find: '`${OBJECTS.dayPrefix(date, shard)}parquet/`',
    replace: 'OBJECTS.dayPrefix(date, shard)',
    tests: ATHENA,
  },
  {
    name: 'a query may scan whatever it likes',
    file: 'infra/components/athena.ts',
    find: 'bytesScannedCutoffPerQuery: SCANNED_BYTES_MAX,',
    replace: '',
    tests: ATHENA,
  },
  {
    name: 'a query asks for a column that is not there',
    file: 'infra/queries/spread-by-minute.sql',
    find: 'max(ask_px_1 - bid_px_1)',
    replace: 'max(ask_price_1 - bid_px_1)',
    tests: ATHENA,
  },
  {
    name: 'a read by a user of IAM or by root is not told',
    file: 'infra/read-pattern.ts',
    find: "[{ exists: false }, { 'anything-but': arns }]",
    replace: "[{ 'anything-but': arns }]",
    tests: READS,
  },
  {
    name: 'every read of the keeper’s own is told',
    file: 'infra/components/outside-reads.ts',
    find: 'roleArns: [...own, ...arnsOf(',
    replace: 'roleArns: [...arnsOf(',
    tests: READS,
  },
  {
    name: 'the rule gets no events that only read',
    file: 'infra/components/outside-reads.ts',
    find: "state: 'ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS'",
    replace: "state: 'ENABLED'",
    tests: READS,
  },
  {
    name: 'the dashboard shows the metrics of another harvester',
    file: 'infra/components/dashboard.ts',
    find: 'harvesterDimensions(suffix, String(shard))',
    replace: "harvesterDimensions('other', String(shard))",
    tests: ['test/infra/dashboard.test.ts'],
  },
  {
    name: 'an instance waits for no guard but its own',
    file: 'infra/components/machine.ts',
    find: 'guarded.map(({ guard }) => guard)',
    replace: 'guarded.slice(0, 1).map(({ guard }) => guard)',
    tests: HARVESTERS,
  },
  {
    name: 'a harvester reaches another shard',
    file: 'infra/components/machine.ts',
    find: "OBJECTS.dayPrefix('*', String(shard))",
    replace: "OBJECTS.dayPrefix('*', '*')",
    tests: HARVESTERS,
  },
  {
    name: 'a symbol is recorded twice',
    file: 'infra/harvesters.ts',
    find: 'other.shard < shard && ',
    replace: 'other.shard > shard + 9 && ',
    tests: HARVESTERS,
  },
  {
    name: 'harvesters together ask for more than the account may',
    file: 'core/rate-plan.ts',
    find: 'if (sum <= CALLS_PER_MINUTE_CAP) return null;',
    replace: 'if (sum <= 2 * CALLS_PER_MINUTE_CAP) return null;',
    tests: ['test/core/rate-plan.test.ts'],
  },
];
