// Ensures that a live access token is stored for the trading day. A run reads its inputs, then repeats: `decide` (core)
// chooses the next step from the known facts, and the run performs it, until the decision ends the run. Minting is the
// only step that costs something: it needs the claim, it is counted before it is sent, and it is never repeated after a
// refusal. `RunState` holds the facts and the state as last saved, so an unchanged state is not written again.
import { type AccessToken, parseAccessToken } from '../core/config/values.ts';
import { FyersError } from '../core/errors.ts';
import { dayOf } from '../core/market/calendar.ts';
import {
  closedDayMessage,
  DAY_OVER_MESSAGE,
  keeperFailure,
  linkSentMessage,
  noLinkMessage,
  probeRefusedMessage,
  reasonText,
  REFRESH_WORKS_AGAIN,
} from '../core/token/messages.ts';
import { REFRESH_SLOTS } from '../core/schedule.ts';
import { brokerDay, type Instant, istDateAt, MINUTE, plus, SECOND } from '../core/time.ts';
import { type AskReason, decide, type Trigger } from '../core/token/decide.ts';
import {
  dayRested,
  loginNeeded,
  mintBusy,
  refreshRefused,
  refreshTokenStored,
  refreshUnanswered,
  refreshWorksAgain,
  runStarted,
  storedTokenDead,
  tokenAlreadyGood,
} from '../core/token/log.ts';
import {
  factsOf,
  inputsOf,
  type KeyedPin,
  type RunFacts,
  liveRefreshToken,
  renewedInputsOf,
} from '../core/token/facts.ts';
import { decodeToken, tokenIn } from '../core/token/jwt.ts';
import { loginDay } from '../core/token/login/link.ts';
import {
  withRenewedApp,
  type TokenState,
  withAccount,
  withCall,
  withLatch,
  withoutCall,
  withRefreshed,
  withRefusal,
  withRenewedInputs,
} from '../core/token/state.ts';
import { askForLogin } from './login.ts';
import { type Claim, removeOldClaims, takeClaim } from './claim.ts';
import type { KeeperPorts, KeeperSettings } from './ports.ts';
import { publish, reportDepth, retrying, shownToken, bestEffort } from './publish.ts';
import { readApp, readLinkKey, readMemory, readPinKey, writeState } from './read.ts';

export type Outcome =
  /** The stored access token is proven live for the rest of the broker day. */
  | { readonly kind: 'live'; readonly published: boolean }
  | { readonly kind: 'rested'; readonly message: string }
  /** The operator must log in. This is not a failure. */
  | { readonly kind: 'login-needed'; readonly why: AskReason; readonly message: string };

/**
 * Far more than any run needs, including a minute of waiting for a claim. Ends a faulty loop, which could keep sending
 * the PIN.
 */
const MAX_STEPS = 30;

/** @throws FyersError unless the token is live, the day needs none, or the operator has to log in */
export async function refresh(
  ports: KeeperPorts,
  settings: KeeperSettings,
  trigger: Trigger,
  signal: AbortSignal,
): Promise<Outcome> {
  ports.events.log(runStarted(trigger.kind));
  const run: Run = {
    ports,
    settings,
    trigger,
    signal,
    startedAt: ports.clock.now(),
    onSaved: (saved) => {
      latest = saved;
    },
  };
  let latest = await readRunState(run, null);
  if (trigger.kind === 'slot' && trigger.slot === REFRESH_SLOTS[0]) {
    const { state } = latest.known;
    await removeOldClaims(ports, settings.names, state.claim, brokerDay(run.startedAt));
  }
  try {
    for (let steps = 0; steps < MAX_STEPS; steps += 1) {
      const step = await takeStep(run, latest);
      if ('kind' in step) return step;
      latest = step;
    }
    throw invariantError(`The run did not end after ${String(MAX_STEPS)} steps.`);
  } catch (caught) {
    await bestEffort(ports, 'Saving the state', async () => {
      await save(run, latest, withClaimDone(latest));
    });
    throw caught;
  }
}

async function takeStep(run: Run, progress: RunState): Promise<RunState | Outcome> {
  const decision = decide(factsOf(progress.known));
  switch (decision.do) {
    case 'prove':
      return decision.what === 'stored' ? proveStored(run, progress) : proveMinted(run, progress);
    case 'refresh':
      return progress.claim === null ? claimMint(run, progress) : mint(run, progress);
    case 'publish':
      return publishMinted(run, progress);
    case 'rest':
      return decision.why === 'already-good'
        ? keepStored(run, progress)
        : finishWithoutToken(run, progress, decision.why);
    case 'ask':
    case 'wait':
      return awaitLogin(run, progress, decision);
    case 'fail':
      throw keeperFailure(decision.code, lastErrorDetail(progress));
  }
}

async function proveStored(run: Run, progress: RunState): Promise<RunState> {
  const token = parseAccessToken(tokenIn(progress.known.storedToken) ?? '');
  if (!token.ok) throw invariantError('The stored token is missing.');
  const storedProof = await prove(run, progress, token.value);
  if (storedProof.kind === 'dead') {
    run.ports.events.log(storedTokenDead(shownToken(token.value).fingerprint));
  }
  return withKnown(progress, { storedProof });
}

async function proveMinted(run: Run, progress: RunState): Promise<RunState> {
  return withKnown(progress, { mintedProof: await prove(run, progress, mintedToken(progress)) });
}

function prove(
  { ports, settings, signal, startedAt }: Run,
  { known }: RunState,
  token: AccessToken,
) {
  return retrying(ports, startedAt, signal, () =>
    ports.broker.prove(known.app.id, token, signal, settings.proof),
  );
}

async function publishMinted(run: Run, progress: RunState): Promise<Outcome> {
  const { ports } = run;
  const token = mintedToken(progress);
  await publish(ports, token);
  const { answer, mintedProof } = progress.known;
  reportDepth(ports, mintedProof);
  const fyId = findAccount(token, mintedProof?.kind === 'live' ? mintedProof.fyId : null);
  const wasOff = progress.known.state.policyOff;
  await bestEffort(ports, 'Saving the state', async () => {
    await save(run, progress, withAccount(withRefreshed(withClaimDone(progress)), fyId));
  });
  const refreshToken = answer?.kind === 'minted' ? answer.refreshToken : undefined;
  if (refreshToken !== undefined) {
    await bestEffort(ports, 'Storing the refresh token', async () => {
      await ports.store.write('FYERS_REFRESH_TOKEN', refreshToken);
      ports.events.log(refreshTokenStored(shownToken(refreshToken)));
    });
  }
  if (wasOff) await reportRefreshWorks(run);
  return { kind: 'live', published: true };
}

/** Sends no message to an operator who started the run: the answer contains the result. */
async function reportRefreshWorks({ ports, trigger }: Run): Promise<void> {
  ports.events.log(refreshWorksAgain());
  if (trigger.kind === 'operator') return;
  await bestEffort(ports, 'Sending the message', () => ports.notifier.send(REFRESH_WORKS_AGAIN));
}

async function keepStored(run: Run, progress: RunState): Promise<Outcome> {
  const { storedProof, storedToken, answer } = progress.known;
  const token = tokenIn(storedToken) ?? '';
  const fyId = findAccount(token, storedProof?.kind === 'live' ? storedProof.fyId : null);
  run.ports.events.log(tokenAlreadyGood(shownToken(token)));
  reportDepth(run.ports, storedProof);
  await bestEffort(run.ports, 'Saving the state', async () => {
    await save(run, progress, unlessChanged(progress, withAccount(withClaimDone(progress), fyId)));
  });
  return answer?.kind === 'refused'
    ? { kind: 'rested', message: probeRefusedMessage(answer.by) }
    : { kind: 'live', published: false };
}

async function finishWithoutToken(
  run: Run,
  progress: RunState,
  why: 'closed-day' | 'day-over',
): Promise<Outcome> {
  const { today } = progress.known;
  const closed = today !== 'always' && today.kind === 'closed' ? today.why : '';
  const message = why === 'closed-day' ? closedDayMessage(closed) : DAY_OVER_MESSAGE;
  run.ports.events.log(dayRested(message));
  await save(run, progress, withClaimDone(progress));
  return { kind: 'rested', message };
}

/** Asks the operator, unless this slot already did. Sends the message before saving that, so a lost message is repeated. */
async function awaitLogin(
  run: Run,
  progress: RunState,
  { do: what, why }: { readonly do: 'ask' | 'wait'; readonly why: AskReason },
): Promise<Outcome> {
  const { ports, settings, trigger } = run;
  const { known } = progress;
  const day = brokerDay(known.now);
  // An operator can start a run on any day and at any hour, so do not send a link that cannot be used.
  const useful = loginDay(known.now, settings.days, settings.calendar).kind === 'open';
  const message = useful ? linkSentMessage(why) : noLinkMessage(why);
  ports.events.log(loginNeeded(why, message));
  if (what === 'ask' && useful) {
    const urgency = known.state.asked?.day === day ? 'again' : 'first';
    await askForLogin(ports, settings, known.app, { reason: reasonText(why), urgency });
  }
  const done = withClaimDone(progress);
  const latched = why === 'silent' ? withLatch(done, why, inputsOf(known)) : done;
  const slot = trigger.kind === 'slot' ? trigger.slot : 'operator';
  const asked = useful ? { day, slot } : latched.asked;
  await save(run, progress, unlessChanged(progress, { ...latched, asked }));
  return { kind: 'login-needed', why, message };
}

/** Returns the saved object itself if nothing changed, so that `save` writes nothing. */
function unlessChanged({ saved }: RunState, state: TokenState): TokenState {
  return JSON.stringify(saved) === JSON.stringify(state) ? saved : state;
}

/** The broker's latest error text in this run, or an empty text. */
function lastErrorDetail({ known }: RunState): string {
  const answers = [known.mintedProof, known.answer, known.storedProof];
  return (
    answers.map((each) => (each !== null && 'detail' in each ? each.detail : '')).find(Boolean) ??
    ''
  );
}

function mintedToken({ known }: RunState): AccessToken {
  if (known.answer?.kind === 'minted') return known.answer.accessToken;
  throw invariantError('The minted token is missing.');
}

function findAccount(token: string, proven: string | null): string | null {
  return proven ?? decodeToken(token)?.fyId ?? null;
}

function invariantError(problem: string): FyersError {
  return new FyersError(
    'bug.unexpected',
    problem,
    'Please report the output of `./fyers logs refresh --debug`.',
  );
}

interface Run {
  readonly ports: KeeperPorts;
  readonly settings: KeeperSettings;
  readonly trigger: Trigger;
  readonly signal: AbortSignal;
  readonly startedAt: Instant;
  /** Receives each saved state, so that a run that fails later does not overwrite it with an older one. */
  readonly onSaved: (progress: RunState) => void;
}

interface RunState {
  readonly known: RunFacts;
  /** The state in the store. */
  readonly saved: TokenState;
  readonly claim: Claim | null;
}

/** Reads all inputs. Keeps an earlier proof of this run if the stored token is unchanged. */
async function readRunState(run: Run, before: RunState | null): Promise<RunState> {
  const { ports, settings, trigger } = run;
  const now = ports.clock.now();
  const [app, linkKey, memory, storedToken, refreshToken] = await Promise.all([
    readApp(ports, settings),
    readLinkKey(ports, settings),
    readMemory(ports, settings),
    ports.store.read('FYERS_ACCESS_TOKEN'),
    ports.store.read('FYERS_REFRESH_TOKEN'),
  ]);
  // The PIN is needed only with a live refresh token.
  const pin =
    liveRefreshToken(refreshToken, now).kind === 'live' ? await readPin(ports, settings) : null;
  const renewed = renewedInputsOf({ app, linkKey, refreshToken, pin, now });
  const same = before?.known.storedToken === storedToken;
  const known: RunFacts = {
    now,
    trigger,
    probeRefresh: settings.probeRefresh,
    today: settings.days === 'all' ? 'always' : dayOf(istDateAt(now), settings.calendar),
    app,
    account: memory.account,
    storedToken,
    refreshToken,
    linkKey,
    pin,
    state: withRenewedInputs(memory.state, renewed),
    login: withRenewedApp(memory.login, renewed),
    storedProof: same ? before.known.storedProof : null,
    answer: null,
    mintedProof: null,
  };
  return { known, saved: memory.state, claim: before?.claim ?? null };
}

async function readPin(ports: KeeperPorts, settings: KeeperSettings): Promise<KeyedPin | null> {
  const pin = await ports.secrets.pin();
  return pin === null ? null : { pin, key: await readPinKey(ports, settings) };
}

function withKnown(progress: RunState, found: Partial<RunFacts>): RunState {
  return { ...progress, known: { ...progress.known, ...found } };
}

/** Writes the state if it changed. @throws the store's error */
async function save(run: Run, progress: RunState, state: TokenState): Promise<RunState> {
  if (state !== progress.saved) await writeState(run.ports, state);
  const saved = { ...withKnown(progress, { state }), saved: state };
  run.onSaved(saved);
  return saved;
}

/** Marks the claim as finished, so that the next run does not wait for it. */
function withClaimDone(progress: RunState): TokenState {
  const { claim, known } = progress;
  return claim === null ? known.state : { ...known.state, claim: { ...claim, done: true } };
}

const CLAIM_POLL_INTERVAL_MS = 5 * SECOND;
const MAX_CLAIM_WAIT_MS = MINUTE;

/** Takes the claim and reads again, as its previous holder may have published. If it is taken, waits a moment and reads again. */
async function claimMint(run: Run, progress: RunState): Promise<RunState> {
  const { ports, settings, signal, startedAt } = run;
  const { names } = settings;
  const last = progress.known.state.claim;
  const claim = await takeClaim(ports, names, last);
  if (claim !== null) {
    return readRunState(run, { ...progress, claim });
  }
  const now = ports.clock.now();
  if (now - startedAt >= MAX_CLAIM_WAIT_MS) {
    throw new FyersError(
      'platform.busy',
      'Another run has been fetching a token for a minute and has published none.',
      'Check its result with `./fyers status`, and in two minutes run `./fyers refresh --aws`.',
      { isGeneral: true },
    );
  }
  ports.events.log(mintBusy());
  await ports.clock.sleepUntil(plus(now, CLAIM_POLL_INTERVAL_MS), signal);
  return readRunState(run, progress);
}

/** Sends the refresh token and the PIN once; repeats only if the broker was not reached. */
async function mint(run: Run, progress: RunState): Promise<RunState> {
  const { ports, signal, startedAt } = run;
  const { app, pin, refreshToken, now, state } = progress.known;
  const live = liveRefreshToken(refreshToken, now);
  const inputs = inputsOf(progress.known);
  if (live.kind !== 'live' || pin === null || inputs.refresh === null || progress.claim === null) {
    throw new FyersError(
      'bug.unexpected',
      'A refresh was chosen although its inputs are missing.',
      'Please report the output of `./fyers logs refresh --debug`.',
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
      ports.events.log(refreshRefused(answer.by, answer.detail));
      return save(
        run,
        answered,
        withRefusal(answered.known.state, answer.by, inputs, brokerDay(now)),
      );
    case 'silent':
      ports.events.log(
        refreshUnanswered(answered.known.state.calls?.count ?? 1, answer.detail ?? ''),
      );
      return answered;
    case 'unreachable':
    case 'rate-limited':
    case 'not-fyers':
      return withKnown(answered, { state: withoutCall(answered.known.state, state) });
  }
}
