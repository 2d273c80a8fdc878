import { beforeAll, describe, expect, test } from 'vitest';
import { type Graph, allOf, graphOf, one, problemsOf } from '../support/graph.ts';
import { ACCESS_TOKEN, APP_ID, APP_ONLY, WHOLE } from '../support/stack-configs.ts';

let whole: Graph;
beforeAll(async () => {
  whole = await graphOf({ ...WHOLE, config: { ...WHOLE.config, email: 'a@example.com' } });
});

const typesIn = (graph: Graph) => new Set(graph.resources.map(({ type }) => type));

describe('The program', () => {
  test('without an app registers only resources that need none, and prints how to register one', async () => {
    const graph = await graphOf({});
    const needsApp = /^aws:ec2\/|^aws:iam\/instanceProfile:|^aws:lambda\/invocation:|:Stash$/;
    const found = (of: Graph) => [...typesIn(of)].filter((type) => needsApp.test(type));
    expect(found(whole)).not.toEqual([]);
    expect(found(graph)).toEqual([]);
    const states = allOf(graph, 'aws:scheduler/schedule:Schedule').map(
      ({ inputs }) => inputs['state'],
    );
    expect(new Set(states)).toEqual(new Set(['DISABLED']));
    expect(graph.outputs['schedule']).toBe('off until there is an app');
    expect(graph.outputs['nextStep']).toMatch(
      /^Register an app at https:\S+ with the redirect URL https:\/\/login-1234567\.mock\/ .* FYERS_REDIRECT_URI=loginUrl .* `npm run configure` and `pulumi up`\.$/,
    );
    expect(graph.outputs['instance']).toBe('none until there is an app');
  });

  test('without an app prints the operator’s own redirect URL if it is configured', async () => {
    const graph = await graphOf({ config: { redirectUri: 'http://127.0.0.1:8080/' } });
    expect(graph.outputs['nextStep']).toContain('the redirect URL http://127.0.0.1:8080/ ');
    expect(graph.outputs['nextStep']).toContain('FYERS_REDIRECT_URI=http://127.0.0.1:8080/ ');
  });

  test('with an app first asks for a channel, and adopts nothing without a token', async () => {
    const graph = await graphOf(APP_ONLY);
    expect(graph.outputs['nextStep']).toMatch(/^No one would get .*`pulumi config set email/);
    expect(typesIn(graph)).not.toContain('aws:lambda/invocation:Invocation');
  });

  test('with a channel and no token prints when the first link comes and how to log in now', async () => {
    const graph = await graphOf({ ...APP_ONLY, config: { email: 'a@example.com' } });
    expect(graph.outputs['nextStep']).toMatch(
      /^Confirm the subscription that AWS sent to a@example\.com.*\(07:00, 07:30, 08:15 IST\).*`\.\/fyers login --aws`\.$/,
    );
    expect(whole.outputs['nextStep']).toMatch(/^Confirm .*`\.\/fyers status`\.$/);
  });

  test('stores token files in their parameters without an app, and invokes nothing', async () => {
    const graph = await graphOf({ files: { 'access_token.txt': ACCESS_TOKEN } });
    expect(typesIn(graph)).not.toContain('aws:lambda/invocation:Invocation');
    expect(one(graph, 'aws:ssm/parameter:Parameter', 'access-token').inputs['value']).toBe(
      ACCESS_TOKEN,
    );
  });

  test('creates every resource in Mumbai with one provider, below a component', () => {
    expect(one(whole, 'pulumi:providers:aws').inputs).toMatchObject({
      region: 'ap-south-1',
      defaultTags: JSON.stringify({ tags: { project: 'fyers-token-refresh', stack: 'dev' } }),
    });
    const own = whole.resources.filter(({ type }) => type.startsWith('aws:'));
    expect(own.filter(({ provider }) => !provider.includes('::aws::'))).toEqual([]);
    expect(own.filter(({ parent }) => !parent.startsWith('fyers:index:'))).toEqual([]);
  });

  test('restricts the provider to the allowed accounts', async () => {
    const graph = await graphOf({ config: { allowedAccountIds: '123456789012' } });
    expect(one(graph, 'pulumi:providers:aws').inputs['allowedAccountIds']).toBe('["123456789012"]');
  });

  test('registers nothing if the configuration has problems, and reports them in one message', async () => {
    const { message, registered } = await problemsOf({
      config: { days: 'never', pin: '12' },
      files: { '.env': `FYERS_CLIENT_ID=${APP_ID}\n`, 'access_token.txt': 'broken' },
    });
    expect(message.split('\n')).toEqual([
      '5 problems in the configuration; nothing was changed.',
      expect.stringContaining('pin is unencrypted'),
      expect.stringContaining('access_token.txt is one word of letters and digits'),
      expect.stringContaining('FYERS_SECRET_KEY is missing'),
      expect.stringContaining('pin in the Pulumi configuration must be exactly four digits'),
      expect.stringContaining('days in the Pulumi configuration must be trading or all'),
    ]);
    expect(registered).toBe(0);
  });
});

describe('Names', () => {
  const namesIn = (graph: Graph) =>
    graph.resources
      .filter(({ type }) =>
        /parameter:|secret:|function:|schedule:|logGroup:|metricAlarm:|budget:/.test(type),
      )
      .map(({ inputs }) => inputs['name'])
      .toSorted();

  test('all have the suffix of a second stack, which the runtime also gets', async () => {
    const paper = await graphOf({ ...WHOLE, config: { ...WHOLE.config, suffix: 'paper' } });
    const first = new Set(namesIn(whole));
    expect(namesIn(paper).filter((name) => first.has(name))).toEqual([]);
    expect(namesIn(paper)).toHaveLength(first.size);
    for (const { inputs } of allOf(paper, 'aws:lambda/function:Function')) {
      expect(inputs['environment']).toMatchObject({ variables: { FYERS_SUFFIX: 'paper' } });
    }
    expect(one(paper, 'aws:ec2/instance:Instance').inputs['userData']).toContain(
      '\nFYERS_SUFFIX=paper\n',
    );
    expect(JSON.stringify(paper.resources)).toContain('parameter/FYERS_TOKEN_STATE_PAPER');
  });

  test('are left to Pulumi for other types, so that two stacks never conflict', () => {
    const free = whole.resources.filter(({ type }) => /iam\/|bucket:|queue:|topic:/.test(type));
    expect(free.filter(({ inputs }) => 'name' in inputs || 'bucketPrefix' in inputs)).toEqual([]);
  });
});
