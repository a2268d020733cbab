import { OperationRefused } from '../../domain/operations.ts';
import type {
  AccountChange,
  AccountRef,
  AccountView,
  NewAccount,
  Operations,
} from '../../domain/operations.ts';
import type { Api } from '../../domain/policy.ts';
import { BILLINGS, STANDINGS } from '../../domain/principal.ts';
import type { Billing } from '../../domain/principal.ts';
import { CREDITS_MAX } from '../store/accounts.ts';
import type { AccountInsert, AccountUpdate, StoredAccount } from '../store/accounts.ts';
import { ask, authorOf, findApi, readNowMs } from './context.ts';
import type { OperationsDeps } from './context.ts';
import {
  invalid,
  readAccountId,
  readGrantRef,
  readInstant,
  readWhole,
  shown,
  unknownWord,
} from './fields.ts';
import { readTier } from './rights.ts';
import { toAccountView } from './views.ts';

export type AccountOperations = Pick<
  Operations,
  'createAccount' | 'showAccount' | 'setAccount' | 'grantCredits'
>;

export function createAccountOperations(deps: OperationsDeps): AccountOperations {
  const { reads, writes } = deps;
  const view = (api: Api, account: StoredAccount): AccountView =>
    toAccountView(api, account, readNowMs(deps));
  return {
    async createAccount(input) {
      const api = findApi(deps, input.api);
      const nowMs = readNowMs(deps);
      const by = authorOf(deps, 'account.create', nowMs);
      const account = await ask(writes.insertAccount(readNewAccount(api, input, nowMs), by));
      if (account !== undefined) return view(api, account);
      throw new OperationRefused('conflict', `${api.name} has an account ${shown(input.id)} already`);
    },
    async showAccount(ref) {
      const api = findApi(deps, ref.api);
      const account = await ask(reads.findAccount(ref));
      if (account === undefined) throw accountNotFound(ref);
      return view(api, account);
    },
    async setAccount(ref, change) {
      const api = findApi(deps, ref.api);
      const update = readAccountUpdate(api, change);
      const known = await ask(reads.findAccount(ref));
      if (known?.source === 'declared') checkDeclared(update);
      const by = authorOf(deps, 'account.set', readNowMs(deps));
      const updated = await ask(writes.updateAccount(ref, update, by));
      if (updated.result === 'unknown') throw accountNotFound(ref);
      if (updated.result === 'trial_without_end') throw trialWithoutEnd();
      return view(api, updated.account);
    },
    async grantCredits(ref, grant) {
      const api = findApi(deps, ref.api);
      const credits = readWhole(grant.credits, { what: 'credits', min: 1, max: CREDITS_MAX });
      const atMs = readNowMs(deps);
      const by = authorOf(deps, 'account.grant', atMs);
      const granted = await ask(
        writes.grantCredits(ref, { credits, ref: readGrantRef(grant.ref), atMs }, by),
      );
      if (granted.result === 'unknown') throw accountNotFound(ref);
      if (granted.result === 'too_many') throw invalid(`an account holds at most ${CREDITS_MAX} credits`);
      return view(api, granted.account);
    },
  };
}

export function accountNotFound({ api, id }: AccountRef): OperationRefused {
  return new OperationRefused('not_found', `${api} has no account ${shown(id)}`);
}

function readNewAccount(api: Api, input: NewAccount, nowMs: number): AccountInsert {
  const defaultTier = api.tiers[api.defaultTier]?.name ?? '';
  const billing = input.billing === undefined ? defaultBilling(api) : readBilling(input.billing);
  const trialEndsMs = readTrialEnd(input.trialEnds) ?? null;
  if (billing === 'trialing' && trialEndsMs === null) throw trialWithoutEnd();
  return {
    api: api.name,
    id: readAccountId(input.id),
    tier: input.tier === undefined ? defaultTier : readTier(api, input.tier),
    billing,
    trialEndsMs,
    credits: readWhole(input.credits ?? 0, { what: 'credits', min: 0, max: CREDITS_MAX }),
    createdMs: nowMs,
  };
}

function readAccountUpdate(api: Api, { tier, billing, standing, trialEnds }: AccountChange): AccountUpdate {
  if (standing !== undefined && !STANDINGS.includes(standing)) {
    throw unknownWord('standing', standing, STANDINGS);
  }
  const trialEndsMs = readTrialEnd(trialEnds);
  const update = {
    ...(tier === undefined ? {} : { tier: readTier(api, tier) }),
    ...(billing === undefined ? {} : { billing: readBilling(billing) }),
    ...(standing === undefined ? {} : { standing }),
    ...(trialEndsMs === undefined ? {} : { trialEndsMs }),
  };
  if (Object.keys(update).length > 0) return update;
  throw invalid('nothing to change: name a tier, billing, the end of a trial or a standing');
}

/** Where an API asks for no billing, the word is kept, for the day on which it does. */
function readBilling(billing: Billing): Billing {
  if (BILLINGS.includes(billing)) return billing;
  throw unknownWord('billing', billing, BILLINGS);
}

function defaultBilling(api: Api): Billing {
  return api.billing ? 'trial_not_started' : 'active';
}

/** A trial may have ended already: that is how one is taken over from elsewhere. undefined: not asked for. */
function readTrialEnd(trialEnds: string | null | undefined): number | null | undefined {
  if (trialEnds === undefined || trialEnds === null) return trialEnds;
  return readInstant(trialEnds, "the trial's end");
}

function checkDeclared(update: AccountUpdate): void {
  const { standing: _, ...ofFile } = update;
  if (Object.keys(ofFile).length === 0) return;
  throw new OperationRefused(
    'read_only',
    'this account is declared in a configuration file: change its tier and billing there; only its standing is set here',
  );
}

function trialWithoutEnd(): OperationRefused {
  return invalid('"trialing" needs the time at which the trial ends');
}
