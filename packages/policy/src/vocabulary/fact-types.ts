import type { FactType } from '../facts/fact-type.ts'
import { BOOL, type CedarType, LONG, recordType, STRING, STRINGS } from './cedar-type.ts'

const OK = ['ok', BOOL] as const

const PATH = recordType(
  [
    OK,
    ['asked', STRING],
    ['real', STRING],
    ['dirs', STRINGS],
    ['name', STRING],
    ['exists', BOOL],
    ['viaSymlink', BOOL],
    ['hidden', BOOL],
    ['hardlinks', LONG],
    ['special', BOOL],
    ['pseudo', BOOL],
  ],
  [['extension', STRING]],
)

const PATHS = recordType([
  OK,
  ['count', LONG],
  ['reals', STRINGS],
  ['allDirs', STRINGS],
  ['anyDirs', STRINGS],
  ['names', STRINGS],
  ['extensions', STRINGS],
  ['allExist', BOOL],
  ['anyViaSymlink', BOOL],
  ['anyHidden', BOOL],
  ['anySpecial', BOOL],
  ['anyPseudo', BOOL],
])

const SQL = recordType(
  [
    OK,
    ['kind', STRING],
    ['statements', LONG],
    ['tables', STRINGS],
    ['columns', STRINGS],
    ['functions', STRINGS],
    ['writes', BOOL],
    ['locks', BOOL],
    ['into', BOOL],
    ['recursive', BOOL],
    ['collapses', BOOL],
    ['unsafe', BOOL],
  ],
  [
    ['limit', LONG],
    ['offset', LONG],
  ],
)

const URL = recordType(
  [OK, ['scheme', STRING], ['host', STRING], ['path', STRING], ['hasCredentials', BOOL]],
  [
    ['port', LONG],
    ['addresses', STRINGS],
    ['isPrivate', BOOL],
    ['isLoopback', BOOL],
    ['isLinkLocal', BOOL],
  ],
)

const URLS = recordType(
  [OK, ['count', LONG], ['schemes', STRINGS], ['hosts', STRINGS], ['anyCredentials', BOOL]],
  [
    ['addresses', STRINGS],
    ['anyPrivate', BOOL],
    ['anyLoopback', BOOL],
    ['anyLinkLocal', BOOL],
  ],
)

const SHELL = recordType(
  [
    OK,
    ['hasPipe', BOOL],
    ['hasRedirect', BOOL],
    ['hasSequence', BOOL],
    ['hasSubstitution', BOOL],
    ['hasExpansion', BOOL],
    ['hasSyntax', BOOL],
  ],
  [
    ['program', STRING],
    ['arguments', STRINGS],
    ['programs', STRINGS],
  ],
)

const REGEX = recordType([OK, ['length', LONG], ['isRegular', BOOL], ['isLinear', BOOL]])

const JSON_TEXT = recordType([OK, ['kind', STRING], ['length', LONG], ['members', STRINGS]])

/** The Cedar type of each fact. */
export const FACT_TYPES: Readonly<Record<FactType, CedarType>> = {
  path: PATH,
  paths: PATHS,
  sql: SQL,
  url: URL,
  urls: URLS,
  shell: SHELL,
  regex: REGEX,
  json: JSON_TEXT,
}
