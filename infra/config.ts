// The program's settings: every source read, every rule applied, and all problems found before anything is registered.
import { statSync } from 'node:fs';
import path from 'node:path';
import * as pulumi from '@pulumi/pulumi';
import { readCalendarFile } from '../adapters/files/calendar-file.ts';
import { readEnvFile, readTokenFiles } from '../adapters/files/operator-files.ts';
import type { Override } from '../core/market/calendar-data.ts';
import {
  type Parsed,
  parseAppId,
  parseAppSecret,
  parseEndpoint,
  parseFyId,
  parsePin,
  parseRedirectUri,
  parseSuffix,
  parseTelegram,
} from '../core/config.ts';
import { FYERS_API_URL, OPERATOR_FILES, REFERENCE_REDIRECT_URI } from '../core/names.ts';
import type { Reservation } from './concurrency.ts';
import { type Key, environmentName } from '../core/setting-keys.ts';
import {
  DEFAULT_PROBE_REFRESH,
  type ProbeRefresh,
  parseProbeRefresh,
} from '../core/token/probe.ts';
import { type HarvesterPlan, harvestersOf } from './harvesters.ts';
import {
  deployable,
  parseAccountIds,
  parseBucketName,
  parseCalendar,
  parseDays,
  parseDollars,
  parseEmail,
  parseReaders,
  parseReservedConcurrency,
  parseSubnetId,
  parseWatchReads,
  parseYesNo,
  type Reader,
  type WatchedReads,
} from './parsers.ts';
import { type Sources, configProblems, find, setCommand } from './sources.ts';

/** For each harvester half as much again as what the whole costs with one. */
const DEFAULT_BUDGET_DOLLARS = 15;

const NOTHING_TO_ASK =
  'athena is true and harvester false: without a harvester there is no bucket to ask. Run `pulumi config set athena false`.';

/** Secret values are Pulumi secrets from here on, so that no state, output or log shows them. */
type Secret = pulumi.Output<string>;

export interface Settings {
  readonly app: { readonly clientId: Secret; readonly secretKey: Secret } | null;
  readonly pin: Secret | null;
  readonly accessToken: Secret | null;
  readonly refreshToken: Secret | null;
  readonly redirectUri: string;
  readonly fyId: string | null;
  readonly email: string | null;
  /** `<bot token>/<chat id>`. */
  readonly telegram: Secret | null;
  /** What each of them records; there is at least one, unless `harvester` is false. */
  readonly harvesters: readonly HarvesterPlan[];
  readonly days: 'trading' | 'all';
  /** How often a refresh is tried although the broker has switched it off. */
  readonly probeRefresh: ProbeRefresh;
  /** Days that the operator knows better than the release. */
  readonly calendar: readonly Override[];
  readonly suffix: string;
  readonly subnetId: string | null;
  /** False: the token alone; no bucket and no instance. */
  readonly harvester: boolean;
  /** True: the recordings can be asked in SQL. */
  readonly athena: boolean;
  readonly dashboard: boolean;
  /** Null: nobody is told who reads the parameters and the PIN. */
  readonly watchReads: WatchedReads | null;
  /** True: the instance may be replaced or stopped while it records. */
  readonly replaceInSession: boolean;
  /** True: parameters and PIN are encrypted under a key of this stack, which asks every reader for a grant. */
  readonly customerKey: boolean;
  /** Roles and users of the account that may read the access token. */
  readonly readers: readonly Reader[];
  /** Executions that are set aside for refresh and login each; by default for the login alone, where the quota allows it. */
  readonly reservedConcurrency: Reservation;
  /** For the account's month; zero: no budget. */
  readonly budgetDollars: number;
  readonly deleteData: boolean;
  /** A bucket of an earlier stack that is taken up again. */
  readonly dataBucket: string | null;
  readonly allowedAccountIds: readonly string[] | null;
  readonly apiUrl: string;
  /** Null: Telegram's own. */
  readonly telegramApiUrl: string | null;
  /** The folder of `.env` and the token files. */
  readonly operatorDir: string;
  readonly notices: readonly string[];
}

export interface SettingsInput {
  /** Pulumi's configuration of this project, without the namespace. */
  readonly config: Readonly<Record<string, string>>;
  /** The keys of it that are encrypted; null where that cannot be known. */
  readonly secretKeys: readonly string[] | null;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The project's folder, which relative paths start from. */
  readonly root: string;
}

export type SettingsResult =
  | { readonly ok: true; readonly settings: Settings }
  | { readonly ok: false; readonly problems: readonly string[] };

/** Problems are full sentences, each with the command that fixes it, and never hold a secret. */
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
    ...halfAnApp(sources),
  ];
  const read = reader(sources, problems);

  const clientId = read('clientId', parseAppId);
  const secretKey = read('secretKey', parseAppSecret);
  const chat = read('telegram', parseTelegram);
  const harvesters = harvestersOf(sources, problems);
  const settings: Settings = {
    app:
      clientId === null || secretKey === null
        ? null
        : { clientId: pulumi.secret(clientId), secretKey: pulumi.secret(secretKey) },
    pin: secretOrNull(read('pin', parsePin)),
    accessToken: secretOrNull(tokens.accessToken),
    refreshToken: secretOrNull(tokens.refreshToken),
    redirectUri: read('redirectUri', parseRedirectUri) ?? REFERENCE_REDIRECT_URI,
    fyId: read('fyId', parseFyId),
    email: read('email', parseEmail),
    telegram: secretOrNull(chat && `${chat.botToken}/${chat.chatId}`),
    harvesters,
    days: read('days', parseDays) ?? 'trading',
    probeRefresh: read('probeRefresh', parseProbeRefresh) ?? DEFAULT_PROBE_REFRESH,
    calendar: read('calendar', parseCalendar) ?? calendarBeside(operator.folder, problems),
    suffix: read('suffix', parseSuffix) ?? '',
    subnetId: read('subnetId', parseSubnetId),
    harvester: read('harvester', parseYesNo) ?? true,
    athena: read('athena', parseYesNo) ?? false,
    dashboard: read('dashboard', parseYesNo) ?? false,
    watchReads: read('watchReads', parseWatchReads),
    replaceInSession: read('replaceInSession', parseYesNo) ?? false,
    customerKey: read('customerKey', parseYesNo) ?? false,
    readers: read('readers', parseReaders) ?? [],
    reservedConcurrency: read('reservedConcurrency', parseReservedConcurrency) ?? 'byQuota',
    budgetDollars:
      read('budgetDollars', parseDollars) ??
      DEFAULT_BUDGET_DOLLARS * Math.max(1, harvesters.length),
    deleteData: read('deleteData', parseYesNo) ?? false,
    dataBucket: read('dataBucket', parseBucketName),
    allowedAccountIds: read('allowedAccountIds', parseAccountIds),
    apiUrl: read('apiUrl', parseEndpoint) ?? FYERS_API_URL,
    telegramApiUrl: read('telegramApiUrl', parseEndpoint),
    operatorDir: operator.folder,
    notices: tokens.notices,
  };
  if (settings.athena && !settings.harvester) problems.push(NOTHING_TO_ASK);
  return problems.length > 0 ? { ok: false, problems } : { ok: true, settings };
}

/** `calendar.json` beside `.env`; none where it is not there. */
function calendarBeside(folder: string, problems: string[]): readonly Override[] {
  const found = readCalendarFile(folder);
  if (found.kind === 'absent') return [];
  if (found.kind === 'malformed') {
    problems.push(found.problem);
    return [];
  }
  const parsed = deployable(found.overrides);
  if (parsed.ok) return parsed.value;
  problems.push(
    `${OPERATOR_FILES.calendar} ${parsed.problem}. \`npx --no-install fyers calendar --help\` shows its form.`,
  );
  return [];
}

/** Reads one key: its value, null where none is given, or null and a problem noted. */
function reader(sources: Sources, problems: string[]) {
  return <T>(key: Key, parse: (text: string) => Parsed<T>): T | null => {
    const found = find(key, sources);
    if (found === null) return null;
    const parsed = parse(found.text);
    if (parsed.ok) return parsed.value;
    problems.push(`${found.place} ${parsed.problem}. ${found.fix}`);
    return null;
  };
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
    problems: isFolder ? [] : [`${place} is no folder: ${folder}. ${found?.fix ?? ''}`],
  };
}

/** An app is both or neither; which value is wrong is the parsers' matter. */
function halfAnApp(sources: Sources): readonly string[] {
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
