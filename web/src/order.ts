/**
 * Which alerts are shown and in what order. Alerts and filters in, the list out: unacknowledged
 * first, then red to attention, then the newest.
 */
import { LEVELS, type Alert, type AlertState, type Level, type Tier } from './model'

const WAITING: readonly AlertState[] = ['unacknowledged', 'returned', 'latched']

export interface Filters {
  tier: Tier | null
  level: Level | null
  owner: string | null
  show: 'open' | 'ended'
}

export function isOpen(alert: Alert): boolean {
  return alert.state !== 'normal'
}

/** Somebody still has to say that he has seen it. */
export function waitsForPerson(alert: Alert): boolean {
  return alert.state === 'latched' ? alert.acknowledged_by === null : WAITING.includes(alert.state)
}

export function levelRank(level: Level): number {
  return LEVELS.indexOf(level)
}

export function compareAlerts(left: Alert, right: Alert): number {
  return (
    Number(waitsForPerson(right)) - Number(waitsForPerson(left)) ||
    levelRank(left.level) - levelRank(right.level) ||
    compareText(right.raised_at, left.raised_at) ||
    compareText(left.id, right.id)
  )
}

/** Ended alerts are a log: the one that ended last stands first. */
export function compareEnded(left: Alert, right: Alert): number {
  const ended = (alert: Alert) => alert.ended_at ?? alert.changed_at
  return compareText(ended(right), ended(left)) || compareText(left.id, right.id)
}

export function matches(alert: Alert, filters: Filters): boolean {
  return (
    isOpen(alert) === (filters.show === 'open') &&
    (filters.tier === null || alert.tier === filters.tier) &&
    (filters.level === null || alert.level === filters.level) &&
    (filters.owner === null || alert.owner === filters.owner)
  )
}

export function arrange(alerts: Iterable<Alert>, filters: Filters): Alert[] {
  const shown = [...alerts].filter((alert) => matches(alert, filters))
  return shown.sort(filters.show === 'open' ? compareAlerts : compareEnded)
}

function compareText(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0
}
