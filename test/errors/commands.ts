// The commands of ours that a text names, and whether the command line has them.
import { stage } from '../cli/cli-harness.ts';

export interface NamedCommand {
  /** Of the command and what follows it, such as `logs refresh`. */
  readonly words: readonly string[];
  readonly flags: readonly string[];
}

const NAMED = /\.\/fyers((?: [^\s`'"()\\;,]+)*)/g;
/** Without the words before it, as the README's table has them. */
const IN_BACKTICKS = /`fyers((?: [^\s`'"()\\;,]+)*)/g;

/** A command ends at its backtick; in a text without one, at the first word that is none of a command's. */
export function commandsIn(text: string): readonly NamedCommand[] {
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

/** What is wrong with a command; null where its help explains it and every flag. */
export async function problemOf({ words, flags }: NamedCommand): Promise<string | null> {
  const named = ['fyers', ...words].join(' ');
  await using at = await stage();
  const { code, out } = await at.run(...words, '--help');
  if (code !== 0) return `${named} --help ends with ${String(code)}`;
  const [, usage = '', rest = ''] = /^Usage: fyers((?: [a-z][a-z-]*)*)(.*)$/m.exec(out) ?? [];
  const command = usage
    .trim()
    .split(' ')
    .filter((word) => word !== '');
  // An unknown name is answered with the help of what stands above it.
  const unknown = words.length > command.length && rest.includes('[command]');
  if (unknown || !words.join(' ').startsWith(command.join(' '))) return `there is no ${named}`;
  const odd = flags.filter((flag) => flag !== '--help' && !takes(out, flag));
  return odd.length === 0 ? null : `${named} takes no ${odd.join(', ')}`;
}

/** By the lines of its help that list its options. */
function takes(help: string, flag: string): boolean {
  return new RegExp(`^ +(?:-\\w, )?${flag}(?![a-z-])`, 'm').test(help);
}
