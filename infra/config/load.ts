// Loads the program's settings: reads every source, applies every rule, and reports all problems before any resource
// is registered. Pulumi's configuration overrides `.env`, which overrides the process environment.
// `core/config/keys.ts` has a row with the rule of each key.
import { statSync } from 'node:fs';
import path from 'node:path';
import * as pulumi from '@pulumi/pulumi';
import { readCalendarFile } from '../../adapters/operator/calendar-file.ts';
import { readIndexLists } from '../../adapters/operator/index-lists.ts';
import {
  type EnvFile,
  readEnvFile,
  readTokenFiles,
} from '../../adapters/operator/env-and-token-files.ts';
import type { IndexLists } from '../../core/config/groups.ts';
import {
  configuredIndices,
  type Found,
  type HarvesterPlan,
  harvestersOf,
} from '../../core/config/harvesters.ts';
import {
  environmentName,
  isKey,
  isSecretKey,
  type Key,
  type KeyValues,
  parseKeys,
} from '../../core/config/keys.ts';
import { OPERATOR_FILES } from '../../core/config/names.ts';
import { nearestKey } from '../../core/config/nearest-name.ts';
import { checkCalendarSize } from '../../core/config/program-values.ts';
import type { Override } from '../../core/market/calendar-data.ts';

/** Budget per harvester: one and a half times the cost of the whole stack with one harvester. */
const DEFAULT_BUDGET_DOLLARS = 15;

const ATHENA_WITHOUT_HARVESTER =
  'athena is true and harvester false: without a harvester there is no bucket to query. Run `pulumi config set athena false`.';

/** From here on secret values are Pulumi secrets, so that no state, output or log shows them. */
type Secret = pulumi.Output<string>;

type Values = KeyValues<Secret>;

/** Keys whose settings also depend on other keys or on files: {@link readSettings} has a line for each. */
type DerivedKey =
  | 'clientId'
  | 'secretKey'
  | 'symbols'
  | 'everySeconds'
  | 'feed'
  | 'instanceType'
  | 'harvesters'
  | 'calendar'
  | 'budgetDollars'
  | 'operatorDir';

export interface Settings extends Omit<Values, DerivedKey> {
  readonly app: { readonly clientId: Secret; readonly secretKey: Secret } | null;
  readonly accessToken: Secret | null;
  readonly refreshToken: Secret | null;
  /** At least one plan, unless `harvester` is false. */
  readonly harvesters: readonly HarvesterPlan[];
  /** Members of the indices that the harvesters' symbols name. */
  readonly indexLists: IndexLists;
  /** The operator's calendar overrides. */
  readonly calendar: readonly Override[];
  /** Per month for the whole account; zero: no budget. */
  readonly budgetDollars: number;
  /** Folder of `.env` and the token files. */
  readonly operatorDir: string;
  readonly notices: readonly string[];
}

interface SettingsInput {
  /** Pulumi's configuration of this project, without the namespace. */
  readonly config: Readonly<Record<string, string>>;
  /** The encrypted keys; null if unknown. */
  readonly secretKeys: readonly string[] | null;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The project folder, to which relative paths refer. */
  readonly root: string;
}

type SettingsResult =
  | { readonly ok: true; readonly settings: Settings }
  | { readonly ok: false; readonly problems: readonly string[] };

/** Problems are full sentences with the command that fixes them, and never contain a secret. */
export function readSettings(input: SettingsInput): SettingsResult {
  const operator = operatorFolder(input);
  const envFile = readEnvFile(operator.folder);
  const sources: Sources = { ...input, envFile };
  const tokens = readTokenFiles(operator.folder, find('clientId', sources)?.text ?? null);
  const problems = [
    ...configProblems(input.config, input.secretKeys),
    ...operator.problems,
    ...envFile.problems,
    ...tokens.problems,
    ...findAppProblems(sources),
  ];
  const values = readKeys(sources, problems);
  const { clientId, secretKey } = values;
  const lists = readIndexLists(operator.folder, configuredIndices(values));
  problems.push(...lists.problems);
  const harvesters = harvestersOf((key) => find(key, sources), values, lists.lists, problems);
  const settings: Settings = {
    ...values,
    app: clientId === null || secretKey === null ? null : { clientId, secretKey },
    accessToken: secretOrNull(tokens.accessToken),
    refreshToken: secretOrNull(tokens.refreshToken),
    harvesters,
    indexLists: lists.lists,
    calendar: values.calendar ?? readCalendar(operator.folder, problems),
    budgetDollars: values.budgetDollars ?? DEFAULT_BUDGET_DOLLARS * Math.max(1, harvesters.length),
    operatorDir: operator.folder,
    notices: tokens.notices,
  };
  if (settings.athena && !settings.harvester) problems.push(ATHENA_WITHOUT_HARVESTER);
  return problems.length > 0 ? { ok: false, problems } : { ok: true, settings };
}

/** Reads every key by its row in `core/config/keys.ts`. */
function readKeys(sources: Sources, problems: string[]): Values {
  const parsed = parseKeys(
    (key) => find(key, sources)?.text ?? null,
    (text) => pulumi.secret(text),
  );
  for (const { key, problem } of parsed.problems) {
    const found = find(key, sources);
    problems.push(`${found?.place ?? ''} ${problem}. ${found?.fix ?? ''}`);
  }
  return parsed.values;
}

/** Reads `calendar.json` next to `.env`; empty if it does not exist. */
function readCalendar(folder: string, problems: string[]): readonly Override[] {
  const found = readCalendarFile(folder);
  if (found.kind === 'absent') return [];
  if (found.kind === 'malformed') {
    problems.push(found.problem);
    return [];
  }
  const parsed = checkCalendarSize(found.overrides);
  if (parsed.ok) return parsed.value;
  problems.push(
    `${OPERATOR_FILES.calendar} ${parsed.problem}. \`./fyers calendar --help\` shows its form.`,
  );
  return [];
}

function operatorFolder(input: SettingsInput): {
  readonly folder: string;
  readonly problems: readonly string[];
} {
  const found = find('operatorDir', { ...input, envFile: { values: {}, places: {} } });
  const folder = path.resolve(input.root, found?.text ?? '.');
  const isFolder = statSync(folder, { throwIfNoEntry: false })?.isDirectory() === true;
  const place = found?.place ?? 'operatorDir';
  return {
    folder,
    problems: isFolder ? [] : [`${place} is not a folder: ${folder}. ${found?.fix ?? ''}`],
  };
}

/** Requires app id and secret to be both set or both unset; the parsers report malformed values. */
function findAppProblems(sources: Sources): readonly string[] {
  const pair = ['clientId', 'secretKey'] as const;
  const missing = pair.filter((key) => find(key, sources) === null);
  return missing.length === 1
    ? missing.map(
        (key) =>
          `${environmentName(key)} is missing: an app id and its secret go together. Run \`${setCommand(key)}\`, or add it to .env.`,
      )
    : [];
}

function secretOrNull(value: string | null): Secret | null {
  return value === null ? null : pulumi.secret(value);
}

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Returns the settings, or throws one error with all problems.
 * @param root the project folder
 * @throws RunError, which Pulumi prints without a stack trace
 */
export function loadSettingsOrThrow(environment: Environment, root: string): Settings {
  const result = readSettings({
    config: projectConfig(),
    secretKeys: secretKeys(environment),
    environment,
    root,
  });
  if (result.ok) return result.settings;
  const count = result.problems.length;
  throw new pulumi.RunError(
    [
      `${String(count)} ${count === 1 ? 'problem' : 'problems'} in the configuration; nothing was changed.`,
      ...result.problems.map((problem) => `  - ${problem}`),
    ].join('\n'),
  );
}

/** Without the namespace. Other namespaces, such as `aws:`, belong to providers. */
function projectConfig(): Readonly<Record<string, string>> {
  return withoutNamespace(pulumi.runtime.allConfig());
}

function withoutNamespace(config: Readonly<Record<string, string>>) {
  const namespace = `${pulumi.getProject()}:`;
  return Object.fromEntries(
    Object.entries(config)
      .filter(([key]) => key.startsWith(namespace))
      .map(([key, value]) => [key.slice(namespace.length), value]),
  );
}

/** Pulumi's language host lists the encrypted keys in this variable; the SDK has no public function for it. */
function secretKeys(environment: Environment): readonly string[] | null {
  const listed = environment['PULUMI_CONFIG_SECRET_KEYS'];
  if (listed === undefined || listed === '') return null;
  const keys: unknown = JSON.parse(listed);
  const names = Array.isArray(keys) ? keys.map(String) : [];
  return Object.keys(withoutNamespace(Object.fromEntries(names.map((name) => [name, '']))));
}

interface Sources {
  /** Pulumi's configuration of this project, without the namespace. */
  readonly config: Readonly<Record<string, string>>;
  readonly envFile: Pick<EnvFile, 'values' | 'places'>;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** An empty value counts as not set, as `.env.example` has them. */
function find(key: Key, { config, envFile, environment }: Sources): Found | null {
  const name = environmentName(key);
  const candidates = [
    {
      text: config[key],
      place: `${key} in the Pulumi configuration`,
      fix: `Run \`${setCommand(key)}\`.`,
      removal: `Run \`pulumi config rm ${key}\`.`,
    },
    {
      text: envFile.values[name],
      place: `${name} in ${envFile.places[name] ?? '.env'}`,
      fix: 'Correct that line.',
      removal: 'Remove that line.',
    },
    {
      text: environment[name],
      place: `${name} in the environment`,
      fix: `Correct that variable, or run \`unset ${name}\`.`,
      removal: `Run \`unset ${name}\`.`,
    },
  ];
  for (const { text, ...where } of candidates) {
    const trimmed = text?.trim() ?? '';
    if (trimmed !== '') return { text: trimmed, ...where };
  }
  return null;
}

/** The command that sets a key in Pulumi's configuration. */
function setCommand(key: Key): string {
  return isSecretKey(key) ? `pulumi config set --secret ${key}` : `pulumi config set ${key} VALUE`;
}

/**
 * Reports unknown keys in Pulumi's configuration, each with the nearest known key.
 * @param secretKeys the encrypted keys; null if unknown
 */
function configProblems(
  config: Readonly<Record<string, string>>,
  secretKeys: readonly string[] | null,
): readonly string[] {
  return Object.keys(config).flatMap((key) => {
    if (!isKey(key)) return [unknownKey(key)];
    const inClear = isSecretKey(key) && secretKeys !== null && !secretKeys.includes(key);
    return inClear
      ? [`${key} is unencrypted in the Pulumi configuration. Run \`${setCommand(key)}\`.`]
      : [];
  });
}

function unknownKey(key: string): string {
  const nearest = nearestKey(key);
  const hint = nearest === null ? 'Pulumi.dev.yaml lists the keys.' : `Did you mean ${nearest}?`;
  return `${key} in the Pulumi configuration is not a key of this program. ${hint} Remove it with \`pulumi config rm ${key}\`.`;
}
