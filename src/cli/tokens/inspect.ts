import type { Command } from 'commander';
import type { TokenInspection } from '../../app.ts';
import { TOKEN_CHARS_MAX } from '../../domain/token.ts';
import type { TokenFault } from '../../domain/token.ts';
import { CommandFailed, UsageError } from '../failure.ts';
import { readSecret } from '../secret.ts';
import { createRun, examples } from '../run.ts';
import type { CliWorld } from '../world.ts';

const TOKEN = {
  name: 'token',
  example: 'tokens inspect --api clary < token.txt',
  charactersMax: TOKEN_CHARS_MAX,
};

/** What each rule asks, for whoever wonders why a token is refused. */
const RULES: Readonly<Record<TokenFault, string>> = {
  token_malformed:
    'it is not three parts of base64url with dots between them and without padding, the first two JSON objects in UTF-8 that name no member twice',
  token_header:
    'its header asks for what is never done (crit, b64, jku, jwk, x5u, x5c, zip, enc), or its kid is no clean text',
  token_algorithm: 'its alg is not one of those that are allowed for it',
  token_type: 'its typ, or what else its header says it is, is of another kind of token',
  token_issuer: 'its iss is no issuer that this API knows',
  token_key: 'no key, or more than one, answers to its kid and alg',
  token_signature: 'its signature is not of its key',
  token_claims:
    'a required claim is missing or not of the form that it must have: exp, iat, sub, the account, or one that is of the wrong type',
  token_expired: 'its exp has passed, leeway included',
  token_not_yet_valid: 'its nbf or iat lies in the future, leeway included',
  token_lifetime: 'from its iat to its exp is longer than it may live, or nothing',
  token_audience: 'its aud names none of the audiences that are asked',
  token_party: 'its azp is none of the parties that are allowed',
  token_tier: 'its tier is none of this API',
};

const KINDS: Readonly<Record<NonNullable<TokenInspection['kind']>, string>> = {
  issuer: 'of the issuer',
  session: 'of a session of this API',
  key_signed: 'signed with an API key',
};

interface Flags {
  readonly api: string;
  readonly fetch?: true;
}

export function addTokensInspect(tokens: Command, world: CliWorld): void {
  tokens
    .command('inspect')
    .description('Read a token from stdin and say what it claims and which rule refuses it.')
    .requiredOption('--api <name>', 'the API at which it would be presented')
    .option('--fetch', "fetch the issuer's key set; without it nothing leaves this machine")
    .addHelpText(
      'after',
      examples('tokens inspect --api clary < token.txt', 'tokens inspect --api truedy --fetch < token.txt'),
    )
    // Commander's own refusal repeats what was given, which here may be a token.
    .allowExcessArguments()
    .action(async ({ api, fetch }: Flags, command: Command) => {
      if (command.args.length > 0) {
        throw new UsageError(
          'a token is read from stdin, never from an argument, which every process can read',
        );
      }
      const run = createRun(world, command);
      const token = await readSecret(world, 'Token (not shown): ', TOKEN);
      const network = fetch === true ? 'key_sets' : 'never';
      const inspection = await world.program.inspectToken(run.place, { api, token, network });
      await run.show({ value: { ...inspection, rule: toRule(inspection) }, text: toText(inspection) });
      if (inspection.verdict === 'refused') throw new CommandFailed('a check refuses this token');
    });
}

function toText(inspection: TokenInspection): string {
  const { kind, issuer, header, claims } = inspection;
  const lines = [
    ...(kind === null ? [] : [`token    ${KINDS[kind]}${issuer === null ? '' : ` ${issuer}`}`]),
    ...(header === null ? [] : [`header   ${JSON.stringify(header)}`]),
    ...(claims === null ? [] : [`claims   ${JSON.stringify(claims)}`]),
    `verdict  ${toRule(inspection)}`,
  ];
  return `${lines.join('\n')}\n`;
}

function toRule({ verdict, fault, kind }: TokenInspection): string {
  if (fault !== null) return `refused, ${fault}: ${RULES[fault]}`;
  if (verdict === 'believed') return 'believed: whether its account still stands is asked at every check';
  return kind === 'issuer'
    ? "it breaks no other rule, but its signature is not verified: the issuer's key set is not here (--fetch fetches it)"
    : 'it breaks no other rule, but its signature is not verified: a running server has the key, not this command';
}
