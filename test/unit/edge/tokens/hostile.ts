import { sign } from 'node:crypto';
import { TOKEN_CHARS_MAX } from '../../../../src/domain/token.ts';
import type { TokenFault } from '../../../../src/domain/token.ts';
import {
  ed25519,
  ed25519Other,
  ed448,
  hmacSigner,
  p256,
  p256Other,
  p384,
  p521,
  rsa,
  rsaOther,
  secp256k1,
  signerOf,
  toJwk,
  toPem,
} from './keys.ts';
import type { Signer } from './keys.ts';
import { mint, seal, toPart } from './mint.ts';
import type { Draft } from './mint.ts';
import {
  API_KEY,
  GOOD,
  KEY_ID,
  KINDS,
  NOW_S,
  OTHER_API_KEY,
  SESSION_ID,
  SESSION_KID,
  SESSION_KID_ES,
} from './world.ts';
import type { Kind } from './world.ts';

/** A token that must be refused, and for breaking which rule. */
export interface Hostile {
  readonly name: string;
  readonly token: string;
  readonly fault: TokenFault;
}

interface Change {
  readonly header?: Readonly<Record<string, unknown>>;
  readonly payload?: Readonly<Record<string, unknown>>;
  readonly sign?: Signer;
}

/** A good token with members set, or taken away by `undefined`. It is signed as it then stands, unless another signer is given. */
export function vary(kind: Kind, { header, payload, sign }: Change): string {
  const good: Draft = GOOD[kind];
  return mint({
    header: { ...(good.header as object), ...header },
    payload: { ...(good.payload as object), ...payload },
    sign: sign ?? good.sign,
  });
}

/** Every mutation of every kind of token. */
export function hostileTokens(): readonly Hostile[] {
  return [
    ...algorithms(),
    ...types(),
    ...refusedHeaders(),
    ...keyIds(),
    ...texts(),
    ...encodings(),
    ...times(),
    ...identities(),
    ...audiences(),
    ...issuers(),
    ...rights(),
    ...signatures(),
    ...confusions(),
  ];
}

/** The same mutations of every kind of token, each named after it. */
function each(make: (kind: Kind) => readonly Hostile[]): readonly Hostile[] {
  return KINDS.flatMap((kind) =>
    make(kind).map((hostile) => ({ ...hostile, name: `${kind}: ${hostile.name.replace(`${kind}: `, '')}` })),
  );
}

/** One member of header or payload under many values. */
function values(
  kind: Kind,
  part: 'header' | 'payload',
  name: string,
  cases: readonly (readonly [unknown, TokenFault])[],
): readonly Hostile[] {
  return cases.map(([value, fault]) => ({
    name: `${kind}: ${name} ${value === undefined ? 'absent' : JSON.stringify(value)}`,
    token: vary(kind, { [part]: { [name]: value } }),
    fault,
  }));
}

/** RFC 8725 §2.1, §3.1, §3.2: the algorithm comes from a list, never from the token. */
function algorithms(): readonly Hostile[] {
  const names = [
    ...[
      'none',
      'None',
      'NONE',
      'nOnE',
      '',
      ' ',
      'rs256',
      'hs256',
      'HS256 ',
      'HS256\u0000',
      'RS256/HS256',
      '*',
    ],
    ...['HS384', 'HS512', 'RS1', 'RS384', 'RS512', 'PS384', 'ES256K', 'Ed25519', 'Ed448', 'ML-DSA-44', 'X'],
    ...['dir', 'RSA-OAEP', 'RSA1_5', 'A128KW', 'ECDH-ES', 'PBES2-HS256+A128KW', '__proto__', 'constructor'],
  ];
  const odd = [undefined, null, 0, true, ['HS256'], ['RS256'], { alg: 'HS256' }];
  return each((kind) => [
    ...values(
      kind,
      'header',
      'alg',
      [...names, ...odd].map((alg) => [alg, 'token_algorithm'] as const),
    ),
    {
      name: 'alg none and no signature',
      token: `${toPart({ ...GOOD[kind].header, alg: 'none' })}.${toPart(GOOD[kind].payload)}.`,
      fault: 'token_malformed',
    },
  ]);
}

/** RFC 8725 §3.11: a token of another kind is none of ours. */
function types(): readonly Hostile[] {
  const never = [
    'logout+jwt',
    'dpop+jwt',
    'refresh+jwt',
    'secevent+jwt',
    'kb+jwt',
    'JWE',
    'JOSE',
    'JOSE+JSON',
    'jwt ',
  ];
  const odd = ['', 'application/', 5, null, ['JWT'], { typ: 'JWT' }];
  return [
    ...each((kind) =>
      values(
        kind,
        'header',
        'typ',
        [...never, ...odd].map((typ) => [typ, 'token_type'] as const),
      ),
    ),
    ...each((kind) => (kind === 'session' ? [] : values(kind, 'header', 'typ', [['at+jwt', 'token_type']]))),
    ...values('session', 'header', 'typ', [
      ['JWT', 'token_type'],
      [undefined, 'token_type'],
    ]),
  ];
}

/** RFC 7515 §4.1, RFC 7797, RFC 8725 §3.10: keys from the token, extensions, packing. */
function refusedHeaders(): readonly Hostile[] {
  const members: readonly (readonly [string, unknown])[] = [
    ['crit', ['exp']],
    ['crit', ['b64']],
    ['crit', []],
    ['crit', null],
    ['b64', false],
    ['b64', true],
    ['jku', 'https://issuer.example/keys'],
    ['jku', 'http://169.254.169.254/latest/meta-data'],
    ['x5u', 'file:///etc/passwd'],
    ['x5c', ['MIIB']],
    ['zip', 'DEF'],
    ['enc', 'A256GCM'],
  ];
  return each((kind) => [
    ...members.flatMap(([name, value]) => values(kind, 'header', name, [[value, 'token_header']])),
    {
      name: 'its own key in the header (CVE-2018-0114)',
      token: vary(kind, {
        header: { alg: 'RS256', jwk: toJwk(rsaOther, { kid: 'rsa' }) },
        sign: signerOf(rsaOther, 'RS256'),
      }),
      fault: 'token_header',
    },
    {
      name: 'a member that every object inherits, as a header of its own',
      token: mint({
        header: JSON.stringify({ ...GOOD[kind].header, crit: undefined }).replace(
          '{',
          '{"__proto__":{"x":1},"crit":["x"],',
        ),
        payload: GOOD[kind].payload,
        sign: GOOD[kind].sign,
      }),
      fault: 'token_header',
    },
  ]);
}

function keyIds(): readonly Hostile[] {
  const odd = [
    0,
    null,
    true,
    '',
    ['rsa'],
    { kid: 'rsa' },
    'a\nb',
    'a\u0000',
    '\u202ersa',
    '\ud800',
    'k'.repeat(257),
  ];
  const unknown = [
    'unknown',
    '../../../../dev/null',
    "' OR 1=1 --",
    '__proto__',
    'constructor',
    'rsa ',
    'RSA',
    '|id',
  ];
  return [
    ...each((kind) =>
      values(kind, 'header', 'kid', [
        ...odd.map((kid) => [kid, 'token_header'] as const),
        ...unknown.map((kid) => [kid, 'token_key'] as const),
      ]),
    ),
    ...values('session', 'header', 'kid', [
      [undefined, 'token_key'],
      ['rsa', 'token_key'],
      [SESSION_KID_ES, 'token_algorithm'],
    ]),
    ...values(
      'issuer',
      'header',
      'kid',
      ['p256', 'p384', 'p521', 'ed', SESSION_KID].map((kid) => [kid, 'token_key'] as const),
    ),
    ...values('key_signed', 'header', 'kid', [
      [`key_${'0e'.repeat(12)}`, 'token_key'],
      [KEY_ID.toUpperCase(), 'token_key'],
      [`${KEY_ID}0`, 'token_key'],
      ['acme', 'token_key'],
      [API_KEY, 'token_key'],
    ]),
    {
      name: 'key_signed: no kid, and sub names an account without keys',
      token: vary('key_signed', { header: { kid: undefined } }),
      fault: 'token_key',
    },
    {
      name: 'key_signed: no kid, and the only key of the account is shorter than 32 bytes',
      token: vary('key_signed', {
        header: { kid: undefined },
        payload: { sub: 'tiny' },
        sign: hmacSigner('one_short_secret_of_31_bytes_ab'),
      }),
      fault: 'token_key',
    },
  ];
}

/** RFC 8725 §2.6 and §3.7: what two readers could read differently. */
function texts(): readonly Hostile[] {
  return each((kind) => {
    const { header, payload, sign } = GOOD[kind];
    const head = JSON.stringify(header);
    const body = JSON.stringify(payload);
    const inside = (text: string, member: string): string => text.replace(/\}$/, `,${member}}`);
    const nest = (depth: number): string => `${'['.repeat(depth)}${']'.repeat(depth)}`;
    const members = Array.from({ length: 513 }, (_, index) => `"m${index}":0`).join(',');
    const headers: readonly (readonly [string, string])[] = [
      ['alg twice, the right one last', `{"alg":"none",${head.slice(1)}`],
      ['alg twice, the right one first', inside(head, '"alg":"none"')],
      ['alg twice, once escaped', inside(head, String.raw`"\u0061lg":"none"`)],
      ['kid twice', inside(head, '"kid":"rsa"')],
      ['a list', `[${head}]`],
      ['a text', JSON.stringify(head)],
      ['null', 'null'],
      ['with a byte order mark', `\ufeff${head}`],
      ['with something behind', `${head}{}`],
      ['cut', head.slice(0, -1)],
      ['in single quotes', head.replaceAll('"', "'")],
    ];
    const payloads: readonly (readonly [string, string])[] = [
      ['exp twice', inside(body, `"exp":${NOW_S + 10}`)],
      ['sub twice, once escaped', inside(body, String.raw`"s\u0075b":"admin"`)],
      ['sub twice, equal', inside(body, `"sub":${JSON.stringify(payload.sub)}`)],
      ['a member twice in an object within', inside(body, '"x":{"a":1,"a":1}')],
      ['a member twice in a list of objects', inside(body, '"x":[0,{"b":{"a":1,"\\u0061":2}}]')],
      ['a number too large', inside(body, '"x":1e999')],
      ['a number too small', inside(body, '"x":[-1e999]')],
      ['NaN', inside(body, '"x":NaN')],
      ['Infinity', inside(body, '"x":Infinity')],
      ['a leading zero', inside(body, '"x":01')],
      ['a comma too many', inside(body, '"x":[1,]')],
      ['a comment', inside(body, '"x":1/**/')],
      ['a control character in a text', inside(body, '"x":"\n"')],
      ['nested too deeply', inside(body, `"x":${nest(64)}`)],
      ['nested far too deeply', inside(body, `"x":${nest(4_000)}`)],
      ['too many members', inside(body, `"x":{${members}}`)],
      ['too many items', inside(body, `"x":[${'0,'.repeat(2_048)}0]`)],
      ['too many brackets', inside(body, `"x":[${'[],'.repeat(1_024)}0]`)],
      ['a list', `[${body}]`],
      ['a text', JSON.stringify(body)],
      ['a text that does not end', '{"sub":"user'],
      ['a text that ends in a backslash', '{"sub":"user\\'],
      ['a number', '1'],
      ['empty', ''],
      ['with a byte order mark', `\ufeff${body}`],
      ['with a NUL behind', `${body}\u0000`],
      ['two objects', body + body],
    ];
    return [
      ...headers.map(([name, text]) => ({
        name: `header ${name}`,
        token: mint({ header: text, payload, sign }),
      })),
      ...payloads.map(([name, text]) => ({
        name: `payload ${name}`,
        token: mint({ header, payload: text, sign }),
      })),
      ...bytes(kind),
    ].map((hostile): Hostile => ({ ...hostile, fault: 'token_malformed' }));
  });
}

/** Payloads that are no UTF-8 (RFC 7519 §7.2, RFC 3629). */
function bytes(kind: Kind): readonly { readonly name: string; readonly token: string }[] {
  const { header, payload, sign } = GOOD[kind];
  const text = JSON.stringify({ ...payload, x: 'MARK' });
  const withBytes = (...replacement: number[]): Buffer => {
    const [before = '', after = ''] = text.split('MARK');
    return Buffer.concat([Buffer.from(before), Buffer.from(replacement), Buffer.from(after)]);
  };
  const cases: readonly (readonly [string, Buffer])[] = [
    ['an overlong form', withBytes(0xc0, 0xaf)],
    ['a byte that never occurs', withBytes(0xff)],
    ['a byte that continues nothing', withBytes(0x80)],
    ['a cut sequence', withBytes(0xe2, 0x82)],
    ['a surrogate', withBytes(0xed, 0xa0, 0x80)],
    ['Latin-1', withBytes(0xe9)],
    ['beyond Unicode', withBytes(0xf4, 0x90, 0x80, 0x80)],
    ['UTF-16', Buffer.from(text, 'utf16le')],
  ];
  return cases.map(([name, payloadBytes]) => ({
    name: `payload in ${name}`,
    token: seal(toPart(header), toPart(payloadBytes), sign),
  }));
}

/** RFC 7515 §2 and §7: one spelling, three parts. */
function encodings(): readonly Hostile[] {
  return each((kind) => {
    const { header, payload, sign } = GOOD[kind];
    const good = mint(GOOD[kind]);
    const [head = '', body = '', signature = ''] = good.split('.');
    const put = (text: string, at: number, what: string): string => text.slice(0, at) + what + text.slice(at);
    // 59 bytes leave two bits over in base64: the same bytes, spelt otherwise.
    const loose = toPart(`${JSON.stringify(payload)}${' '.repeat(2)}`.padEnd(601));
    const tokens: readonly (readonly [string, string])[] = [
      ['empty', ''],
      ['one part', head],
      ['two parts', `${head}.${body}`],
      ['four parts', `${good}.${signature}`],
      ['five parts, as of a JWE', `${head}.${body}.${signature}.${body}.${signature}`],
      ['dots', '..'],
      ['no header', `.${body}.${signature}`],
      ['no payload', seal(head, '', sign)],
      ['no signature', `${head}.${body}.`],
      ['a dot before', `.${good}`],
      ['a dot behind', `${good}.`],
      ['a blank before', ` ${good}`],
      ['a blank behind', `${good} `],
      ['a line feed behind', `${good}\n`],
      ['a NUL behind', `${good}\u0000`],
      ['a blank inside', put(good, 5, ' ')],
      ['a line feed inside the payload', seal(head, put(body, 8, '\n'), sign)],
      ['a tab inside the signature', put(good, good.length - 4, '\t')],
      ['padding of the header', seal(`${head}=`, body, sign)],
      ['padding of the payload', seal(head, `${body}==`, sign)],
      ['padding of the signature', `${good}=`],
      [
        'the other alphabet',
        seal(
          head,
          toPart({ ...payload, x: '???>>>ÿÿÿ' })
            .replaceAll('_', '/')
            .replaceAll('-', '+'),
          sign,
        ),
      ],
      ['the other alphabet in the signature', `${head}.${body}.+/${signature.slice(2)}`],
      ['bits left over in the payload', seal(head, `${loose.slice(0, -1)}${nextLetter(loose)}`, sign)],
      [
        'a letter too many in the payload',
        seal(head, `${toPart(JSON.stringify(payload).padEnd(600))}A`, sign),
      ],
      ['percent escapes', good.replaceAll('.', '%2E')],
      ['another dot', good.replaceAll('.', '\u3002')],
      ['quotes', `"${good}"`],
      [
        'the general JSON form',
        JSON.stringify({ payload: body, signatures: [{ protected: head, signature }] }),
      ],
      ['the flattened JSON form', JSON.stringify({ payload: body, protected: head, signature })],
      ['base64 of the whole', toPart(good)],
      ['an unpacked header', `${JSON.stringify(header)}.${body}.${signature}`],
      ['longer than a token may be', vary(kind, { payload: { x: 'x'.repeat(TOKEN_CHARS_MAX) } })],
    ];
    return tokens.map(([name, token]): Hostile => ({ name, token, fault: 'token_malformed' }));
  });
}

/** The last letter of a part, with one of the bits set that stand for nothing. */
function nextLetter(part: string): string {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  return letters.charAt(letters.indexOf(part.slice(-1)) | 1);
}

/** RFC 7519 §4.1.4 to §4.1.6; RFC 8725 §3.8 asks for the values, not for their looks. */
function times(): readonly Hostile[] {
  const odd = [
    null,
    true,
    '',
    'soon',
    [NOW_S + 60],
    { s: NOW_S + 60 },
    -1,
    8_640_000_000_001,
    1e300,
    `${NOW_S + 60}`,
  ];
  return each((kind) => {
    const lifetime = kind === 'key_signed' ? 86_400 : kind === 'session' ? 600 : 3_600;
    return [
      ...values(kind, 'payload', 'exp', [
        ...[undefined, ...odd].map((exp) => [exp, 'token_claims'] as const),
        [0, 'token_lifetime'],
        [NOW_S - 5, 'token_expired'],
        [NOW_S - 30, 'token_expired'],
        [NOW_S * 1_000, 'token_lifetime'],
        [NOW_S - 61, 'token_lifetime'],
        [NOW_S - 60, 'token_lifetime'],
        [NOW_S - 60 + lifetime + 1, 'token_lifetime'],
        [NOW_S - 60 + lifetime + 0.001, 'token_lifetime'],
      ]),
      ...values(kind, 'payload', 'iat', [
        ...[undefined, ...odd].map((iat) => [iat, 'token_claims'] as const),
        [NOW_S + 6, 'token_not_yet_valid'],
        [0, 'token_lifetime'],
        [NOW_S * 1_000, 'token_lifetime'],
      ]),
      ...values(kind, 'payload', 'nbf', [
        ...odd.map((nbf) => [nbf, 'token_claims'] as const),
        [NOW_S + 5.001, 'token_not_yet_valid'],
        [NOW_S + 60, 'token_not_yet_valid'],
        [NOW_S * 1_000, 'token_not_yet_valid'],
      ]),
    ];
  });
}

function identities(): readonly Hostile[] {
  const odd = [
    ...[undefined, null, '', 0, true, ['user_1'], { sub: 'user_1' }, 'x'.repeat(256), 'é'.repeat(128)],
    ...[
      'a\u0000b',
      'a\nb',
      'a\r\nx-admin: 1',
      'a\u007f',
      'a\u0085',
      'a\u2028',
      '\u202eadmin',
      '\u2066a',
      '\ud800',
    ],
  ];
  return [
    ...each((kind) =>
      values(
        kind,
        'payload',
        'sub',
        odd.map((sub) => [sub, 'token_claims'] as const),
      ),
    ),
    ...['client_id', 'jti'].flatMap((name) =>
      values(
        'session',
        'payload',
        name,
        [undefined, null, '', 7, ['x'], 'a\nb'].map((value) => [value, 'token_claims'] as const),
      ),
    ),
    ...values(
      'session',
      'payload',
      'sid',
      [
        ...[
          undefined,
          null,
          '',
          1,
          [SESSION_ID],
          'ses_',
          SESSION_ID.toUpperCase(),
          `${SESSION_ID}0`,
          ` ${SESSION_ID}`,
        ],
        ...[SESSION_ID.slice(0, -1), `${SESSION_ID}\n`, KEY_ID, '__proto__'],
      ].map((sid) => [sid, 'token_claims'] as const),
    ),
  ];
}

function audiences(): readonly Hostile[] {
  const wrong = [
    ...[
      null,
      '',
      0,
      true,
      {},
      [],
      [''],
      ['https://other.example'],
      'https://other.example',
      [1],
      [['https://api.example']],
    ],
    ...[
      'https://api.example/',
      'https://api.example.evil',
      'HTTPS://API.EXAMPLE',
      ' https://api.example',
      '*',
    ],
    ...['https://api.example https://other.example', { 'https://api.example': 1 }],
  ];
  const mixed = [
    ['https://api.example', 1],
    ['https://api.example', null],
  ];
  return [
    ...values(
      'issuer',
      'payload',
      'aud',
      [undefined, ...wrong, ...mixed].map((aud) => [aud, 'token_audience'] as const),
    ),
    ...values(
      'session',
      'payload',
      'aud',
      [undefined, ...wrong, 'https://api.example'].map((aud) => [aud, 'token_audience'] as const),
    ),
    ...values(
      'key_signed',
      'payload',
      'aud',
      [0, {}, [1], true, null].map((aud) => [aud, 'token_audience'] as const),
    ),
    ...values(
      'issuer',
      'payload',
      'azp',
      [
        ...[
          undefined,
          null,
          '',
          0,
          {},
          ['https://app.example'],
          'https://evil.example',
          'https://app.example/',
        ],
        ...['https://APP.example', 'http://app.example', 'https://app.example.evil', 'null'],
      ].map((azp) => [azp, 'token_party'] as const),
    ),
  ];
}

/** RFC 8725 §3.8: the issuer is one exact text. */
function issuers(): readonly Hostile[] {
  const strangers = [
    ...[
      'https://issuer.example/',
      'https://ISSUER.example',
      'http://issuer.example',
      'https://issuer.example.evil',
      '',
    ],
    ...[' https://issuer.example', 'https://issuer.example\u0000', '__proto__', 'constructor', undefined],
  ];
  const odd = [
    null,
    0,
    true,
    ['https://issuer.example'],
    ['https://one.example'],
    {},
    { iss: 'https://issuer.example' },
  ];
  return [
    ...each((kind) =>
      values(
        kind,
        'payload',
        'iss',
        odd.map((iss) => [iss, 'token_issuer'] as const),
      ),
    ),
    // Whoever is no issuer and no session could only be a customer, who signs with HS256.
    ...values(
      'issuer',
      'payload',
      'iss',
      strangers.map((iss) => [iss, 'token_algorithm'] as const),
    ),
    ...values(
      'session',
      'payload',
      'iss',
      strangers.map((iss) => [iss, 'token_algorithm'] as const),
    ),
    ...values('session', 'payload', 'iss', [['https://issuer.example', 'token_type']]),
    ...values('issuer', 'payload', 'iss', [['https://one.example', 'token_algorithm']]),
    ...values('key_signed', 'payload', 'iss', [
      ['https://issuer.example', 'token_algorithm'],
      ['https://one.example', 'token_algorithm'],
    ]),
  ];
}

function rights(): readonly Hostile[] {
  return [
    ...values(
      'issuer',
      'payload',
      'org',
      [
        ...[
          undefined,
          null,
          '',
          0,
          ['acme'],
          { id: 'acme' },
          'a b',
          'a\nb',
          'a\r\nx-role: admin',
          'é',
          'x'.repeat(65),
        ],
      ].map((org) => [org, 'token_claims'] as const),
    ),
    ...values(
      'issuer',
      'payload',
      'scope',
      [0, true, {}, [1], [['things.read']]].map((scope) => [scope, 'token_claims'] as const),
    ),
    ...values(
      'issuer',
      'payload',
      'role',
      [0, true, {}, ['boss']].map((role) => [role, 'token_claims'] as const),
    ),
    ...values(
      'key_signed',
      'payload',
      'tier',
      [
        ...[
          null,
          0,
          1,
          '',
          'Free',
          'free ',
          'enterprise',
          ['free'],
          { tier: 'free' },
          '__proto__',
          'constructor',
          'toString',
        ],
      ].map((tier) => [tier, 'token_tier'] as const),
    ),
  ];
}

/** Signatures that are none. */
function signatures(): readonly Hostile[] {
  return each((kind) => {
    const { sign } = GOOD[kind];
    const signers: readonly (readonly [string, Signer])[] = [
      ['zeroes', (text) => Buffer.alloc(sign(text).length)],
      ['ones', (text) => Buffer.alloc(sign(text).length, 0xff)],
      ['one byte', () => Buffer.alloc(1)],
      ['cut by a byte', (text) => sign(text).subarray(0, -1)],
      ['cut by half', (text) => sign(text).subarray(0, sign(text).length / 2)],
      ['with a byte more', (text) => Buffer.concat([sign(text), Buffer.alloc(1)])],
      ['with a byte before', (text) => Buffer.concat([Buffer.alloc(1), sign(text)])],
      ['twice', (text) => Buffer.concat([sign(text), sign(text)])],
      ['of the header alone', (text) => sign(text.slice(0, text.indexOf('.')))],
      ['of the payload alone', (text) => sign(text.slice(text.indexOf('.') + 1))],
      ['of both parts without the dot', (text) => sign(text.replace('.', ''))],
      ['of another token', (text) => sign(`${text}A`)],
      ['in hexadecimal', (text) => Buffer.from(sign(text).toString('hex'))],
      ['one bit off', (text) => flipped(sign(text), 0)],
      ['one bit off at the end', (text) => flipped(sign(text), -1)],
    ];
    return [
      ...signers.map(([name, forged]): Hostile => ({
        name: `signature ${name}`,
        token: vary(kind, { sign: forged }),
        fault: 'token_signature',
      })),
      {
        name: 'payload changed under its signature',
        token: withPayloadOf(mint(GOOD[kind]), vary(kind, { payload: { jti: 'another' } })),
        fault: 'token_signature',
      },
    ];
  });
}

function flipped(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[at < 0 ? copy.length + at : at] = (bytes.at(at) ?? 0) ^ 1;
  return copy;
}

function withPayloadOf(token: string, other: string): string {
  const [head = '', , signature = ''] = token.split('.');
  return `${head}.${other.split('.')[1] ?? ''}.${signature}`;
}

/** A key of one kind used as another (RFC 8725 §2.1, §3.1; CVE-2015-9235, CVE-2022-21449, CVE-2026-39999). */
function confusions(): readonly Hostile[] {
  const publicSecrets: readonly (readonly [string, string | Uint8Array])[] = [
    ['PEM', toPem(rsa)],
    ['PEM without its last line feed', toPem(rsa).trimEnd()],
    ['PEM after a blank (CVE-2026-34950)', ` ${toPem(rsa)}`],
    ['DER', rsa.publicKey.export({ format: 'der', type: 'spki' })],
    ['PKCS #1', rsa.publicKey.export({ format: 'der', type: 'pkcs1' })],
    ['JWK', JSON.stringify(toJwk(rsa, { kid: 'rsa' }))],
    ['modulus', Buffer.from(toJwk(rsa).n ?? '', 'base64url')],
    ['name', 'rsa'],
    ['emptiness', ''],
  ];
  const hmacs = [
    ['HS256', 'sha256'],
    ['HS384', 'sha384'],
    ['HS512', 'sha512'],
  ] as const;
  const asSecret = publicSecrets.flatMap(([name, secret]) =>
    hmacs.flatMap(([alg, digest]) =>
      (['issuer', 'session'] as const).map((kind): Hostile => ({
        name: `${kind}: ${alg} under the public key as ${name}`,
        token: vary(kind, { header: { alg }, sign: hmacSigner(secret, digest) }),
        fault: 'token_algorithm',
      })),
    ),
  );
  const cases: readonly (readonly [string, Kind, Change, TokenFault])[] = [
    ['RS256 with the salt of PS256', 'issuer', { sign: signerOf(rsa, 'PS256') }, 'token_signature'],
    ['PS256 without its salt', 'issuer', { header: { alg: 'PS256' } }, 'token_signature'],
    ['RS256 over another digest', 'issuer', { sign: signerOf(rsa, 'RS512') }, 'token_signature'],
    ['RS256 by a stranger', 'issuer', { sign: signerOf(rsaOther, 'RS256') }, 'token_signature'],
    [
      'RS256 named, ES256 signed',
      'issuer',
      { header: { kid: 'p256' }, sign: signerOf(p256, 'ES256') },
      'token_key',
    ],
    ['ES256 by a stranger', 'issuer', es('p256', signerOf(p256Other, 'ES256')), 'token_signature'],
    ['ES256 in DER', 'issuer', es('p256', derSigner), 'token_signature'],
    ['ES256 of two zeroes', 'issuer', es('p256', () => Buffer.alloc(64)), 'token_signature'],
    [
      'ES256 of the order twice',
      'issuer',
      es('p256', () => Buffer.concat([P256_ORDER, P256_ORDER])),
      'token_signature',
    ],
    ['ES256 of zero and one', 'issuer', es('p256', () => Buffer.alloc(64).fill(1, 63)), 'token_signature'],
    ['ES256 on secp256k1', 'issuer', es('p256', p1363Signer), 'token_signature'],
    ['ES256 under a key of P-384', 'issuer', es('p384', signerOf(p384, 'ES384')), 'token_key'],
    [
      'ES384 under a key of P-256',
      'issuer',
      { header: { alg: 'ES384', kid: 'p256' }, sign: signerOf(p256, 'ES256') },
      'token_key',
    ],
    [
      'ES512 under a key of P-384',
      'issuer',
      { header: { alg: 'ES512', kid: 'p384' }, sign: signerOf(p384, 'ES384') },
      'token_key',
    ],
    ['ES256 signed by P-521', 'issuer', es('p256', signerOf(p521, 'ES512')), 'token_signature'],
    [
      'EdDSA under an EC key',
      'issuer',
      { header: { alg: 'EdDSA', kid: 'p256' }, sign: signerOf(p256, 'ES256') },
      'token_key',
    ],
    [
      'EdDSA by Ed448',
      'issuer',
      { header: { alg: 'EdDSA', kid: 'ed' }, sign: signerOf(ed448, 'EdDSA') },
      'token_signature',
    ],
    [
      'EdDSA by a stranger',
      'issuer',
      { header: { alg: 'EdDSA', kid: 'ed' }, sign: signerOf(ed25519Other, 'EdDSA') },
      'token_signature',
    ],
    [
      'EdDSA with the order added to S',
      'issuer',
      { header: { alg: 'EdDSA', kid: 'ed' }, sign: malleated },
      'token_signature',
    ],
    [
      'a session signed by an issuer outside',
      'session',
      { header: { alg: 'ES256', kid: SESSION_KID_ES }, sign: signerOf(p256, 'ES256') },
      'token_signature',
    ],
    [
      'a session of an issuer’s kid',
      'session',
      { header: { alg: 'ES256', kid: 'p256' }, sign: signerOf(p256, 'ES256') },
      'token_key',
    ],
    [
      'a session under RS256',
      'session',
      { header: { alg: 'RS256' }, sign: signerOf(rsa, 'RS256') },
      'token_algorithm',
    ],
    [
      'a session under an API key',
      'session',
      { header: { alg: 'HS256' }, sign: hmacSigner(API_KEY) },
      'token_algorithm',
    ],
    [
      'an issuer’s under an API key',
      'issuer',
      { header: { alg: 'HS256' }, sign: hmacSigner(API_KEY) },
      'token_algorithm',
    ],
    ['another API key', 'key_signed', { sign: hmacSigner(OTHER_API_KEY) }, 'token_signature'],
    ['no API key', 'key_signed', { sign: hmacSigner('') }, 'token_signature'],
    ['the key’s id', 'key_signed', { sign: hmacSigner(KEY_ID) }, 'token_signature'],
    [
      'the API key decoded as base64',
      'key_signed',
      { sign: hmacSigner(Buffer.from(API_KEY, 'base64')) },
      'token_signature',
    ],
    [
      'the API key in hexadecimal',
      'key_signed',
      { sign: hmacSigner(Buffer.from(API_KEY).toString('hex')) },
      'token_signature',
    ],
    ['the API key with a line feed', 'key_signed', { sign: hmacSigner(`${API_KEY}\n`) }, 'token_signature'],
    ['HMAC with another digest', 'key_signed', { sign: hmacSigner(API_KEY, 'sha512') }, 'token_signature'],
    [
      'HMAC cut to 16 bytes',
      'key_signed',
      { sign: (text) => hmacSigner(API_KEY)(text).subarray(0, 16) },
      'token_signature',
    ],
    [
      'asymmetric',
      'key_signed',
      { header: { alg: 'RS256' }, sign: signerOf(rsa, 'RS256') },
      'token_algorithm',
    ],
    [
      'a key of 31 bytes',
      'key_signed',
      { header: { kid: `key_${'0d'.repeat(12)}` }, sign: hmacSigner('one_short_secret_of_31_bytes_ab') },
      'token_key',
    ],
  ];
  return [
    ...asSecret,
    ...cases.map(([name, kind, change, fault]): Hostile => ({
      name: `${kind}: ${name}`,
      token: vary(kind, change),
      fault,
    })),
  ];
}

function es(kid: string, sign: Signer): Change {
  return { header: { alg: 'ES256', kid }, sign };
}

const P256_ORDER = Buffer.from('ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551', 'hex');
const ED25519_ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;

function derSigner(text: string): Buffer {
  return sign('sha256', Buffer.from(text), p256.privateKey);
}

function p1363Signer(text: string): Buffer {
  return sign('sha256', Buffer.from(text), { key: secp256k1.privateKey, dsaEncoding: 'ieee-p1363' });
}

/** RFC 8032 §8.4: S is not reduced, and without a check verifies as well. */
function malleated(text: string): Buffer {
  const signature = signerOf(ed25519, 'EdDSA')(text);
  const s = BigInt(`0x${Buffer.from(signature.subarray(32).toReversed()).toString('hex')}`) + ED25519_ORDER;
  const bytes = Buffer.from(s.toString(16).padStart(64, '0'), 'hex').toReversed();
  return Buffer.concat([signature.subarray(0, 32), bytes]);
}
