// Reports the state of FyersTokenRefresh: whether it may refresh, and whether a login is pending.
import { keeperFailure, reasonText } from '../../../core/token/messages.ts';
import type { Names } from '../../../core/config/names.ts';
import { type Instant, brokerDay } from '../../../core/time.ts';
import { NEW_STATE, type TokenState, parseTokenState } from '../../../core/token/state.ts';
import { parameterReader } from '../../shared/aws.ts';
import type { Looking, Finding } from './said.ts';

/** Errors: those of every AWS call by the operator. */
export async function readState({ session, names }: Looking): Promise<string | null> {
  const read = await parameterReader(session, names);
  return read('FYERS_TOKEN_STATE');
}

/** @param live whether the stored token is live; false if the broker was not asked */
export function checkMemory(
  text: string | null,
  { names, now, live }: { readonly names: Names; readonly now: Instant; readonly live: boolean },
): readonly Finding[] {
  const state = text === null ? NEW_STATE : parseTokenState(text);
  return state === null
    ? [unreadableFinding(names)]
    : [checkRefresh(state), checkLink(state, now, live)];
}

function checkRefresh({ policyOff, latch }: TokenState): Finding {
  const facts = { policyOff, latch: latch?.reason ?? null };
  const said = { part: 'refresh', tone: 'quiet' as const, todo: [], facts };
  if (latch?.reason === 'app-secret') {
    const { message } = keeperFailure('operator.app-secret');
    return { ...said, state: 'latched', tone: 'bad', detail: message, todo: [message] };
  }
  if (policyOff) {
    const detail = `${reasonText('policy')}; a login a day is the way`;
    return { ...said, state: 'switched off', detail };
  }
  if (latch !== null) {
    const detail = `${reasonText(latch.reason)}; not sent again until the refresh token or the PIN changes`;
    return { ...said, state: 'latched', tone: 'bad', detail };
  }
  return {
    ...said,
    state: 'not latched',
    detail: 'used where a refresh token and a PIN are stored',
  };
}

function checkLink({ asked }: TokenState, now: Instant, live: boolean): Finding {
  const today = asked?.day === brokerDay(now) ? asked : null;
  const outstanding = today !== null && !live;
  const detail =
    today === null
      ? 'nothing was asked in this broker day'
      : `asked at the ${today.slot} run${live ? ', and a token is live' : ''}`;
  return {
    part: 'login link',
    state: outstanding ? 'outstanding' : 'none open',
    tone: outstanding ? 'bad' : 'quiet',
    detail,
    todo: outstanding
      ? ['Press the link in the message of today, or run `./fyers login --aws`.']
      : [],
    facts: { outstanding, asked: today },
  };
}

function unreadableFinding(names: Names): Finding {
  const name = names.parameter('FYERS_TOKEN_STATE');
  return {
    part: 'refresh',
    state: 'unknown',
    tone: 'bad',
    detail: `the parameter ${name} holds no token state`,
    todo: [
      `Run \`aws ssm delete-parameter --name ${name}\` if the refresh token and the PIN are right.`,
    ],
    facts: {},
  };
}
