// Defines a check of `doctor` and `status` and its finding, and runs one. Each check reads for itself, so one that fails
// does not affect the others.
import { FyersError } from '../../core/errors.ts';
import type { Tone } from '../shared/terminal.ts';
import { type CheckContext, hasAws, usesAws } from './context.ts';

export interface Finding {
  /** Replaces the check's name: a second finding of a check needs its own. */
  readonly name?: string;
  /** One or two words. */
  readonly state: string;
  readonly tone: Tone | null;
  readonly detail: string;
  /** Actions for the operator: full sentences with a command. */
  readonly todo: readonly string[];
  /** The same content for scripts. */
  readonly facts: Readonly<Record<string, unknown>>;
  /** The source that could not be read; absent if all were read. */
  readonly unread?: 'aws' | 'broker';
  /** Equal for findings that could not be read for the same reason; absent if all were read. */
  readonly reason?: string;
}

export type NamedFinding = Finding & { readonly name: string };

type Findings = Finding | readonly Finding[];

export interface Check {
  readonly name: string;
  /** The check is skipped without it: `stack` on a laptop without a stack, `aws` also if AWS cannot be reached. */
  readonly needs?: 'stack' | 'aws';
  readonly run: (context: CheckContext) => Findings | Promise<Findings>;
}

export function ok(detail: string): Finding {
  return { state: 'ok', tone: 'good', detail, todo: [], facts: {} };
}

/** The check could not or need not run; the detail gives the reason. */
export function skipped(detail: string): Finding {
  return { state: 'skipped', tone: 'quiet', detail, todo: [], facts: {} };
}

/** @param fix a full sentence */
export function problem(detail: string, fix: string): Finding {
  return { state: 'problem', tone: 'bad', detail, todo: [fix], facts: {} };
}

/** @param failed turns a FyersError into a finding; every other error is thrown */
export async function runCheck(
  check: Check,
  context: CheckContext,
  failed: (error: FyersError) => Finding,
): Promise<readonly NamedFinding[]> {
  const named = (findings: Findings) =>
    [findings].flat().map((finding) => ({ name: check.name, ...finding }));
  try {
    return named((await reasonToSkip(check, context)) ?? (await check.run(context)));
  } catch (caught) {
    if (caught instanceof FyersError) return named(failed(caught));
    throw caught;
  }
}

async function reasonToSkip({ needs }: Check, context: CheckContext): Promise<Finding | null> {
  if (needs === undefined) return null;
  if (!(await usesAws(context))) return skipped('only for a stack on AWS');
  if (needs === 'stack' || (await hasAws(context))) return null;
  return skipped('AWS cannot be asked, see "AWS identity"');
}
