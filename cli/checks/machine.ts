// Checks this machine and the operator's folder: Node, Pulumi, AWS identity, `.env`, file modes, calendar, clock.
import { execFile } from 'node:child_process';
import path from 'node:path';
import { looseModes, readEnvFile } from '../../adapters/operator/env-and-token-files.ts';
import { nodeProblem } from '../../adapters/process/require-node.js';
import { SET_CLOCK, clockFaultWords } from '../../core/clock-faults.ts';
import { REGION } from '../../core/config/names.ts';
import { FyersError } from '../../core/errors.ts';
import { calendarNotice, coveredUntil } from '../../core/market/calendar.ts';
import { counted } from '../../core/text.ts';
import { istDateAt } from '../../core/time.ts';
import type { Environment } from '../shared/io.ts';
import { pulumiIn, selectedStack } from '../shared/pulumi.ts';
import {
  type CheckContext,
  type Finding,
  ok,
  problem,
  readIdentity,
  skipped,
  usesAws,
} from './check.ts';

/** @param version as in `process.versions.node` */
export function nodeFinding(version: string): Finding {
  const old = nodeProblem(version);
  return old === null ? ok(version) : problem(old.problem, old.nextStep);
}

/** `./fyers` runs under the Node of `npm ci`, and `pulumi up` under the one on the PATH. */
export async function checkNode(context: CheckContext): Promise<Finding> {
  const own = nodeFinding(process.versions.node);
  if (own.state === 'problem' || !(await usesAws(context))) return own;
  const version = await versionOnPath(context.session.io.env);
  if (version === null) {
    return problem('`pulumi up` needs `node`, but it is not on the PATH', PATH_STEP);
  }
  const old = nodeProblem(version);
  if (old === null) return own;
  return problem(
    `\`pulumi up\` would use Node ${version} from the PATH, which is too old`,
    old.nextStep,
  );
}

const PATH_STEP = 'Run `export PATH="$PWD/node_modules/.bin:$PATH"` in the project\'s folder.';

/** Returns such as `20.20.2`; null if no `node` can be run. */
function versionOnPath(env: Environment): Promise<string | null> {
  return new Promise((resolve) => {
    execFile('node', ['--version'], { env: { ...env }, encoding: 'utf8' }, (error, output) => {
      resolve(error === null ? output.trim().replace(/^v/, '') : null);
    });
  });
}

export async function checkPulumi({ session: { io } }: CheckContext): Promise<Finding> {
  const pulumi = pulumiIn({ folder: io.cwd, env: io.env });
  const version = (await pulumi(['version'], '')).trim();
  return ok(`${version}, stack ${await selectedStack(pulumi, undefined)}`);
}

export async function checkIdentity(context: CheckContext): Promise<Finding> {
  const { account, arn } = await readIdentity(context);
  const elsewhere = context.session.io.env['AWS_REGION'] ?? REGION;
  const note = elsewhere === REGION ? '' : `; AWS_REGION (${elsewhere}) is ignored`;
  return ok(`${arn}, account ${account}; region ${REGION}${note}`);
}

export function checkEnvFile({ dir }: CheckContext): Finding {
  const { values, problems } = readEnvFile(dir);
  if (problems.length > 0) {
    return problem(problems.join(' '), 'Correct that, and repeat the command.');
  }
  const given = Object.values(values).filter((value) => value.trim() !== '').length;
  return ok(
    given === 0
      ? `missing or empty in ${dir}; .env.example shows the possible keys`
      : `${String(given)} ${given === 1 ? 'value' : 'values'} in ${path.join(dir, '.env')}`,
  );
}

/**
 * Checks that only the owner can read the secrets in the folder. Skipped on Windows, which keeps permissions
 * elsewhere.
 */
export function checkModes({ dir }: CheckContext): Finding {
  if (process.platform === 'win32') return skipped('Windows has no file modes');
  const { files, isFolderOpen } = looseModes(dir);
  if (files.length === 0 && !isFolderOpen) {
    return ok(`only you can read .env and the token files in ${dir}`);
  }
  const commands = [
    ...(files.length === 0 ? [] : [`chmod 600 ${files.map(quotePath).join(' ')}`]),
    ...(isFolderOpen ? [`chmod o-w ${quotePath(dir)}`] : []),
  ];
  return problem(
    [
      ...(files.length === 0 ? [] : [`other users may read ${files.join(', ')}`]),
      ...(isFolderOpen ? [`anyone may replace the files of ${dir}`] : []),
    ].join('; '),
    `Run \`${commands.join(' && ')}\`.`,
  );
}

/** Quotes a path for a shell. */
function quotePath(place: string): string {
  return /^[\w./~-]+$/.test(place) ? place : `'${place.replaceAll("'", String.raw`'\''`)}'`;
}

export function checkCalendar({ calendar, now }: CheckContext): Finding {
  let options;
  try {
    options = calendar();
  } catch (caught) {
    if (!(caught instanceof FyersError)) throw caught;
    return problem(
      `calendar.json or FYERS_CALENDAR cannot be used: ${caught.message}`,
      'Correct it; `./fyers calendar --help` shows the form.',
    );
  }
  const notice = calendarNotice(istDateAt(now), options);
  if (notice !== null) {
    const facts = { coveredUntil: coveredUntil(options) };
    return { ...problem(notice.problem, notice.nextStep), facts };
  }
  const own = options.overrides?.filter((entry) => 'date' in entry).length ?? 0;
  return ok(
    `holidays are known until ${coveredUntil(options)}${own === 0 ? '' : `, and ${counted(own, 'day')} ${own === 1 ? 'is' : 'are'} your own`}`,
  );
}

/** Runs after the other checks, because it uses their answers. */
export function checkClock({ clock }: Pick<CheckContext, 'clock'>): Finding {
  const seen = clock.seen();
  if (seen === null) return skipped('neither AWS nor Fyers has answered with its time');
  return seen.fault === null
    ? ok(`within two minutes of the time of ${seen.by}`)
    : problem(clockFaultWords(seen.fault), SET_CLOCK);
}
