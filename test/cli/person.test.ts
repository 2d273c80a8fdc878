import { PassThrough } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { readPasted } from '../../cli/shared/io.ts';

/** Opens the question with streams that deliver the input piece by piece, as a terminal does. */
function openQuestion(isWhole: (text: string) => boolean = () => true) {
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

describe('readPasted', () => {
  test('reads all lines of one paste and leaves nothing for the shell', async () => {
    const { input, output, answer } = openQuestion();
    input.write('https://x.example/?s=ok&auth\r_code=abc\r\ndef&state=1');
    expect(await answer).toBe('https://x.example/?s=ok&auth\n_code=abc\ndef&state=1');
    expect(String(output.read())).toContain('The address: ');
    expect(input.read()).toBeNull();
  });

  test('returns one line as soon as it is complete', async () => {
    const { input, answer } = openQuestion();
    input.write('https://x.example/\n');
    expect(await answer).toBe('https://x.example/\n');
  });

  test('waits longer for the rest of an incomplete text', async () => {
    const { input, answer } = openQuestion((text) => text.includes('end'));
    input.write('begin\n');
    setTimeout(() => input.write('middle\n'), 120);
    setTimeout(() => input.write('end\n'), 300);
    expect(await answer).toBe('begin\nmiddle\nend\n');
  });

  test('accepts an empty line as an answer', async () => {
    const { input, answer } = openQuestion((text) => text !== '');
    input.write('\n');
    expect((await answer).trim()).toBe('');
  });

  test.each([
    ['Ctrl-C', '\u0003'],
    ['Ctrl-D', '\u0004'],
  ])('rejects on %s', async (_key, pressed) => {
    const { input, answer } = openQuestion();
    input.write(pressed);
    await expect(answer).rejects.toThrow();
  });

  test('returns the text that came before the input ended', async () => {
    const { input, answer } = openQuestion(() => false);
    input.end('https://x.example/?s=ok');
    expect(await answer).toBe('https://x.example/?s=ok');
  });
});
