// The person at the terminal, asked by npm's own prompt.
import { read } from 'read';
import type { Person } from './io.ts';

/** Questions go to standard error, so that standard output holds nothing but the command's answer. */
export const atTerminal: Person = {
  ask: (question, { hidden = false } = {}) =>
    read({ prompt: question, silent: hidden, output: process.stderr }),
  async confirm(question) {
    const answer = await read({ prompt: `${question} [y/N] `, output: process.stderr });
    return /^y(?:es)?$/i.test(answer.trim());
  },
};
