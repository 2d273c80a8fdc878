// What a permission on a parameter or secret also needs of the operator's own key.
import type { Input } from '@pulumi/pulumi';
import { REGION } from '../core/names.ts';
import type { Permission } from './policies.ts';

/** What each service binds a ciphertext to (KMS Developer Guide, "Encryption context"). */
const CONTEXT_KEYS = {
  ssm: 'kms:EncryptionContext:PARAMETER_ARN',
  secretsmanager: 'kms:EncryptionContext:SecretARN',
} as const;

/** A service that uses the key on behalf of who asks it. */
export type KeyUser = keyof typeof CONTEXT_KEYS;

/**
 * A parameter of the standard tier is encrypted under the key itself: GenerateDataKey is for the advanced tier, and for
 * whoever writes a secret, which is the operator.
 */
const NEEDS = [
  { action: 'ssm:GetParameter', service: 'ssm', needs: 'kms:Decrypt' },
  { action: 'ssm:PutParameter', service: 'ssm', needs: 'kms:Encrypt' },
  { action: 'secretsmanager:GetSecretValue', service: 'secretsmanager', needs: 'kms:Decrypt' },
] as const;

/** The rows that go with one of the table, so that neither is forgotten. */
export function onTheKey({ actor, effect, actions, on }: Permission): readonly Permission[] {
  if (effect === 'Deny' || 'allBut' in on) return [];
  // Claims hold nothing secret and are not encrypted.
  const encrypted = on.filter((target) => target !== 'claims');
  return NEEDS.filter(({ action }) => actions.includes(action)).map(({ service, needs }) => ({
    actor,
    effect,
    actions: [needs],
    on: ['key'],
    through: { service, of: encrypted },
  }));
}

/** Only where the service asks, and only for what is encrypted of these addresses. */
export function keyCondition(
  through: Permission['through'],
  encrypted: readonly Input<string>[],
): Readonly<Record<string, Readonly<Record<string, string | Input<string>[]>>>> | undefined {
  if (through === undefined) return undefined;
  return {
    StringEquals: {
      'kms:ViaService': `${through.service}.${REGION}.amazonaws.com`,
      [CONTEXT_KEYS[through.service]]: [...encrypted],
    },
  };
}
