import { expect, test } from 'vitest';
import { SOUND_NAMES_MAX, SoundNames } from '../../../../../src/edge/gateway/http/sound-names.ts';

test('names are judged alike however many have come, and so many of them are remembered at most', () => {
  const names = new SoundNames();
  for (let at = 0; at < SOUND_NAMES_MAX + 10; at += 1) {
    expect(() => names.require(`x-client-${at}`)).not.toThrow();
    for (const wrong of [`x client ${at}`, 'host']) expect(() => names.require(wrong)).toThrow();
  }
  expect(() => names.require('x-client-0')).not.toThrow();
  expect(names.size).toBe(SOUND_NAMES_MAX);
});
