// Runs a deployment through the days of a plan: the steps of the schedules, and the drawn faults, logins and changes.
import { REFRESH_SLOTS, WATCH_SLOTS, isLastSlot } from '../../core/schedule.ts';
import { DAY, type Instant, type IstDate, addDays, istInstant, plus } from '../../core/time.ts';
import { register } from '../../sandbox/fyers/accounts.ts';
import type { Fault } from '../../sandbox/faults.ts';
import { hoursOn } from '../support/exchange-days.ts';
import type { Evidence, ScenarioDay } from './invariants.ts';
import { type Login, type DayFaults, type Plan, drawPlan } from './random-faults.ts';
import { linkIn, logIn } from './login-person.ts';
import { type Recorder, newRecorder } from './recorder.ts';
import { type FailedRun, OTHER_ACCOUNT, type Deployment, seededRandom } from './deployment.ts';

interface Step {
  readonly at: string;
  readonly happens: () => Promise<void>;
}

interface Run {
  readonly deployment: Deployment;
  readonly recorder: Recorder;
  readonly random: () => number;
}

interface Today {
  readonly dayFaults: DayFaults;
  readonly accepts: boolean;
  /** The broker accepts refresh tokens again since today, so the operator requests a probe. */
  readonly probes: boolean;
}

const THROTTLED_SHARE = 0.07;

export async function runDays(
  deployment: Deployment,
  { seed, from, days }: { readonly seed: number; readonly from: IstDate; readonly days: number },
): Promise<Evidence> {
  const plan = drawPlan(seed, days);
  const run = { deployment, recorder: newRecorder(deployment), random: seededRandom(seed) };
  const judged: ScenarioDay[] = [];
  for (const [index, dayFaults] of plan.days.entries()) {
    const date = addDays(from, index);
    const today = { dayFaults, accepts: acceptsOn(plan, index), probes: probesOn(plan, index) };
    const cut = await runDay(run, date, today);
    judged.push({
      date,
      trades: hoursOn(date) !== null,
      storeFailed: dayFaults.store === 'throttled',
      cut,
    });
  }
  return run.recorder.evidence(judged);
}

const acceptsOn = ({ accepts }: Plan, index: number) => accepts[index] === true;
const probesOn = (plan: Plan, index: number) =>
  acceptsOn(plan, index) && index > 0 && !acceptsOn(plan, index - 1);

/** @returns the number of lost answers to refreshes */
async function runDay(run: Run, date: IstDate, today: Today): Promise<number> {
  const { deployment, recorder } = run;
  deployment.fyers.state.refresh = today.accepts ? 'accepted' : 'refused';
  const cut = deployment.brokerFaults.add(cutAnswers(today.dayFaults));
  const steps = [
    ...environmentSteps(run, today.dayFaults),
    ...operatorSteps(run, date, today),
    ...scheduleSteps(run, today.dayFaults),
    ...today.dayFaults.logins.map((login) => loginStep(run, login)),
    { at: '09:00', happens: () => Promise.resolve() },
  ];
  // Steps of one time run in the order above: faults before actions.
  for (const { at, happens } of steps.sort((one, other) =>
    one.at < other.at ? -1 : one.at > other.at ? 1 : 0,
  )) {
    deployment.clock.advanceTo(istInstant(date, at));
    await happens();
    await recorder.observe();
  }
  deployment.brokerFaults.clear();
  deployment.cloud.faults.clear();
  return cut();
}

function environmentSteps(
  { deployment, random }: Run,
  { broker, store }: DayFaults,
): readonly Step[] {
  const { fyers, brokerFaults, cloud } = deployment;
  const step = (at: string, change: () => void): Step => ({
    at,
    happens: () => {
      change();
      return Promise.resolve();
    },
  });
  return [
    step('06:10', () => {
      if (store === 'throttled') cloud.faults.add(throttling(random));
      if (store === 'mute') cloud.faults.add(MUTE);
    }),
    step('06:50', () => {
      fyers.state.isDown = broker === 'down';
      deployment.isCutOff = broker === 'refusing';
      if (broker === 'garbage') brokerFaults.add({ match: {}, effect: { kind: 'garbage' } });
      if (broker === 'mixed up')
        for (const fault of tokenMixUp(deployment)) brokerFaults.add(fault);
    }),
    step('08:00', () => {
      fyers.state.isDown = false;
      deployment.isCutOff = false;
      if (broker === 'garbage') brokerFaults.clear();
    }),
    step('08:48', () => {
      if (broker === 'mixed up') brokerFaults.clear();
    }),
    step('08:50', () => {
      if (store === 'mute') cloud.faults.clear();
    }),
  ];
}

const MUTE: Fault = {
  match: { body: /(?:^|&)Action=Publish(?:&|$)/ },
  effect: { kind: 'answer', status: 503, body: '' },
};

/** Answers a refresh with a token of another account, and a login with an invalid token. */
function tokenMixUp(deployment: Deployment): readonly Fault[] {
  const now = deployment.clock.now();
  const foreign = deployment.token('access_token', now, OTHER_ACCOUNT);
  const unsigned = `${deployment.token('access_token', now).split('.').slice(0, 2).join('.')}.c2lnbmF0dXJl`;
  const answering = (path: RegExp, token: string): Fault => ({
    match: { path },
    effect: {
      kind: 'answer',
      status: 200,
      body: JSON.stringify({ s: 'ok', code: 200, message: '', access_token: token }),
    },
  });
  return [answering(/validate-refresh-token$/, foreign), answering(/validate-authcode$/, unsigned)];
}

function cutAnswers({ broker }: DayFaults): Fault {
  const nth = { 'silent once': [1], silent: [1, 2, 3, 4] }[broker as string] ?? [];
  return {
    match: { path: /validate-refresh-token$/ },
    nth,
    effect: { kind: 'reset', worked: true },
  };
}

/** Throttles a share of the calls to Parameter Store and Secrets Manager. */
function throttling(random: () => number): Fault {
  const nth = Array.from({ length: 1_000 }, (_, index) => index + 1);
  return {
    match: { target: /./ },
    nth: nth.filter(() => random() < THROTTLED_SHARE),
    effect: { kind: 'throttle' },
  };
}

function scheduleSteps({ deployment, recorder }: Run, { starts }: DayFaults): readonly Step[] {
  const started = async (run: () => Promise<{ readonly kind: string } | FailedRun>) => {
    const once = async (): Promise<void> => {
      const outcome = await run();
      if ('failure' in outcome) recorder.recordFailure(outcome.failure);
    };
    if (starts === 'together') await Promise.all([once(), once(), once()]);
    else await once();
    if (starts === 'twice') await once();
  };
  return [
    ...REFRESH_SLOTS.map((slot) => ({
      at: slot,
      happens: () =>
        started(() => deployment.refresh({ kind: 'slot', slot, last: isLastSlot(slot) })),
    })),
    ...WATCH_SLOTS.map((slot) => ({
      at: slot,
      happens: () => started(() => deployment.watch(slot)),
    })),
  ];
}

function operatorSteps(run: Run, date: IstDate, { dayFaults, probes }: Today): readonly Step[] {
  const { deployment, recorder } = run;
  const { change, corrected, killed, adopts } = dayFaults;
  const steps: Step[] = [];
  if (change === 'new app secret') {
    const secret = `SECRET${date.replaceAll('-', '')}`;
    steps.push(
      {
        at: '06:30',
        happens: () =>
          Promise.resolve(void register(deployment.fyers.state, deployment.app().id, { secret })),
      },
      {
        at: corrected,
        async happens() {
          await deployment.cloud.setParameter('FYERS_SECRET_KEY', secret);
          recorder.recordAct('app-secret');
        },
      },
    );
  } else if (change !== 'nothing') {
    // A different wrong PIN each time, because a repeated one is latched.
    const wrong = `9${String(Number(date.slice(5, 7)) % 10)}${date.slice(8)}`;
    steps.push({ at: '06:30', happens: () => deployment.cloud.setPin(wrong) });
  }
  if (change !== 'wrong PIN') {
    const at = change === 'wrong PIN at first' ? corrected : '06:20';
    steps.push({ at, happens: () => deployment.cloud.setPin(deployment.app().pin) });
  }
  if (killed !== 'never') steps.push({ at: killed, happens: () => kill(deployment) });
  if (adopts !== 'nothing') steps.push({ at: '08:10', happens: () => adoptToken(run, adopts) });
  if (probes) {
    const happens = async (): Promise<void> => {
      recorder.recordAct('probe');
      await deployment.refresh({ kind: 'operator', probe: true });
    };
    steps.push({ at: '06:40', happens });
  }
  return steps;
}

async function kill({ cloud, fyers }: Deployment): Promise<void> {
  const stored = await cloud.parameter('FYERS_ACCESS_TOKEN');
  if (stored !== null) fyers.state.revoked.add(stored.value);
}

async function adoptToken(
  { deployment, recorder }: Run,
  adopts: DayFaults['adopts'],
): Promise<void> {
  const now = deployment.clock.now();
  const issued: Instant = adopts === 'expired' ? plus(now, -DAY) : now;
  const owner = adopts === 'foreign' ? OTHER_ACCOUNT : deployment.app().fyId;
  const accessToken = adopts === 'junk' ? 'a.b.c' : deployment.token('access_token', issued, owner);
  const outcome = await deployment.adopt({ accessToken, refreshToken: null });
  if ('failure' in outcome) recorder.recordFailure(outcome.failure);
}

/** If there is no mail yet, the person requests one on the bookmarked page. */
function loginStep({ deployment, recorder }: Run, { at, who }: Login): Step {
  return {
    at,
    async happens() {
      if (linkIn(recorder.mail()) === null) {
        await deployment.visit('/');
        await deployment.visit('/ask', 'POST');
        await recorder.observe();
      }
      await logIn(deployment, recorder.mail(), who);
    },
  };
}
