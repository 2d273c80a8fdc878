// Finds our commands in a text and checks that the command line has them.
import { stage } from '../cli/cli-harness.ts';

export interface NamedCommand {
  /** The command and its arguments, such as `logs refresh`. */
  readonly words: readonly string[];
  readonly flags: readonly string[];
}

const NAMED = /\.\/fyers((?: [^\s`'"()\\;,]+)*)/g;
/** Without `./`, as in the README's table. */
const IN_BACKTICKS = /`fyers((?: [^\s`'"()\\;,]+)*)/g;

/**
 * A command ends at its backtick; in a text without one, at the first word that cannot belong to a
 * command.
 */
export function findCommands(text: string): readonly NamedCommand[] {
  return [...text.matchAll(NAMED), ...text.matchAll(IN_BACKTICKS)].map(([, tail = '']) => {
    const parts = tail
      .trim()
      .replace(/[.:]+$/, '')
      .split(' ');
    const end = parts.findIndex((part) => !/^[a-z][a-z-]*$/.test(part));
    return {
      words: (end === -1 ? parts : parts.slice(0, end)).filter((part) => part !== ''),
      flags: parts.flatMap((part) => /^\[?(--[a-z-]+)/.exec(part)?.[1] ?? []),
    };
  });
}

/** Returns the problem of a command; null if its help exists and explains every flag. */
export async function findProblem({ words, flags }: NamedCommand): Promise<string | null> {
  const named = ['fyers', ...words].join(' ');
  await using at = await stage();
  const { code, out } = await at.run(...words, '--help');
  if (code !== 0) return `${named} --help ends with ${String(code)}`;
  const [, usage = '', rest = ''] = /^Usage: fyers((?: [a-z][a-z-]*)*)(.*)$/m.exec(out) ?? [];
  const command = usage
    .trim()
    .split(' ')
    .filter((word) => word !== '');
  // An unknown name prints the help of its parent command.
  const unknown = words.length > command.length && rest.includes('[command]');
  if (unknown || !words.join(' ').startsWith(command.join(' '))) return `there is no ${named}`;
  const odd = flags.filter((flag) => flag !== '--help' && !hasFlag(out, flag));
  return odd.length === 0 ? null : `${named} takes no ${odd.join(', ')}`;
}

/** Reads the lines of the help that list options. */
function hasFlag(help: string, flag: string): boolean {
  return new RegExp(`^ +(?:-\\w, )?${flag}(?![a-z-])`, 'm').test(help);
}
