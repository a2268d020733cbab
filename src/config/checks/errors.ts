import type { RefusalCode } from '../../domain/decision.ts';
import { DETAIL_NAMES, findTemplateFaults, listNames } from '../../edge/render/json-template.ts';
import { REFUSAL_CODES } from '../../edge/render/status.ts';
import { findRow, listReachableCodes } from '../error-rows.ts';
import type { Fault } from '../problems.ts';
import type { ApiSections } from '../schema/api.ts';
import type { ErrorsSection, RowSection } from '../schema/errors.ts';
import { checkOf } from './check.ts';

const check = checkOf<ApiSections>();

/** The table of errors is whole, and every row can be rendered. */
export const ERROR_CHECKS = [
  check(['errors', 'areas', 'billing'], findMissingRows),
  check(['errors'], ({ errors }) => [
    ...findTemplateFaults(errors.body).map(({ path, message }) => ({
      path: ['errors', 'body', ...path],
      message,
    })),
    ...REFUSAL_CODES.flatMap((code) => findRowFaults(errors, code, errors[code])),
  ]),
];

function findMissingRows({ errors, ...api }: Pick<ApiSections, 'errors' | 'areas' | 'billing'>): Fault[] {
  return listReachableCodes(api)
    .filter((code) => errors[code] === undefined)
    .map((code) => ({
      path: ['errors', code],
      message: 'is missing: the API can refuse with it; give it a message, or `same_as` another row',
    }));
}

function findRowFaults(errors: ErrorsSection, code: RefusalCode, row: RowSection | undefined): Fault[] {
  if (row === undefined) return [];
  const path = ['errors', code];
  const names = listNames(errors.body);
  const text = findRow(errors, code);
  const faults: Fault[] = findSameAsFaults(errors, code, row);
  const isWhole = faults.length === 0;
  if (isWhole && text?.message === '') faults.push({ path, message: 'message is missing' });
  if (isWhole && text?.code === '' && names.includes('$code')) {
    faults.push({ path, message: 'code is missing: the body shows $code' });
  }
  if (row.details === undefined) return faults;
  if (!names.includes('$details')) {
    faults.push({
      path: [...path, 'details'],
      message: 'never shown: the body has no $details',
      atKey: true,
    });
  }
  for (const fault of findTemplateFaults(row.details, DETAIL_NAMES)) {
    faults.push({ path: [...path, 'details', ...fault.path], message: fault.message });
  }
  return faults;
}

/** One step only: who reads a row sees all of it after one look elsewhere. */
function findSameAsFaults(
  errors: ErrorsSection,
  code: RefusalCode,
  { same_as: target }: RowSection,
): Fault[] {
  if (target === undefined) return [];
  const path = ['errors', code, 'same_as'];
  if (target === code) return [{ path, message: 'a row cannot be the same as itself' }];
  if (errors[target] === undefined) return [{ path, message: `there is no row ${target}` }];
  if (errors[target].same_as !== undefined) {
    return [{ path, message: `${target} is itself the same as another row: name that one` }];
  }
  return [];
}
