// What a provocation came to: the error itself, or what a command has said of it.
import type { Context } from 'aws-lambda';
import { vi } from 'vitest';
import { type ErrorCode, FyersError } from '../../core/errors.ts';

type Handler = (event: unknown, context: Context) => Promise<unknown>;

/** What a function of the stack throws, as Lambda gets it. */
export async function thrownBy(
  handler: Handler,
  event: unknown,
  remainingMs = 120_000,
): Promise<FyersError> {
  const write = vi.spyOn(process.stdout, 'write').mockImplementation(() => true);
  const context = { getRemainingTimeInMillis: () => remainingMs } as Context;
  try {
    const answer = await handler(event, context);
    throw new Error(`it answered ${JSON.stringify(answer)}`);
  } catch (caught) {
    if (caught instanceof FyersError) return caught;
    throw caught;
  } finally {
    write.mockRestore();
  }
}

/** From what a command prints, `code: problem next step`; of the words only the last sentence is taken for the next step. */
export function saidOf({ err }: { readonly err: string }): FyersError {
  const [, code = '', words = ''] = /^([a-z]+\.[a-z-]+): ([\s\S]*)/m.exec(err) ?? [];
  if (code === '') throw new Error(`no error was said: ${err}`);
  const sentences = words.split(/(?<=[.?!])\s+(?=[A-Z])/);
  const nextStep = sentences.at(-1) ?? '';
  return new FyersError(code as ErrorCode, sentences.slice(0, -1).join(' '), nextStep);
}
