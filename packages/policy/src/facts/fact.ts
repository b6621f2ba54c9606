import type { JsonFact } from './json/read-json.ts'
import type { PathFact, PathsFact } from './path/path-fact.ts'
import type { RegexFact } from './regex/read-regex.ts'
import type { ShellFact } from './shell/read-shell.ts'
import type { SqlFact } from './sql/sql-fact.ts'
import type { UrlFact, UrlsFact } from './url/url-fact.ts'

/**
 * What is known for certain about one argument: a plain record of strings, booleans, integers and
 * sets of strings. What is not known is absent; there is no null and no number with a fraction.
 */
export type Fact =
  | PathFact
  | PathsFact
  | UrlFact
  | UrlsFact
  | SqlFact
  | ShellFact
  | RegexFact
  | JsonFact
