import { Markup } from './markup.ts'

/** How a report looks, on a screen and on paper. */
export const REPORT_STYLE: Markup = new Markup(`
body { font: 14px/1.45 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #111; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.1rem; margin-top: 2rem; break-after: avoid; }
table { border-collapse: collapse; width: 100%; }
th, td { border-bottom: 1px solid #ccc; padding: .25rem .5rem; text-align: left; vertical-align: top; overflow-wrap: anywhere; }
thead { display: table-header-group; } tr, section { break-inside: avoid; }
.facts th { width: 16rem; } .count { text-align: right; font-variant-numeric: tabular-nums; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; font-size: 12px; background: #f5f5f5; padding: .5rem; }
.error td { background: #fdd; } .warn td { background: #fec; } .good { font-weight: 600; }
@media print { body { margin: 0; max-width: none; font-size: 11px; } pre { font-size: 9px; } }
`)
