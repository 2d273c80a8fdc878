// The settings of this run, or one message with all that is wrong.
import * as pulumi from '@pulumi/pulumi';
import { type Settings, readSettings } from './config.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * @param root the project's folder
 * @throws RunError, which Pulumi prints without a stack
 */
export function settingsOrStop(environment: Environment, root: string): Settings {
  const result = readSettings({
    config: projectConfig(),
    secretKeys: secretKeys(environment),
    environment,
    root,
  });
  if (result.ok) return result.settings;
  const count = result.problems.length;
  throw new pulumi.RunError(
    [
      `${String(count)} ${count === 1 ? 'problem' : 'problems'} in the configuration; nothing was changed.`,
      ...result.problems.map((problem) => `  - ${problem}`),
    ].join('\n'),
  );
}

/** Without the namespace. Other namespaces, such as `aws:`, are other people's. */
function projectConfig(): Readonly<Record<string, string>> {
  return withoutNamespace(pulumi.runtime.allConfig());
}

function withoutNamespace(config: Readonly<Record<string, string>>) {
  const namespace = `${pulumi.getProject()}:`;
  return Object.fromEntries(
    Object.entries(config)
      .filter(([key]) => key.startsWith(namespace))
      .map(([key, value]) => [key.slice(namespace.length), value]),
  );
}

/** Pulumi's language host names the encrypted keys in this variable; the SDK has no public call for it. */
function secretKeys(environment: Environment): readonly string[] | null {
  const listed = environment['PULUMI_CONFIG_SECRET_KEYS'];
  if (listed === undefined || listed === '') return null;
  const keys: unknown = JSON.parse(listed);
  const names = Array.isArray(keys) ? keys.map(String) : [];
  return Object.keys(withoutNamespace(Object.fromEntries(names.map((name) => [name, '']))));
}
