// The person at the terminal, asked by npm's own prompt.
import { read } from 'read';
import { FyersError } from '../core/errors.ts';
import type { Person } from './io.ts';
import { withoutControls } from './terminal.ts';

/** Questions go to standard error, so that standard output holds nothing but the command's answer. */
export const atTerminal: Person = {
  ask: (question, { hidden = false } = {}) =>
    answerTo(read({ prompt: withoutControls(question), silent: hidden, output: process.stderr })),
  async confirm(question) {
    const answer = await answerTo(
      read({ prompt: `${withoutControls(question)} [y/N] `, output: process.stderr }),
    );
    return /^y(?:es)?$/i.test(answer.trim());
  },
};

/** Ctrl-C at a question is the person's own word, and no fault. */
async function answerTo(answer: Promise<string>): Promise<string> {
  try {
    return await answer;
  } catch (caught) {
    throw new FyersError(
      'operator.usage',
      'The question was not answered.',
      'Repeat the command; `npx --no-install fyers --help` lists all of them.',
      {
        cause: caught,
      },
    );
  }
}
