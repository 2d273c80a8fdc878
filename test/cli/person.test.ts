import { PassThrough } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { readPasted } from '../../cli/shared/prompt.ts';

/** As a terminal hands it over: piece by piece. */
function paste(isWhole: (text: string) => boolean = () => true) {
  const input = new PassThrough();
  const output = Object.assign(new PassThrough(), { isTTY: true, columns: 80, rows: 24 });
  const answer = readPasted('The address:', {
    input,
    output,
    isWhole,
    pauseMs: 40,
    restPauseMs: 400,
  });
  return { input, output, answer };
}

describe('A question for an address', () => {
  test('takes all lines of one paste, and leaves none for the shell', async () => {
    const { input, output, answer } = paste();
    input.write('https://x.example/?s=ok&auth\r_code=abc\r\ndef&state=1');
    expect(await answer).toBe('https://x.example/?s=ok&auth\n_code=abc\ndef&state=1');
    expect(String(output.read())).toContain('The address: ');
    expect(input.read()).toBeNull();
  });

  test('takes one line as soon as it is whole', async () => {
    const { input, answer } = paste();
    input.write('https://x.example/\n');
    expect(await answer).toBe('https://x.example/\n');
  });

  test('waits longer for the rest of a text that is not whole yet', async () => {
    const { input, answer } = paste((text) => text.includes('end'));
    input.write('begin\n');
    setTimeout(() => input.write('middle\n'), 120);
    setTimeout(() => input.write('end\n'), 300);
    expect(await answer).toBe('begin\nmiddle\nend\n');
  });

  test('takes an empty line for an answer', async () => {
    const { input, answer } = paste((text) => text !== '');
    input.write('\n');
    expect((await answer).trim()).toBe('');
  });

  test.each([
    ['Ctrl-C', '\u0003'],
    ['Ctrl-D', '\u0004'],
  ])('ends without an answer at %s', async (_key, pressed) => {
    const { input, answer } = paste();
    input.write(pressed);
    await expect(answer).rejects.toThrow();
  });

  test('keeps what came before the input ended', async () => {
    const { input, answer } = paste(() => false);
    input.end('https://x.example/?s=ok');
    expect(await answer).toBe('https://x.example/?s=ok');
  });
});
