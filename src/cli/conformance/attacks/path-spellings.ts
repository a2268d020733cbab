/** Ways to write `/api/external/v1/admin/users` that some server, proxy or framework takes for it. */
export const ADMIN_SPELLINGS: readonly string[] = [
  '/api/external/v1/admin/users',
  '/api/external/v1/admin/users/',
  '/api/external/v1/admin/users?x=1',
  '/api/external/v1/admin/users?/../../x',
  '/api/external/v1//admin/users',
  '//api/external/v1/admin/users',
  '/api//external/v1/admin//users',
  '/api/external/v1/admin//users',
  '///api///external///v1///admin///users',
  '/api/external/v1/./admin/users',
  '/./api/external/v1/admin/users',
  '/api/external/v1/admin/./users',
  '/api/external/v1/x/../admin/users',
  '/api/external/v1/x/y/../../admin/users',
  '/x/../api/external/v1/admin/users',
  '/../api/external/v1/admin/users',
  '/api/external/v1/admin/x/../users',
  '/api/external/v1/%2e/admin/users',
  '/api/external/v1/x/%2e%2e/admin/users',
  '/api/external/v1/x/.%2e/admin/users',
  '/api/external/v1/x/%2E./admin/users',
  '/api/external/v1/x/%252e%252e/admin/users',
  '/api/external/v1/x/..%2fadmin/users',
  '/api/external/v1/x/..%5cadmin/users',
  '/api/external/v1/x%2f..%2fadmin/users',
  '/api/external/v1%2fadmin/users',
  '/api/external/v1%2Fadmin%2Fusers',
  '/api/external/v1/admin%2fusers',
  '/api/external/v1%252fadmin/users',
  '/api%2fexternal%2fv1%2fadmin%2fusers',
  '/api/external/v1%5cadmin/users',
  '/api/external/v1%5Cadmin%5Cusers',
  '/api/external/v1\\admin/users',
  '/api/external/v1\\admin\\users',
  '\\api\\external\\v1\\admin\\users',
  '/api/external/v1/x\\..\\admin/users',
  '/api/external/v1/x/..;/admin/users',
  '/api/external/v1/;/admin/users',
  '/api/external/v1;x=1/admin/users',
  '/api/external/v1/admin;x=1/users',
  '/api/external/v1/admin;/users',
  '/api/external/v1/admin%3b/users',
  '/api/external/v1/.;/admin/users',
  '/api/external/v1/%61dmin/users',
  '/api/external/v1/%61%64%6d%69%6e/users',
  '/api/external/v1/adm%69n/users',
  '/%61pi/external/v1/admin/users',
  '/api/external/v%31/admin/users',
  '/api/external/v1/%2561dmin/users',
  '/api/external/v1/admin%00/users',
  '/api/external/v1/%00/admin/users',
  '/api/external/v1/x%00/../admin/users',
  '/api/external/v1/admin%0a/users',
  '/api/external/v1/admin%0d%0a/users',
  '/api/external/v1/%09/admin/users',
  '/api/external/v1/admin%09/users',
  '/api/external/v1/admin%20/users',
  '/api/external/v1/%20admin/users',
  '/api/external/v1%c0%afadmin/users',
  '/api/external/v1/x/%c0%ae%c0%ae/admin/users',
  '/api/external/v1%e0%80%afadmin/users',
  '/api/external/v1/%u002e%u002e/admin/users',
  '/api/external/v1/admin#/users',
  '/api/external/v1/x#/../admin/users',
  '/api/external/v1/admin%23/users',
  '/api/external/v1/admin%3f/users',
  '/api/external/v1/x?/../admin/users',
  'http://api.trackyard.com/api/external/v1/admin/users',
  'http://elsewhere.example/api/external/v1/admin/users',
  'api/external/v1/admin/users',
  '/api/external/v1/admin/users%',
  '/api/external/v1/%zz/../admin/users',
  '/api/external/v1/admin/users\u0001',
];

/**
 * Where an obliging reader ends up: query and fragment cut, parameters dropped, escapes decoded once as any server does (whoever does it
 * twice reads other paths than he was sent), backslashes taken for slashes, control characters dropped, dot segments climbed, empty
 * segments skipped.
 */
export function readObligingly(target: string): string {
  const path = target
    .replace(/^[a-z]+:\/\/[^/]*/i, '')
    .replace(/[?#].*$/, '')
    .replaceAll(/;[^/\\]*/g, '');
  const segments: string[] = [];
  for (const part of decodeOnce(path).replaceAll('\\', '/').split('/')) {
    const segment = part.replaceAll(/\p{Cc}/gu, '');
    if (segment === '..') segments.pop();
    else if (segment !== '' && segment !== '.') segments.push(segment);
  }
  return `/${segments.join('/')}`;
}

function decodeOnce(path: string): string {
  return path
    .replaceAll(/%u00([\da-f]{2})/gi, '%$1')
    .replaceAll(/%c0%([ab])([ef])/gi, (_, high: string, low: string) => fromOverlong(high + low))
    .replaceAll(/%e0%80%af/gi, '/')
    .replaceAll(/%([\da-f]{2})/gi, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)));
}

function fromOverlong(digits: string): string {
  return String.fromCharCode(Number.parseInt(digits, 16) & 0x7f);
}
