// `npx fyers doctor`: every prerequisite on one line, with its fix.
import type { Command } from 'commander';
import { CHECKS, LAST_CHECKS } from './doctor/checks.ts';
import type { Check, Finding, Patient } from './doctor/finding.ts';
import { patientOf } from './doctor/patient.ts';
import { findingOf } from './doctor/stack.ts';
import type { Session } from './io.ts';
import { type Tone, paint, table } from './terminal.ts';
import { asSentence } from '../core/text.ts';

interface DoctorOptions {
  readonly live?: true;
  readonly dir: string;
  readonly suffix?: string;
  readonly json?: true;
}

type Named = Finding & { readonly name: string };

const PROBLEMS_EXIT_CODE = 2;
const TONES: Readonly<Record<Finding['state'], Tone>> = {
  ok: 'good',
  skipped: 'quiet',
  problem: 'bad',
};

export function addDoctor(program: Command, session: Session): void {
  program
    .command('doctor')
    .description('Look at each prerequisite, and say how to mend what is wrong.')
    .option('--live', 'also read one book from Fyers with the token at hand')
    .option('--dir <DIR>', 'the folder of .env and of the token files', '.')
    .option('--suffix <SUFFIX>', 'of a second stack in the account')
    .option('--json', 'for scripts')
    .option('--debug', 'say more when something fails')
    .addHelpText(
      'after',
      `
Looks at ${[...CHECKS, ...LAST_CHECKS].map(({ name }) => name).join(', ')}.
Changes nothing, and a check that fails does not keep the others from looking. "skipped" says why there was nothing to
look at. Which redirect URL an app has registered can't be asked: compare the one shown with https://myapi.fyers.in/dashboard.

Exits with 2 when there is a problem.

Examples:
  $ npx --no-install fyers doctor
  $ npx --no-install fyers doctor --live --json | jq '.checks[] | select(.state == "problem")'`,
    )
    .action((options: DoctorOptions) => doctor(session, options));
}

async function doctor(session: Session, options: DoctorOptions): Promise<void> {
  const { io } = session;
  const patient = patientOf(session, options);
  // All at once: most of the time goes into waiting for AWS.
  const lookAt = (checks: readonly Check[]) =>
    Promise.allSettled(checks.map((check) => named(check, patient)));
  const looks = [...(await lookAt(CHECKS)), ...(await lookAt(LAST_CHECKS))];
  const found = looks.flatMap((look) => (look.status === 'fulfilled' ? [look.value] : []));
  const problems = found.filter(({ state }) => state === 'problem').length;
  if (options.json === true) io.out(jsonOf(found));
  else for (const line of linesOf(session, found, problems)) io.out(line);
  if (problems > 0) session.exitWith(PROBLEMS_EXIT_CODE);
  // A fault of ours is told after what the other checks found.
  for (const look of looks) if (look.status === 'rejected') throw look.reason;
}

async function named(check: Check, patient: Patient): Promise<Named> {
  try {
    return { name: check.name, ...(await check.look(patient)) };
  } catch (caught) {
    return { name: check.name, ...findingOf(caught) };
  }
}

function linesOf({ io }: Session, found: readonly Named[], problems: number): readonly string[] {
  const rows = found.map((finding) => [
    { text: finding.state, tone: TONES[finding.state] },
    { text: finding.name },
    {
      text:
        finding.state === 'problem'
          ? `${asSentence(finding.detail)} ${finding.fix}`
          : finding.detail,
    },
  ]);
  const count = `${String(problems)} ${problems === 1 ? 'problem' : 'problems'}.`;
  return [
    ...table(io, ['State', 'Check', 'What was found'], rows),
    paint(io, problems === 0 ? 'good' : 'bad', problems === 0 ? 'No problems.' : count),
  ];
}

function jsonOf(found: readonly Named[]): string {
  const checks = found.map((finding) => ({
    name: finding.name,
    state: finding.state,
    detail: finding.detail,
    fix: finding.state === 'problem' ? finding.fix : null,
  }));
  return JSON.stringify({ good: checks.every(({ fix }) => fix === null), checks }, null, 2);
}
