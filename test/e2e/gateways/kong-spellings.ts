/** Ways to spell a path so that one server could read another path than the next. */
export const PATH_SPELLINGS: readonly string[] = [
  // Dot segments, plain and escaped, whole and in halves.
  ...['/a/../b', '/a/./b', '/./b', '/../b', '/a/..', '/a/.', '/..', '/.', '/a/../../b', '/a/b/../../c'],
  ...['/a/%2e%2e/b', '/a/%2E%2E/b', '/a/.%2e/b', '/a/%2e./b', '/a/%2e/b', '/%2e%2e/b', '/a/%2e%2e', '/a/%2e'],
  ...[
    '/a/%252e%252e/b',
    '/a/%25252e/b',
    '/a/%c0%ae%c0%ae/b',
    '/a/%e0%80%ae%e0%80%ae/b',
    '/a/...',
    '/a/.../b',
  ],
  // Dot segments with something about them.
  ...['/a/..;/b', '/a/..;x=1/b', '/a/.;/b', '/a;/../b', '/a/..%3b/b', '/a/..%00/b', '/a/..%20/b', '/a/..+/b'],
  ...['/a/..%0d%0a/b', '/a/%20../b', '/a/..%09/b', '/a/..?/b', '/a/..%3f/b', '/a/..%23/b'],
  // Slashes, forwards and backwards, single and double, plain and escaped.
  ...[
    '//b',
    '///b',
    '/a//b',
    '/a///b',
    '/a/b//',
    '//a/../b',
    '/a/..//b',
    '/a//../b',
    '/%2fb',
    '/a%2fb',
    '/a%2Fb',
  ],
  ...['/a%252fb', '/a%2f..%2fb', '/..%2fb', '/a/..%2fb', '/a%2f%2e%2e%2fb', '/%2f%2fb', '/a/%2f/b'],
  ...['/\\b', '/a\\b', '/a\\..\\b', '/a/..\\b', '/a%5cb', '/a%5Cb', '/a/%5c../b', '/..%5cb', '/a%255cb'],
  ...['/a%c0%afb', '/a%c1%9cb', '/a%e2%88%95b', '/a%ef%bc%8fb', '/a%u002fb'],
  // Parameters, ends, and characters that end a path for some.
  ...[
    '/a;b',
    '/a;v=1/b',
    '/;/b',
    '/a/;/b',
    '/a%3bb',
    '/a%00b',
    '/a%00/../b',
    '/a%0ab',
    '/a%0d%0ab',
    '/a%7fb',
  ],
  ...['/a?b', '/a%3fb', '/a?/../b', '/a%23b', '/a#b', '/a%20b', '/a%20', '/%20a', '/a%09b', '/a+b', '/a%2bb'],
  // Letters that are escaped or cased, and escapes that are none.
  ...[
    '/%61',
    '/%41/b',
    '/A/b',
    '/a/%62',
    '/a/b/',
    '/a%',
    '/a%2',
    '/a%zz',
    '/a%%32%66b',
    '/a%C3%A9',
    '/a%c3%a9',
    '/a%ff',
  ],
  // Another host or scheme in front.
  ...[
    '//evil.example/b',
    '/http://evil.example/b',
    '/@evil.example/b',
    '/:80/b',
    '/a:b',
    '/a@b',
    '/~a',
    '/a"b',
  ],
];
