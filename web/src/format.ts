/**
 * Numbers and times as people read them. In go values of the API, out comes text; a missing number
 * is a dash and never a zero, and every wall time is Asia/Shanghai.
 */
import { t } from './i18n'
import type { Direction } from './model'

export const MISSING = '—'
const ZONE = 'Asia/Shanghai'

/** At most two decimals, three significant digits below one, no exponent: 0, 0.0124, 4.2, 12.34, 1,234. */
export function formatNumber(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return MISSING
  const size = Math.abs(value)
  if (size === 0) return '0'
  // By significant digits, so that a small value is never rounded to zero: zero is a reading of its own.
  if (size < 1) return value.toLocaleString('en-US', { maximumSignificantDigits: 3 })
  return value.toLocaleString('en-US', { maximumFractionDigits: size >= 1000 ? 0 : size >= 100 ? 1 : 2 })
}

/** Over range, the instrument only knows that there is at least this much. */
export function formatValue(value: number | null | undefined, unit: string, quality?: string | null): string {
  const number = formatNumber(value)
  if (number === MISSING) return MISSING
  const bound = quality === 'over_range' ? '≥ ' : ''
  return unit === '' || unit === '1' ? bound + number : `${bound}${number} ${unit}`
}

export interface Bounds {
  value: number
  unit: string
  direction: Direction
  upper?: number | null
}

/** A limit with its direction as a sign: `≥ 10 ppm`, `≤ 19.5 %`, `19.5 – 23.5 %`. */
export function formatLimit(limit: Bounds): string {
  if (limit.direction === 'outside') {
    return `${formatNumber(limit.value)} – ${formatValue(limit.upper, limit.unit)}`
  }
  return `${limit.direction === 'above' ? '≥' : '≤'} ${formatValue(limit.value, limit.unit)}`
}

/** How many times the limit a value is; only for a limit that a value is above. */
export function timesLimit(value: number | null, limit: Bounds | null): string | null {
  if (value === null || limit === null || limit.direction !== 'above' || limit.value <= 0) return null
  const ratio = value / limit.value
  return ratio < 1 ? null : ratio.toFixed(ratio < 10 ? 1 : 0)
}

export function formatCount(count: number | null | undefined): string {
  return count === null || count === undefined ? MISSING : count.toLocaleString('en-US')
}

export function parseTime(time: string | null | undefined): number | null {
  if (time === null || time === undefined) return null
  const milliseconds = Date.parse(time)
  return Number.isNaN(milliseconds) ? null : milliseconds
}

/** 7 s, 3 min 05 s, 2 h 14 min, 3 d 4 h; an age below zero is a clock that differs, and shown as 0. */
export function formatAge(milliseconds: number | null): string {
  if (milliseconds === null) return MISSING
  const seconds = Math.max(0, Math.floor(milliseconds / 1000))
  if (seconds < 60) return t('unit.seconds', { n: seconds })
  const two = (n: number) => String(n).padStart(2, '0')
  if (seconds < 3600) return t('unit.minutes', { n: Math.floor(seconds / 60), s: two(seconds % 60) })
  const hours = Math.floor(seconds / 3600)
  if (hours < 48) return t('unit.hours', { n: hours, m: two(Math.floor((seconds % 3600) / 60)) })
  return t('unit.days', { n: Math.floor(hours / 24), h: hours % 24 })
}

/** Below ten seconds with one decimal, as for `last evaluation 0.8 s ago`. */
export function formatLag(milliseconds: number | null): string {
  if (milliseconds === null) return MISSING
  const bounded = Math.max(0, milliseconds)
  return bounded < 10_000 ? t('unit.seconds', { n: (bounded / 1000).toFixed(1) }) : formatAge(bounded)
}

const clockFormat = new Intl.DateTimeFormat('en-GB', {
  timeZone: ZONE,
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
})
const dayFormat = new Intl.DateTimeFormat('en-CA', { timeZone: ZONE, year: 'numeric', month: '2-digit', day: '2-digit' })

export function formatClock(milliseconds: number | null): string {
  return milliseconds === null ? '--:--:--' : clockFormat.format(milliseconds)
}

export function formatDay(milliseconds: number | null): string {
  return milliseconds === null ? '' : dayFormat.format(milliseconds)
}

/** The time of day, with the date before it when that is another day than `now`. */
export function formatTime(milliseconds: number | null, now: number | null): string {
  if (milliseconds === null) return MISSING
  const clock = clockFormat.format(milliseconds)
  return now !== null && dayFormat.format(milliseconds) === dayFormat.format(now)
    ? clock
    : `${dayFormat.format(milliseconds)} ${clock}`
}
