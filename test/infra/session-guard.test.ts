import { describe, expect, test } from 'vitest';
import { sessionProblem } from '../../infra/components/machine.ts';
import { parseInstant } from '../../core/time.ts';

const problemAt = (iso: string) => sessionProblem(parseInstant(`${iso}+05:30`));

describe('sessionProblem', () => {
  test.each([
    ['2026-11-25T08:44:59.999', false],
    ['2026-11-25T08:45:00.000', true],
    ['2026-11-25T12:00:00.000', true],
    ['2026-11-25T16:29:59.999', true],
    ['2026-11-25T16:30:00.000', false],
  ])('at %s refuses: %s', (iso, refuses) => {
    expect(problemAt(iso) !== null).toBe(refuses);
  });

  test('returns null on a day without trading', () => {
    expect(problemAt('2026-11-28T12:00:00.000')).toBeNull();
  });

  test('contains the time range and the two ways to continue', () => {
    expect(problemAt('2026-11-25T10:00:00.000')).toMatch(
      /from 08:45 to 16:30 IST that is refused\. Run `pulumi up` after that, or `pulumi config set replaceInSession true` first\.$/,
    );
  });
});
