const KEY_ID = /^key_[0-9a-f]{24}$/;
const SESSION_ID = /^ses_[0-9a-f]{24}$/;

export function isKeyId(text: string): boolean {
  return KEY_ID.test(text);
}

export function isSessionId(text: unknown): text is string {
  return typeof text === 'string' && SESSION_ID.test(text);
}
