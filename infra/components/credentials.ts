// Creates parameters and the PIN secret. Each value has one owner: the configuration for the app, the PIN and
// Telegram; the keeper for tokens; random generation for the keys.
import { randomBytes } from 'node:crypto';
import * as aws from '@pulumi/aws';
import * as pulumi from '@pulumi/pulumi';
import {
  DEFAULT_KEY_ID,
  type Names,
  type ParameterName,
  PLACEHOLDER,
} from '../../core/config/names.ts';
import type { Reader } from '../../core/config/program-values.ts';
import { type Arns, policyFor } from '../iam/policies.ts';

interface CredentialsArgs {
  readonly names: Names;
  readonly app: {
    readonly clientId: pulumi.Output<string>;
    readonly secretKey: pulumi.Output<string>;
  } | null;
  readonly pin: pulumi.Output<string> | null;
  readonly telegram: pulumi.Output<string> | null;
  readonly accessToken: pulumi.Output<string> | null;
  readonly refreshToken: pulumi.Output<string> | null;
  /** True: encrypt with a key of this stack; false: with the account's default keys. */
  readonly customerKey: boolean;
}

/** Long enough to notice that something still needs the key; until then the deletion can be cancelled. */
const KEY_DELETION_DAYS = 30;
/** Same length as the digests that are made with the key. */
const KEY_BYTES = 32;

export class Credentials extends pulumi.ComponentResource {
  readonly parameterNames: pulumi.Output<string[]>;
  /** Null without a PIN. */
  readonly pinArn: pulumi.Output<string> | null;
  /** Null without a key of this stack. */
  readonly keyArn: pulumi.Output<string> | null;
  /** For resources that need every parameter to exist. */
  readonly parameters: readonly aws.ssm.Parameter[];

  constructor(name: string, args: CredentialsArgs, opts: pulumi.ComponentResourceOptions) {
    super('fyers:index:Credentials', name, {}, opts);
    this.keyArn = this.#key(args);
    this.parameters = [
      ...this.#app(args),
      ...this.#telegram(args),
      ...this.#tokens(args),
      ...this.#keys(args),
    ];
    this.pinArn = this.#pin(args);
    this.parameterNames = pulumi.all(this.parameters.map((parameter) => parameter.name));
    this.registerOutputs({ parameterNames: this.parameterNames });
  }

  /**
   * Uses AWS's default policy for a new key, which delegates to the account's IAM. Unlike the default keys, read
   * access alone does not permit decryption: each reader needs a grant on this key.
   */
  #key({ customerKey, names }: CredentialsArgs): pulumi.Output<string> | null {
    if (!customerKey) return null;
    const key = new aws.kms.Key(
      'fyers',
      {
        description: 'Parameters and PIN of the Fyers keeper',
        enableKeyRotation: true,
        deletionWindowInDays: KEY_DELETION_DAYS,
      },
      { parent: this },
    );
    new aws.kms.Alias('fyers', { name: names.keyAlias, targetKeyId: key.keyId }, { parent: this });
    return key.arn;
  }

  #app({ app, names }: CredentialsArgs): readonly aws.ssm.Parameter[] {
    if (app === null) return [];
    const options = { parent: this };
    return [
      new aws.ssm.Parameter(
        'client-id',
        this.#secure(names, 'FYERS_CLIENT_ID', app.clientId, 'App id; set by pulumi up'),
        options,
      ),
      new aws.ssm.Parameter(
        'secret-key',
        this.#secure(names, 'FYERS_SECRET_KEY', app.secretKey, 'App secret; set by pulumi up'),
        options,
      ),
    ];
  }

  #telegram({ telegram, names }: CredentialsArgs): readonly aws.ssm.Parameter[] {
    if (telegram === null) return [];
    return [
      new aws.ssm.Parameter(
        'telegram',
        this.#secure(names, 'FYERS_TELEGRAM', telegram, 'Telegram bot and chat; set by pulumi up'),
        { parent: this },
      ),
    ];
  }

  #tokens({ accessToken, refreshToken, names }: CredentialsArgs): readonly aws.ssm.Parameter[] {
    // Created once, then written by the keeper only. Ignoring only `value` is not enough: the provider sends the
    // value of its state again with any other change, which would replace today's token with an old one. `overwrite`
    // stays unset, so that parameters created by others stop the deploy instead of being lost.
    const options = { parent: this, ignoreChanges: ['*'] };
    const placeholder = pulumi.secret(PLACEHOLDER);
    return [
      new aws.ssm.Parameter(
        'access-token',
        this.#secure(
          names,
          'FYERS_ACCESS_TOKEN',
          accessToken ?? placeholder,
          'Access token; published by the keeper',
        ),
        options,
      ),
      new aws.ssm.Parameter(
        'refresh-token',
        this.#secure(
          names,
          'FYERS_REFRESH_TOKEN',
          refreshToken ?? placeholder,
          'Refresh token; published by the keeper',
        ),
        options,
      ),
    ];
  }

  /**
   * Each run generates new values, which are ignored once a key exists (docs/decisions/0011). Only the value is
   * ignored: no other program writes it, so the state has the live value, which is re-encrypted if the parameter's
   * KMS key changes.
   */
  #keys({ names }: CredentialsArgs): readonly aws.ssm.Parameter[] {
    const options = { parent: this, ignoreChanges: ['value'] };
    const drawn = () => pulumi.secret(randomBytes(KEY_BYTES).toString('hex'));
    return [
      new aws.ssm.Parameter(
        'link-key',
        this.#secure(names, 'FYERS_LINK_KEY', drawn(), 'Signs login links; made by pulumi up'),
        options,
      ),
      new aws.ssm.Parameter(
        'pin-key',
        this.#secure(names, 'FYERS_PIN_KEY', drawn(), 'Fingerprints the PIN; made by pulumi up'),
        options,
      ),
    ];
  }

  #pin({ pin, names }: CredentialsArgs): pulumi.Output<string> | null {
    if (pin === null) return null;
    const secret = new aws.secretsmanager.Secret(
      'pin',
      {
        name: names.pinSecret,
        description: 'PIN of the Fyers account; set by pulumi up',
        ...(this.keyArn === null ? {} : { kmsKeyId: this.keyArn }),
        // A recovery window would reserve the name, and `pulumi up` after `pulumi destroy` would fail.
        recoveryWindowInDays: 0,
      },
      { parent: this },
    );
    new aws.secretsmanager.SecretVersion(
      'pin',
      { secretId: secret.id, secretString: pin },
      { parent: this },
    );
    return secret.arn;
  }

  /** Sets key and tier explicitly, so that account settings do not matter. */
  #secure(
    names: Names,
    name: ParameterName,
    value: pulumi.Output<string>,
    description: string,
  ): aws.ssm.ParameterArgs {
    return {
      name: names.parameter(name),
      type: aws.ssm.ParameterType.SecureString,
      tier: 'Standard',
      keyId: this.keyArn ?? DEFAULT_KEY_ID,
      description,
      value,
    };
  }
}

// Lets other bots of the operator read the access token: roles and users that the program does not create.

interface ReadersArgs {
  readonly accountId: pulumi.Output<string>;
  readonly arns: Arns;
  readonly readers: readonly Reader[];
}

/**
 * Adds an inline policy to each: a standard-tier parameter has no resource policy, so the grant must be on the
 * reader. It is deleted with the stack.
 */
export class Readers extends pulumi.ComponentResource {
  constructor(name: string, args: ReadersArgs, opts: pulumi.ComponentResourceOptions) {
    super('fyers:index:Readers', name, {}, opts);
    for (const reader of args.readers) {
      const policy = policyFor('reader', args.arns);
      const who = args.accountId.apply((accountId) => nameInThisAccount(reader, accountId));
      const logical = `fyers-reader-${reader.kind}-${reader.name}`;
      if (reader.kind === 'role') {
        new aws.iam.RolePolicy(logical, { role: who, policy }, { parent: this });
      } else {
        new aws.iam.UserPolicy(logical, { user: who, policy }, { parent: this });
      }
    }
    this.registerOutputs({});
  }
}

/** IAM takes a name only, and another account may have the same name. @throws RunError */
function nameInThisAccount({ kind, name, accountId }: Reader, here: string): string {
  if (accountId === here) return name;
  throw new pulumi.RunError(
    `readers names the ${kind} ${name} of the account ${accountId}, and this stack is in ${here}. Run \`pulumi config set readers VALUE\`.`,
  );
}
