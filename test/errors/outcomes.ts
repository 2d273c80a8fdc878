// Converts the outcome of a provocation to its error: thrown by a function or printed by a command. Recognises a next
// step: a command that can be copied, or a place in a console.
import type { Context } from 'aws-lambda';
import { vi } from 'vitest';
import { type ErrorCode, FyersError } from '../../core/errors.ts';

type Handler = (event: unknown, context: Context) => Promise<unknown>;

/** Returns the error that a function of the stack throws, as Lambda receives it. */
export async function catchError(
  handler: Handler,
  event: unknown,
  remainingMs = 120_000,
): Promise<FyersError> {
  const write = vi.spyOn(process.stdout, 'write').mockImplementation(() => true);
  const context = { getRemainingTimeInMillis: () => remainingMs } as Context;
  try {
    const answer = await handler(event, context);
    throw new Error(`the function answered ${JSON.stringify(answer)}`);
  } catch (caught) {
    if (caught instanceof FyersError) return caught;
    throw caught;
  } finally {
    write.mockRestore();
  }
}

/** Parses the output `code: problem next step` of a command; the last sentence is the next step. */
export function parseError({ err }: { readonly err: string }): FyersError {
  const [, code = '', words = ''] = /^([a-z]+\.[a-z-]+): ([\s\S]*)/m.exec(err) ?? [];
  if (code === '') throw new Error(`there is no error in: ${err}`);
  const sentences = words.split(/(?<=[.?!])\s+(?=[A-Z])/);
  const nextStep = sentences.at(-1) ?? '';
  return new FyersError(code as ErrorCode, sentences.slice(0, -1).join(' '), nextStep);
}

const COMMAND = /`(?:\.\/fyers|pulumi|aws|npm|rm|ls|lsof|df|chmod|unset)\b[^`]*`/;
const CONSOLE = /https:\/\/\S+|→/;

export function hasStep(text: string): boolean {
  return COMMAND.test(text) || CONSOLE.test(text);
}
