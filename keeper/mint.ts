// The one call that costs: made under a claim, counted before it is sent, and never repeated after a refusal.
import { FyersError } from '../core/errors.ts';
import { MINUTE, SECOND, brokerDay, plus } from '../core/time.ts';
import { mintBusy, refreshRefused, refreshUnanswered } from '../core/token/events.ts';
import { inputsOf, liveRefreshToken } from '../core/token/facts.ts';
import { withCall, withRefusal, withoutCall } from '../core/token/state.ts';
import { takeClaim } from './claim.ts';
import { retrying } from './retrying.ts';
import { type Progress, type Run, look, save, withKnown } from './run.ts';

const LOOK_AGAIN_EVERY = 5 * SECOND;
const WAIT_AT_MOST = MINUTE;

/** Takes the claim and looks again: whoever held it before may have published. Without it, waits a little and looks again. */
export async function claimMint(run: Run, progress: Progress): Promise<Progress> {
  const { ports, settings, signal, startedAt } = run;
  const { names } = settings;
  const last = progress.known.state.claim;
  const claim = await takeClaim(ports, names, last);
  if (claim !== null) {
    return look(run, { ...progress, claim });
  }
  const now = ports.clock.now();
  if (now - startedAt >= WAIT_AT_MOST) {
    throw new FyersError(
      'platform.busy',
      'Another run has been minting a token for a minute and has published none.',
      'See what it did with `npx --no-install fyers status`, and in two minutes run `npx --no-install fyers refresh --aws`.',
      { isGeneral: true },
    );
  }
  ports.events.emit(mintBusy());
  await ports.clock.sleepUntil(plus(now, LOOK_AGAIN_EVERY), signal);
  return look(run, progress);
}

/** Sends the refresh token and the PIN once; again only while the broker is not reached. */
export async function mint(run: Run, progress: Progress): Promise<Progress> {
  const { ports, signal, startedAt } = run;
  const { app, pin, refreshToken, now, state } = progress.known;
  const live = liveRefreshToken(refreshToken, now);
  const inputs = inputsOf(progress.known);
  if (live.kind !== 'live' || pin === null || inputs.refresh === null || progress.claim === null) {
    throw new FyersError(
      'bug.unexpected',
      'A refresh was decided without what it is made with.',
      'Please report what `npx --no-install fyers logs refresh --debug` shows.',
    );
  }
  const counted = await save(run, progress, {
    ...withCall(state, inputs.refresh, brokerDay(now)),
    claim: { ...progress.claim, done: false },
  });
  const answer = await retrying(ports, startedAt, signal, () =>
    ports.broker.refresh(app, live.token, pin.pin, signal),
  );
  const answered = withKnown(counted, { answer });
  switch (answer.kind) {
    case 'minted':
      return answered;
    case 'refused':
      ports.events.emit(refreshRefused(answer.by, answer.detail));
      return save(
        run,
        answered,
        withRefusal(answered.known.state, answer.by, inputs, brokerDay(now)),
      );
    case 'silent':
      ports.events.emit(
        refreshUnanswered(answered.known.state.calls?.count ?? 1, answer.detail ?? ''),
      );
      return answered;
    case 'unreachable':
    case 'rate-limited':
    case 'not-fyers':
      return withKnown(answered, { state: withoutCall(answered.known.state, state) });
  }
}
