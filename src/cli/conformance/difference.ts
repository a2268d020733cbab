/**
 * One way in which what came through a gateway is not what was promised. Values are texts of answers, never of credentials:
 * what stands under a credential's name is told by its name alone.
 */
export type Difference =
  /** It had to be refused, and reached the application, or got an answer of the application's out of some memory. */
  | { readonly kind: 'let through' }
  /** It had to pass, and the application got nothing. */
  | { readonly kind: 'stopped'; readonly status: number; readonly seen: string }
  | { readonly kind: 'credential upstream'; readonly name: string }
  /** The application got a line that could pass for an identity and is not ours. */
  | { readonly kind: 'forged upstream'; readonly name: string }
  | { readonly kind: 'identity lost'; readonly name: string }
  /** The application got a header by which a request could pass for another one, or a client for the gateway. */
  | { readonly kind: 'misleading upstream'; readonly name: string }
  | { readonly kind: 'status'; readonly promised: number; readonly status: number; readonly seen: string }
  | {
      readonly kind: 'body';
      readonly status: number;
      readonly promised: string;
      readonly seen: string;
    }
  | {
      readonly kind: 'header missing' | 'header changed' | 'header added';
      readonly name: string;
      readonly status: number;
      /** '' where nothing is promised, or nothing was seen. */
      readonly promised: string;
      readonly seen: string;
    }
  | { readonly kind: 'balance'; readonly promised: string; readonly seen: string }
  /** The gateway refuses by itself, long after Tollgate was away. */
  | { readonly kind: 'never asked again' }
  | { readonly kind: 'no answer'; readonly why: string }
  /** A declared exception under which the gateway does what the table says. */
  | { readonly kind: 'exception not needed' }
  /** What no other kind says, in a sentence. */
  | { readonly kind: 'attack'; readonly what: string };

/** A difference, and at which request of its case it was seen. */
export type PlacedDifference = Difference & { readonly at: string };
