// Parameters and the PIN secret, and who is the authority for each: config for the app, the PIN and Telegram, the keeper
// for tokens, chance for the keys.
import { randomBytes } from 'node:crypto';
import * as aws from '@pulumi/aws';
import * as pulumi from '@pulumi/pulumi';
import {
  DEFAULT_KEY_ID,
  type Names,
  PLACEHOLDER,
  type ParameterName,
} from '../../core/config/names.ts';

export interface CredentialsArgs {
  readonly names: Names;
  readonly app: {
    readonly clientId: pulumi.Output<string>;
    readonly secretKey: pulumi.Output<string>;
  } | null;
  readonly pin: pulumi.Output<string> | null;
  readonly telegram: pulumi.Output<string> | null;
  readonly accessToken: pulumi.Output<string> | null;
  readonly refreshToken: pulumi.Output<string> | null;
  /** True: a key of this stack encrypts them; false: the account's default keys. */
  readonly customerKey: boolean;
}

/** Long enough to see that something still needs the key; until then the deletion can be called off. */
const KEY_DELETION_DAYS = 30;
/** As long as the digests that are made with it. */
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
   * Its policy is AWS's own for a new key, which leaves the account's IAM to decide. That is the difference to the
   * default keys: nobody decrypts by reading alone, each needs a grant on this key.
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
    // Made once, then the keeper's alone. Ignoring only the value is not enough: the provider sends the value of its
    // state again with any other change, which would put an old token over today's. `overwrite` stays unset, so that
    // parameters that somebody else made stop the deploy instead of being lost.
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
   * Each run draws others, which are ignored once there is one (docs/decisions/0011). Only the value is ignored: nobody else
   * writes it, so the state's is the live one, and it moves under another key with its parameter.
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
        // A window would keep the name taken, and `pulumi up` after `pulumi destroy` would fail.
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

  /** Key and tier are both named, so that no account setting decides. */
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
