// Lists every outcome of a request to the login, and so every page.
import { istDate } from '../../core/time.ts';
import type { LoginOutcome, LoginProblem } from '../../keeper/login.ts';
import { SEVEN } from './keeper-fixture.ts';

export const PROBLEMS: readonly LoginProblem[] = [
  'forged',
  'expired',
  'used',
  'cancelled',
  'wrong-app',
  'wrong-account',
  'app-secret',
  'code',
  'silent',
  'unreachable',
  'bad-token',
  'busy',
  'too-many',
  'unrecognised',
  'not-registered',
  'rate-limited',
  'not-fyers',
];
const LINK_PATH = `go/2026-11-25/${'0'.repeat(32)}`;
const next = istDate('2026-11-26');

export const OUTCOMES: readonly Exclude<LoginOutcome, { kind: 'unknown' }>[] = [
  { kind: 'home' },
  {
    kind: 'link',
    date: istDate('2026-11-25'),
    until: SEVEN,
    url: 'https://fyers.example/?a=1&b="2"',
  },
  ...(['not-live', 'unknown'] as const).map(
    (token) =>
      ({
        kind: 'link',
        date: istDate('2026-11-25'),
        until: SEVEN,
        url: 'https://fyers.example/',
        token,
      }) as const,
  ),
  { kind: 'damaged-link', path: LINK_PATH },
  { kind: 'incomplete-link' },
  { kind: 'other-day-link', path: LINK_PATH },
  { kind: 'asked' },
  { kind: 'sent' },
  { kind: 'no-listener' },
  { kind: 'not-sent', code: 'platform.message' },
  { kind: 'too-soon', at: SEVEN },
  { kind: 'done', validUntil: SEVEN, already: false },
  { kind: 'done', validUntil: SEVEN, already: true },
  { kind: 'no-login', day: { kind: 'too-early' } },
  { kind: 'no-login', day: { kind: 'closed', why: 'weekend', next } },
  { kind: 'no-login', day: { kind: 'over', why: 'over', next } },
  { kind: 'failed', family: 'operator', code: 'operator.account' },
  { kind: 'failed', family: 'broker', code: 'broker.unreachable' },
  { kind: 'failed', family: 'platform', code: 'platform.store' },
  { kind: 'failed', family: 'bug', code: 'bug.unexpected' },
  ...(['unreachable', 'refused', 'rate-limited', 'not-fyers'] as const).map(
    (why) => ({ kind: 'unproven', why }) as const,
  ),
  ...PROBLEMS.map((why) => ({ kind: 'refused', why }) as const),
];
